-- box, part 10: the whole. What every step makes is on record before it is made, so that nothing is left behind
-- even when the supervisor itself is killed; and the pipeline can be looked at, since it is data.
local engine = require "09-bridge"

-- For each step on the host, the calls that undo it. They name things, and the names are known beforehand.
engine.undo = {}

function engine.undo.cgroup(c)
  return { { "cgroup_del", "box/" .. c.id, { kill = true } } }
end

function engine.undo.network(c)
  if not c.net then return {} end
  local calls = { { "link_del", "box-" .. c.id:sub(1, 8) } }
  if c.publish then table.insert(calls, { "publish_del", engine.port(c) }) end
  return calls
end

local function journal(c) return c.dir .. "/undo.jsonl" end

for name, undo in pairs(engine.undo) do
  local make = engine.step[name]
  engine.step[name] = function(c)
    for _, call in ipairs(undo(c)) do tiny.append_file(journal(c), tiny.json_encode(call) .. "\n") end
    make(c)
  end
end

-- The journals of containers whose supervisor is gone, replayed backwards.
function engine.commands.gc()
  for _, c in ipairs(engine.all()) do
    if engine.status(c) == "lost" then
      for _, failure in ipairs(require("tiny.scope").replay(journal(c))) do print(failure) end
      c.state.status = "exited"
      engine.record(c, {})
      print("cleared " .. c.name)
    end
  end
end

function engine.commands.plan()
  print("on the host:   " .. table.concat(engine.outside, " → "))
  print("then a child in new namespaces")
  print("in the child:  " .. table.concat(engine.inside, " → "))
end

if type(...) == "table" then return engine.main(...) end
return engine
