-- NAME_test.lua: tests of recipes and of Lua beside this file.
--
--   tinylua test                  runs all files here and below that end in _test.lua
--   tinylua test -f hello         only the tests with this in their names
--
-- Each test has a private host: namespaces of its own, its own containers, the machine's files read-only, and an
-- empty /tmp. What it starts or makes ends with it. `tinylua doc tiny.test` and `tinylua doc tiny.base.expect` tell more.
local t = require "tiny.test"
local expect = t.expect

-- As on the command line: `tinylua run --rm …`; a recipe here would be t.run("--rm", "web.lua").
t.test("a container says hello", function()
  local r = t.run("--rm", "sh", "-c", "echo hello; exit 3")
  expect(r):ends(3)
  expect(r.out):equals("hello\n")
end)

-- Other commands, with something to read.
t.test("a container in the background", function()
  expect(t.run("-d", "--name", "web", "sleep", "infinity")):ends(0)
  local r = t.tinylua { "exec", "-i", "web", "cat", input = "a line\n" }
  expect(r.out):contains("a line")
end)

-- The primitives themselves.
t.test("an error is a value", function()
  local err = expect(function() tiny.chdir("/nonesuch") end):fails("nonesuch")
  expect(err.code):equals("ENOENT")
end)

t.test("what this host lacks", function()
  if not tiny.probe().cgroup.controllers.memory then t.skip("no memory controller") end
end)
