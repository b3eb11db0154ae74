-- changes: returns the names since the last call, with any bytes; an empty list if there are none.
local check = require "check"

tiny.mkdir("folder")
local watch <close> = tiny.watch { "folder" }
check.equal(#watch:changes(), 0)
-- More than one read of the descriptor returns.
for i = 1, 500 do tiny.mkdir("folder/" .. i) end
local names = watch:changes()
check.equal(#names, 500)
check.equal(names[500], "500")
check.inside({}, function() tiny.chdir("folder") tiny.exec { "/bin/sh", "-c", [[mkdir "$(printf 'x\377')"]] } end)
check.equal(table.concat(watch:changes()), "x\255")
watch:close()
check.refuses("the watch handle is closed", tiny.changes, watch)
check.refuses("watch: expected a watch handle, got a table", tiny.changes, {})
