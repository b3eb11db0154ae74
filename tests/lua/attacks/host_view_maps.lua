-- The throwaway view with a range of ids that includes the uid of nobody: nobody does not become owner or group of any
-- file. As root, with --userns UID:GID:COUNT.
local attack = require "attack"
local canaries = require "canaries"
local check = require "check"
local view = require "host_view_checks"

tiny.mkdir("/tmp/memory")
local memory = tiny.mount_tmpfs("/tmp/memory")
if not canaries.has_idmaps("/tmp/memory") then check.skip("this kernel shows no tmpfs with other ids") end
memory:close()

canaries.on({}, function(planted)
  tiny.write_file("/usr/local/share/of-uid-1000", canaries.WORD .. "\n", { mode = tonumber("600", 8) })
  tiny.chown("/usr/local/share/of-uid-1000", { uid = 1000, gid = 1000 })
  tiny.write_file("/usr/local/share/of-gid-42", canaries.WORD .. "\n", { mode = tonumber("640", 8) })
  tiny.chown("/usr/local/share/of-gid-42", { uid = 0, gid = 42 })
  for _, name in ipairs { "of-uid-1000", "of-gid-42" } do table.insert(planted.files, "/usr/local/share/" .. name) end
  local maps = { "65534:65534:65536", "64534:100000:65536", "100000:65492:65536", "1:1:4294836221", "65533:65533:2" }
  for i, map in ipairs(maps) do
    if attack.slow and i > 3 then break end
    view.look(planted, "--userns " .. map, nil, "--userns", map)
    print(("%s: 0 of %d secrets read"):format(map, #planted.files))
  end
end)
