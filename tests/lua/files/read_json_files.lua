-- read_json_files: reads the named files of every directory; missing and invalid ones are omitted.
local check = require "check"

check.equal(tiny.read_json_files("nowhere", { "a.json" }), nil)
tiny.mkdir("store/one", { parents = true })
tiny.mkdir("store/two")
tiny.mkdir("store/.hidden")
tiny.write_file("store/one/a.json", '{ "n": 1, "list": [true, null, "x", 2.5], "in": { "e": [] }, "most": 18446744073709551615 }')
tiny.write_file("store/one/b.json", '"' .. ("x"):rep(20000) .. '"')
tiny.write_file("store/one/c.json", "1")
tiny.write_file("store/two/a.json", '{ "n": 1')
tiny.symlink("../one/b.json", "store/two/b.json")
tiny.mknod("store/two/c.json", "fifo")
tiny.write_file("store/file", "1")

local all = tiny.read_json_files("store", { "a.json", "b.json", "c.json" })
local names = {}
for name in pairs(all) do table.insert(names, name) end
table.sort(names)
check.equal(table.concat(names, " "), "file one two")
local a = all.one["a.json"]
check.equal(math.type(a.n), "integer")
check.equal(a.list[1], true)
check.equal(a.list[2], nil)
check.equal(a.list[3], "x")
check.equal(a.list[4], 2.5)
check.equal(next(a["in"].e), nil)
check.equal(math.type(a.most), "float")
check.equal(#all.one["b.json"], 20000)
check.equal(all.one["c.json"], 1)
check.equal(next(all.two), nil, "a half object, a link, a FIFO")
check.equal(next(all.file), nil)

-- Only some keys of an object; their values are complete, and other values are unchanged.
all = tiny.read_json_files("store", { "a.json", "c.json" }, { keys = { "list", "in", "none" } })
a = all.one["a.json"]
check.equal(a.n, nil)
check.equal(a.list[3], "x")
check.equal(next(a["in"]), "e")
check.equal(all.one["c.json"], 1)
check.equal(next(all.two), nil, "a half object")

-- So many that another thread reads ahead: none is mixed up or lost, and the thread ends.
for number = 1, 300 do
  tiny.mkdir(("many/%d"):format(number), { parents = true })
  if number % 7 > 0 then tiny.write_file(("many/%d/a.json"):format(number), tostring(number)) end
  if number % 5 > 0 then tiny.write_file(("many/%d/b.json"):format(number), ('"%s"'):format(("x"):rep(number * 50))) end
end
local count = 0
for name, files in pairs(tiny.read_json_files("many", { "a.json", "b.json" })) do
  local number = math.tointeger(tonumber(name))
  count = count + 1
  check.equal(files["a.json"], number % 7 > 0 and number or nil)
  check.equal(#(files["b.json"] or ""), number % 5 > 0 and number * 50 or 0)
end
check.equal(count, 300)
check.equal(#tiny.list_dir("/proc/self/task"), 1)
-- A fork may follow at once. If there is nothing to read, nothing else gives the thread time to end.
for number = 1, 300 do tiny.mkdir(("empty/%d"):format(number), { parents = true }) end
for _ = 1, 300 do
  tiny.read_json_files("empty", { "a.json" })
  tiny.clone({}, function() end):wait()
end
-- If no thread can be created, it works without one.
check.inside({}, function()
  tiny.setrlimit("nproc", 1)
  tiny.setuser(65534)
  check.equal(tiny.read_json_files("many", { "a.json" })["299"]["a.json"], 299)
end)

check.fails("ENOTDIR", tiny.read_json_files, "store/file", { "a.json" })
check.refuses('names: "../x" is not a file name', tiny.read_json_files, "store", { "../x" })
check.refuses('option "keys": expected list of string, got the string "n"', tiny.read_json_files, "store", { "a.json" }, { keys = "n" })
