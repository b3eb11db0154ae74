-- Commands at the wrong time, at once, on damaged state, and on a pid that belongs to another process by now.
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"

local refused = hostile.refused

local function status(id) return oci.state(id or "c").status end
local function file(name, id) return ("%s/%s/%s"):format(oci.root(), id or "c", name) end
local function record(id) return tiny.json_decode(tiny.read_file(file("state.json", id))) end

local function created(script, change, id)
  local path = oci.bundle(script or "sleep 1000", change)
  oci.succeeds { "create", "--bundle", path, id or "c" }
  return path
end
local function started(script, change, id)
  local path = created(script, change, id)
  oci.succeeds { "start", id or "c" }
  return path
end
local function ended(id) oci.eventually(function() return status(id) == "stopped" end, "its end") end

-- Nothing is there.
for _, words in ipairs { { "state" }, { "start" }, { "kill" }, { "delete" }, { "pause" }, { "resume" }, { "ps" } } do
  refused("container \"c\" does not exist", { words[1], "c" })
end
refused("container \"c\" does not exist", { "exec", "c", "true" })
refused("container \"c\" does not exist", { "update", "--memory", "64m", "c" })
oci.succeeds { "delete", "--force", "c" }

-- start twice; delete while it runs; everything after its end.
hostile.leaves_nothing(function()
  created()
  refused("cannot delete container \"c\" that is not stopped: created", { "delete", "c" })
  refused("already exists", { "create", "--bundle", oci.bundle(), "c" })
  check.equal(status(), "created")
  oci.succeeds { "start", "c" }
  refused("cannot start container \"c\": it is running, not created", { "start", "c" })
  refused("cannot delete container \"c\" that is not stopped: running", { "delete", "c" })
  refused("cannot resume container \"c\": it is running", { "resume", "c" })
  check.equal(status(), "running")
  oci.succeeds { "kill", "c", "KILL" }
  ended()
  for _, name in ipairs { "start", "pause", "resume", "kill" } do refused("container \"c\"", { name, "c" }) end
  refused("container \"c\"", { "exec", "c", "true" })
  oci.fails("SIGNONE", { "kill", "c", "SIGNONE" })
  oci.fails("99", { "kill", "c", "99" })
  check.equal(oci.state("c").pid, 0)
  oci.succeeds { "delete", "c" }
end, "at the wrong time")

-- Two starts at once: one of them starts it, and its program runs once.
hostile.leaves_nothing(function()
  for _ = 1, hostile.whole and 30 or 5 do
    created("echo x >> /ran; sleep 1000", function(_, path) tiny.write_file(path .. "/rootfs/ran", "") end)
    local runs = {}
    for i = 1, 6 do runs[i] = oci.run({ "start", "c" }, { wait = false }) end
    local good = 0
    for _, one in ipairs(runs) do
      one.wait()
      if one.status == 0 then good = good + 1 else assert(hostile.sentence(one.err, "start"):find("it is running, not created", 1, true), one.err) end
    end
    check.equal(good, 1, "starts that succeeded")
    local bundle = record().bundle
    oci.eventually(function() return tiny.read_file(bundle .. "/rootfs/ran") == "x\n" end)
    hostile.delete()
    check.equal(tiny.read_file(bundle .. "/rootfs/ran"), "x\n", "its program ran once")
  end
end, "starts at once")

-- Eight clients create one id at once: one has it. As many containers of other ids are all created.
hostile.leaves_nothing(function()
  for _ = 1, hostile.whole and 20 or 3 do
    local runs, good = {}, 0
    for i = 1, 8 do runs[i] = oci.run({ "create", "--bundle", oci.bundle("sleep 1000"), "c" }, { wait = false }) end
    for _, one in ipairs(runs) do
      one.wait()
      if one.status == 0 then good = good + 1 else assert(hostile.sentence(one.err, "create"):find("container \"c\" already exists", 1, true), one.err) end
    end
    check.equal(good, 1, "creates that succeeded")
    check.equal(status(), "created")
    -- Eight delete it at once.
    for i = 1, 8 do runs[i] = oci.run({ "delete", "--force", "c" }, { wait = false }) end
    for _, one in ipairs(runs) do check.equal(one.wait().status, 0, one.err) end
    for i = 1, 8 do runs[i] = oci.run({ "create", "--bundle", oci.bundle("sleep 1000"), "c" .. i }, { wait = false }) end
    for _, one in ipairs(runs) do check.equal(one.wait().status, 0, one.err) end
    for i = 1, 8 do hostile.delete("c" .. i) end
  end
end, "creates at once")

