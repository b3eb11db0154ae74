-- Access of other users of the machine to a container's record: its output before it reaches the log, its environment,
-- its locks. With any umask, everything is accessible only to its owner, apart from the listed exceptions.
local check = require "check"
local sit = require "person"

local function octal(mode) return ("%03o"):format(mode & tonumber("7777", 8)) end

-- The program with a umask of 0, through this process's link to it.
local me = tiny.getpid()
local function loose(words)
  return check.start(function()
    tiny.exec { "sh", "-c", 'umask 0; exec "$@"', "sh", ("/proc/%d/exe"):format(me), "--root", check.root, table.unpack(words) }
  end):wait()
end

-- Exceptions by name, where others have some access: the log is also readable by its group; the three files are mounted
-- in the container, and so are the directories of an overlay, in which users other than root look up names.
local OPEN = { ["container.log"] = "640", hosts = "644", hostname = "644", ["resolv.conf"] = "644", upper = "755", work = "755" }

-- User-Mode Linux has no nftables.
local NETWORK = tiny.probe().network.nftables == false and "none" or "bridge"

local seen = {}
local function look(path)
  local s = tiny.stat(path, { follow = false })
  local name = path:match("[^/]+$")
  local wanted = OPEN[name] or s.kind == "dir" and "700" or "600"
  check.equal(octal(s.mode), wanted, ("%s %s"):format(s.kind, path))
  check.equal(("%d:%d"):format(s.uid, s.gid), "0:0", path)
  seen[s.kind], seen[name] = (seen[s.kind] or 0) + 1, true
  if s.kind == "dir" and not OPEN[name] then
    for _, entry in ipairs(tiny.list_dir(path)) do look(path .. "/" .. entry) end
  end
end

-- The other directories of the store contain nothing that others can write, and cannot be entered.
local function closed(path, below)
  local s = tiny.stat(path, { follow = false })
  check.equal(octal(s.mode & tonumber("022", 8)), "000", path .. " can be written by others")
  if s.kind ~= "dir" then return end
  if below == 1 then check.equal(octal(s.mode), "700", path) end
  for _, entry in ipairs(tiny.list_dir(path)) do closed(path .. "/" .. entry, below + 1) end
end

tiny.write_file("/tmp/beside.lua", 'return "tiny"')
tiny.write_file("/tmp/recipe.lua", [[local t = require "beside" return require(t .. ".container").new {
  name = "recipe", command = "echo said; exec sleep 100", on_log = function(line) print(line) end }]])
local function with_all(start)
  start { "run", "-d", "--name", "plain", "-i", "sh", "-c", "echo out; echo err >&2; exec sleep 100" }
  start { "run", "-d", "--name", "none", "--log-driver", "none", "-e", "SECRET=1", "sh", "-c", "echo out; exec sleep 100" }
  start { "run", "-d", "--name", "init", "--init", "--health-cmd", "true", "--health-interval", "100ms", "--network", NETWORK, "sleep", "100" }
  start { "run", "-d", "/tmp/recipe.lua" }
  start { "create", "--name", "made", "true" }
  start { "exec", "plain", "true" }
end
local function checked()
  seen = {}
  look(check.root .. "/containers")
  look(check.root .. "/run")
  closed(check.root, 0)
  for _, kind in ipairs { "dir", "file", "fifo", "socket" } do assert((seen[kind] or 0) >= (kind == "socket" and 1 or 8), kind .. ": " .. tostring(seen[kind])) end
  for _, name in ipairs { "stdin", "stdout", "stderr", "stdout.spool", "stderr.spool", "state.json", "config.json", "undo.jsonl", "container.log", "supervisor.log", "recipe.lua", "beside.lua", "attach" } do
    assert(seen[name], "there was no " .. name)
  end
end
for _, root in ipairs { "/tmp/new/store", "/tmp/store" } do
  check.root = root
  local start = root == "/tmp/store" and function(words) check.succeeds(table.unpack(words)) end
    or function(words) check.equal(loose(words), 0, table.concat(words, " ")) end
  with_all(start)
  local person = sit("run", "-it", "--name", "terminal", "sh")
  person:sees("# ")
  checked()
  -- The file as it is created again.
  start { "restart", "-t", "0", "plain" }
  start { "restart", "-t", "0", "none" }
  checked()
  check.succeeds("rm", "-f", "plain", "none", "init", "recipe", "made", "terminal")
  check.no_container()
end
