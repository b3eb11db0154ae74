-- late_require as an unprivileged user, whose files have other owners in the container's user namespace.
local attack = require "attack"
local check = require "check"
local user = require("ordinary").make { delegated = false }

local folder, root = user.home .. "/recipe", attack.rootfs(user.home .. "/root")
for _, place in ipairs { folder, root .. folder } do tiny.mkdir(place, { parents = true }) end
tiny.write_file(folder .. "/helper.lua", 'return "the host\'s"')
tiny.write_file(folder .. "/roots.lua", 'return "root\'s"')
for _, name in ipairs { "helper", "roots" } do tiny.write_file(("%s%s/%s.lua"):format(root, folder, name), 'tiny.write_file("/evil", "ran") return "the container\'s"') end
os.execute(("chown -R %d:%d %s %s"):format(user.uid, user.uid, folder, root))
tiny.chown(folder .. "/roots.lua", { uid = 0, gid = 0 })

local function late(moment, module, want)
  tiny.write_file(folder .. "/web.lua", ([[
return require("tiny.container").new { command = { "cat", "/said" }, rootfs = "%s", after = { %s = function()
  local said, err = tiny.try(require, "%s")
  tiny.write_file("/said", tostring(said or err.message))
end } }]]):format(root, moment, module))
  local said = check.succeeds("run", "--rm", folder .. "/web.lua")
  assert(not tiny.stat(root .. "/evil"), "the container's file ran")
  assert(said:find(want, 1, true), said)
end
late("mounts", "helper", "the host's")
late("security", "helper", "the host's")
-- In this namespace the file belongs to nobody: its owner is not visible.
late("mounts", "roots", "its owner is not known in this user namespace")
check.no_container()
