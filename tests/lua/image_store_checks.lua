-- What the image store must be like after a crash, for the tests that kill a command or cut the power.
local check = require "check"

local checks = {}

-- The folder of the image store.
function checks.images() return check.root .. "/images/" end

-- The names of images.
function checks.names()
  local list = {}
  for _, folder in ipairs(tiny.list_dir(checks.images() .. "refs") or {}) do
    if tiny.stat(checks.images() .. "refs/" .. folder .. "/image.json") then table.insert(list, (folder:gsub("+", "/"))) end
  end
  return list
end

-- Adds what the store has beyond what its names need, and what it lacks, to `problems`. when: "before" if a
-- download may be interrupted, "damaged" if something may be missing too.
function checks.surplus(problems, when)
  local needed = { ["blobs/sha256"] = {}, layers = {} }
  for _, name in ipairs(checks.names()) do
    local image = tiny.json_decode(tiny.read_file(checks.images() .. "refs/" .. name:gsub("/", "+") .. "/image.json"))
    for _, digest in ipairs { image.manifest, image.config } do needed["blobs/sha256"][digest:sub(8)] = true end
    for _, layer in ipairs(image.layers) do
      needed["blobs/sha256"][layer.digest:sub(8)], needed.layers[layer.diff_id:sub(8)] = true, true
    end
  end
  for _, folder in ipairs { "blobs/sha256", "layers", "ingest", "locks", "trash" } do
    local want = needed[folder] or {}
    for _, name in ipairs(tiny.list_dir(checks.images() .. folder)) do
      -- A download that was interrupted is kept for the next attempt.
      local partial = folder == "ingest" and #name == 64 and when ~= nil
      if not want[name] and not partial then table.insert(problems, ("%s/%s is left"):format(folder, name)) end
      want[name] = nil
    end
    for name in pairs(when ~= "damaged" and want or {}) do table.insert(problems, ("%s/%s is missing"):format(folder, name)) end
  end
end

-- Runs a command, which must succeed.
function checks.must(problems, ...)
  local result = check.run { ... }
  if result.status ~= 0 then table.insert(problems, ("%s: status %s: %s%s"):format(table.concat({ ... }, " "), result.status, result.out, result.err)) end
end

return checks
