-- Completion: the answers of `tinylua complete`; completion_bash, completion_fish and completion_zsh test real shells.
local check = require "check"

local function answers(...)
  local texts = {}
  for line in check.succeeds("complete", "--", ...):gmatch("[^\n]+") do table.insert(texts, (line:match("^[^\t]*"))) end
  return table.concat(texts, " ")
end

-- Commands, groups and options, with their descriptions.
assert(answers(""):find("run ps logs exec stop", 1, true), answers(""))
assert(not answers(""):find(" complete ", 1, true), "a hidden command is offered")
assert(check.succeeds("complete", "--", "st"):find("stop\tStop running containers\n", 1, true))
check.equal(answers("network", "con"), "connect")
check.equal(answers("run", "--memory-s"), "--memory-swap")
check.equal(answers("--tr"), "--trace")
check.equal(answers("no-such-command", ""), "")
-- Values: choices, kinds, and the value of an option that is being typed.
check.equal(answers("ps", "--format", ""), "json table")
check.equal(answers("ps", "--format=j"), "--format=json")
check.equal(answers("run", "--cap-drop", "AL"), "ALL")
check.equal(answers("run", "--rootfs", ""), ":dirs")
check.equal(answers("run", "he"), ":files hello.lua")
check.equal(answers("plan", "he"), ":files hello.lua")
-- Arguments after the program are not completed.
check.equal(answers("run", "hello.lua", "--na"), ":files")
check.equal(answers("exec", "web", ""), ":files")
check.equal(answers("doc", "mount_ov"), "mount_overlay")

-- Names come from the selected state directory.
require("shells").prepare()
check.equal(answers("--root", "/tmp/state", "stop", "we"), "web webster")
check.equal(answers("logs", "--root=/tmp/state", "-f", "d"), "db")
check.equal(answers("--root", "/tmp/state", "cp", "w"), ":files web: webster:")
check.equal(answers("--root", "/tmp/state", "run", "--network", "ba"), "backend")
-- A word that cannot be a container's name has no completions, even if it is in the directory.
for _, name in ipairs { "$(id)", "-rf", "dx;id", "d\nx", "d x", ".d" } do tiny.write_file("/tmp/state/names/" .. name, "id") end
check.equal(answers("--root", "/tmp/state", "rm", ""), "db web webster")
check.equal(answers("--root", "/tmp/state", "network", "rm", ""), "backend")

-- A user's own command, with its own options.
check.equal(answers("gre"), "greet")
check.equal(answers("greet", "--l"), "--log --log-format --log-level --loud --lua-path")
check.equal(answers("greet", ""), "me you")
