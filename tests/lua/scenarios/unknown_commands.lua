-- Commands of other engines: the error says what to use instead, and what it names exists.
local check = require "check"

local commands = {}
for _, name in ipairs(tiny.sources "scripts") do commands[name] = true end

local count = 0
for name, tip in pairs(require "tiny.cli.unknown_commands") do
  assert(not commands[name], name .. " is a command")
  -- The word after `container` is a command.
  local result = check.run(name == "container" and { name } or { name, "some", "--words" })
  check.equal(result.status, 2, name)
  assert(result.err:find(tip, 1, true), name .. ": " .. result.err)
  for word in tip:gmatch("`tinylua (%l+)") do assert(word == "container" or commands[word], ("%s: no command %s"):format(name, word)) end
  count = count + 1
end
assert(count > 30, count)
for typed, meant in pairs { rnu = "run", lgos = "logs", strat = "start", inspet = "inspect" } do
  assert(check.run({ typed }).err:find(("did you mean `tinylua %s`?"):format(meant), 1, true), typed)
end
