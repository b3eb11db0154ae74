-- Every file that a tinylua process opens after it has entered a container's root, for every command, as strace(1)
-- shows it. The container controls these files, so no modules, time zones, locales, name services or libraries may be
-- opened there. The files that are opened are on a short list, each with a reason.
local attack = require "attack"
local check = require "check"

if not os.execute("strace -f --decode-pids=pidns -o /dev/null true 2>/dev/null") then check.skip("needs strace 5.9 or newer, and leave to trace") end

local ALLOWED = {
  { "^/$", "its root itself, to be held by a descriptor" },
  { "^/dev$", "the folder that was just made and mounted, before any program runs" },
  { "^/dev/pts/%d+$", "the terminal that was just made" },
  { "^/dev/console$", "a file that was just made there, for a terminal to be mounted on" },
}
local SYSCALLS = "open,openat,openat2,creat,execve,execveat,connect,pivot_root,chroot,setns,clone,clone3,fork,vfork"

-- The calls in a trace, one per line: { pid, text }, at the position where they began.
local function calls(path)
  local list, pending = {}, {}
  for line in io.lines(path) do
    local pid, text = line:match("^(%d+)%s+(.*)$")
    local rest = text and text:match("^<%.%.%. [%w_]+ resumed>(.*)$")
    if rest and pending[pid] then
      pending[pid].text, pending[pid] = pending[pid].text .. rest, nil
    elseif text then
      local call = { pid = pid, text = (text:gsub("%s*<unfinished %.%.%.>$", "")) }
      if call.text ~= text then pending[pid] = call end
      table.insert(list, call)
    end
  end
  return list
end

-- The path with which a call opens something, unless it is relative to a descriptor that holds it.
local function opened(text)
  local name, arguments = text:match("^(%w+)%((.*)$")
  if not name then return nil end
  if name == "open" or name == "creat" or name == "execve" then return arguments:match('^"([^"]*)"'), name end
  if name == "connect" then return arguments:match('sun_path="([^"]*)"'), name end
  local folder, path = arguments:match('^([^,]*), "([^"]*)"')
  if not path then return nil end
  local held = not folder:find("^AT_FDCWD") and (text:find("RESOLVE_IN_ROOT", 1, true) or text:find("RESOLVE_BENEATH", 1, true) or not path:find("[/]") and path ~= "..")
  return not held and path or nil, name
end

-- The files that tinylua processes opened inside: { [path] = count }; and how many processes went inside.
local function inside(path)
  local list = calls(path)
  local parent, state, found, entered = {}, {}, {}, 0
  for _, call in ipairs(list) do
    local child = call.text:find("^%l*clone3?%(") or call.text:find("^v?fork%(")
    child = child and (call.text:match("/%* (%d+) in strace's PID NS %*/%s*$") or call.text:match("= (%d+)%s*$"))
    if child then parent[child] = call.pid end
  end
  for _, call in ipairs(list) do
    local now, text = state[call.pid] or state[parent[call.pid]] or "outside", call.text
    local done = text:find("= 0%s*$")
    local goes = text:find("^pivot_root") or text:find("^chroot") or text:find("^setns") and (text:find("CLONE_NEWNS", 1, true) or text:find("mnt:[", 1, true))
    if now == "outside" and goes and done then now, entered = "inside", entered + 1 end
    if now == "inside" and text:find("^execve") and done then
      now = "program"
    elseif now == "inside" then
      local name, how = opened(text)
      if name and not how:find("^exec") then found[name] = (found[name] or 0) + 1 end
    end
    state[call.pid] = now
  end
  return found, entered
end

