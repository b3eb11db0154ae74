-- A file in a container's record or runtime directory is replaced with a link to an existing or missing file of the
-- host. Whatever the name, nothing is written, created, truncated or read through the link: the command refuses, or
-- replaces the link with a new file.
local attack = require "attack"
local check = require "check"

-- An entry in the format of a log, so that a log read through a link shows it.
local SECRET = "the victim's text"
local TEXT = tiny.json_encode { time = "2026-11-29T12:00:00.000000000Z", stream = "stdout", ["end"] = 18, text = SECRET } .. "\n"
local MODE = tonumber("604", 8)
tiny.mkdir("/tmp/victim")
local function fresh()
  tiny.write_file("/tmp/victim/there", TEXT, { mode = MODE })
  return tiny.stat("/tmp/victim/there")
end
local victim = fresh()
-- And another user's FIFO, with buffered bytes.
tiny.mknod("/tmp/fifo", "fifo")
local fifo = tiny.open("/tmp/fifo", { read = true, write = true, nonblock = true })
fifo:write(SECRET)
local links, refused = 0, 0
local function untouched(what)
  check.equal(table.concat(tiny.list_dir("/tmp/victim"), " "), "there", what .. ": made through the link")
  check.equal(tiny.read_file("/tmp/victim/there"), TEXT, what .. ": written through the link")
  check.equal(fifo:read(), SECRET, what .. ": read through the link")
  fifo:write(SECRET)
  local now = tiny.stat("/tmp/victim/there")
  for _, key in ipairs { "ino", "mode", "uid", "size", "mtime" } do check.equal(now[key], victim[key], what .. ": " .. key) end
end

local function replace(path, target)
  if tiny.stat(path, { follow = false }) then tiny.remove(path) end
  tiny.symlink(target, path)
  links = links + 1
end
local function try(what, ...)
  local result = check.run { ... }
  what = what .. ": " .. table.concat({ ... }, " ")
  assert(not (result.out .. result.err):find(SECRET, 1, true), what .. ": read through the link")
  untouched(what)
  if result.status ~= 0 then refused = refused + 1 end
end

local RECORD = { "container.log", "container.log.1", "supervisor.log", "undo.jsonl", "lock", "state.json", "config.json", "hosts", "recipe.lua", "health.json" }
local RUN = { "stdout", "stderr", "stdin", "stdout.spool", "stderr.spool", "alive", "making", "attach", "notify" }
local OPTIONS = { "-d", "--name", "c", "-i", "--init", "--log-max-size", "128k", "--health-cmd", "true", "--health-interval", "100ms" }
local SCRIPT = "echo said; echo more >&2; exec sleep 100"

local STORE = { "events/current.jsonl", "names/c", "lock", "userids/lock", "seccomp/11-CAP_SYS_CHROOT" }

-- In a stopped container, and in a running one that has lost its supervisor.
local function attempt(folder, name, target, running)
  -- Leftovers of the previous case must not interfere.
  check.root = "/tmp/store" .. links
  local words = { "run" }
  table.move(OPTIONS, 1, #OPTIONS, #words + 1, words)
  table.move({ "sh", "-c", SCRIPT }, 1, 3, #words + 1, words)
  local id = check.succeeds(table.unpack(words)):sub(1, 12)
  local what = ("%s as a link to %s, %s"):format(name, target, running and "running" or "at rest")
  if running then
    local by = tiny.json_decode(tiny.read_file(("%s/containers/%s/state.json"):format(check.root, id))).supervisor
    local supervisor <close> = tiny.pidfd_open(by.pid, { start_time = by.start })
    tiny.kill(supervisor, "SIGKILL")
    tiny.poll { supervisor }
  else
    check.succeeds("stop", "-t", "0", "c")
  end
  local path = ("%s%s/%s"):format(check.root, folder:gsub("ID", id), name)
  tiny.mkdir(path:match("^(.*)/"), { parents = true })
  replace(path, target)
  try(what, "ps")
  try(what, running and "exec" or "start", "c", running and "true" or nil)
  try(what, "logs", "c")
  try(what, "stop", "-t", "0", "c")
  try(what, "start", "c")
  try(what, "rm", "-f", "c")
  try(what, "gc")
end
for folder, names in pairs { ["/containers/ID"] = RECORD, ["/run/ID"] = RUN, [""] = STORE } do
  for i, name in ipairs(names) do
    -- The files for output are tried in every way, the others in two.
    local output = name:match("^std") or name:match("^container")
    if attack.slow and not output then goto next_name end
    for n, target in ipairs(attack.few { "/tmp/victim/there", "/tmp/victim/new" }) do
      local running = (i + n) % 2 == 0
      attempt(folder, name, target, running)
      if output and not attack.slow then attempt(folder, name, target, not running) end
    end
    if name:match("^std%a+$") then attempt(folder, name, "/tmp/fifo", true) end
    ::next_name::
  end
end
print(("%d links, %d commands refused"):format(links, refused))
assert(links >= 10 and refused >= 10, "no link was in the way")
