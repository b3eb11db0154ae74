-- Descriptors of the host as standard streams of a program. Through /proc/self/fd, the program tries to change the mode
-- and owner of the file, to truncate it, to write to it and to read it. Tested with each way to start a program.
local check = require "check"
local ordinary = require "ordinary"
local sit = require "person"

-- It prints what it reads back, and what its streams are.
tiny.write_file("/tmp/attack.pl", [[
$| = 1; my ($tried, $report) = (0, "");
for my $f (map { glob "$_/*" } "/proc/self/fd", "/proc/1/fd") {
  my @s = stat $f or next;
  my ($place, $n, $to) = ($f =~ m{/proc/(\w+)/fd/(\d+)}, readlink $f);
  my $kind = -p $f ? "pipe" : $to =~ m{^/dev/(pts/\d+|console)$} ? "pty" : -c $f && $s[6] == 259 ? "null" : "other:$to";
  $report .= " $place$n=$kind" if $n < 3;
  next if $kind eq "pty";
  if (!-p $f && (open my $r, "<", $f) && !-t $r) { sysread $r, my $text, 4096; $report .= " READ:$text" if length $text }
  for my $mode (-p $f ? () : ("+<", "+>")) { if (open my $t, $mode, $f) { syswrite $t, "FORGED\n"; truncate $t, 3 } }
  for my $mode (0777, 0) { chmod $mode, $f; chown 4, 4, $f; utime 1, 1, $f; $tried++ }
}
open STDOUT, ">", $ARGV[1] if $ARGV[1];
$report =~ s/\n/|/g; print "tried $tried:$report.\n"; exit shift // 0;]])
-- The null device of this host belongs to the test.
tiny.mount_tmpfs("/tmp/devices", { create = true })
tiny.mknod("/tmp/devices/null", "char", { major = 1, minor = 3, mode = tonumber("666", 8) })
tiny.mount_bind("/tmp/devices/null", "/dev/null")

local failures = {}
local function looks(path)
  local s = tiny.stat(path)
  return ("%s mode %o owner %d:%d number %d, time %s"):format(path, s.mode, s.uid, s.gid, s.rdev, s.kind == "char" and s.mtime)
end
-- Calls f, which returns the program's output; the host's files must be as before, except for appended output. kinds:
-- the type of its standard input, with pipes for the others; or a list with the types of all three.
local function unharmed(what, files, kinds, f)
  local before = {}
  for _, path in ipairs(files) do before[path] = { looks = looks(path), stat = tiny.stat(path), text = tiny.stat(path).kind == "file" and tiny.read_file(path) } end
  local told, err = tiny.try(f)
  told = told or tostring(err)
  local count, report = told:match("tried (%d+):([^\n]-)%.\r?\n")
  local function expect(holds, text) if not holds then table.insert(failures, what .. ": " .. text) end end
  expect(count and (tonumber(count) > 3 or type(kinds) == "table"), "nothing was tried: " .. told)
  for stream, kind in (report or ""):gmatch("(self%d)=(%S+)") do
    local wanted = type(kinds) == "table" and kinds[1] or stream == "self0" and kinds or "pipe"
    expect(kind == wanted, ("%s is %s, not %s"):format(stream, kind, wanted))
  end
  expect(not (report or ""):match("other") and not (report or ""):match("READ"), "it has what it should not: " .. tostring(report))
  for path, was in pairs(before) do
    expect(looks(path) == was.looks, "was " .. was.looks .. ", is " .. looks(path))
    if was.text then expect(tiny.read_file(path):sub(1, #was.text) == was.text, path .. " was changed: " .. tiny.read_file(path)) end
    if was.looks ~= looks(path) then os.execute(("chmod %o %s; chown %d:%d %s; touch %s"):format(was.stat.mode, path, was.stat.uid, was.stat.gid, path, path)) end
  end
end

local HOST, VOLUME, ATTACK = { "/dev/null" }, "/tmp/attack.pl:/attack.pl:ro", { "perl", "/attack.pl" }
for path, text in pairs { ["/tmp/input"] = "the caller's own\n", ["/tmp/log"] = "what others wrote\n", ["/tmp/told-run"] = "", ["/tmp/told-exec"] = "" } do
  tiny.write_file(path, text)
  if check.environment then tiny.chown(path, { uid = ordinary.uid, gid = ordinary.uid }) end
end
local WITH_INPUT, WITH_LOG = { "/dev/null", "/tmp/input" }, { "/dev/null", "/tmp/log" }

-- Runs tinylua with these files as standard input and output, like < and >> in a shell.
local function redirected(input, output, ...)
  local words = { ... }
  local child = check.start(function()
    if input then tiny.dup2(tiny.open(input, { read = true, write = true }), 0) end
    local file = tiny.open(output, { append = true })
    for number = 1, 2 do tiny.dup2(file, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
  local status = child:wait()
  if status ~= 0 then error(("status %s: %s"):format(status, tiny.read_file(output)), 2) end
  return tiny.read_file(output)
end

unharmed("run", HOST, "null", function() return check.succeeds("run", "--rm", "-v", VOLUME, table.unpack(ATTACK)) end)
unharmed("run --init", HOST, "null", function() return check.succeeds("run", "--rm", "--init", "-v", VOLUME, table.unpack(ATTACK)) end)
unharmed("run -i", WITH_INPUT, "pipe", function()
  return redirected("/tmp/input", "/tmp/told-run", "run", "--rm", "-i", "-v", VOLUME, table.unpack(ATTACK))
end)
unharmed("run -d", HOST, "null", function()
  check.succeeds("run", "-d", "--name", "d", "-v", VOLUME, table.unpack(ATTACK))
  check.succeeds("wait", "d")
  return check.succeeds("logs", "d")
end)
check.succeeds("rm", "d")
unharmed("run -di", HOST, "pipe", function()
  check.succeeds("run", "-di", "--name", "d", "-v", VOLUME, table.unpack(ATTACK))
  check.succeeds("wait", "d")
  return check.succeeds("logs", "d")
end)
check.succeeds("rm", "d")
unharmed("restart", HOST, "null", function()
  check.succeeds("run", "-d", "--restart", "on-failure:1", "--name", "d", "-v", VOLUME, "perl", "/attack.pl", "1")
  check.equal(check.succeeds("wait", "d"), "1\n")
  local told = check.succeeds("logs", "d")
  assert(told:match("tried.*tried"), told)
  return told:match("\n(.*)")
end)
check.succeeds("rm", "d")
-- The program of a recipe's closure; its namespaces are the container's by then.
tiny.write_file("/tmp/hook.lua", [[return require("tiny.container").new {
  volumes = { "/tmp/attack.pl:/attack.pl:ro" }, command = { "true" }, after = { mounts = function() os.execute("perl /attack.pl") end } }]])
unharmed("hook", HOST, "pipe", function() return check.succeeds("run", "--rm", "/tmp/hook.lua") end)
-- At a separate terminal; the caller's is unchanged.
for _, words in ipairs { { "run", "--rm", "-it", "-v", VOLUME }, { "run", "--rm", "-it", "--init", "-v", VOLUME } } do
  unharmed(table.concat(words, " "), HOST, { "pty" }, function()
    local person = sit(table.unpack(table.move(ATTACK, 1, 2, #words + 1, words)))
    local told = person:sees("(tried [^\n]*\n)")
    check.equal(person:leaves(), 0)
    return told
  end)
end

check.succeeds("run", "-d", "--name", "c", "-v", VOLUME, "--health-cmd", "perl /attack.pl", "--health-interval", "300ms", "sleep", "1000")
unharmed("health check", HOST, "null", function()
  for _ = 1, 500 do
    local health = tiny.json_decode(check.succeeds("inspect", "c"))[1].health
    if health and health.log and health.log[1] then return health.log[1].output end
    tiny.poll({}, "20ms")
  end
  return "no health check"
end)
-- Background processes of the container are gone.
local function over()
  for _ = 1, 500 do
    if check.run({ "exec", "c", "rm", "/tmp/over" }).status == 0 then return end
    tiny.poll({}, "20ms")
  end
  error("it is never over", 2)
end
unharmed("exec", HOST, "null", function() return check.succeeds("exec", "c", table.unpack(ATTACK)) end)
unharmed("exec -i", WITH_INPUT, "pipe", function()
  return redirected("/tmp/input", "/tmp/told-exec", "exec", "-i", "c", table.unpack(ATTACK))
end)
unharmed("exec >> log", WITH_LOG, "null", function()
  return redirected(nil, "/tmp/log", "exec", "c", table.unpack(ATTACK))
end)
unharmed("exec -d", HOST, { "null" }, function()
  check.succeeds("exec", "-d", "c", "sh", "-c", "perl /attack.pl 0 /tmp/told; touch /tmp/over")
  over()
  return check.succeeds("exec", "c", "cat", "/tmp/told")
end)
-- From a terminal without -t: background processes of the program no longer affect it.
do
  local terminal = sit("exec", "-i", "c", "sh", "-c", "exec 3<&0; trap '' PIPE; (sleep 1; read line <&3; echo \"$line\" >/tmp/stolen; echo LA\\TE; touch /tmp/over) & perl /attack.pl")
  unharmed("exec from a terminal", HOST, "pipe", function() return terminal:sees("(tried [^\n]*\n)") end)
  local status = tiny.try(terminal.leaves, terminal)
  if status ~= 0 then table.insert(failures, "exec from a terminal: status " .. tostring(status)) end
  terminal:type("secret\nsecret\n")
  tiny.try(over)
  local stolen = check.run({ "exec", "c", "cat", "/tmp/stolen" }).out
  if stolen:match("secret") then table.insert(failures, "what was typed was read: " .. stolen) end
  while #tiny.poll({ terminal.master }, 0) > 0 do terminal.shown = terminal.shown .. terminal.master:read() end
  if terminal.shown:match("LATE") then table.insert(failures, "a leftover wrote to the terminal: " .. terminal.shown) end
end
-- A null device that was replaced is not opened (a container of an unprivileged user cannot change its null device).
check.run { "exec", "c", "sh", "-c", "rm /dev/null; mkfifo /dev/null" }
check.equal(check.succeeds("exec", "c", "sh", "-c", "cat; echo on"), "on\n")
check.run { "exec", "c", "sh", "-c", "rm /dev/null; echo decoy >/dev/null" }
check.equal(check.succeeds("exec", "c", "sh", "-c", "cat; echo on"), "on\n")
check.succeeds("rm", "-f", "c")
if #failures > 0 then error(table.concat(failures, "\n"), 0) end
check.no_container()
