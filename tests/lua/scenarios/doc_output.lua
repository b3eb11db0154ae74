-- doc --output: man pages in the layout of man(1), editor stubs and editor settings; existing settings are kept.
local check = require "check"

check.succeeds("doc", "--format", "man", "--output", "/tmp/man")
assert(tiny.read_file("/tmp/man/man1/tinylua-run.1"):find("\n.SH SYNOPSIS\n\\fBtinylua run\\fR [\\fIOPTION\\fR]... ", 1, true))
assert(tiny.read_file("/tmp/man/man7/tinylua-primitives.7"):find("\n.SS tiny.clone(options, body)\n", 1, true))
check.equal(tiny.stat("/tmp/man/man1/tinylua-complete.1"), nil, "a page of a hidden command")

check.succeeds("doc", "--format", "lua", "--output", "/tmp/recipes/.tinylua/")
local settings = tiny.json_decode(tiny.read_file("/tmp/recipes/.luarc.json"))
check.equal(settings["workspace.library"][1], ".tinylua")
assert(tiny.read_file("/tmp/recipes/.tinylua/tiny/container.lua"):find("---@field memory? tiny.size", 1, true))
-- Every module that `require` finds has one, and each of them is valid Lua.
for _, name in ipairs(tiny.sources("lua/tiny", { below = true })) do
  local path = ("/tmp/recipes/.tinylua/tiny/%s.lua"):format(name)
  assert(load(assert(tiny.read_file(path), path), "=" .. path, "t"))
end
tiny.write_file("/tmp/recipes/.luarc.json", "{}")
check.succeeds("doc", "--format", "lua", "--output", "/tmp/recipes/.tinylua")
check.equal(tiny.read_file("/tmp/recipes/.luarc.json"), "{}", "the user's own settings")

-- A user's command has a page like any other.
tiny.mkdir("/tmp/.config/tinylua/scripts", { parents = true })
tiny.write_file("/tmp/.config/tinylua/scripts/greet.lua", 'return { summary = "Say hello",\n  args = { { "who", help = "Whom" } }, run = function() end }')
check.succeeds("doc", "--format", "man", "--output", "/tmp/man")
assert(tiny.read_file("/tmp/man/man1/tinylua-greet.1"):find("tinylua\\-greet \\- say hello\n", 1, true))

local refused = check.run { "doc", "--output", "/tmp/none" }
check.equal(refused.status, 2)
check.equal(refused.err, "tinylua: --output requires --format man, lua or markdown\n")
check.equal(tiny.stat("/tmp/none"), nil)
