-- tinylua check: what is wrong with a file is told with its line and nothing is run; all shipped Lua is clean.
local check = require "check"

local function checked(text, ...)
  tiny.write_file("/tmp/c.lua", text)
  return check.run { "check", "/tmp/c.lua", ... }
end
local function says(text, want)
  local result = checked(text)
  check.equal(result.out, want)
  check.equal(result.status, want == "" and 0 or 1)
end
says("print(1)\nlocal a = tiny.getpid()\nos.exit(9)", "")
says("local x =\n\n= 2", "/tmp/c.lua:3: unexpected symbol near '='\n")
says("tiny.mount_prok('/proc')", "/tmp/c.lua:1: there is no primitive tiny.mount_prok; did you mean mount_proc?\n")
says("\nlocal function f() return pritn(1) end", "/tmp/c.lua:2: nobody sets pritn; did you mean print?\n")
says("for i = 1, 2 do n = i end\nreturn n", "/tmp/c.lua:1: n is a global; write local before its first use\n")
says("#!/usr/bin/env -S tinylua run\nprinf()", "/tmp/c.lua:2: nobody sets prinf; did you mean print?\n")
local json = tiny.json_decode(checked("x()", "--format", "json").out)
check.equal(json[1].line, 1)
check.equal(json[1].message, "nobody sets x")
check.equal(check.run({ "check", "/tmp/none.lua" }).status, 2)

-- Everything that ships, from the binary itself.
local look = require "tiny.check"
local count = 0
for _, folder in ipairs { "lua/tiny", "lua/tiny/net", "lua/recipes", "lua/templates", "scripts", "scripts/network" } do
  for _, name in ipairs(tiny.sources(folder)) do
    local path = ("%s/%s.lua"):format(folder, name)
    for _, finding in ipairs(look.text(tiny.source(path, { shipped = true }), path)) do
      error(("%s:%d: %s"):format(path, finding.line, finding.message))
    end
    count = count + 1
  end
end
assert(count > 100, count)
