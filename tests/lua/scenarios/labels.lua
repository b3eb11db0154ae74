-- Labels from the command line, files and recipes; ps filters by them, inspect shows them.
local check = require "check"

tiny.write_file("/tmp/labels", "# whose\nteam=blue\nalone\nurl=a=b\n")
local one = check.succeeds("create", "-l", "team=red", "--label", "empty=", "--label-file", "/tmp/labels", "true"):sub(1, 12)
local two = check.succeeds("create", "-l", "team=green", "true"):sub(1, 12)
check.succeeds("create", "true")

local labels = tiny.json_decode(check.succeeds("inspect", "--format", "config.labels", one))
check.equal(labels.team .. "," .. labels.alone .. "," .. labels.url .. "," .. labels.empty, "red,,a=b,")
local function found(...)
  return check.succeeds("ps", "-a", "-q", ...)
end
check.equal(found("--filter", "label=team"), two .. "\n" .. one .. "\n")
check.equal(found("--filter", "label=team=red"), one .. "\n")
check.equal(found("--filter", "label=url=a=b"), one .. "\n")
check.equal(found("--filter", "label=team", "--filter", "label=alone"), one .. "\n")
check.equal(found("--filter", "label=team=re"), "")
for _, shown in ipairs(tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))) do
  local want = shown.id == one and "red" or shown.id == two and "green" or nil
  check.equal((shown.labels or {}).team, want)
end
check.succeeds("prune")
for _, id in ipairs { one, two } do check.run { "rm", id } end
for id in check.succeeds("ps", "-a", "-q"):gmatch("%x+") do check.succeeds("rm", id) end

tiny.write_file("/tmp/recipe.lua", [[return require("tiny.container").new { command = "true", labels = { team = "lua", kept = "yes" } }]])
local made = check.succeeds("create", "-l", "team=over", "/tmp/recipe.lua"):sub(1, 12)
labels = tiny.json_decode(check.succeeds("inspect", "--format", "config.labels", made))
check.equal(labels.team .. labels.kept, "overyes")
check.succeeds("rm", made)

local refused = check.run_refused
refused('--label: "=x" is not KEY=VALUE', "-l", "=x", "true")
refused("--label-file /tmp/none: no such file", "--label-file", "/tmp/none", "true")
refused('labels: "a" is not UTF-8: "a=\u{fffd}"\n  hint: pass other bytes in a file, or encode them', "-l", "a=\xff", "true")
tiny.write_file("/tmp/recipe.lua", [[return require("tiny.container").new { command = "true", labels = { n = true } }]])
local wrong = check.run { "run", "/tmp/recipe.lua" }
check.equal(wrong.status, 125)
assert(wrong.err:match("labels: n is not a string: true"), wrong.err)
check.no_container()
