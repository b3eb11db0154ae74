-- Lua does not verify bytecode: a malformed chunk can crash the process that runs it, or take control of it. Bytecode
-- is refused wherever Lua from a user is loaded.
local check = require "check"

-- A chunk without its constants: reading them reads out-of-bounds memory.
local broken = string.dump(load('local t = {} t.a = "a constant" return t.a .. "another"'))
broken = broken:gsub("a constant", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"):gsub("\4\8\x82", "\4\8\xff")
local whole = string.dump(load "return 1")

local function names_binary(result, what)
  assert(result.status < 128, ("%s: status %d"):format(what, result.status))
  local said = result.err .. result.out
  assert(said:find("binary chunk", 1, true) or said:find("not a Lua text file", 1, true), ("%s: %d %s%s"):format(what, result.status, result.out, result.err))
end
local count = 0
local function refused(what, code, ...)
  for _, chunk in ipairs { whole, broken } do
    tiny.write_file("/tmp/chunk.lua", chunk)
    tiny.write_file("/tmp/r.lua", code)
    names_binary(check.run({ ... }), what)
    count = count + 1
  end
end

local READ = 'local f = io.open("/tmp/chunk.lua", "rb") local text = f:read("a") f:close() '
for name, code in pairs {
  ["load"] = READ .. "assert(load(text))",
  ["load in this mode"] = READ .. 'assert(load(text, "x", "b"))',
  ["load in both modes"] = READ .. 'assert(load(text, "x", "bt", {}))',
  ["load by pieces"] = READ .. 'assert(load(function() local all = text text = nil return all end, "x", "b"))',
  ["load with string.gsub replaced"] = READ .. 'string.gsub = function() return "b" end assert(load(text, "x", "b"))',
  loadfile = 'assert(loadfile "/tmp/chunk.lua")',
  ["loadfile in this mode"] = 'assert(loadfile("/tmp/chunk.lua", "b"))',
  dofile = 'dofile "/tmp/chunk.lua"',
  require = 'require "chunk"',
  load_recipe = 'tiny.load_recipe "/tmp/chunk.lua"',
} do
  for _, command in ipairs { "run", "plan" } do refused(name .. " in " .. command, code, command, "/tmp/r.lua") end
end
for _, command in ipairs { "run", "plan", "check", "test", "up", "create" } do refused(command, "", command, "/tmp/chunk.lua") end

-- At the prompt, and in directories of the search path.
for _, chunk in ipairs { whole, broken } do
  tiny.write_file("/tmp/chunk.lua", chunk)
  names_binary(check.run({ "repl" }, 'dofile "/tmp/chunk.lua"\n'), "repl")
  names_binary(check.run({ "repl" }, chunk:gsub("\n", " ") .. "\n"), "what is typed")
  for _, path in ipairs { "scripts/ps.lua", "lua/tiny/format.lua" } do
    os.execute("rm -rf /tmp/over; mkdir -p /tmp/over/scripts /tmp/over/lua/tiny; cp /tmp/chunk.lua /tmp/over/" .. path)
    names_binary(check.run { "ps", "--lua-path", "/tmp/over" }, path)
    count = count + 1
  end
end
print(count .. " chunks")

-- Text is loaded as before, with its mode and its environment.
check.equal(load("return x", "n", "t", { x = 7 })(), 7)
check.equal(load("return x", "n", "bt", { x = 7 })(), 7)
check.equal(load("return x", "n", nil, nil) and pcall(load("return x", "n", nil, nil)), false, "an environment of nil")
check.equal(select(2, load("return 1", "n", "b")), "attempt to load a text chunk (mode is '')")
tiny.write_file("/tmp/text.lua", "return 8, ...")
check.equal(dofile "/tmp/text.lua", 8)
check.equal(select(2, loadfile("/tmp/text.lua")(9)), 9)
