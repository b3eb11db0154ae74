-- check reports the values of a container's keys that run and up refuse, each at its own position; what depends on the host, and
-- what is not constant, is skipped.
local check = require "check"

local function findings(text)
  tiny.write_file("/tmp/values.lua", text)
  return check.run { "check", "/tmp/values.lua" }.out
end
local function container(keys) return findings('return require("tiny.container").new { command = "true",\n  ' .. keys .. "\n}\n") end

for keys, want in pairs {
  ['restart = "allways"'] = 'unknown policy "allways"', ['cap_add = { "NET_ADMN" }'] = 'did you mean "CAP_NET_ADMIN"',
  ["ulimits = { nofle = 3 }"] = 'did you mean "nofile"', ['cap_drop = { nil, "ALL" }'] = "expected a list of strings",
  ["cap_drop = { ALL = true }"] = "expected a list of strings", ['mounts = { { type = "tmpfs", target = "/x", foo = 1 } }'] = 'unknown key "foo"',
  ['volumes = { "./none:/x:rx" }'] = "is not ro or rw", ['tmpfs = { "/x:sise=1m" }'] = "unknown option", ['seccomp = { allow = { "raed" } }'] = 'did you mean "read"',
  ["seccomp = { alow = {} }"] = 'did you mean "allow"', ["landlock = { pathes = {} }"] = 'did you mean "paths"',
  ['health = { comand = "x" }'] = 'did you mean "command"', ['log = { driver = "jsn" }'] = 'did you mean "json"',
  ['stop_signal = "SIGFOO"'] = "unknown signal", ['security_opt = { "secomp=x" }'] = 'did you mean "seccomp"',
} do
  local found = container(keys)
  assert(found:find(want, 1, true), keys .. ": " .. found)
  assert(found:find("^/tmp/values.lua:2:3: "), found)
  check.equal(select(2, found:gsub("\n", "")), 1, found)
end
check.equal(container [[volumes = { "./none:/x" }, landlock = { paths = { ["/none"] = "r" } }, cap_add = { "ALL" }, restart = tostring(1),
  health = { command = tostring(2) }, seccomp = { notify = { mkdir = function() end } }, rootfs = "./none", network = "none-such"]], "")

local function needs(text) return findings('return require("tiny.topology").new { containers = {\n' .. text .. "\n} }\n") end
assert(needs('a = { needs = { "b" } }, b = { needs = { "a" } }'):find("circular dependency: a → b → a", 1, true))
assert(needs('web = { needs = { "bd" } }, db = {}'):find("web needs bd, which does not exist", 1, true))
assert(needs('web = { restart = "allways" }'):find("unknown policy", 1, true))
check.equal(needs('web = { needs = { "db" } }, db = {}'), "")
