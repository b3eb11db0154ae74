-- Odd archives, each also unpacked by GNU tar and by Python's tarfile: what a layer contains does not depend on the program
-- (CVE-2025-62518, CVE-2026-33055). Where these two differ, or where a reader could, the layer is refused.
local check = require "check"
local tar = require "tar_maker"

if not os.execute "command -v python3 >/dev/null" then check.skip "there is no python3" end
tiny.write_file("extract.py", [[
import sys, tarfile, warnings
warnings.simplefilter("ignore")
with tarfile.open(sys.argv[1]) as t:
    for m in t:
        m.name = m.name.lstrip("/")
        t.extract(m, sys.argv[2], numeric_owner=True)
]])

local number = 0
-- Our tree and the error; with `others`, those of the two programs before the error. nil where it fails.
local function trees(archive, others)
  number = number + 1
  local path = number .. ".tar"
  tiny.write_file(path, archive)
  local ours, gnu, python = number .. "-ours", number .. "-gnu", number .. "-python"
  for _, into in ipairs { ours, gnu, python } do tiny.mkdir(into, { mode = tonumber("755", 8) }) end
  local from <close> = tiny.open(path)
  local report, err = tiny.try(tiny.layer_unpack, from, { into = ours })
  if not others then return report and tar.shown(ours), err end
  local read = {
    report and tar.shown(ours) or false,
    os.execute(("tar -C %s --numeric-owner -xpf %s 2>/dev/null"):format(gnu, path)) and tar.shown(gnu),
    os.execute(("python3 extract.py %s %s 2>/dev/null"):format(path, python)) and tar.shown(python),
  }
  return read[1], read[2], read[3], err
end

local LONG, TARGET = ("n/"):rep(70) .. "file", ("t"):rep(130)
local D, F = tar.dir, tar.file
local function raw(e, change)
  local header = tar.header(e)
  return change(header)
end

-- A sparse file in pax format: a block, a hole and three bytes. Its map is in records, or before the content.
local PARTS = { 512, 512, 4096, 3, 4099, 0 }
local function sparse(records, map, more)
  local e = { name = "GNUSparseFile.7/f", data = (map or "") .. ("a"):rep(512) .. "end", pax = records }
  for key, value in pairs(more or {}) do e[key] = value end
  return { e, F("after", "y") }
end
local function records_00(count, size, parts)
  local list = { { "GNU.sparse.size", size or "4099" }, { "GNU.sparse.numblocks", count or "3" } }
  for at, number in ipairs(parts or PARTS) do table.insert(list, { at % 2 == 1 and "GNU.sparse.offset" or "GNU.sparse.numbytes", tostring(number) }) end
  return list
end
local function records_01(map, name)
  return { { "GNU.sparse.size", "4099" }, { "GNU.sparse.numblocks", "3" }, { "GNU.sparse.name", name or "f" }, { "GNU.sparse.map", map or table.concat(PARTS, ",") } }
end
local function records_10(minor, size)
  return { { "GNU.sparse.major", "1" }, { "GNU.sparse.minor", minor or "0" }, { "GNU.sparse.name", "f" }, { "GNU.sparse.realsize", size or "4099" } }
