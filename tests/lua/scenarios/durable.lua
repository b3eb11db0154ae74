-- Which writes of a container's record are synced, as shown by the trace: none for a container with --rm; during a
-- start only those of a container with a restart policy; for all others, the record a moment later, and the exit
-- status.
local check = require "check"

-- The files of one container's record that a command wrote or synced, in order: "config.json", "config.json sync" for
-- one that was written with `sync`, "fsync config.json".
local function traced(...)
  local found = {}
  for line in check.run({ "--trace=json", ... }).err:gmatch("[^\n]+") do
    local event = line:sub(1, 1) == "{" and tiny.json_decode(line)
    local file = event and event.args:match('^"[^"]*/containers/%x+/([%l.]+)"') or event and event.args:match('^"[^"]*/(names/%w+)"')
    file = file or event and event.args:match('^"[^"]*/(%l+)"$')
    if file and event.op == "write_file" then table.insert(found, file .. (event.args:find("sync = true", 1, true) and " sync" or "")) end
    if file and event.op == "fsync" then table.insert(found, "fsync " .. file) end
  end
  return found
end

local REWRITTEN = { hosts = true, hostname = true, ["resolv.conf"] = true }

local function has(list, what)
  for _, entry in ipairs(list) do
    if entry == what then return true end
  end
  return false
end

-- Every file in the list is synced, except those of /etc, which each start writes again.
local function all_on_disk(list, what)
  for at, entry in ipairs(list) do
    if not entry:find("sync", 1, true) and not REWRITTEN[entry] then
      local later = has({ table.unpack(list, at) }, "fsync " .. entry) or has({ table.unpack(list, at) }, entry .. " sync")
      assert(later, ("%s: %s is not on the disk: %s"):format(what, entry, table.concat(list, ", ")))
    end
  end
  assert(has(list, "fsync containers"), what .. ": the folder's own name")
end

all_on_disk(traced("create", "--name", "made", "true"), "create")
check.succeeds("rm", "made")

for _, entry in ipairs(traced("run", "--rm", "true")) do
  assert(not entry:find("sync", 1, true), "run --rm waits for the disk: " .. entry)
end

-- A short run waits for the disk only at its end.
local short = traced("run", "--name", "short", "true")
check.equal(short[#short], "fsync names")
all_on_disk(short, "run")
check.equal(has(short, "state.json"), true, "its start does not wait")

-- A longer one, a moment after its start.
local long = traced("run", "sleep", "0.6")
all_on_disk(long, "a longer run")
check.equal(has(long, "fsync state.json"), true, "its state as running")

-- A container with a restart policy waits for each.
local again = traced("run", "--restart", "on-failure:1", "--name", "again", "false")
local states = 0
for _, entry in ipairs(again) do
  if entry == "state.json sync" then states = states + 1 end
end
assert(states == 4, table.concat(again, ", "))
all_on_disk(again, "a restart policy")

-- Later changes are synced too.
check.equal(traced("rename", "again", "other")[2], "config.json sync")

-- If a failing disk prevents the creation of a container, nothing of it is left (TINYLUA_FAULT, src/vm/fault.rs).
local calls, first = 0, nil
for line in check.run({ "--trace=json", "create", "--name", "probe", "true" }).err:gmatch("[^\n]+") do
  calls = calls + 1
  if tiny.json_decode(line).op == "fsync" then first = first or calls end
end
check.succeeds("rm", "probe")
-- The trace begins after the first calls, which load modules.
local at, before = first, #tiny.list_dir(check.root .. "/containers")
repeat
  check.environment = { PATH = os.getenv "PATH", TINYLUA_FAULT = at .. ":fail:0:/tmp/struck" }
  check.equal(check.run({ "create", "--name", "probe", "true" }).status, 125, "with a fault at call " .. at)
  check.environment, at = nil, at + 1
until tiny.read_file("/tmp/struck") == "fsync"
-- Not even anything that the next command would clean up.
check.equal(#tiny.list_dir(check.root .. "/containers"), before)

for _, name in ipairs { "short", "other" } do check.succeeds("rm", name) end
check.succeeds("prune")
check.no_container()
