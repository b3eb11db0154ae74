-- NAME_test.lua: tests of recipes and of Lua next to this file.
--
--   tinylua test                  runs all files here and below whose names end in _test.lua
--   tinylua test -f hello         runs only tests with this text in their names
--
-- Each test runs in a private host: its own namespaces and containers, the files of the machine read-only, and an
-- empty /tmp. Everything that it starts or creates is removed at its end. See `tinylua doc tiny.test` and
-- `tinylua doc tiny.base.expect`.
local t = require "tiny.test"
local expect = t.expect

-- The same as `tinylua run --rm …` on the command line. For a recipe: t.run("--rm", "web.lua").
t.test("a container says hello", function()
  local r = t.run("--rm", "sh", "-c", "echo hello; exit 3")
  expect(r):ends(3)
  expect(r.out):equals("hello\n")
end)

-- Other commands, with input.
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

t.test("a skipped test", function()
  if not tiny.probe().cgroup.controllers.memory then t.skip("no memory controller") end
end)
