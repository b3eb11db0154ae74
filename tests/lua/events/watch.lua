-- watch: reports writes, new and removed names, renames, and removal of the watched object.
local check = require "check"

tiny.mkdir("folder")
tiny.write_file("file", "")
local watch <close> = tiny.watch { "folder", "file" }
local function told(act)
  act()
  check.equal(#tiny.poll({ watch }, "5s"), 1, "ready")
  local names = {}
  for _, name in ipairs(watch:changes()) do names[name] = true end
  check.equal(#tiny.poll({ watch }, 0), 0, "taken")
  return names
end
assert(told(function() tiny.append_file("folder/new", "x") end).new)
assert(told(function() tiny.append_file("folder/new", "y") end).new)
local renamed = told(function() tiny.rename("folder/new", "folder/newer") end)
assert(renamed.new and renamed.newer)
assert(told(function() tiny.remove("folder/newer") end).newer)
assert(told(function() tiny.append_file("file", "x") end)[""])
assert(told(function() tiny.remove("file") end)[""])
tiny.read_file("folder/none")
check.equal(#tiny.poll({ watch }, "20ms"), 0, "reading is no change")

check.equal(check.fails("ENOENT", tiny.watch, { "folder", "nowhere" }).path, "nowhere")
check.refuses([[[2]: expected path, got true (the files and directories)]], tiny.watch, { "folder", true })
check.refuses([[the list is missing: local watch <close> = tiny.watch { "web.log" }]], tiny.watch)
