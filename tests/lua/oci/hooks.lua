-- Hooks: their order, the namespaces they run in, their standard input, environment and failures (config.md, "POSIX-platform Hooks").
-- covers: hooks.prestart.path hooks.prestart.args hooks.prestart.env hooks.prestart.timeout
-- covers: hooks.createRuntime.path hooks.createRuntime.args hooks.createRuntime.env hooks.createRuntime.timeout
-- covers: hooks.createContainer.path hooks.createContainer.args hooks.createContainer.env hooks.createContainer.timeout
-- covers: hooks.startContainer.path hooks.startContainer.args hooks.startContainer.env hooks.startContainer.timeout
-- covers: hooks.poststart.path hooks.poststart.args hooks.poststart.env hooks.poststart.timeout
-- covers: hooks.poststop.path hooks.poststop.args hooks.poststop.env hooks.poststop.timeout
local check = require "check"
local oci = require "oci_bundle"

local KINDS = { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" }
local LOG = "/tmp/hooks"

-- Each hook appends a line of JSON-free facts and the state that it was given.
local SCRIPT = [[
state=$(cat)
echo "$KIND $0 $1 $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/net) $(test -e /etc/of-the-container && echo pivoted) env=$(env | grep -c PATH=) $state" >> ]] .. LOG .. "/log\n"

-- All hooks write to the same file: it is bound into the container.
local function hooked(change)
  return function(config, path)
    tiny.mkdir(LOG, { parents = true, mode = tonumber("777", 8) })
    tiny.write_file(LOG .. "/log", "", { mode = tonumber("666", 8) })
    tiny.write_file(path .. "/rootfs/etc/of-the-container", "")
    table.insert(config.mounts, { destination = LOG, source = LOG, type = "bind", options = { "bind" } })
    config.annotations = { of = "test" }
    config.hooks = {}
    for _, kind in ipairs(KINDS) do
      config.hooks[kind] = {
        { path = "/bin/sh", args = { "sh", "-c", SCRIPT, kind .. "-a", "one" }, env = { "KIND=" .. kind }, timeout = 30 },
        { path = "/bin/sh", args = { "sh", "-c", SCRIPT, kind .. "-b", "two" }, env = { "KIND=" .. kind, "X=y=z" } },
      }
    end
    if change then change(config, path) end
  end
end

local function lines()
  local found = {}
  for line in tiny.read_file(LOG .. "/log"):gmatch "[^\n]+" do
    local kind, name, argument, mount, net, pivoted, path, state = line:match "^(%S+) (%S+) (%S+) (%S+) (%S+) (%S*) env=(%d) (.*)$"
    table.insert(found, { kind = kind, name = name, argument = argument, mount = mount, net = net, pivoted = pivoted == "pivoted",
      path = path, state = tiny.json_decode(state) })
  end
  return found
end

local path = oci.bundle("sleep 60", hooked())
local mount, net = tiny.readlink "/proc/self/ns/mnt", tiny.readlink "/proc/self/ns/net"
oci.succeeds { "create", "-b", path, "h" }
local found = lines()
check.equal(#found, 6, "hooks of create")
for i, one in ipairs(found) do
  local kind = KINDS[(i + 1) // 2]
  check.equal(one.kind, kind)
  check.equal(one.name, kind .. (i % 2 == 1 and "-a" or "-b"), "in the order of the list")
  check.equal(one.argument, i % 2 == 1 and "one" or "two")
  check.equal(one.mount == mount, kind ~= "createContainer", kind .. ": the runtime's mount namespace")
  check.equal(one.net == net, kind ~= "createContainer", kind .. ": the runtime's network namespace")
  check.equal(one.pivoted, false, kind .. ": before the root changes")
  check.equal(one.path, "0", "nothing of the environment of the runtime")
  check.equal(one.state.id, "h")
  check.equal(one.state.status, "creating")
  check.equal(one.state.bundle, path)
  check.equal(one.state.ociVersion, "1.3.0")
  check.equal(one.state.annotations.of, "test")
  check.equal(one.state.pid, oci.state("h").pid)
end
oci.succeeds { "start", "h" }
found = lines()
check.equal(#found, 10, "hooks of start")
for i = 7, 8 do
  check.equal(found[i].kind, "startContainer")
  check.equal(found[i].state.status, "created")
  check.equal(found[i].pivoted, true, "in the container")
end
for i = 9, 10 do
  check.equal(found[i].kind, "poststart")
  check.equal(found[i].state.status, "running")
  check.equal(found[i].mount, mount)
end
oci.succeeds { "delete", "-f", "h" }
found = lines()
check.equal(#found, 12, "hooks of delete")
check.equal(found[11].kind, "poststop")
check.equal(found[11].state.status, "stopped")
check.equal(found[11].state.pid, nil)

-- A hook that fails ends the creation, with its name, its status and what it printed; the container is gone.
local function with(kind, hook)
  return function(config) config.hooks = { [kind] = { hook } } end
end
for _, kind in ipairs { "prestart", "createRuntime", "createContainer" } do
  local failing = with(kind, { path = "/bin/sh", args = { "sh", "-c", "echo noise; echo the reason >&2; exit 7" } })
  oci.refused(("hook %s[0] /bin/sh: it exited with status 7: noise\\nthe reason"):format(kind), failing)
  oci.refused(("hook %s[0] /missing: "):format(kind), with(kind, { path = "/missing" }))
  local late = with(kind, { path = "/bin/sh", args = { "sh", "-c", "echo begun; sleep 60" }, timeout = 2 })
  oci.refused(("hook %s[0] /bin/sh: it did not end within 2 s and was killed: begun"):format(kind), late)
  oci.refused(("hook %s[0] /bin/sh: it was killed by SIGTERM"):format(kind), with(kind,
    { path = "/bin/sh", args = { "sh", "-c", "kill -TERM $$" } }))
end
-- startContainer: the program does not start, and the container is stopped.
do
  local at = oci.bundle("echo ran", with("startContainer", { path = "/bin/sh", args = { "sh", "-c", "echo why >&2; exit 3" } }))
  local made = oci.succeeds { "create", "-b", at, "s" }
  oci.fails("hook startContainer[0] /bin/sh: it exited with status 3: why", { "start", "s" })
  oci.eventually(function() return oci.state("s").status == "stopped" end, "stopped")
  check.equal(made.read(), "")
  oci.succeeds { "delete", "s" }
end
-- poststart and poststop: a warning, and everything else happens (runtime.md, "Lifecycle").
for _, kind in ipairs { "poststart", "poststop" } do
  local result = oci.succeeds { "run", "-b", oci.bundle("echo ran", with(kind, { path = "/bin/false" })), "w" }
  check.equal(result.out, "ran\n")
  assert(result.err:find(("hook %s[0] /bin/false: it exited with status 1"):format(kind), 1, true), result.err)
end

oci.refused("hooks.prestart[0].path: it must be an absolute path", with("prestart", { path = "true" }))
oci.refused("hooks.poststop[0].timeout: it must be greater than 0", with("poststop", { path = "/bin/true", timeout = 0 }))
oci.refused("hooks.poststop[0].path: it is missing", with("poststop", {}))
-- Without args, the name is the path.
tiny.write_file("/tmp/name", "#!/bin/sh\necho \"$0 $#\" > /tmp/named\n", { mode = tonumber("755", 8) })
oci.output("true", with("createRuntime", { path = "/tmp/name" }))
check.equal(tiny.read_file "/tmp/named", "/tmp/name 0\n")
oci.nothing()
