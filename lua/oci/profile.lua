-- Records how long each step of each container's start takes. Install it as /etc/tinylua/oci.lua: it then applies to every container
-- of the engine. Each line of /var/log/tinylua-oci.jsonl is one step: { "id", "step", "start", "seconds" }, with `start` in seconds
-- since the runtime was called.
local LOG = "/var/log/tinylua-oci.jsonl"

return function(request)
  local log = tiny.open(LOG, { write = true, append = true, create = true })
  local began, starts = tiny.clock "monotonic", {}
  local function write(step, from, to)
    -- The file is open already: the steps after the pivot run in the container. It is closed before the program starts.
    log:write(tiny.json_encode { id = request.id, step = step, start = from - began, seconds = to - from } .. "\n")
  end
  local spec = { before = {}, after = {} }
  for _, step in ipairs(require "tiny.spec.steps") do
    spec.before[step] = function()
      starts[step] = tiny.clock "monotonic"
      -- The last step ends in the program.
      if step == "exec" then write(step, starts[step], starts[step]) end
    end
    spec.after[step] = function()
      write(step, starts[step] or began, tiny.clock "monotonic")
    end
  end
  return spec
end
