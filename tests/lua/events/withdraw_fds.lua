-- withdraw_fds: a child keeps only the files given; errors still reach the parent.
local check = require "check"

tiny.write_file("secret", "secret")
tiny.write_file("given", "given")
local secret <close> = tiny.open "secret"
local given <close> = tiny.open "given"
local from, into = tiny.pipe()
local child <close> = tiny.fork(function()
  tiny.withdraw_fds { keep = { given, into } }
  into:write(("%s %s"):format(secret:read(), given:read()))
  for number = 0, 2 do assert(tiny.readlink("/proc/self/fd/" .. number):find "^pipe:", number) end
  for _, name in ipairs(tiny.list_dir "/proc/self/fd") do
    local target = tiny.try(tiny.readlink, "/proc/self/fd/" .. name)
    assert(not target or target:find "^pipe:" or target:find "/given$" or target:find "/fd$", target)
  end
  secret:close()
  error "done"
end)
into:close()
check.equal(from:read(), "nil given")
local _, err = tiny.try(child.wait, child)
assert(tostring(err):find("done", 1, true), tostring(err))
check.equal(secret:read(), "secret", "the parent's stays open")

-- A response keeps its connection, and only that.
local web = require "web"
local server <close> = web.serve(function() return web.reply(200, nil, ("x"):rep(200000)) end)
local kept <close> = tiny.http(("http://%s/"):format(server.place))
local lost <close> = tiny.http(("http://%s/"):format(server.place))
local results, writer = tiny.pipe()
local reading <close> = tiny.fork(function()
  tiny.withdraw_fds { keep = { kept, writer } }
  local _, failure = tiny.try(lost.read, lost, "1m")
  writer:write(("%d %s"):format(#kept:read "1m", failure.code))
end)
writer:close()
check.equal(results:read(), "200000 ENOTSOCK")
check.equal(reading:wait(), 0)
