-- run RECIPE.lua: what it may return or throw, the position of an invalid container, and a first line `#!`.
local check = require "check"

local function run(text)
  tiny.write_file("/tmp/r.lua", text)
  local result = check.run { "run", "--rm", "/tmp/r.lua" }
  check.no_container()
  return result
end

local function refused(text, message)
  local result = run(text)
  check.equal(result.err, "tinylua: " .. message .. "\n")
  check.equal(result.status, 125)
end

check.equal(run("return true").status, 0)
check.equal(run("return false").status, 1)
check.equal(run("return 255").status, 255)
check.equal(run("return 3.0").status, 3)
check.equal(run("os.exit(256)").status, 125)
local status_hint = "\n  hint: return nothing, a boolean, or an exit status from 0 to 255"
local neither = ", which is neither a container nor an exit status"
refused("return 256", "/tmp/r.lua: the recipe returned 256" .. neither .. status_hint)
refused("return 3.5", "/tmp/r.lua: the recipe returned 3.5" .. neither .. status_hint)
refused("return 'web'", '/tmp/r.lua: the recipe returned "web"' .. neither .. status_hint)
refused("return { command = 'true' }", '/tmp/r.lua: the recipe returned { command = "true" }' .. neither
  .. '\n  hint: create a container with require("tiny.container").new { … }')
refused("error()", "an error without a message was thrown: nil")
refused("error { 1 }", "an error without a message was thrown: { 1 }")

local place = run("\nlocal made = require('tiny.container').new { memory = '1x' }")
check.equal(place.err, 'tinylua: /tmp/r.lua:2: container.new: memory: expected a size such as "128m", got "1x"\n')
local keys = require "tiny.base.sorted_keys"(require("tiny.spec.derived").types())
refused("return require('tiny.container').new { memry = '1m' }", '/tmp/r.lua: container.new: unknown key "memry"; did you mean "memory"?\n  hint: known keys: '
  .. table.concat(keys, ", "))
refused("return require('tiny.container').new {}", "/tmp/r.lua: no command given\n  hint: give a command: tinylua run CMD…")
refused("return require('tiny.container').new { command = 'true', steps = { namespaces = function() end } }",
  "/tmp/r.lua: step namespaces: no container was created\n  hint: set ctx.child = tiny.clone({ … }, ctx.inside)")

-- Options that only a container can use are an error. Defaults do not count.
tiny.write_file("/tmp/r.lua", "return 3")
local idle = check.run { "run", "-it", "--rm", "-m", "20m", "-d", "-e", "A=1", "/tmp/r.lua" }
check.equal(idle.status, 125)
local leave = '\n  hint: omit the options, or return require("tiny.container").new { … } from the recipe\n'
check.equal(idle.err, "tinylua: /tmp/r.lua: --detach, --env, --memory need a container, but the recipe returned none" .. leave)
tiny.write_file("/tmp/r.lua", "")
check.equal(check.run({ "run", "--rm", "/tmp/r.lua" }).err, "")
check.equal(check.run({ "run", "/tmp/r.lua" }).err, "")

check.equal(run("#!/usr/bin/env -S tinylua run\nprint(tiny.caller())").out, "/tmp/r.lua:2\n")
check.equal(run("\u{feff}print(1)").out, "1\n")

-- A recipe that creates its own container is stopped before it does so; one that only runs a program first is not.
for name, call in pairs {
  clone = "clone({ uts = true }, function() os.exit(9) end):wait()", unshare = 'unshare { uts = true }', chroot = 'chroot "/"',
  setns = 'setns(tiny.open_ns "uts")', pivot_root = 'pivot_root "/"',
} do
  tiny.write_file("/tmp/r.lua", "print 'begins'\ntiny." .. call .. " print 'acted'")
  local stopped = check.run { "run", "--read-only", "--network", "none", "/tmp/r.lua" }
  check.equal(stopped.status, 125)
  check.equal(stopped.out, "begins\n")
  check.equal(stopped.err:match("^[^\n]*"), "tinylua: /tmp/r.lua:2: --read-only, --network need a container, but /tmp/r.lua creates its own with tiny." .. name)
end
tiny.write_file("/tmp/r.lua", [[
tiny.fork(function() tiny.exec { "true" } end):wait()
return require("tiny.container").new { command = { "sh", "-c", "echo $A" } }
]])
check.equal(check.run({ "run", "--rm", "-e", "A=given", "--network", "none", "/tmp/r.lua" }).out, "given\n")
