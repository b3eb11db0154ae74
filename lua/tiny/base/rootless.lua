-- Rootless operation: a user without privileges over the host works in a user namespace with its own ids. Root of another
-- user namespace, such as that of `unshare -Ur`, is such a user too.
local rootless = {}

-- The inode of the initial user namespace (PROC_USER_INIT_INO in the kernel's proc_ns.h).
local INITIAL = 0xeffffffd

local function has(...)
  local effective = {}
  for _, name in ipairs(tiny.caps().effective) do effective[name] = true end
  for _, name in ipairs { ... } do
    if not effective[name] then return false end
  end
  return true
end

-- Whether this process is in a user namespace that someone has created. Its root owns no file of the host.
function rootless.in_userns()
  local own = tiny.stat("/proc/self/ns/user")
  return own ~= nil and own.ino ~= INITIAL
end

-- Whether containers are created without root privileges over the host.
function rootless.is()
  return tiny.getuid() ~= 0 or rootless.in_userns() or not has "CAP_SYS_ADMIN"
end

-- The user's id outside of its user namespace. Many users are root of one of their own.
function rootless.outer_uid()
  local own = tiny.getuid()
  for first, outside, count in (tiny.read_file("/proc/self/uid_map") or ""):gmatch("(%d+) +(%d+) +(%d+)") do
    local at = own - math.tointeger(tonumber(first))
    if at >= 0 and at < math.tointeger(tonumber(count)) then return at + math.tointeger(tonumber(outside)) end
  end
  return own
end

-- The ids that exist in this process's user namespace, mapped to themselves.
local function all_of(file)
  local map = {}
  for first, count in (tiny.read_file("/proc/self/" .. file) or ""):gmatch("(%d+) +%d+ +(%d+)") do
    table.insert(map, { math.tointeger(tonumber(first)), math.tointeger(tonumber(first)), math.tointeger(tonumber(count)) })
  end
  return map
end

-- The id maps of an unprivileged user: its own ids as root, then its ranges in /etc/subuid and /etc/subgid if it has both
-- and the helper programs exist. Also returns why only its own ids are mapped, if so.
function rootless.own_maps()
  local uid, gid = tiny.getuid(), tiny.getgid()
  -- Root of a user namespace may map what is mapped there. The ranges in /etc belong to the users of the host.
  if uid == 0 and rootless.in_userns() and has("CAP_SETUID", "CAP_SETGID") then
    return { uid_map = all_of "uid_map", gid_map = all_of "gid_map" }
  end
  if uid == 0 and not has "CAP_SETFCAP" then
    tiny.fail {
      message = "this root has no capabilities (CAP_SETFCAP), so the kernel does not let it create a user namespace with a root", exit = 125,
      hint = "keep them: bwrap --cap-add ALL, docker run --privileged; or use another user id than 0",
    }
  end
  local maps = { uid_map = { { 0, uid, 1 } }, gid_map = { { 0, gid, 1 } } }
  local ids = tiny.subids(uid)
  if #ids.uids == 0 or #ids.gids == 0 then return maps, "no ranges in /etc/subuid and /etc/subgid" end
  for _, name in ipairs { "newuidmap", "newgidmap" } do
    local _, err = tiny.try(tiny.userns_helper, name)
    if err then return maps, err.message end
  end
  for key, ranges in pairs { uid_map = ids.uids, gid_map = ids.gids } do
    local next_id = 1
    for _, range in ipairs(ranges) do
      table.insert(maps[key], { next_id, range[1], range[2] })
      next_id = next_id + range[2]
    end
  end
  return maps
end

-- Calls f in a process with mounts of its own. Without root privileges it is in the user's namespace, where it may access the files
-- of its containers' users. Rethrows its error.
function rootless.apart(f)
  local own <close> = rootless.is() and tiny.userns((rootless.own_maps())) or nil
  local child <close> = tiny.clone({ user = own, mount = true }, function()
    tiny.mount_private "/"
    return f()
  end)
  local status, signal = child:wait()
  if status ~= 0 then tiny.fail { message = ("a process was interrupted: %s"):format(signal or status), exit = 125 } end
end

-- The text that f returns. An unprivileged user calls it in a user namespace, as in `inside`.
function rootless.ask(f)
  if not rootless.is() then return f() end
  local from, into = tiny.pipe()
  local reader <close> = from
  local own <close> = tiny.userns((rootless.own_maps()))
  local child <close> = tiny.clone({ user = own, mount = true }, function()
    from:close()
    into:write(f())
  end)
  into:close()
  local text = ""
  for part in function() return reader:read() end do text = text .. part end
  child:wait()
  return text
end

return rootless
