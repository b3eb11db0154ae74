-- A running container whose supervisor was killed, and whose recipe can no longer be run: its files are damaged, it
-- throws, returns something else or ends the process. Other containers are not affected; it is listed as damaged, and
-- can be stopped and removed. Without a supervisor it has no callbacks and is not restarted.
local check = require "check"

tiny.mkdir("/tmp/web")
tiny.write_file("/tmp/web/helper.lua", "return function(text) return text end")
tiny.write_file("/tmp/web/web.lua", [[local same = require "helper"
local broken = tiny.read_file("/tmp/broken")
if broken then return load(broken)() end
return require("tiny.container").new {
  name = "bad", command = "echo said; exec sleep 1000", stop_signal = "SIGKILL", restart = "always",
  on_log = function(ctx, line) error(same "thrown by a callback") end }]])
check.succeeds("run", "-d", "--stop-signal", "SIGKILL", "--name", "good", "sh", "-c", "echo kept; exec sleep 1000")

-- By name: the damage, and the reported reason.
local KINDS = {
  ["a recipe that is gone"] = { function(dir) tiny.remove(dir .. "/recipe.lua") end, "recipe.lua is damaged: it is missing" },
  ["a recipe that was cut short"] = {
    function(dir) tiny.write_file(dir .. "/recipe.lua", "return nil") end, "recipe.lua is damaged: its SHA-256 digest differs from the recorded one",
  },
  ["a link for a recipe"] = {
    function(dir)
      tiny.remove(dir .. "/recipe.lua")
      tiny.symlink("/tmp/web/web.lua", dir .. "/recipe.lua")
    end, "recipe.lua is damaged: it is missing",
  },
  ["a module that is gone"] = { function(dir) tiny.remove(dir .. "/modules", { recursive = true }) end, "modules/helper.lua is damaged: it is missing" },
  ["a module that was changed"] = {
    function(dir) tiny.write_file(dir .. "/modules/helper.lua", "return error") end, "modules/helper.lua is damaged: its SHA-256 digest differs from the recorded one",
  },
  ["one that throws"] = { function() tiny.write_file("/tmp/broken", "error('thrown while loading', 0)") end, "thrown while loading" },
  ["one that returns nothing"] = { function() tiny.write_file("/tmp/broken", "print('said to nobody') return 7") end, "the recipe returned 7 this time, not a container" },
  ["one that ends the process"] = { function() tiny.write_file("/tmp/broken", "os.exit(0)") end, "os.exit is refused" },
  ["one that fails in the kernel"] = { function() tiny.write_file("/tmp/broken", "tiny.chroot('/no/such')") end, 'chroot("/no/such")' },
}

local id, dir
local function lose_supervisor()
  local s = tiny.json_decode(tiny.read_file(dir .. "/state.json"))
  local supervisor <close> = tiny.pidfd_open(s.supervisor.pid, { start_time = s.supervisor.start })
  tiny.kill(supervisor, "SIGKILL")
  tiny.poll { supervisor }
end
local function begin()
  tiny.try(tiny.remove, "/tmp/broken")
  id = check.succeeds("run", "-d", "/tmp/web/web.lua"):match("%x+")
  dir = check.root .. "/containers/" .. id
  local deadline = tiny.clock("monotonic") + 60
  while check.succeeds("logs", "bad") == "" do assert(tiny.clock("monotonic") < deadline, "it says nothing") end
  lose_supervisor()
end

local what, why
local function reports(...)
  local result = check.run { ... }
  local words = ("%s: %s: %s"):format(what, table.concat({ ... }, " "), result.err)
  check.equal(result.status, 0, words)
  assert(result.err:find(("tinylua: %s: it cannot be recovered: "):format(id), 1, true) and result.err:find(why, 1, true), words)
  check.equal(select(2, result.err:gsub(id .. ": it", "%0")), 1, words)
  return result.out
