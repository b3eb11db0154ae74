-- A layer in which the same directory becomes a link to the host and a directory again, many times; and an owner of the store
-- who swaps a directory of the layer for a link while it is unpacked. The tree that the links lead to stays as it is.
local attack = require "attack"
local check = require "check"
local tar = require "tar_maker"

tiny.mkdir("host", { mode = tonumber("755", 8) })
tiny.write_file("host/f", "canary")
local before = tar.shown "host"
local host = tiny.readlink "/proc/self/cwd" .. "/host"

local entries = {}
for i = 1, 300 do
  table.insert(entries, tar.symlink("d", host))
  table.insert(entries, tar.file("d/f", "evil"))
  table.insert(entries, tar.dir "d")
  table.insert(entries, tar.file("d/f" .. i, "own"))
  table.insert(entries, tar.file("d/.wh.f", ""))
end
tiny.write_file("swap.tar", tar.archive(entries))
tiny.mkdir "one"
local from <close> = tiny.open "swap.tar"
tiny.layer_unpack(from, { into = "one", xattr = "trusted" })
check.equal(tar.shown "host", before)
check.equal(tiny.read_file("one/d/f300"), "own")

-- From outside: every directory of the layer is exchanged with a link to the host.
local list = {}
for i = 1, 4000 do
  table.insert(list, tar.dir("e"))
  table.insert(list, tar.file(("e/sub/f%d"):format(i), "evil", { mode = tonumber("4777", 8) }))
  table.insert(list, tar.file(("e/sub/.wh.g%d"):format(i), ""))
  table.insert(list, tar.link(("e/h%d"):format(i), ("e/sub/f%d"):format(i)))
end
tiny.write_file("race.tar", tar.archive(list))
tiny.mkdir "two"
local stop = attack.loop(attack.swap("two/e", host))
local again <close> = tiny.open "race.tar"
tiny.try(tiny.layer_unpack, again, { into = "two", xattr = "trusted" })
assert(stop() > 0)
check.equal(tar.shown "host", before)
