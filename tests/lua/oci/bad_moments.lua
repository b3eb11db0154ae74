-- Requests that an engine rarely makes: more descriptors than there are, a paused container, cgroups that a container has made below its
-- own, limits under which the runtime itself cannot work.
local attack = require "oci_attack"
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"

local function status() return oci.state("c").status end

-- Descriptors that the caller asks to pass on, and does not have, are not those of the runtime.
hostile.leaves_nothing(function()
  local LIST = "for f in /proc/self/fd/*; do readlink $f; done; exit 0"
  local function judge(result)
    for line in result.out:gmatch("[^\n]+") do
      local ours = line:match "tinylua" or line:match "^/sys" or line:match "^socket" or line:match "^anon_inode" or line:match "^/proc/%d+/fd/[3-9]"
      if ours then error(("a descriptor of the runtime: %s\n%s"):format(line, result.out)) end
    end
    if result.status ~= 0 then hostile.sentence(result.err, "--preserve-fds") end
  end
  attack.start("c", "sleep 1000")
  for _, count in ipairs { 1, 3, 20, 1000 } do
    judge(oci.run { "exec", "--preserve-fds", tostring(count), "c", "sh", "-c", LIST })
    judge(oci.run { "run", "--preserve-fds", tostring(count), "--bundle", attack.bundle(LIST), "d" })
  end
  hostile.delete()
end, "--preserve-fds")

-- A paused container.
hostile.leaves_nothing(function()
  local path = oci.bundle("sleep 1000")
  oci.succeeds { "create", "--bundle", path, "c" }
  oci.succeeds { "pause", "c" }
  check.equal(status(), "paused")
  hostile.refused("it is paused, not created", { "start", "c" })
  oci.succeeds { "resume", "c" }
  check.equal(status(), "created")
  oci.succeeds { "start", "c" }
  oci.succeeds { "pause", "c" }
  check.equal(status(), "paused")
  hostile.refused("paused", { "exec", "c", "true" })
  hostile.refused("paused", { "pause", "c" })
  hostile.refused("paused", { "delete", "c" })
  hostile.delete()
  for _, all in ipairs { { "kill", "c", "KILL" }, { "kill", "--all", "c", "KILL" } } do
    oci.succeeds { "create", "--bundle", path, "c" }
    oci.succeeds { "start", "c" }
    oci.succeeds { "pause", "c" }
    oci.succeeds(all)
    oci.eventually(function() return status() == "stopped" end, "the end of a paused container")
    oci.succeeds { "delete", "c" }
  end
end, "paused")

-- A container that makes cgroups below its own, deep, and with processes.
hostile.leaves_nothing(function()
  local _, created = attack.start("c", [[
    for top in /sys/fs/cgroup/pids /sys/fs/cgroup/memory /sys/fs/cgroup /sys/fs/cgroup/unified; do
      d=$top; for i in 1 2 3 4 5 6 7 8 9; do d=$d/deep$i; mkdir $d 2>/dev/null && made=$d; done
      [ -n "$made" ] && { sleep 1000 & echo $! > $made/cgroup.procs; } 2>/dev/null
    done; mkdir "$made/a b" "$made/-rf" "$made/x;y"; echo ready; sleep 1000]], function(c)
    for _, mount in ipairs(c.mounts) do
      if mount.type == "cgroup" then mount.options = { "nosuid", "noexec", "nodev" } end
    end
  end)
  oci.eventually(function() return created.read() == "ready\n" end, "its cgroups")
  hostile.delete()
end, "cgroups of its own")

-- Each limit at 0 and 1: the container is created and started, or a sentence says why not.
local TYPES = { "AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK" }
for _, name in ipairs(TYPES) do
  for _, value in ipairs { 0, 1 } do
    local about = ("RLIMIT_%s = %d"):format(name, value)
    hostile.leaves_nothing(function()
      local path = oci.bundle("true", function(c) c.process.rlimits = { { type = "RLIMIT_" .. name, soft = value, hard = value } } end)
      local result = oci.run { "create", "--bundle", path, "c" }
      if result.status == 0 then result = oci.run { "start", "c" } end
      if result.status ~= 0 then hostile.sentence(result.err, about) end
      hostile.delete()
    end, about)
  end
end

-- Without its filter, no program is added to a container that has one.
hostile.leaves_nothing(function()
  attack.start("c", "sleep 1000", function(c)
    c.linux.seccomp = { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_ERRNO" } } }
  end)
  hostile.refused("exec", { "exec", "c", "nothing" })
  check.equal(oci.run({ "exec", "c", "mkdir", "/tmp/new" }).status, 1)
  for _, text in ipairs { "", "damaged" } do
    tiny.write_file(oci.root() .. "/c/filter", text)
    hostile.refused("", { "exec", "c", "true" })
  end
  tiny.remove(oci.root() .. "/c/filter")
  hostile.refused("filter", { "exec", "c", "true" })
  hostile.delete()
end, "a damaged filter")

-- A create whose hook never ends: delete --force interrupts it, and `state` says that it is being created.
for _, kind in ipairs { "prestart", "createContainer" } do
  hostile.leaves_nothing(function()
    tiny.try(tiny.remove, "/tmp/hook-began")
    local path = oci.bundle("true", function(c)
      c.hooks = { [kind] = { { path = "/bin/busybox", args = { "busybox", "sh", "-c", "touch /tmp/hook-began; exec /bin/busybox sleep 1000" }, timeout = 6 } } }
    end)
    local creating = oci.run({ "create", "--bundle", path, "c" }, { wait = false })
    oci.eventually(function() return tiny.stat "/tmp/hook-began" end, "the hook")
    check.equal(status(), "creating")
    local began = tiny.clock "monotonic"
    hostile.delete()
    assert(tiny.clock "monotonic" - began < 20, "delete --force waits for the hook")
    creating.wait()
    assert(creating.status ~= 0, kind .. ": create succeeded: " .. creating.err)
    hostile.sentence(creating.err, "the interrupted create")
  end, "a hook that hangs in " .. kind)
end

-- The arguments of a program are no options of the runtime: they do not lead it to Lua files of another folder.
hostile.leaves_nothing(function()
  tiny.mkdir("/tmp/evil/scripts/oci", { parents = true })
  tiny.mkdir("/tmp/evil/lua/tiny/oci", { parents = true })
  local EVIL = "tiny.write_file('/tmp/evil-ran', '') return {}"
  for _, name in ipairs { "scripts/oci/exec.lua", "lua/tiny/oci/exec.lua", "lua/tiny/oci/front.lua" } do tiny.write_file("/tmp/evil/" .. name, EVIL) end
  attack.start("c", "sleep 1000")
  for _, word in ipairs { "--lua-path=/tmp/evil", "--root=/tmp/evil", "--trace", "--log=/tmp/evil-ran", "--help", "--version" } do
    check.equal(oci.succeeds({ "exec", "c", "sh", "-c", 'echo "$@"', "sh", word }).out, word .. "\n")
  end
  check.equal(oci.succeeds({ "exec", "c", "sh", "-c", 'echo "$@"', "sh", "--lua-path", "/tmp/evil" }).out, "--lua-path /tmp/evil\n")
  assert(not tiny.stat "/tmp/evil-ran", "Lua of another folder was run")
  hostile.delete()
end, "options among a program's arguments")
