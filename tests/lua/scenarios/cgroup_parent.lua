-- --cgroup-parent: the container's cgroup is below it, with its limits; created parents are removed with the last
-- container, existing ones are kept.
local check = require "check"

local function group(path) return (tiny.try(tiny.open_cgroup, path)) end

local function start(parent, name)
  return check.succeeds("run", "-d", "--cgroup-parent", parent, "-m", "64m", "--name", name, "sleep", "60"):sub(1, 12)
end

local one = start("/blue/web", "one")
local two = start("blue/web//", "two")
check.equal(tiny.cgroup_stats(group("blue/web/" .. one)).memory_limit, 64 << 20)
check.equal(group("tinylua/" .. one), nil)
local shown = check.succeeds("inspect", "--format", "cgroup.path", "two")
check.equal(shown, "/blue/web/" .. two .. "\n")
check.equal(check.succeeds("inspect", "--format", "config.cgroup_parent", "two"), "blue/web\n")
-- Commands on a running container find its cgroup there.
check.succeeds("pause", "two")
check.succeeds("unpause", "two")
check.equal(check.succeeds("exec", "two", "cat", "/proc/self/cgroup"):match("0::(%S+)") or "/", "/")
check.succeeds("update", "-m", "32m", "two")
check.equal(tiny.cgroup_stats(group("blue/web/" .. two)).memory_limit, 32 << 20)

check.succeeds("rm", "-f", "one")
check.equal(group("blue/web/" .. one), nil)
assert(group("blue/web"), "the second is still in it")
check.succeeds("restart", "-t", "0", "two")
assert(group("blue/web/" .. two), "made again")
check.succeeds("rm", "-f", "two")
check.equal(group("blue"), nil, "what tinylua made is gone")

-- Another program's cgroup stays; the cgroups that were created below it are removed.
local theirs <close> = tiny.cgroup("theirs", { controllers = { "memory" } })
local three = start("theirs/below", "three")
assert(group("theirs/below/" .. three))
check.succeeds("rm", "-f", "three")
check.equal(group("theirs/below"), nil)
assert(group("theirs"), "it was there before")

-- A killed supervisor leaves the cgroup to the next command; gc removes it.
local four = start("green", "four")
local pid = tiny.json_decode(check.succeeds("inspect", "--format", "{ state.supervisor.pid, state.pid }", "four"))
for _, number in ipairs { pid[1], pid[2] } do
  local process <close> = tiny.pidfd_open(math.tointeger(number))
  check.kill(process)
end
local cleared = check.run { "gc" }
check.equal(cleared.status, 0, cleared.err)
check.equal(group("green/" .. four), nil, "after gc: " .. cleared.out .. cleared.err)
check.equal(group("green"), nil)
check.succeeds("rm", "four")

local function refused(text, parent)
  local result = check.run { "run", "--cgroup-parent", parent, "true" }
  check.equal(result.err, "tinylua: " .. text .. "\n")
  check.equal(result.status, 125)
  check.no_container()
end
refused('cgroup_parent: "a/../b" is not a cgroup path: it cannot contain ".."', "a/../b")
refused('cgroup_parent: "/" is the root of the hierarchy\n  hint: name a cgroup below it, such as web or /web/blue', "/")
check.equal(tiny.stat(check.root .. "/cgroups/made"), nil, "nothing is on record any more")