-- Two containers do not share a cgroup by accident, and a cgroup of others is not taken.
hostile.leaves_nothing(function()
  local function shared(c) c.linux.cgroupsPath = "/shared/one" end
  created(nil, shared, "a")
  refused({ "linux.cgroupsPath", "has processes already" }, { "create", "--bundle", oci.bundle(nil, shared), "b" })
  -- The parent of a cgroup with processes has processes too: deleting a container in it would kill them.
  refused("linux.cgroupsPath", { "create", "--bundle", oci.bundle(nil, function(c) c.linux.cgroupsPath = "/shared" end), "b" })
  -- In a frozen one the first process would never get ready.
  local ice <close> = tiny.cgroup("frozen", { controllers = tiny.cgroup_of().freezer and { "freezer" } or nil })
  tiny.cgroup_freeze(ice)
  refused({ "linux.cgroupsPath", "is frozen" },
    { "create", "--bundle", oci.bundle(nil, function(c) c.linux.cgroupsPath = "/frozen" end), "b" })
  check.equal(status("a"), "created")
  hostile.delete("a")
  for _, mount in ipairs(tiny.mounts()) do
    if mount.fstype:match("^cgroup2?$") then tiny.try(tiny.remove, mount.target .. "/shared") end
  end
end, "a shared cgroup")

-- The bundle vanishes between create and start: its root file system is elsewhere, or vanishes too.
hostile.leaves_nothing(function()
  local path = created(nil, function(c, path)
    tiny.rename(path .. "/rootfs", "/tmp/elsewhere")
    c.root.path = "/tmp/elsewhere"
  end)
  tiny.remove(path, { recursive = true })
  check.equal(status(), "created")
  oci.succeeds { "start", "c" }
  check.equal(status(), "running")
  oci.succeeds { "exec", "c", "true" }
  oci.succeeds { "list" }
  hostile.delete()
  path = created()
  tiny.remove(path, { recursive = true })
  check.equal(status(), "created")
  refused("sh", { "start", "c" })
  ended()
  oci.succeeds { "delete", "c" }
end, "a bundle that vanishes")

-- Damage to what is recorded. A container whose process lives is never stopped; delete --force ends it and cleans up.
local DAMAGE = { "", "{", "null", "[]", '"x"', "\0\0\0", '{"id": 7}', '{"id": "c"}', '{"id": "c", "bundle": 3, "pid": "1", "cgroup": 7, "annotations": 7}',
  '{"id": "c", "pid": 1, "pid_start": 0}', '{"id": "c", "pid": -1}', '{"id": "c", "pid": 1e300}', '{"id": "../../x", "bundle": "/x"}', ("["):rep(100000) }
for _, name in ipairs { "state.json", "config.json", "undo.jsonl", "waiting", "start", "lock" } do
  for i = 0, #DAMAGE do
    for _, when in ipairs { "created", "running" } do
      local about = ("%s %s with %s"):format(when, name, i == 0 and "nothing" or tiny.show(DAMAGE[i]):sub(1, 60))
      if i < 3 or name == "state.json" or hostile.whole then
        hostile.leaves_nothing(function()
          created()
          local pid = record().pid
          if when == "running" then oci.succeeds { "start", "c" } end
          tiny.try(tiny.remove, file(name))
          if i > 0 then tiny.write_file(file(name), DAMAGE[i]) end
          for _, words in ipairs { { "state", "c" }, { "list" }, { "list", "--format", "json" }, { "ps", "c" }, { "exec", "c", "true" }, { "pause", "c" }, { "resume", "c" } } do
            local result = oci.run(words)
            if result.status ~= 0 then hostile.sentence(result.err, about .. ": " .. words[1]) end
            if words[1] == "state" and result.status == 0 then
              local said = tiny.json_decode(result.out)
              if said.status == "stopped" and tiny.stat("/proc/" .. pid) then error(about .. ": it is said to be stopped, and lives") end
            end
          end
          local deleted = oci.run { "delete", "c" }
          if deleted.status == 0 then error(about .. ": it lives, and delete without --force succeeded") end
          hostile.sentence(deleted.err, about .. ": delete")
          hostile.delete()
          oci.eventually(function() return not tiny.stat("/proc/" .. pid) end, about .. ": the end of its process after delete --force")
        end, about)
      end
    end
  end
end

-- The pid belongs to another process by now: it is neither reported nor killed.
hostile.leaves_nothing(function()
  started("true")
  ended()
  local stranger <close> = tiny.fork(function() tiny.exec { "sleep", "1000" } end)
  local kept = record()
  kept.pid = stranger.pid
  tiny.write_file(file("state.json"), tiny.json_encode(kept))
  check.equal(status(), "stopped")
  refused("not running", { "kill", "c", "KILL" })
  hostile.delete()
  check.equal(#tiny.poll({ stranger }, 0), 0, "the stranger lives")
  tiny.kill(stranger, "SIGKILL")
  stranger:wait()
end, "a stranger's pid")
