-- Equivalents of docker's commands, suggestions for misspelt ones, and the documentation of keys by their name alone.
local check = require "check"

check.equal(check.succeeds("version"), check.succeeds("--version"))
check.equal(check.succeeds("container", "ls", "-a"), check.succeeds("ps", "-a"))
check.equal(check.run({ "container", "stop", "nope" }).err, check.run({ "stop", "nope" }).err)
local function says(word, text) assert(check.run({ word }).err:find(text, 1, true), word .. ": " .. check.run({ word }).err) end
says("prs", "did you mean `tinylua ps`")
says("lst", "`tinylua ps` lists containers")
says("container", "tinylua container COMMAND")

local function doc(name, ...)
  local text = check.succeeds("doc", name)
  for _, want in ipairs { ... } do assert(text:find(want, 1, true), name .. ": " .. text) end
end
doc("volumes", "run.volumes", "--volume")
doc("before", "Functions by step", "cgroup")
doc("run.network", "mac_address")
doc("run.health", "start_period")
doc("shm_size", 'tiny.size: bytes')
doc("run.landlock", "tinylua doc landlock")
doc("needs", "service.needs")
assert(check.run({ "down", "-v", "nope" }).err:find("no such project", 1, true))
