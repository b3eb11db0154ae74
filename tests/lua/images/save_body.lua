-- The body of a registry's response is saved by a confined child.
local check = require "check"
local save_body = require "tiny.images.save_body"
local web = require "web"

local FILE <const> = "/tmp/body"

-- What the child may not do.
do
  local from, into = tiny.pipe()
  local parent, child = tiny.getpid(), nil
  local before <close> = tiny.open "/etc/passwd"
  child = tiny.fork(function()
    save_body.confine { into }
    local forbidden = {
      open = function() tiny.open "/etc/passwd" end, read = function() if not before:read() then tiny.fail { message = "empty", code = "EMPTY" } end end,
      create = function() tiny.write_file("/tmp/created", "") end, connect = function() tiny.tcp_connect("127.0.0.1:1", { timeout = "1s" }) end,
      listen = function() tiny.tcp_listen "127.0.0.1:0" end, signal = function() tiny.pidfd_open(parent) end, run = function() tiny.exec { "/bin/true" } end,
      fork = function() tiny.fork(function() end) end, chown = function() tiny.chown("/tmp", { uid = 1, gid = 1 }) end,
    }
    for name, f in pairs(forbidden) do
      local _, err = tiny.try(f)
      into:write(("%s %s\n"):format(name, err and err.code or "done"))
    end
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  check.equal(child:wait(), 0)
  local count = 0
  for name, code in text:gmatch "(%S+) (%S+)\n" do
    count = count + 1
    -- The filter answers some calls as a kernel that does not have them.
    assert(code == (name == "read" and "EMPTY" or "EPERM") or name ~= "read" and code == "ENOSYS", name .. ": " .. code)
  end
  check.equal(count, 9)
  check.equal(tiny.stat "/tmp/created", nil)
end

-- A server that sends a part, and then nothing.
local server <close> = web.serve(function() return web.reply(200, { ["Content-Length"] = "1000" }, ("x"):rep(600)) end)
local url <const> = ("http://%s/"):format(server.place)
local reader, writer = tiny.pipe()
local downloading <close> = tiny.fork(function()
  local response <close> = tiny.http(url)
  local _, err = tiny.try(save_body.save, response, FILE, { limit = 1000, mode = 384 })
  writer:write(err.message)
end)
writer:close()
local function children(pid) return tiny.read_file(("/proc/%d/task/%d/children"):format(pid, pid)) or "" end
local deadline, pid, status = tiny.clock "monotonic" + 20, nil, ""
while not status:find "Seccomp:%s+2" and tiny.clock "monotonic" < deadline do
  tiny.poll({}, "5ms")
  pid = pid or tonumber(children(downloading.pid):match "%d+")
  status = pid and tiny.read_file(("/proc/%d/status"):format(pid)) or ""
end
assert(status:find "Seccomp:%s+2", status)
for _, set in ipairs { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" } do check.equal(status:match(set .. ":%s+(%x+)"), ("0"):rep(16), set) end
check.equal(status:match "NoNewPrivs:%s+(%d)", "1")
local open = {}
for _, number in ipairs(tiny.list_dir(("/proc/%d/fd"):format(pid))) do
  local target = tiny.readlink(("/proc/%d/fd/%s"):format(pid, number)):gsub("%d+", "")
  open[target] = true
end
check.equal(table.concat(require "tiny.base.sorted_keys"(open), " "), FILE .. " pipe:[] socket:[]")
while (tiny.stat(FILE) or { size = 0 }).size < 600 do tiny.poll({}, "5ms") end
-- It is killed: the error says so, and what has arrived stays.
tiny.kill(tiny.pidfd_open(pid), "SIGKILL")
check.equal(reader:read(), "the child process that saves a download ended with SIGKILL")
check.equal(downloading:wait(), 0)
check.equal(tiny.read_file(FILE), ("x"):rep(600))

-- It ends with its parent.
local other <close> = tiny.fork(function()
  local response <close> = tiny.http(url)
  save_body.save(response, FILE, {})
end)
pid = nil
while not pid do
  tiny.poll({}, "5ms")
  pid = tonumber(children(other.pid):match "%d+")
end
while not (tiny.read_file(("/proc/%d/status"):format(pid)) or "Seccomp: 2"):find "Seccomp:%s+2" do tiny.poll({}, "5ms") end
tiny.kill(other, "SIGKILL")
other:wait()
deadline = tiny.clock "monotonic" + 20
local function lives() return (tiny.try(tiny.read_file, ("/proc/%d/status"):format(pid)) or "State: Z"):match "State:%s+(%a)" ~= "Z" end
while lives() and tiny.clock "monotonic" < deadline do tiny.poll({}, "10ms") end
assert(not lives(), "the child lives")

-- For an ordinary user, who has no capability to give up.
local whole <close> = web.serve(function() return web.reply(200, nil, "whole") end)
tiny.mkdir "/tmp/own"
tiny.chown("/tmp/own", { uid = 65534, gid = 65534 })
local user <close> = tiny.fork(function()
  tiny.setuser(65534)
  local response <close> = tiny.http(("http://%s/"):format(whole.place))
  local saved = save_body.save(response, "/tmp/own/body", {})
  check.equal(saved.bytes, 5)
  check.equal(saved.digest, "sha256:" .. tiny.sha256 "whole")
end)
check.equal(user:wait(), 0)
check.equal(tiny.read_file "/tmp/own/body", "whole")
