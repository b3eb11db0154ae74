-- A damaged or incomplete state file hides no container and breaks no command.
local check = require "check"

check.succeeds("run", "--name", "good", "echo", "kept")
local id = check.succeeds("ps", "-aq"):sub(1, 12)
local path = check.root .. "/containers/" .. id .. "/state.json"
for _, text in ipairs { "", "{", '{"status": "exi', "[]", "null", '"x"', "\0\255" } do
  tiny.write_file(path, text)
  local shown = check.run { "ps", "-a" }
  check.equal(shown.status, 0, shown.err)
  assert(shown.out:match(id .. "  good  echo kept .*damaged"), shown.out)
  assert(shown.err:match("state.json is damaged"), shown.err)
  check.equal(check.succeeds("logs", "good"), "kept\n")
  local stopped = check.run { "stop", "good" }
  check.equal(stopped.status, 1)
  assert(stopped.err:match("state.json is damaged: "), stopped.err)
end
