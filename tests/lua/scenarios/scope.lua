-- A scope undoes its operations in reverse order: handles, then calls, with and without a journal, and from the journal
-- of a killed process.
local check = require "check"
local scope = require "tiny.scope"

-- Each directory can be removed only after the one in it.
local function make(s)
  local path = "/tmp/scope"
  for _ = 1, 3 do
    s:undo("remove", path)
    tiny.mkdir(path)
    path = path .. "/inner"
  end
end

local function gone(failures)
  check.equal(table.concat(failures, "\n"), "")
  check.equal(tiny.stat("/tmp/scope"), nil)
end

local plain = scope.new()
make(plain)
gone(plain:clear())
check.equal(#plain:clear(), 0, "once")

local journal = "/tmp/undo.jsonl"
local kept = scope.new(journal)
make(kept)
check.equal(select(2, tiny.read_file(journal):gsub("\n", "")), 3, "lines in the journal")
gone(kept:clear())
check.equal(tiny.stat(journal), nil, "the journal of what is undone")

-- Killed between the line and its step, or within the line.
local child <close> = tiny.fork(function()
  local s = scope.new(journal)
  make(s)
  s:undo("remove", "/tmp/scope/never")
  tiny.append_file(journal, '["remove","/tmp/sc')
  tiny.kill(tiny.pidfd_open(tiny.getpid()), "SIGKILL")
end)
child:wait()
assert(tiny.stat("/tmp/scope/inner/inner"))
gone(scope.replay(journal))

-- A step that cannot be undone stays in the journal, and the others are undone.
local busy = scope.new(journal)
make(busy)
tiny.write_file("/tmp/scope/inner/file", "")
local failures = busy:clear()
check.equal(#failures, 2, "failures")
for i, path in ipairs { "/tmp/scope/inner", "/tmp/scope" } do
  assert(failures[i]:find(('remove("%s")'):format(path), 1, true) and failures[i]:find("ENOTEMPTY", 1, true), failures[i])
end
check.equal(tiny.stat("/tmp/scope/inner/inner"), nil)
assert(tiny.stat(journal), "the journal is kept")
tiny.remove("/tmp/scope/inner/file")
gone(scope.replay(journal))

-- Handles: the last one first.
local order, handles = {}, scope.new()
for i = 1, 3 do handles:add { close = function() table.insert(order, i) end } end
handles:clear()
check.equal(table.concat(order), "321")
