-- A container keeps the code of its recipe: the recipe and the modules that it required, including those of its
-- callbacks. It runs the same code when it is started again or recovered, even if the recipe's directory was changed or
-- removed.
local check = require "check"

tiny.mkdir("/tmp/shared")

-- Writes a recipe's directory: web.lua requires one module at the top and others later, and each prints its own
-- version.
local function folder(version)
  tiny.try(tiny.remove, "/tmp/web", { recursive = true })
  tiny.mkdir("/tmp/web/parts", { parents = true })
  tiny.write_file("/tmp/web/helper.lua", ('return { version = %q, deeper = require "parts.deep" }'):format(version))
  tiny.write_file("/tmp/web/parts/deep.lua", ('return "deep %s"'):format(version))
  tiny.write_file("/tmp/web/parts.deep.lua", 'return "the wrong file"')
  tiny.write_file("/tmp/web/late.lua", ('return "late %s"'):format(version))
  tiny.write_file("/tmp/web/inside.lua", ('return "inside %s"'):format(version))
  tiny.write_file("/tmp/web/web.lua", ([[
local helper = require "helper"
-- The same file under another name is another module.
assert(require "parts/deep" == helper.deeper)
return require("tiny.container").new {
  name = "web", volumes = { "/tmp/shared:/shared" }, stop_timeout = 0,
  command = { "sh", "-c", "echo begun; while [ ! -e /shared/end ]; do sleep 0.05; done; exit 3" },
  on_start = function() print("start", %q, helper.version, helper.deeper) end,
  on_exit = function() print("exit", helper.version, (require "late")) end,
}]]):format(version))
end

local function record() return tiny.json_decode(check.succeeds("inspect", "web"))[1] end

-- The output of callbacks in the background since the last call.
local told = 0
local function said()
  local text = tiny.read_file(record().dir .. "/supervisor.log") or ""
  local new = text:sub(told + 1)
  told = #text
  return new
end

local function kill_supervisor()
  local by = record().state.supervisor
  local supervisor <close> = tiny.pidfd_open(by.pid, { start_time = by.start })
  tiny.kill(supervisor, "SIGKILL")
  tiny.poll { supervisor }
end

-- Returns the output of on_start: it runs before the command returns.
local function run_to_its_end(...)
  local begun = check.succeeds(...)
  tiny.write_file("/tmp/shared/end", "")
  check.succeeds("wait", "web")
  tiny.remove("/tmp/shared/end")
  return begun
end