end
local function map_10(text)
  text = text or "3\n" .. table.concat(PARTS, "\n") .. "\n"
  return text .. ("\0"):rep(-#text % 512)
end
local MANY = { "400\n" }
for i = 0, 398 do table.insert(MANY, ("%d\n0\n"):format(i * 10)) end
table.insert(MANY, "3990\n515\n")

-- All three agree.
local same = {
  ["GNU long name"] = { D "n", tar.long("L", LONG), F("short", "x") },
  ["GNU long link"] = { tar.long("K", TARGET), tar.symlink("l", "short") },
  ["pax path"] = { { name = "short", data = "x", pax = { { "path", LONG } } } },
  ["pax link"] = { { name = "l", type = "2", link = "short", pax = { { "linkpath", TARGET } } } },
  ["pax path with a newline, a quote and bytes"] = { { name = "short", data = "x", pax = { { "path", "a\nb'c\"d" } } } },
  ["pax size"] = { tar.pax { { "size", "700" } } .. tar.header { name = "f", size = 0 } .. ("x"):rep(700) .. ("\0"):rep(324), F("after", "y") },
  ["pax owners"] = { { name = "f", data = "x", pax = { { "uid", "4000000" }, { "gid", "5000000" } } } },
  ["base 256 owners"] = { F("f", "x", { uid = 4000000, gid = 4294967294 }) },
  ["base 256 size and time"] = { F("f", "x", { mtime = 8 ^ 12 | 0 }) },
  ["a time before 1970"] = { F("f", "x", { mtime = -100 }) },
  ["ustar prefix"] = { D "pre", F("name", "x", { prefix = "pre/fix" }) },
  ["old directory"] = { { name = "old/", type = "\0", mode = tonumber("755", 8) } },
  ["old file"] = { { name = "old", type = "\0", data = "x", magic = ("\0"):rep(8) } },
  ["contiguous file"] = { { name = "f", type = "7", data = "x" } },
  ["unknown pax records"] = { { name = "f", data = "x", pax = { { "VENDOR.thing", "1" }, { "comment", "hi" } } } },
  ["a comment for all"] = { tar.pax({ { "comment", "0123" } }, "g"), F("f", "x") },
  ["replaced file"] = { F("f", "one"), F("f", "two!") },
  ["replaced link"] = { tar.symlink("l", "a"), tar.symlink("l", "b") },
  ["names with dots and slashes"] = { F("./a//b/./c", "x"), D "./", F("d/.", "x") },
  ["leading slash"] = { F("/abs", "x") },
  ["mode bits"] = { F("f", "x", { mode = tonumber("6755", 8) }), D("d", tonumber("3777", 8)) },
  ["file type in the mode"] = { F("f", "x", { mode = tonumber("100644", 8) }) },
  ["hard links"] = { F("f", "x"), tar.link("g", "f"), tar.link("h", "./g") },
  ["sparse file 0.0"] = sparse(records_00(), nil, { name = "f" }),
  ["sparse file 0.1"] = sparse(records_01()),
  ["sparse file 1.0"] = sparse(records_10(), map_10()),
  ["sparse file 1.0 with a long map"] = sparse(records_10(nil, "4505"), map_10(table.concat(MANY))),
  ["sparse file without content"] = { { name = "f", pax = records_00("1", "9000", { 9000, 0 }) }, F("after", "y") },
  ["no end"] = { F("f", "x") },
  ["an empty archive"] = {},
}
same["names with dots and slashes"][3] = nil
for name, entries in pairs(same) do
  local archive = tar.archive(entries)
  if name == "no end" then archive = archive:sub(1, -1025) end
  local ours, gnu, python, err = trees(archive, true)
  assert(ours, ("%s: %s"):format(name, tostring(err)))
  -- A parent without an entry has no time, and Python sets none of links.
  local function bare(text) return text and text:gsub("( dir %d+ %d+:%d+)[^\n]*", "%1"):gsub("( link %d+ %d+:%d+) %d+", "%1") end
  check.equal(bare(ours), bare(gnu), name .. ", GNU tar")
  check.equal(bare(ours), bare(python), name .. ", Python")
end

-- They differ, or one of them could be made to.
local EMPTY_THEN = tar.header { name = "smuggled", size = 0 }
local refused = {
  { "it has two names, one in GNU and one in pax format", { tar.long("L", "gnu"), { name = "f", data = "x", pax = { { "path", "pax" } } } } },
  { 'it has two pax records "path"', { { name = "f", data = "x", pax = { { "path", "a" }, { "path", "b" } } } } },
  { 'it has two pax records "size"', { { name = "f", size = 0, pax = { { "size", "0" }, { "size", "512" } } } } },
  { 'it has a global pax record "path"', { tar.pax({ { "path", "all" } }, "g"), F("f", "x") } },
  { 'it has a global pax record "size"', { tar.pax({ { "size", "512" } }, "g"), F("f", "") } },
  { 'its pax record "size" is not a number', { { name = "f", size = 0, pax = { { "size", "-1" } } } } },
  { 'its pax record "uid" is not a number', { { name = "f", size = 0, pax = { { "uid", "root" } } } } },
  { 'its pax record "mtime" is not a time', { { name = "f", size = 0, pax = { { "mtime", "now" } } } } },
  { "it is not a file, but has content", { { name = "l", type = "2", link = "f", size = 512 }, EMPTY_THEN } },
  { "it is not a file, but has content", { F("f", "x"), { name = "l", type = "1", link = "f", size = 512 }, EMPTY_THEN } },
  { "it is not a file, but has content", { { name = "d/", type = "5", size = 512 }, EMPTY_THEN } },
  { "it is not a file, but has content", { { name = "p", type = "6", size = 512 }, EMPTY_THEN } },
  { "it is a file, but its name ends in a slash", { F("f/", "x") } },
  { "its type 'Z' is unknown", { { name = "f", type = "Z", data = "x" } } },
  { "its type 'D' is unknown", { { name = "d/", type = "D", data = "Yx\0\0" } } },
  { "it is a sparse file of an unknown version", { { name = "GNUSparseFile.0/f", data = "x", pax = { { "GNU.sparse.major", "1" }, { "GNU.sparse.name", "f" } } } } },
  { "it is a sparse file of an unknown version", sparse(records_10 "1", map_10()) },
  { "it is a sparse file of an unknown version", sparse { { "GNU.sparse.name", "f" } } },
  { "it is a sparse file without a size", sparse { { "GNU.sparse.name", "f" }, { "GNU.sparse.map", "0,515" } } },
  { "the map of the sparse file is incomplete", sparse(records_00 "2") },
  { "the map of the sparse file is incomplete", sparse(records_00("3", nil, { 512, 512, 4096, 3, 4099 })) },
  { "the map of the sparse file does not fit its content", sparse(records_00(nil, "100")) },
  { "the map of the sparse file does not fit its content", sparse(records_00(nil, "5000")) },
  { "the map of the sparse file does not fit its content", sparse(records_00("2", nil, { 512, 512, 4096, 2 })) },
  { "the parts of the sparse file overlap, or are not in order", sparse(records_01 "4096,512,512,3,4099,0") },
  { "the parts of the sparse file overlap, or are not in order", sparse(records_01 "0,512,18446744073709551615,3,4099,0") },
  { 'its pax record "GNU.sparse.map" is damaged', sparse(records_01 "512,-1") },
  { 'its pax record "GNU.sparse.map" is damaged', sparse(records_01 "") },
  { 'its pax record "GNU.sparse.numbytes" is damaged', sparse { { "GNU.sparse.size", "9" }, { "GNU.sparse.numbytes", "1" } } },
  { 'its pax record "GNU.sparse.other" is damaged', sparse { { "GNU.sparse.other", "9" } } },
  { "two pax records of a sparse file", sparse { { "GNU.sparse.size", "9" }, { "GNU.sparse.size", "8" } } },
  { "the map of the sparse file is damaged", sparse(records_10(), map_10 "3\n512\nx\n") },
  { "the map of the sparse file is longer than its content", sparse(records_10(), "99999999\n", { size = 512 }) },
  { "the map of the sparse file is longer than its content", sparse(records_10(), map_10 "9") },
  { "truncated", sparse(records_10(), map_10 "18446744073709551615\n") },
  { "it is a sparse file with two names", { tar.long("L", "gnu"), sparse(records_01())[1] } },
  { "it is a sparse file with two names", sparse { { "path", "g" }, table.unpack(records_01()) } },
  { "it is a sparse file with another size in pax format", sparse { { "size", "515" }, table.unpack(records_01()) } },
  { "it has the pax records of a sparse file, but another type", sparse(records_01(), nil, { type = "5", data = "" }) },
  { "leads upward", sparse(records_01(nil, "../f")) },
  { "it is a file, but its name ends in a slash", sparse(records_01(nil, "f/")) },
  { 'it has a global pax record "GNU.sparse.size"', { tar.pax({ { "GNU.sparse.size", "9" } }, "g"), F("f", "x") } },
  { "leads upward", { F("a/../f", "x") } },
  { "damaged", { raw({ name = "f" }, function(header) return header:sub(1, 100) .. "9999999\0" .. header:sub(109) end) } },
  { "damaged", { raw({ name = "f" }, function(header) return "g" .. header:sub(2) end) } },
  { "damaged", { { name = "f", data = "x", pax = {} }, tar.header { name = "pax", type = "x", size = 10 } .. ("99 path=f\n"):sub(1, 10) .. ("\0"):rep(502), F("f", "x") } },
  { "is larger than any id", { F("f", "x", { uid = 8 ^ 13 | 0 }) } },
  { "truncated", { tar.header { name = "f", size = 5000 } } },
}
for _, case in ipairs(refused) do
  local ours, err = trees(tar.archive(case[2]))
  assert(not ours, ("accepted: %s:\n%s"):format(case[1], tostring(ours)))
  assert(tostring(err):find(case[1], 1, true), ("%s: %s"):format(case[1], tostring(err)))
  assert(not tostring(err.message):find "[%c]", tostring(err))
end
