-- Helpers of the attack tests. Each test attempts one class of container escape, as root of a container or next to a
-- container that is being created. It asserts that the attempt fails, and that it was really made.
local check = require "check"

local attack = {}

-- A root with busybox, which an attacker may change in any way.
function attack.rootfs(path)
  if not tiny.stat("/bin/busybox") then check.skip("needs busybox-static for a rootfs") end
  for _, folder in ipairs { "/bin", "/etc", "/proc", "/dev", "/sys", "/tmp", "/mnt", "/root" } do
    tiny.mkdir(path .. folder, { parents = true })
  end
  os.execute(("cp /bin/busybox %s/bin && chroot %s /bin/busybox --install -s /bin"):format(path, path))
  return path
end

-- Whether this is User-Mode Linux, where a system call takes 10 to 30 times as long.
attack.slow = (tiny.read_file("/proc/cpuinfo") or ""):find("User Mode Linux", 1, true) ~= nil

-- All cases of a list, or only the first one where this is slow.
function attack.few(list)
  return attack.slow and { list[1] } or list
end

-- A process of the attacker that calls step(i) until `stop` is called, which returns the number of calls. It has called it once when
-- this returns.
function attack.loop(step)
  local from, into = tiny.pipe()
  local ended, go = tiny.pipe()
  local child = tiny.fork(function()
    from:close()
    go:close()
    local count = 0
    while #tiny.poll({ ended }, 0) == 0 do
      step(count)
      count = count + 1
      if count == 1 then into:write(".") end
    end
    into:write(tostring(count))
  end)
  into:close()
  ended:close()
  from:read(1)
  return function()
    go:close()
    local count = tonumber(from:read())
    child:wait()
    return count
  end
end

-- Swaps a directory with a link and back.
function attack.swap(path, target)
  return function()
    tiny.try(tiny.rename, path, path .. ".real")
    tiny.try(tiny.symlink, target, path)
    tiny.try(tiny.remove, path)
    tiny.try(tiny.rename, path .. ".real", path)
  end
end

-- Whether a root there can be shown with the ids of a user namespace: on tmpfs only since Linux 6.3.
function attack.maps_ids(root)
  local told = check.run { "run", "--rm", "--userns", "auto", "--rootfs", root, "true" }
  if told.status ~= 0 and not told.err:find("does not support idmapped mounts", 1, true) then error(told.err, 2) end
  return told.status == 0
end

return attack
