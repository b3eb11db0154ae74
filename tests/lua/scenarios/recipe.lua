-- run RECIPE.lua: recipes that do the work themselves, recipes that return a container, and broken ones.
local check = require "check"

tiny.write_file("/tmp/recipe.lua", "local args = ... print(args[1], args[2]) return 7")
local did = check.run { "run", "/tmp/recipe.lua", "a", "-b" }
check.equal(did.status, 7)
check.equal(did.out, "a\t-b\n")

tiny.write_file("/tmp/recipe.lua", [[
local c = require "tiny.container"
return c.new {
  hostname = "fromlua", command = { "sh", "-c", "hostname; cat /etc/mark; exit 3" }, env = { A = "1" },
  before = { exec = function(ctx) local f = io.open("/etc/mark", "w") f:write(ctx.spec.hostname, " pid ", tiny.getpid(), "\n") f:close() end },
  after = { mounts = function(ctx) assert(tiny.getpid() == 1) end },
  on_exit = function(ctx, status) print("ended with " .. status) end,
}]])
local made = check.run { "run", "--rm", "/tmp/recipe.lua" }
check.equal(made.err, "")
check.equal(made.out, "fromlua\nfromlua pid 1\nended with 3\n")
check.equal(made.status, 3)
check.equal(check.run({ "run", "--rm", "--hostname", "over", "/tmp/recipe.lua" }).out:match("^%w+"), "over")

local function broken(text, pattern)
  tiny.write_file("/tmp/recipe.lua", text)
  local result = check.run { "run", "--rm", "/tmp/recipe.lua" }
  check.equal(result.status, 125)
  assert(result.err:match((pattern:gsub("^%^", "^tinylua: "))), result.err)
  assert(not result.err:match("stack traceback"), result.err)
  check.no_container()
end
broken("local x = = 1", "^/tmp/recipe.lua:1: unexpected symbol near '='\n$")
broken("\nerror('mine')", "^/tmp/recipe.lua:2: mine\n$")
broken("return require('tiny.container').new { hostnme = 'x' }", 'container.new: unknown key "hostnme"; did you mean "hostname"%?\n  hint: ')
broken("return require('tiny.container').new { command = 'true', before = { exce = print } }", 'before: unknown step "exce"\n  hint: the steps are cgroup')
broken("return require('tiny.container').new {\n command = 'true', before = { exec = function() tiny.chroot('/no') end } }",
  '^/tmp/recipe.lua:2: step exec: chroot%("/no"%): ENOENT: No such file or directory: /no\n  hint: ')
local gone = check.run { "run", "/tmp/no-such.lua" }
check.equal(gone.status, 125)
assert(gone.err:match('load_recipe%("/tmp/no%-such.lua"%): ENOENT'), gone.err)