local total, all = 0, {}
local function judged(what, path, wants_inside)
  local found, entered = inside(path)
  for name, count in pairs(found) do
    local why
    for _, allowed in ipairs(ALLOWED) do why = why or name:find(allowed[1]) and allowed[2] end
    if not why then all[#all + 1] = ("%s opened %s %d times"):format(what, name, count) end
  end
  assert(entered > 0 or not wants_inside, what .. " was not seen to enter the container: " .. path)
  total = total + entered
end

-- A copy, because the program of this process may have no path.
check.copy_program("/tmp/tinylua")
local function traced(path, words)
  return { "strace", "-f", "-qq", "-y", "--decode-pids=pidns", "-s", "300", "-e", "trace=" .. SYSCALLS, "-o", path, "/tmp/tinylua", "--root", check.root, table.unpack(words) }
end
local function follow(wants_inside, ...)
  local words = { ... }
  local status = tiny.fork(function() tiny.exec(traced("/tmp/trace", words)) end):wait()
  judged(table.concat(words, " "), "/tmp/trace", wants_inside)
  return status
end

local root = attack.rootfs("/tmp/root")
tiny.write_file(root .. "/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n")
tiny.write_file(root .. "/etc/group", "root:x:0:\nweb:x:1000:\nmore:x:7:web\n")
tiny.mkdir("/tmp/recipe")
tiny.write_file("/tmp/recipe/late.lua", "return os.date('%c') .. tiny.timestamp() .. tostring(os.setlocale('') or os.setlocale('de_DE.UTF-8'))")
tiny.write_file("/tmp/recipe/web.lua", ([[
local function inside()
  assert(require "late" and os.date("%%A") and tiny.timestamp() and tiny.random_id(4))
  assert(os.time { year = 2026, month = 1, day = 2, hour = 0 } == 1767312000 and os.date("%%F %%H", 1767312000) == "2026-01-02 00")
end
return require("tiny.container").new { command = { "true" }, rootfs = "%s", user = "web", group_add = { "more" }, workdir = "/w", ulimits = { nofile = "100" },
  before = { security = inside, exec = inside }, after = { mounts = inside, security = inside } }]]):format(root))
tiny.write_file("/tmp/given", "text")

follow(true, "run", "--rm", "--rootfs", root, "true")
follow(true, "run", "--rm", "--rootfs", root, "no-such-program")
follow(true, "run", "--rm", "true")
follow(true, "run", "--rm", "--rootfs", root, "-u", "web", "--group-add", "more", "--init", "--read-only", "--tmpfs", "/run", "-v", "/tmp/recipe:/v", "true")
local maps_ids = attack.maps_ids(root)
if maps_ids then follow(true, "run", "--rm", "--rootfs", root, "--userns", "auto", "--oom-score-adj", "10", "-t", "true") end
local recipe = follow(true, "run", "--rm", "/tmp/recipe/web.lua")
if maps_ids then recipe = recipe + follow(true, "run", "--rm", "--userns", "auto", "/tmp/recipe/web.lua") end

-- A container that keeps running, with its supervisor, health checks and restarts.
local background = tiny.fork(function()
  tiny.exec(traced("/tmp/trace-d", { "run", "-d", "--name", "c", "--rootfs", root, "-u", "web", "--init", "--health-cmd", "id -u", "--health-interval", "100ms", "sleep", "1000" }))
end)
local deadline = tiny.clock("monotonic") + 60
repeat tiny.poll({}, 0.1) until check.run({ "exec", "c", "true" }).status == 0 or tiny.clock("monotonic") > deadline
follow(true, "exec", "c", "true")
follow(true, "exec", "-u", "web:more", "-w", "/tmp", "-e", "A=b", "-t", "c", "true")
follow(true, "exec", "c", "no-such-program")
follow(false, "cp", "/tmp/given", "c:/tmp/given")
follow(false, "cp", "c:/etc", "/tmp/etc")
for _, words in ipairs {
  { "diff", "c" }, { "top", "c" }, { "stats", "--no-stream", "c" }, { "logs", "c" }, { "inspect", "c" }, { "explain", "c" }, { "ps" }, { "ps", "-a" }, { "port", "c" },
  { "update", "--memory", "64m", "c" }, { "pause", "c" }, { "unpause", "c" }, { "kill", "-s", "USR1", "c" }, { "stop", "-t", "0", "c" }, { "wait", "c" },
} do
  follow(false, table.unpack(words))
end
background:wait()
judged("run -d", "/tmp/trace-d", true)
local started = tiny.fork(function() tiny.exec(traced("/tmp/trace-s", { "start", "c" })) end)
repeat tiny.poll({}, 0.1) until check.run({ "exec", "c", "true" }).status == 0 or tiny.clock("monotonic") > deadline + 30
follow(false, "rm", "-f", "c")
started:wait()
judged("start", "/tmp/trace-s", true)
table.sort(all)
if all[1] then error(table.concat(all, "\n"), 0) end
check.equal(recipe, 0, "the recipe with its hooks")
print(total .. " times inside")
check.no_container()