-- The supervisor is killed, and the directory removed: every command continues to work.
folder "one"
tiny.chdir("/tmp/web")
check.succeeds("run", "-d", "web.lua")
tiny.chdir("/tmp")
local dir = record().dir
check.equal(record().config.recipe.folder, "/tmp/web")
check.equal(table.concat(tiny.list_dir(dir .. "/modules"), " "), "helper.lua parts%2Fdeep.lua parts.deep.lua")
for name, digest in pairs(record().config.recipe.modules) do
  check.equal(#digest, 64, name)
end
kill_supervisor()
tiny.remove("/tmp/web", { recursive = true })
assert(check.succeeds("ps"):find("web +sh %-c.* Up "), "it runs")
check.equal(check.succeeds("logs", "web"), "begun\n")
check.equal(check.succeeds("stop", "web"), "web\n")
-- It never loaded this one.
assert(said():find('web: on_exit: .*no such module: late'), "a callback that lacks its module says so")
check.equal(check.succeeds("start", "web"), "start\tone\tone\tdeep one\nweb\n")
check.equal(check.succeeds("restart", "web"), "start\tone\tone\tdeep one\nweb\n")
check.equal(check.run({ "rm", "-f", "web" }).err, "")
check.no_container()

-- A module that a callback requires first is kept from then on; changes to the directory have no effect.
folder "two"
told = 0
run_to_its_end("run", "-d", "/tmp/web/web.lua")
assert(said():find("exit\ttwo\tlate two\n", 1, true), "on_exit of the first run")
check.equal(#record().config.recipe.modules.late, 64)
folder "three"
check.equal(run_to_its_end("start", "web"), "start\ttwo\ttwo\tdeep two\nweb\n")
local text = said()
assert(text:find("exit\ttwo\tlate two\n", 1, true), text)
assert(not text:find("was not recorded", 1, true), text)
check.succeeds("rm", "web")

-- A module that was never loaded comes from the directory if that exists, which is reported.
folder "four"
told = 0
check.succeeds("create", "/tmp/web/web.lua")
folder "five"
check.equal(run_to_its_end("start", "web"), "start\tfour\tfour\tdeep four\nweb\n")
text = said()
assert(text:find("exit\tfour\tlate five\n", 1, true), text)
assert(text:find("web: module late was not recorded; it is loaded from /tmp/web/late.lua, and kept from now on", 1, true), text)
tiny.remove("/tmp/web", { recursive = true })
run_to_its_end("start", "web")
text = said()
assert(text:find("exit\tfour\tlate five\n", 1, true), text)
check.succeeds("rm", "web")

-- A directory that another user may write to by now is not used.
folder "six"
told = 0
check.succeeds("create", "/tmp/web/web.lua")
tiny.chown("/tmp/web", { uid = 1000, gid = 1000 })
run_to_its_end("start", "web")
text = said()
assert(text:find("/tmp/web is refused: it belongs to user 1000", 1, true) and not text:find("late six", 1, true), text)
check.succeeds("rm", "web")
tiny.remove("/tmp/web", { recursive = true })

-- A link in the record is followed neither for reading nor for writing.
folder "seven"
told = 0
check.succeeds("create", "/tmp/web/web.lua")
tiny.mkdir("/tmp/victim")
dir = record().dir
for _, name in ipairs(tiny.list_dir(dir .. "/modules")) do tiny.write_file("/tmp/victim/" .. name, tiny.read_file(dir .. "/modules/" .. name)) end
local there = table.concat(tiny.list_dir("/tmp/victim"), " ")
tiny.remove(dir .. "/modules", { recursive = true })
tiny.symlink("/tmp/victim", dir .. "/modules")
local linked = check.run { "start", "web" }
check.equal(linked.status, 1)
assert(linked.err:find("/modules/[^ ]+ is damaged: it is missing"), linked.err)
check.succeeds("rm", "web")
tiny.write_file("/tmp/web/web.lua", 'return require("tiny.container").new { name = "web", command = "true", on_exit = function() require "late" end }')
check.succeeds("create", "/tmp/web/web.lua")
tiny.symlink("/tmp/victim", record().dir .. "/modules")
check.succeeds("start", "web")
check.succeeds("wait", "web")
local deadline = tiny.clock("monotonic") + 60
while not said():find("module late is not kept with the container: ", 1, true) do assert(tiny.clock("monotonic") < deadline, "it is kept through the link") end
check.equal(table.concat(tiny.list_dir("/tmp/victim"), " "), there, "written through the link")
check.succeeds("rm", "web")

-- Two recipes whose modules have the same name, started by one command.
for _, name in ipairs { "a", "b" } do
  tiny.mkdir("/tmp/" .. name)
  tiny.write_file(("/tmp/%s/same.lua"):format(name), ("return %q"):format(name))
  tiny.write_file(("/tmp/%s/r.lua"):format(name), ([[local same = require "same"
    return require("tiny.container").new { name = %q, command = "true", on_start = function() print("I am " .. same) end }]]):format(name))
  check.succeeds("create", ("/tmp/%s/r.lua"):format(name))
  tiny.remove("/tmp/" .. name, { recursive = true })
end
check.equal(check.succeeds("start", "a", "b"), "I am a\na\nI am b\nb\n")
for _, name in ipairs { "a", "b" } do
  check.succeeds("wait", name)
  check.succeeds("rm", name)
end

-- A restart by policy, and modules on the search path: the user's own are kept, an overridden shipped one is not.
tiny.mkdir("/tmp/path/lua/tiny", { parents = true })
tiny.write_file("/tmp/path/lua/mine.lua", 'return "mine one"')
tiny.write_file("/tmp/path/lua/tiny/seccomp_default.lua", tiny.source("lua/tiny/seccomp_default.lua"))
tiny.write_file("/tmp/r.lua", [[local mine, times = require "mine", 0
return require("tiny.container").new { name = "web", command = "exit 1", restart = "on-failure:2",
  on_start = function() times = times + 1 print(times, mine) end }]])
check.succeeds("--lua-path", "/tmp/path", "create", "/tmp/r.lua")
dir = record().dir
check.equal(table.concat(tiny.list_dir(dir .. "/modules"), " "), "mine.lua")
tiny.write_file("/tmp/path/lua/mine.lua", 'return "mine two"')
check.equal(check.succeeds("--lua-path", "/tmp/path", "start", "web"), "1\tmine one\nweb\n")
check.succeeds("wait", "web")
check.equal(table.concat(record().remarks, " "), "2\tmine one 3\tmine one")
check.succeeds("rm", "web")

-- A recipe without modules has no directory for them.
tiny.write_file("/tmp/alone.lua", 'return require("tiny.container").new { name = "web", command = "true" }')
check.succeeds("create", "/tmp/alone.lua")
check.equal(tiny.stat(record().dir .. "/modules"), nil)
check.equal(record().config.recipe.modules, nil)
check.succeeds("rm", "web")

-- A container of a topology.
tiny.mkdir("/tmp/site")
tiny.write_file("/tmp/site/words.lua", 'return "of the site"')
tiny.write_file("/tmp/site/site.lua", [[local words = require "words"
return require("tiny.topology").new { containers = {
  one = { command = { "sleep", "1000" }, network = "none", stop_timeout = 0, on_start = function() print("one " .. words) end },
  two = { command = { "sleep", "1000" }, network = "none", stop_timeout = 0, volumes = { "/tmp/shared:/shared" } } } }]])
check.succeeds("up", "/tmp/site/site.lua")
-- What the other container needs is gone as well.
tiny.remove("/tmp/site", { recursive = true })
tiny.remove("/tmp/shared", { recursive = true })
local site = tiny.json_decode(check.succeeds("inspect", "site-one"))[1]
local by = site.state.supervisor
local supervisor = tiny.pidfd_open(by.pid, { start_time = by.start })
tiny.kill(supervisor, "SIGKILL")
tiny.poll { supervisor }
assert(check.succeeds("ps"):find("site%-one.* Up "), "it runs")
check.succeeds("stop", "site-one")
check.equal(check.succeeds("start", "site-one"), "one of the site\nsite-one\n")
check.succeeds("down", "site")
check.no_container()

-- Invalid file names, and limits.
tiny.mkdir("/tmp/odd/%2F", { parents = true })
tiny.write_file("/tmp/odd/%2F/~ .lua", "return 1")
tiny.write_file("/tmp/odd/r.lua", 'require "%2F/~ " require "%2F.~ " return require("tiny.container").new { name = "web", command = "true" }')
check.succeeds("create", "/tmp/odd/r.lua")
check.equal(table.concat(tiny.list_dir(record().dir .. "/modules"), " "), "%252F%2F%7E%20.lua %252F.%7E%20.lua")
tiny.remove("/tmp/odd", { recursive = true })
check.succeeds("start", "web")
check.succeeds("wait", "web")
check.succeeds("rm", "web")

local function too_much(text, why)
  tiny.write_file("/tmp/odd/r.lua", text .. ' return require("tiny.container").new { name = "web", command = "true" }')
  check.refused(("/tmp/odd/r.lua: the recipe's code cannot be kept with its container: %s\n  hint: require fewer modules, or use shorter names"):format(why), "create", "/tmp/odd/r.lua")
  check.no_container()
end
tiny.mkdir("/tmp/odd")
local long = ("n"):rep(240)
tiny.write_file("/tmp/odd/" .. long .. ".lua", "return 1")
too_much(('require(("n"):rep(240))'), ("the name of the module %s is too long"):format(tiny.show(long)))
for i = 1, 1001 do tiny.write_file(("/tmp/odd/m%d.lua"):format(i), "return 1") end
too_much('for i = 1, 1001 do require("m" .. i) end', "1001 modules are more than 1000")
for i = 1, 3 do tiny.write_file(("/tmp/odd/large%d.lua"):format(i), "return 1 --" .. ("x"):rep(6 << 20)) end
too_much('for i = 1, 3 do require("large" .. i) end', "its modules have 18 MiB together, more than 16 MiB")
