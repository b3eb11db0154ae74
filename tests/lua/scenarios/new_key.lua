-- A user-defined key: one row in a copy of the table of keys, on the search path, adds an option, a line of the help, a
-- key of recipes and of the editor stubs, and a field of the record that is restored by `start`.
local check = require "check"

local folder = "/tmp/overlay"
local text = tiny.source("lua/tiny/spec/keys.lua", { shipped = true })
local row = '{ "colour", "string", "The colour of its lamp.", option = { short = "C", value = "COLOUR", help = "Paint its lamp" } },\n'
local at = select(2, text:find("\nreturn {\n", 1, true))
tiny.mkdir(folder .. "/lua/tiny/spec", { parents = true })
tiny.write_file(folder .. "/lua/tiny/spec/keys.lua", text:sub(1, at) .. row .. text:sub(at + 1))
local function with_key(...) return check.succeeds("--lua-path", folder, ...) end

-- The help, and the manual in each of its forms.
assert(with_key("run", "--help"):find("%-C, %-%-colour <COLOUR>%s+Paint its lamp\n"))
assert(not check.succeeds("run", "--help"):find("--colour", 1, true), "the shipped table has no such key")
with_key("doc", "--format", "markdown", "--output", "/tmp/docs")
assert(tiny.read_file("/tmp/docs/keys.md"):find("| `colour` | `string` | The colour of its lamp. |", 1, true))
with_key("doc", "--format", "lua", "--output", "/tmp/stubs")
assert(tiny.read_file("/tmp/stubs/tiny/container.lua"):find("---@field colour? string The colour of its lamp.", 1, true))
assert(with_key("complete", "run", "--col"):find("--colour", 1, true))

-- The recipe's step sees the recipe's value, or that of the command line, which has priority.
tiny.write_file("/tmp/lamp.lua", [[
return require("tiny.container").new {
  colour = "red", command = { "sleep", "1000" },
  before = { rootfs = function(ctx) tiny.append_file("/tmp/lamp", ctx.spec.colour .. "\n") end },
}]])
-- The step is in the container's mount namespace, and /tmp is still that of the host there.
with_key("run", "-d", "--name", "a", "/tmp/lamp.lua")
with_key("run", "-d", "--name", "b", "--colour", "blue", "/tmp/lamp.lua")
check.equal(tiny.read_file("/tmp/lamp"), "red\nblue\n")

-- The record, and the next start.
check.equal(with_key("inspect", "--format", "config.colour", "a", "b"), "red\nblue\n")
with_key("stop", "-t", "0", "b")
with_key("start", "b")
check.equal(tiny.read_file("/tmp/lamp"), "red\nblue\nblue\n")

-- The value in a record must have the row's type, or the record is damaged.
local id = with_key("inspect", "--format", "id", "a"):match("%x+")
with_key("rm", "-f", "b")
with_key("stop", "-t", "0", "a")
local path = "/var/lib/tinylua/containers/" .. id .. "/config.json"
tiny.write_file(path, (tiny.read_file(path):gsub('"red"', "7")))
local refused = check.run { "--lua-path", folder, "start", "a" }
check.equal(refused.status, 1)
assert(refused.err:find('is damaged: "colour" is a number', 1, true), refused.err)

-- A wrong type in a recipe, before anything is created.
tiny.write_file("/tmp/wrong.lua", 'return require("tiny.container").new { colour = 7, command = "true" }')
local wrong = check.run { "--lua-path", folder, "run", "/tmp/wrong.lua" }
assert(wrong.err:find("container.new: colour: expected a string, got 7", 1, true), wrong.err)
check.succeeds("rm", "-f", "a")
check.no_container()
