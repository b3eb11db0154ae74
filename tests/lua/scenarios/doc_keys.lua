-- doc: every key of a container with its options, and every field of what a recipe's functions are passed.
local check = require "check"
local derived = require "tiny.spec.derived"
local doc = require "tiny.docs.spec_doc"

local function plain(name) return (name:gsub("%?$", "")) end

local all = check.succeeds("doc", "keys")
for _, field in ipairs(doc.container) do
  assert(all:find("\n  " .. field[1] .. " ", 1, true), field[1])
  local text = check.succeeds("doc", "run." .. field[1])
  for _, option in ipairs(derived.options_of(field[1])) do assert(text:find("--" .. option[1], 1, true), option[1]) end
end
for name, of in pairs { ctx = doc.arguments[1], call = doc.arguments[2] } do
  local text = check.succeeds("doc", name)
  for _, field in ipairs(of[3]) do
    assert(text:find("\n  " .. plain(field[1]), 1, true), field[1])
    assert(check.succeeds("doc", ("%s.%s"):format(name, plain(field[1]))):find(name .. "." .. plain(field[1]), 1, true), field[1])
  end
end
assert(check.succeeds("doc", "health.interval"):find("Time between checks", 1, true))
assert(check.succeeds("doc", "service.needs"):find("must be ready", 1, true))

local unknown = check.run { "doc", "run.memroy" }
check.equal(unknown.status, 2)
check.equal(unknown.err, 'tinylua: no documentation for "run.memroy"\n  hint: did you mean "run.memory"?\n')
