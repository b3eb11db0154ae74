-- tinylua test: tests that pass, fail, hang and crash, in private hosts that leave nothing behind; formats, filters,
-- time limits, parallel tests, and termination by a signal.
local check = require "check"

local dir = "/tmp/tests"
tiny.mkdir(dir .. "/below", { parents = true, mode = tonumber("755", 8) })
local function file(name, text) tiny.write_file(dir .. "/" .. name, text, { mode = tonumber("644", 8) }) end
local function tested(...) return check.run { "test", ... } end

local function left()
  local groups = {}
  for _, mount in ipairs(tiny.probe().cgroup.mounts) do
    for _, name in ipairs(tiny.try(tiny.list_dir, mount.path .. mount.own) or {}) do
      if name:find("tinylua-private", 1, true) then table.insert(groups, mount.path .. "/" .. name) end
    end
  end
  check.equal(table.concat(groups, " "), "", "left control groups")
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local words = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
    assert(not words:find("sleep\0" .. "4711", 1, true), "a process is left: " .. words)
  end
end

-- One of each kind.
file("helper.lua", "return { answer = 42 }")
file("good_test.lua", [[
local t = require "tiny.test"
local expect = t.expect
t.test("a module beside it", function()
  expect(require("helper").answer):equals(42):at_least(42):at_most(42):less_than(43):greater_than(41)
  expect("b"):greater_than("a")
  expect(function() error("thrown") end):throws("thrown")
  expect(function() expect(3):less_than(3) end):throws("expected a value less than 3, got 3")
  expect(function() expect({}):at_least(3) end):throws("expected a value at least 3, got {}")
end)
t.test("runs a container", function()
  local r = t.run { "--rm", "-i", "cat", input = "a line\n" }
  expect(r):ends(0)
  expect(r.out):equals("a line\n")
  expect(t.run("--rm", "sh", "-c", "exit 4")):ends(4)
end)
t.test("a container of its own", function()
  expect(t.run("-d", "--name", "same", "sleep", "4711")):ends()
  expect(t.tinylua("ps", "--format", "json").out):contains('"same"')
end)
t.test("another, with the same name", function() expect(t.run("-d", "--name", "same", "sleep", "4711")):ends() end)
t.test("the machine's files", function()
  expect(function() tiny.write_file("good_test.lua", "") end):fails("EROFS")
  if tiny.getuid() == 0 then
    expect(function() tiny.sysctl("kernel.panic", 4711) end):fails("EROFS")
    expect(function() tiny.write_file("/sys/kernel/profiling", "0") end):fails("EROFS")
    tiny.sysctl("kernel.msgmax", 4711)
    tiny.sysctl("net.ipv4.ip_forward", 1)
  end
  expect(tiny.list_dir(t.folder)):equals({})
  tiny.write_file(t.folder .. "/x", "y")
  expect(tiny.try(tiny.read_file, "/tmp/tests/x")):equals(nil)
end)
t.test("what is said of values", function()
  expect({ 1, { a = "b" } }):equals({ 1, { a = "b" } })
  expect("word"):differs("ward"):contains("or"):lacks("x")
  expect({ "a", "b" }):contains("b"):lacks("c")
  expect(expect("id 17"):matches("id (%d+)")):equals("17")
  local err = expect(function() tiny.chdir("/nonesuch") end):fails("nonesuch")
  expect(err.code):equals("ENOENT")
end)
t.test("leaves a process", function() tiny.fork(function() tiny.exec { "sleep", "4711" } end) end)
t.test("skipped", function() t.skip("for a reason") end)
]])
local good = tested(dir .. "/good_test.lua")
check.equal(good.err, "")
check.equal(good.status, 0, good.out)
assert(good.out:find("\n7 passed, 1 skipped in %d"), good.out)
assert(good.out:find("skip   /tmp/tests/good_test.lua: skipped %(%d[%d.]* s%) for a reason\n"), good.out)
left()

