-- Helpers of the tests of the host view: the secrets exist on the host, and none of them is visible in the container.
local canaries = require "canaries"
local check = require "check"

local checks = {}

-- On the host: the planted files exist and work.
function checks.planted(planted)
  assert(#planted.files > 350, #planted.files .. " secrets")
  for _, path in ipairs(planted.files) do assert((tiny.read_file(path) or ""):find(canaries.WORD, 1, true), path) end
  for _, path in ipairs(planted.sockets) do assert(tiny.unix_connect(path)) end
  for _, reader in ipairs(planted.readers) do check.equal(#tiny.poll({ reader }, 0), 0) end
  check.equal(#planted.sockets + #planted.fifos + #planted.devices, 42)
end

-- The container of another state directory of root, with a secret in its record, in a directory that is shown.
function checks.make_other()
  local own = check.root
  check.root = "/usr/local/other-store"
  check.succeeds("create", "--name", "other", "-e", "PASSWORD=" .. canaries.WORD, "true")
  check.root = own
end

function checks.look(planted, what, own, ...)
  own = own or {}
  local seen = canaries.look(...)
  local shown = {}
  for _, path in ipairs(canaries.SHOWN) do shown[path] = true end
  for word, paths in pairs { read = seen.read, ran = seen.ran } do
    local wrong = {}
    for _, path in ipairs(paths) do
      if not shown[path] and not own[path] then table.insert(wrong, path) end
    end
    if #wrong > 0 then error(("%s: %s %d secrets: %s"):format(what, word, #wrong, table.concat(wrong, " ")), 2) end
  end
  check.equal(table.concat(seen.connected, " "), "", what .. ": sockets")
  check.equal(table.concat(seen.device, " "), "", what .. ": devices")
  for i, reader in ipairs(planted.readers) do check.equal(#tiny.poll({ reader }, 0), 0, what .. ": " .. planted.fifos[i]) end
  -- The scan ran, and found the files that all may read.
  local read = {}
  for _, path in ipairs(seen.read) do read[path] = true end
  for _, path in ipairs(canaries.SHOWN) do assert(read[path], what .. ": did not read " .. path) end
  assert(#seen.ran >= #canaries.SHOWN and seen.count > 300, what .. ": " .. seen.count .. " looked at")
end

return checks
