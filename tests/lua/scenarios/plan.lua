-- plan: lists the calls that run makes, with their values and lines, and makes none of them; a plan that contradicts
-- itself is refused.
local check = require "check"
local effects = require "tiny.dev.effects"

-- The store exists, as on a host that is in use: a view of the host hides it.
check.succeeds("run", "--rm", "true")

local function machine()
  local seen = { tiny.json_encode(tiny.links()), tiny.json_encode(tiny.mounts()), table.concat(tiny.list_dir("/tmp"), " "), table.concat(tiny.list_dir("/"), " ") }
  for _, path in ipairs { check.root, check.root .. "/containers", "/var/lib" } do table.insert(seen, table.concat(tiny.list_dir(path) or {}, " ")) end
  return table.concat(seen, "\n")
end

local function planned(text, ...)
  tiny.write_file("/tmp/p.lua", text)
  local before = machine()
  local result = check.run { "plan", "--format", "json", "/tmp/p.lua", ... }
  check.equal(machine(), before, "the machine")
  local calls = {}
  local found = tiny.json_decode(result.out ~= "" and result.out or "null")
  for _, step in ipairs(found and found.steps or {}) do
    for _, call in ipairs(step.calls) do
      call.step, call.lane = step.name, step.lane
      table.insert(calls, call)
    end
  end
  return result, calls, found
end

local function of(calls, op)
  for _, call in ipairs(calls) do
    if call.op == op then return call end
  end
  error("no " .. op)
end

