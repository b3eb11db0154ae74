-- init: each template runs unmodified and passes `check`; existing files are never overwritten.
local check = require "check"

tiny.mkdir("/tmp/init", { parents = true })
tiny.chdir("/tmp/init")
check.environment = { HOME = "/tmp/init", PATH = os.getenv("PATH"), TERM = "dumb" }

-- Writes a template; returns its file and the suggested command.
local function made(...)
  local result = check.run { "init", ... }
  check.equal(result.status, 0, result.err)
  local path = result.out:gsub("\n$", "")
  check.equal(check.succeeds("check", path), "")
  assert(not tiny.read_file(path):find("NAME.lua", 1, true), "the name is not filled in")
  return path, result.err
end
local function refused(status, text, ...)
  local result = check.run { "init", ... }
  check.equal(result.err, "tinylua: " .. text)
  check.equal(result.status, status)
end

check.equal(made("recipe"), "recipe.lua")
check.equal(check.succeeds("run", "--rm", "recipe.lua"), "hello from PID 1 of box\nended with status 0\n")
check.equal(check.run({ "run", "--rm", "recipe.lua", "sh", "-c", "ulimit -n; exit 3" }).out, "256\nended with status 3\n")
check.no_container()
tiny.write_file("recipe.lua", "-- mine")
refused(125, "recipe.lua already exists\n  hint: choose another name, or remove it\n", "recipe")
check.equal(tiny.read_file("recipe.lua"), "-- mine")
check.equal(made("recipe", "below/it/web.lua"), "below/it/web.lua")
assert(tiny.read_file("below/it/web.lua"):find("^%-%- web.lua: "))

local path, said = made("command", "running")
check.equal(path, "/tmp/init/.config/tinylua/scripts/running.lua")
check.equal(said, "tinylua: try: tinylua running --help\n")
assert(check.succeeds("running", "--help"):find("^List running containers by name\n"))
check.equal(check.succeeds("running"), "CONTAINER  STATUS\n")
check.succeeds("run", "-d", "--name", "one", "sleep", "infinity")
check.succeeds("run", "--name", "two", "true")
assert(check.succeeds("running"):find("\none        Up "))
assert(not check.succeeds("running", "tw"):find("one"))
assert(check.succeeds("running", "-a", "tw"):find("\ntwo        Exited "))
check.succeeds("rm", "-f", "one", "two")
refused(2, "the command ps already exists\n  hint: `tinylua eject ps` copies it for editing\n", "command", "ps")
refused(2, "a command takes a name, not a path: ./x\n  hint: to write it elsewhere: tinylua init command --print NAME > FILE\n", "command", "./x")
refused(2, "invalid name \"a b\": use letters, digits, '_' and '-'\n", "recipe", "a b")
check.equal(check.run({ "init", "receipt" }).status, 2)
assert(check.succeeds("init", "command", "--print", "mine"):find("^%-%- mine: "))

check.equal(made("test"), "recipe_test.lua")
local tested = check.run { "test", "recipe_test.lua" }
check.equal(tested.status, 0, tested.out)
assert(tested.out:find("\n4 passed in "), tested.out)
check.equal(made("test", "web_test.lua"), "web_test.lua")
