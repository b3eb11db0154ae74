-- `run --volumes-from NAME[:ro]`: the mounts of other containers, whose records have them in their checked form.
local wrong = require("tiny.spec.values").wrong

return function(spec, list)
  spec.mounts = table.move(spec.mounts or {}, 1, #(spec.mounts or {}), 1, {})
  for _, text in ipairs(list) do
    local name, mode = text:match("^([^:]+):?(.*)$")
    if not name or mode ~= "" and mode ~= "ro" and mode ~= "rw" then wrong(("--volumes-from %s is not CONTAINER[:ro]"):format(tiny.show(text))) end
    for _, mount in ipairs(require("tiny.state").find(name).config.mounts or {}) do
      local copy = {}
      for key, value in pairs(mount) do copy[key] = value end
      if mode == "ro" then copy.read_only = true end
      table.insert(spec.mounts, copy)
    end
  end
end
