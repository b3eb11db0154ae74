-- box, part 10: the whole engine. The undo call of every step is recorded before the step runs, so nothing is left
-- behind even if the supervisor is killed. The pipeline is data, so it can be printed.
local engine = require "09-bridge"

-- For each step on the host, the calls that undo it. They use names that are known beforehand.
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

-- Replays the journals of containers without a supervisor, backwards.
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
