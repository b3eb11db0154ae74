-- The anonymous volumes of a container that `up` recreates: its successor takes them over, as with docker compose.
local check = require "check"

local function write(command, more)
  tiny.write_file("/tmp/keep.lua", ([[
return require("tiny.topology").new { name = "keep", containers = { one = { command = %s, network = "none", ready = { exit = 0 }, volumes = { "/data"%s } } } }
]]):format(tiny.show(command), more or ""))
end
local function volumes() return check.succeeds("volume", "ls", "-q") end
local function logs() return (check.succeeds("logs", "keep-one"):gsub("\n", " ")) end

write("echo 1 >>/data/file; cat /data/file")
check.succeeds("up", "/tmp/keep.lua")
check.equal(logs(), "1 ")
local first = volumes()
assert(first:find("^%x+\n$"), first)

-- It ended, so that it is recreated; then it is described differently.
check.succeeds("up", "/tmp/keep.lua")
check.equal(logs(), "1 1 ")
write("echo 2 >>/data/file; cat /data/file", ', "/more"')
check.succeeds("up", "/tmp/keep.lua")
check.equal(logs(), "1 1 2 ")
assert(volumes():find(first, 1, true) and #volumes() == 2 * #first, volumes())

-- A start that fails loses nothing: the next one continues with it.
write { "/nowhere" }
check.equal(check.run({ "up", "/tmp/keep.lua" }).status, 127)
assert(volumes():find(first, 1, true), volumes())
write("echo 3 >>/data/file; cat /data/file")
check.succeeds("up", "/tmp/keep.lua")
check.equal(logs(), "1 1 2 3 ")

-- -V: everything anew. The old volumes are removed, and so is that of a path that is no longer a volume.
check.equal(#volumes(), 2 * #first)
check.succeeds("up", "-V", "/tmp/keep.lua")
check.equal(logs(), "3 ")
assert(not volumes():find(first, 1, true) and #volumes() == #first, volumes())
check.succeeds("down", "-v", "/tmp/keep.lua")
check.equal(volumes(), "")
-- What an `up` left that was killed when it had removed the old container is removed, too.
check.succeeds("up", "/tmp/keep.lua")
local left = check.succeeds("inspect", "-f", "config.mounts[1].source", "keep-one"):match("%x+")
check.succeeds("down", "/tmp/keep.lua")
tiny.write_file(check.root .. "/volumes/" .. left .. "/heir.json", tiny.json_encode { name = "keep-one", target = "/data" })
check.succeeds("up", "-V", "/tmp/keep.lua")
assert(not volumes():find(left, 1, true), volumes())
check.succeeds("down", "-v", "/tmp/keep.lua")
check.equal(volumes(), "")
check.no_container()