end
local function silent(...)
  local result = check.run { ... }
  check.equal(result.err, "", what .. ": " .. table.concat({ ... }, " "))
  check.equal(result.status, 0)
  return result.out
end

-- A callback that throws does not prevent recovery.
begin()
what = "a callback that throws"
assert(silent("ps"):find("bad +/bin/sh .* Up "), "it runs")
local record = tiny.json_decode(silent("inspect", "bad"))[1]
check.equal(record.damage, nil)
silent("rm", "-f", "bad")

local names = {}
for name in pairs(KINDS) do table.insert(names, name) end
table.sort(names)
for number, name in ipairs(names) do
  local kind = KINDS[name]
  begin()
  what, why = name, kind[2]
  kind[1](dir)
  local out = reports("ps")
  assert(out:find(id .. ".* Up .*%(damaged%)"), what .. ": " .. out)
  assert(out:find("good +sh .* Up ") and not out:find("said to nobody", 1, true), what .. ": " .. out)
  assert(silent("logs", "good"):find("^kept\n"))
  silent("stop", "good")
  silent("start", "good")
  reports(number % 2 == 0 and "gc" or "prune")
  check.equal(reports("exec", "bad", "echo", "inside"), "inside\n")
  check.equal(reports("logs", "bad"), "said\n")
  assert(tiny.json_decode(reports("inspect", "bad"))[1].damage:find(why, 1, true), what)
  -- Some are stopped first, the others are removed while they run.
  if number % 3 ~= 0 then
    -- It is not stopped for a restart that would fail.
    if why:find("is damaged", 1, true) then
      local restart = check.run { "restart", "bad" }
      check.equal(restart.status, 1, restart.err)
      assert(restart.err:find(why, 1, true) and check.run({ "ps" }).out:find(id .. ".* Up "), restart.err)
    end
    check.equal(reports("stop", "bad"), "bad\n")
    local shown = silent("ps", "-a")
    assert(shown:find("bad +/bin/sh .* Stopped "), shown)
    -- When stopped, it affects no other container; it cannot be started.
    if why:find("is damaged", 1, true) then assert(tiny.json_decode(silent("inspect", "bad"))[1].damage:find(why, 1, true), what) end
    local start = check.run { "start", "bad", "good" }
    check.equal(start.status, 1)
    assert(start.err:find(why, 1, true), start.err)
    assert(silent("ps", "-a"):find("bad +/bin/sh .* Stopped "))
  end
  check.equal(check.run({ "rm", "-f", "bad" }).status, 0)
  check.equal(tiny.stat(dir), nil)
end

-- Commands that wait for its exit or follow its log see it.
begin()
what, why = "waiting", "no good"
tiny.write_file("/tmp/broken", "error('no good', 0)")
reports("ps")
local waiting = {}
for _, words in ipairs { { "wait", "bad" }, { "logs", "-f", "bad" } } do
  local child = check.start(function()
    local null = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(null, number) end
    tiny.exec { "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
  table.insert(waiting, child)
end
check.equal(#tiny.poll(waiting, "500ms"), 0, "nobody waits")
local s = tiny.json_decode(tiny.read_file(dir .. "/state.json"))
tiny.kill(tiny.pidfd_open(s.pid, { start_time = s.pid_start }), "SIGKILL")
for _, child in ipairs(waiting) do assert(child:wait(20), "it waits on") end
assert(silent("ps", "-a"):find("bad +/bin/sh .* Exited"), "the end is on record")
silent("rm", "bad")

-- A recipe that temporarily cannot be loaded: the container is recovered as soon as it can be.
begin()
what, why = "for a while", "for a while"
tiny.write_file("/tmp/broken", "error('for a while', 0)")
reports("ps")
tiny.remove("/tmp/broken")
local shown = silent("ps")
assert(shown:find("bad +/bin/sh .* Up ") and not shown:find("damaged", 1, true), shown)
silent("rm", "-f", "bad")
silent("rm", "-f", "good")
check.no_container()
