-- A recipe that acts itself: signals run its every <close>, and `gc` undoes what a SIGKILL leaves.
local check = require "check"

tiny.write_file("made.lua", [[
local bridge <close> = tiny.bridge("tdsig0")
local group <close> = tiny.cgroup("tdsig")
local kept = tiny.bridge("tdsig1"):keep()
do local gone <close> = tiny.bridge("tdsig2") end
local child <close> = tiny.clone({ pid = true, cgroup = group }, function() tiny.exec { "sleep", "1000" } end)
child:wait_ready()
print(child.pid)
io.stdout:flush()
return child:wait()
]])

-- Starts the recipe; returns its process, that of its child, and its standard error.
local function start()
  local from, into = tiny.pipe()
  local err, err_end = tiny.pipe()
  local recipe = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { "/proc/self/exe", "--root", check.root, "run", "made.lua" }
  end)
  into:close()
  err_end:close()
  return recipe, tiny.pidfd_open(math.tointeger(tonumber(from:read()))), err
end
local function exists(name) return tiny.stat("/sys/class/net/" .. name) ~= nil end
local function journals()
  local count = 0
  for _, name in ipairs(tiny.list_dir(check.root .. "/run") or {}) do
    if name:match("^recipe%.") and name ~= ("recipe.%d.jsonl"):format(tiny.getpid()) then count = count + 1 end
  end
  return count
end

for signal, status in pairs { SIGINT = 130, SIGTERM = 143, SIGHUP = 129, SIGQUIT = 131 } do
  local recipe <close>, child, err = start()
  check.equal(journals(), 1)
  recipe:kill(signal)
  check.equal(recipe:wait(), status, signal)
  check.equal(err:read(), ("tinylua: made.lua:9: wait(<child %d>): interrupted by %s\n"):format(child.pid, signal))
  check.equal(#tiny.poll({ child }, "10s"), 1)
  assert(not exists "tdsig0" and exists "tdsig1")
  tiny.link_del("tdsig1")
  check.equal(journals(), 0)
end

-- Killed: the child ends, and gc clears the rest, but nothing that was kept or closed.
local recipe <close>, child = start()
-- In a child: this test is a recipe with a journal, too.
check.inside({}, function() tiny.bridge("tdsig2"):keep() end)
recipe:kill("SIGKILL")
recipe:wait()
check.equal(#tiny.poll({ child }, "10s"), 1)
assert(exists "tdsig0")
local cleared = check.succeeds("gc")
assert(cleared:find("link_del tdsig0 of the recipe made.lua", 1, true), cleared)
assert(cleared:find("cgroup_del /tdsig of the recipe made.lua", 1, true), cleared)
assert(not exists "tdsig0" and exists "tdsig1" and exists "tdsig2")
check.fails("ENOENT", tiny.open_cgroup, "tdsig")
check.equal(journals(), 0)
tiny.link_del("tdsig1")
tiny.link_del("tdsig2")

-- The journal of a running recipe is left alone.
local running <close> = start()
check.succeeds("gc")
assert(exists "tdsig0")
running:kill("SIGTERM")
running:wait()
tiny.link_del("tdsig1")

-- A recipe that makes none of this writes nothing.
tiny.write_file("plain.lua", "return tiny.fork(function() return 3 end):wait()")
check.equal(check.run({ "run", "plain.lua" }).status, 3)
check.equal(journals(), 0)

-- nohup: an ignored signal stays ignored.
tiny.write_file("hup.lua", [[
local child <close> = tiny.fork(function() tiny.exec { "sh", "-c", "kill -HUP $PPID" } end)
child:wait()
tiny.poll({}, "200ms")
return 5
]])
local program = ("/proc/%d/exe"):format(tiny.getpid())
local nohup <close> = tiny.fork(function()
  tiny.exec { "sh", "-c", ("trap '' HUP; exec %s --root %s run hup.lua"):format(program, check.root) }
end)
check.equal(nohup:wait(), 5)
check.equal(check.run({ "run", "hup.lua" }).status, 129)
