-- A script on the search path overrides the shipped one; a script that another user could write is refused.
local check = require "check"

tiny.mkdir("/tmp/mine/scripts", { parents = true })
tiny.write_file("/tmp/mine/scripts/ps.lua", "return { summary = 'mine', run = function() print('my own ps') end }")
tiny.write_file("/tmp/mine/scripts/greet.lua", "return { options = { { 'who', default = 'you' } }, run = function(a) print('hello ' .. a.who) end }")
check.equal(check.succeeds("--lua-path", "/tmp/mine", "ps"), "my own ps\n")
check.equal(check.succeeds("ps", "--lua-path=/tmp/mine"), "my own ps\n")
check.equal(check.succeeds("--lua-path", "/tmp/mine", "greet", "--who", "me"), "hello me\n")
-- Also where the option comes after others; a program's words are not ours.
check.equal(check.succeeds("greet", "--who", "me", "--lua-path", "/tmp/mine"), "hello me\n")
tiny.write_file("/tmp/mine/scripts/events.lua", "return { options = { { 'since' } }, run = function(a) print('mine since ' .. a.since) end }")
check.equal(check.succeeds("events", "--since", "1h", "--lua-path", "/tmp/mine"), "mine since 1h\n")
tiny.write_file("/tmp/mine/scripts/run.lua", "return { args = { { 'words', trailing = true } }, run = function() print('mine') end }")
check.equal(check.succeeds("run", "--rm", "echo", "--lua-path", "/tmp/mine"), "--lua-path /tmp/mine\n")
check.equal(check.succeeds("run", "--rm", "-e", "A=1", "echo", "--lua-path=/tmp/mine"), "--lua-path=/tmp/mine\n")
check.equal(check.succeeds("run", "--lua-path", "/tmp/mine", "x"), "mine\n")
tiny.remove("/tmp/mine/scripts/run.lua")

local function refused(pattern)
  local result = check.run { "--lua-path", "/tmp/mine", "ps" }
  check.equal(result.status, 125)
  assert(result.err:match((pattern:gsub("^%^", "^tinylua: "))), result.err)
end
tiny.chown("/tmp/mine/scripts/ps.lua", { uid = 1000, gid = 1000 })
refused("^/tmp/mine/scripts/ps.lua is refused: it belongs to user 1000")
tiny.chown("/tmp/mine/scripts/ps.lua", { uid = 0, gid = 0 })
tiny.write_file("/tmp/mine/scripts/ps.lua", "return {}")
local function chmod(mode, path) tiny.fork(function() tiny.exec { "chmod", mode, path } end):wait() end
chmod("666", "/tmp/mine/scripts/ps.lua")
refused("its mode 666 lets other users write to it, and its code would run as you\n  hint: ")
chmod("644", "/tmp/mine/scripts/ps.lua")
chmod("777", "/tmp/mine/scripts")
refused("^/tmp/mine/scripts is refused: its mode 777")