-- A container: every call with an effect that the run makes, in the child with the same names.
local networked = tiny.probe().network.nftables ~= false
local WEB = ([[
local c = require "tiny.container"
return c.new {
  name = "web", command = "true",
  memory = "64m",
  tmpfs = { "/scratch:size=4m" }, network = "NETWORK",
  volumes = { "/usr/share:/srv/doc:ro" },
  before = { exec = function() tiny.setrlimit("nofile", 256) end },
}
]]):gsub("NETWORK", networked and "bridge" or "none")
local result, calls, found = planned(WEB)
check.equal(result.status, 0, result.err)
check.equal(found.kind, "container")
check.equal(#found.contradictions, 0)
check.equal(of(calls, "set_memory_limit").args, "<cgroup tinylua/000000000000>, 67108864")
check.equal(of(calls, "set_memory_limit").recipe_line, "/tmp/p.lua:4")
check.equal(of(calls, "setrlimit").recipe, "/tmp/p.lua:7")
check.equal(of(calls, "setrlimit").step, "exec")
check.equal(of(calls, "cgroup").undo.op, "cgroup_del")
check.equal(of(calls, "pivot_root").lane, "child")
if networked then assert(of(calls, "veth_pair").args:find('"10.10.0.2/24"', 1, true), of(calls, "veth_pair").args) end
local order = {}
for _, step in ipairs(found.steps) do order[#order + 1] = step.number and step.name or nil end
check.equal(table.concat(order, " "), networked and "cgroup network namespaces namespaces rootfs mounts security exec" or "cgroup namespaces namespaces rootfs mounts security exec")

local function names(list, side, of_op)
  local sorted = {}
  for _, one in ipairs(list) do
    local op = of_op(one)
    if one[side] == "child" and not effects.reads(op) then table.insert(sorted, op) end
  end
  table.sort(sorted)
  return table.concat(sorted, " ")
end
local events = {}
for line in check.run({ "--trace=json", "run", "--rm", "/tmp/p.lua" }).err:gmatch("{[^\n]+}") do table.insert(events, tiny.json_decode(line)) end
-- Changes to its own standard streams belong to the session, not to the plan.
local really = names(events, "side", function(e) return e.op end):gsub("dup2 ", "")
local planned_calls = names(calls, "lane", function(c) return c.op end):gsub("dup2 ", "")
check.equal(planned_calls, really, "the child's calls")

-- As text: numbered steps with values and lines.
local text = check.succeeds("plan", "/tmp/p.lua")
assert(text:find('\n  1  cgroup\n +1%.1  cgroup%("tinylua/000000000000", { controllers = { "memory" } }%)  lua/tiny/pipeline/limits%.lua:%d+\n'), text)
assert(text:find('/srv/doc", {[^\n]*read_only = true[^\n]*}%)  /tmp/p%.lua:6'), text)
assert(text:find("\n +undone by cgroup_del", 1) and text:find("and %d+ more calls of mknod at the same line"), text)
assert(#check.succeeds("plan", "--all", "/tmp/p.lua") > #text)

-- A recipe that acts itself, with arguments; its output is not shown.
result, calls, found = planned([[
local args = ...
print("loud") io.write("loud")
tiny.write_file("/tmp/made", "x")
assert(tiny.read_file("/tmp/made") == "x")
local br <close> = tiny.bridge("td9", { addr = args[1] })
local child <close> = tiny.clone({ mount = true, pid = true }, function()
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt")
  assert(tiny.stat("/mnt/nothing") == nil)
  tiny.exec { "true" }
  error("never")
end)
assert(tostring(br) == "<bridge td9>" and child:wait() == 0)
return child:wait()
]], "10.9.0.1/24")
check.equal(result.status, 0, result.err)
check.equal(found.kind, "recipe")
check.equal(of(calls, "bridge").args, '"td9", { addr = "10.9.0.1/24" }')
check.equal(of(calls, "bridge").number, 1)
check.equal(of(calls, "exec").number, 5)
check.equal(of(calls, "exec").recipe, "/tmp/p.lua:10")
assert(not result.out:find("loud"), result.out)
check.equal(tiny.stat("/tmp/made"), nil)

-- There is no way out: through Lua's own library, a removed primitive, a loop, or memory.
for source, want in pairs {
  ['os.execute("touch /tmp/out")'] = "a plan does not call os.execute",
  ['io.popen("touch /tmp/out")'] = "a plan does not call io.popen",
  ['io.open("/tmp/out", "w")'] = "a plan does not call io.open for writing",
  ['os.remove("/tmp/p.lua")'] = "a plan does not call os.remove",
  ['tiny.write_file = nil tiny.write_file("/tmp/out", "x")'] = "attempt to call a nil value (field 'write_file')",
  ['while true do tiny.poll({}, 1) end'] = "the plan has more than 5000 calls; the recipe probably waits in a loop",
  ['local t = "x" while true do t = t .. t end'] = "cannot be planned: it ", -- uses too much memory; User-Mode Linux kills it
} do
  local refused = planned(source)
  check.equal(refused.status, 125, source)
  assert(refused.err:find(want, 1, true), refused.err)
  check.equal(tiny.stat("/tmp/out"), nil, source)
end
-- Every primitive that is not known to be read-only has a fake, including future ones.
for name, primitive in pairs(tiny) do
  if type(primitive) == "function" and effects.reads(name) then
    for _, acting in ipairs { "mount_", "set", "write", "del", "kill", "exec", "umount", "remove", "wait", "open", "send" } do
      check.equal(name:find("^" .. acting) or name:find("_" .. acting .. "$"), nil, name)
    end
  end
end

-- An invalid call is refused as it would be when made.
result = planned('local cg <close> = tiny.cgroup("x")\ntiny.set_memory_limit(cg, "1q")')
check.equal(result.status, 125)
assert(result.err:find('^tinylua: /tmp/p.lua:2: set_memory_limit%(<cgroup x>, "1q"%): limit: "1q" is not '), result.err)
result = planned('tiny.clone({ pidd = true }, function() end)')
assert(result.err:find('^tinylua: /tmp/p.lua:1: clone%({ pidd = true }%): unknown option "pidd"; did you mean "pid"?'), result.err)

-- Contradictions, each with its line.
result = planned([[
local child <close> = tiny.clone({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt/data", { create = true })
  tiny.mount_proc("/mnt/proc", { create = true })
  tiny.mount_tmpfs("/mnt")
  tiny.exec { "true" }
end)
return child:wait()
]])
check.equal(result.status, 1)
check.equal(result.err, 'tinylua: /tmp/p.lua contradicts itself:\n'
  .. '  /tmp/p.lua:5: mount_tmpfs("/mnt") hides what is mounted at /mnt/data before (/tmp/p.lua:3)\n'
  .. '  /tmp/p.lua:5: mount_tmpfs("/mnt") hides what is mounted at /mnt/proc before (/tmp/p.lua:4)\n')
result = planned('return require("tiny.container").new { command = "true", dns = { "10.0.0.1" },\n tmpfs = { "/dev" } }')
check.equal(result.status, 1)
assert(result.err:find('\n  /tmp/p.lua:2: mount_tmpfs("/dev", {', 1, true) and result.err:find("hides what is mounted at /dev/pts before", 1, true), result.err)
assert(result.err:find("\n  dns: the container has no network\n", 1, true), result.err)
result = planned('return require("tiny.container").new { command = "true", steps = { exec = function() end } }')
check.equal(result.err, "tinylua: /tmp/p.lua contradicts itself:\n  no step executes a program\n")
-- A volume need not exist, and is not created.
result = planned('return require("tiny.container").new { command = "true",\n volumes = { "data:/data", "/cache" } }')
check.equal(result.status, 0, result.err)
assert(result.out:find([[/volumes/data/data\", \"/data\",]], 1, true), result.out)
assert(result.out:find([[/volumes/NAME/data\", \"/cache\",]], 1, true), result.out)
check.equal(tiny.stat(check.root .. "/volumes"), nil)
result = planned('return require("tiny.container").new { command = "true", publish = { "80:80" }, network = "none" }')
check.equal(result.status, 125)
assert(result.err:find("publish: network \"none\" cannot publish ports", 1, true), result.err)
local contradictions = require("tiny.dev.plan.contradictions").of
local limit = { { op = "set_pids_limit", lane = "host", recipe_line = "web.lua:3" }, { op = "exec", lane = "child" } }
check.equal(contradictions(limit, { cgroup = { controllers = { memory = "v1" } } }, {})[1], "web.lua:3: set_pids_limit: this host has no pids controller (tinylua doctor)")
check.equal(#contradictions(limit, { cgroup = { controllers = { pids = "v1" } } }, {}), 0)

-- Results derived from a guess are marked as guesses.
check.equal(planned('return tiny.cgroup_stats(tiny.cgroup("x")).memory + 1').err, "tinylua: /tmp/p.lua:1: attempt to perform arithmetic on a nil value (field 'memory')\n"
  .. "  hint: a plan does not execute primitives, so their results are guesses\n")
result = check.run { "plan", "/no/such.lua" }
check.equal(result.status, 125)
assert(result.err:find('^tinylua: load_recipe%("/no/such.lua"%): ENOENT'), result.err)
check.no_container()

-- Too much CPU time is reported as such, not as a kill.
local cage = require "tiny.dev.plan.sandbox"
cage.SECONDS = 1
tiny.write_file("/tmp/busy.lua", "while true do end")
local _, busy = tiny.try(require("tiny.dev.plan").of, "/tmp/busy.lua")
check.equal(busy and busy.message, "/tmp/busy.lua cannot be planned: it used more than 1 seconds of CPU time")
