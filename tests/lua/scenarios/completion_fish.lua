-- Completion in a real fish, which prints completions without a terminal.
local check = require "check"
local shells = require "shells"

shells.need "fish"
shells.prepare()
for _, try in ipairs(shells.tries) do
  local typed = try[1]
  local out, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { env = shells.environment, "fish", "--no-config", "-c", 'tinylua completion fish | source; complete -C "' .. typed .. '"' }
  end)
  into:close()
  local text, bytes = "", out:read()
  while bytes do text, bytes = text .. bytes, out:read() end
  check.equal(child:wait(), 0, "fish")
  local want = try[2]:match("(%S+)%s*$")
  assert(text:find(want, 1, true), ("%s: fish offers %q"):format(typed, text))
end