file("bad_test.lua", [[
local t = require "tiny.test"
t.test("two tables", function() t.expect({ a = 1, b = { 2, 3 } }):equals({ a = 1, b = { 2, 4 } }) end)
t.test("two texts", function()
  print "it said this"
  t.expect("one\ntwo\nthree\n"):equals("one\n2\nthree\n")
end)
t.test("a status", function() t.expect({ status = 3, out = "", err = "no\n" }):ends(0) end)
t.test("an error", function()
  local nothing
  return nothing.field
end)
t.test("crashes", function() os.execute("kill -SEGV $PPID") end)
t.test("exits", function() os.exit(0) end)
t.test("floods", function() for _ = 1, 20000 do print(("x"):rep(99)) end end)
]])
local bad = tested("--format", "json", dir .. "/bad_test.lua")
check.equal(bad.status, 1)
local by = {}
for _, r in ipairs(tiny.json_decode(bad.out)) do by[r.name] = r end
local place = "/tmp/tests/bad_test.lua:"
check.equal(by["two tables"].message, place .. "2: the values differ (- expected, + got):\n  …\n    b = {\n      [1] = 2,\n-     [2] = 4,\n+     [2] = 3,\n    },\n  }")
check.equal(by["two texts"].message, place .. "5: the values differ (- expected, + got):\n  one\n- 2\n+ two\n  three")
check.equal(by["two texts"].output, "it said this\n")
check.equal(by["a status"].message, place .. "7: expected status 0, got 3\nno")
check.equal(by["an error"].message, place .. "10: attempt to index a nil value (local 'nothing')")
check.equal(by["crashes"].message, "its process exited with status 139 before the test finished")
check.equal(by["exits"].message, "its process exited with status 0 before the test finished")
check.equal(by["floods"].status, "passed")
check.equal(#by["floods"].output, 65536)
left()

-- A test that hangs is ended with all its processes.
file("hangs_test.lua", 'tiny.fork(function() tiny.exec { "sleep", "4711" } end)\nwhile true do end')
local hangs = tested("--timeout", "2s", dir .. "/hangs_test.lua")
check.equal(hangs.status, 1)
assert(hangs.out:find("\n  it was killed after the time limit of 2 s\n", 1, true), hangs.out)
tiny.remove(dir .. "/hangs_test.lua")
left()

-- Files from --lua-path are available in the test and in commands that it runs, although /tmp is empty.
tiny.mkdir("/tmp/given/lua", { parents = true, mode = tonumber("755", 8) })
tiny.mkdir("/tmp/given/scripts", { parents = true, mode = tonumber("755", 8) })
tiny.write_file("/tmp/given/lua/given.lua", 'return { word = "given" }', { mode = tonumber("644", 8) })
tiny.write_file("/tmp/given/scripts/say.lua", 'return { run = function() print(require("given").word) end }', { mode = tonumber("644", 8) })
if tiny.getuid() == 0 and not check.environment then
  file("path_test.lua", [[
local t = require "tiny.test"
t.expect(require("given").word):equals("given")
t.expect(t.tinylua("say").out):equals("given\n")
]])
  tiny.chdir("/tmp")
  local given = check.run { "--lua-path", "given", "test", "tests/path_test.lua" }
  check.equal(given.status, 0, given.out)
  tiny.remove(dir .. "/path_test.lua")
end

-- Whole files, directories, filters, TAP.
file("below/whole_test.lua", "assert(tiny.getpid() > 1)")
file("below/status_test.lua", "return 3")
file("below/broken_test.lua", "local = 1")
file("below/twice_test.lua", 'local t = require "tiny.test"\nt.test("a", print)\nt.test("a", print)')
file("below/other.lua", "error 'this is no test'")
local tap = tested("--format", "tap", "-j", "1", dir .. "/below")
check.equal(tap.status, 1)
check.equal(tap.out, table.concat({
  "TAP version 14",
  "not ok 1 - /tmp/tests/below/broken_test.lua", "  ---", "  message: |", "    /tmp/tests/below/broken_test.lua:1: <name> expected near '='", "  ...",
  "not ok 2 - /tmp/tests/below/status_test.lua", "  ---", "  message: |", "    the file returned 3", "  ...",
  "not ok 3 - /tmp/tests/below/twice_test.lua", "  ---", "  message: |", '    /tmp/tests/below/twice_test.lua:3: two tests are named "a"', "  ...",
  "ok 4 - /tmp/tests/below/whole_test.lua",
  "1..4", "",
}, "\n"))
local some = tested("-f", "two t", "-f", "whole", dir)
assert(some.out:find("\n1 passed, 2 failed in "), some.out)
local none = tested("-f", "nothing has this", dir)
check.equal(none.status, 2)
assert(none.err:find("no tests found\n  hint: no test name contains the filter\n", 1, true), none.err)
check.equal(tested("/tmp/no-such").err, "tinylua: /tmp/no-such does not exist\n  hint: give a test file, or a directory with files that end in _test.lua\n")

-- Several in parallel: they wait for CPU time, not for each other's end.
file("below/slow_test.lua", [[
local t = require "tiny.test"
for i = 1, 8 do t.test("sleeps " .. i, function() t.command { "sleep", "3" } end) end
]])
local began = tiny.clock("monotonic")
check.equal(tested("-j", "8", dir .. "/below/slow_test.lua").status, 0)
assert(tiny.clock("monotonic") - began < 20, "eight at once")

-- If it is killed, its tests end too; remaining cgroups are removed by the next run.
file("below/killed_test.lua", 'tiny.exec { "sleep", "4711" }')
local killed <close> = check.start(function()
  tiny.exec { env = check.environment, "/proc/self/exe", "test", dir .. "/below/killed_test.lua" }
end)
local function sleeper()
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local words = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
    if words:find("sleep\0" .. "4711", 1, true) then return tiny.pidfd_open(math.tointeger(tonumber(pid))) end
  end
end
local asleep
local deadline = tiny.clock("monotonic") + 60
repeat
  asleep = sleeper()
  assert(asleep or tiny.clock("monotonic") < deadline, "the test begins")
until asleep
killed:kill("SIGKILL")
killed:wait()
assert(#tiny.poll({ asleep }, "20s") == 1, "the test ends with its runner")
check.equal(tested(dir .. "/below/whole_test.lua").status, 0)
left()

-- A signal ends running tests, and nothing is left.
file("below/long_test.lua", 'tiny.exec { "sh", "-c", "echo begun; exec sleep 4711" }')
local from, into = tiny.pipe()
local child <close> = check.start(function()
  tiny.dup2(into, 2)
  tiny.exec { env = check.environment, "/proc/self/exe", "--trace", "test", dir .. "/below/long_test.lua" }
end)
into:close()
local said = ""
repeat said = said .. assert(from:read(), said) until said:find("poll", 1, true) or said:find("become_init", 1, true)
child:kill("SIGINT")
check.equal(child:wait("20s"), 130)
left()
