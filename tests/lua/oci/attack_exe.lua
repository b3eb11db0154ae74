-- CVE-2019-5736: root in a container makes the runtime run itself, as the program of a container and of exec, opens its binary through
-- /proc/PID/exe, and writes to it when no process runs it any more.
local attack = require "oci_attack"
local check = require "check"
local oci = require "oci_bundle"

attack.needs_perl()
local OPEN = tonumber("755", 8)
local PROGRAM = "/tmp/tinylua-oci"

check.copy_program(PROGRAM)
local before = check.digest(PROGRAM)
tiny.write_file("/tmp/script", "#!/proc/self/exe\n", { mode = OPEN })
tiny.write_file("/tmp/attack.pl", ([[
use Errno; use Time::HiRes "usleep"; $| = 1; my ($opened, %%why) = 0;
my $end = time + 600; # until /tmp/stop is there
while (time < $end && !-e "/tmp/stop") {
  for my $exe (glob "/proc/[0-9]*/exe") {
    next if $exe eq "/proc/$$/exe";
    open(my $f, "<", $exe) or next;
    next unless (stat $f)[7] == %d;
    $opened++;
    for (1 .. 1000) {
      if (open(my $w, "+<", "/proc/self/fd/" . fileno $f)) { print $w "#!/bin/sh\n"; close $w; $why{written}++; last }
      if (!$!{ETXTBSY}) { $why{$!{EROFS} ? "EROFS" : $!{EPERM} ? "EPERM" : $! + 0}++; last }
      usleep 500;
    }
  }
}
print "opened $opened ", join(" ", sort keys %%why), "\n";]]):format(tiny.stat(PROGRAM).size), { mode = OPEN })

local function run(...)
  local words = { ... }
  local child <close> = tiny.fork(function()
    local null = tiny.open("/tmp/null", { write = true, create = true })
    for number = 1, 2 do tiny.dup2(null, number) end
    tiny.exec { file = PROGRAM, "tinylua-oci", "--root", oci.root(), table.unpack(words) }
  end)
  return child:wait()
end

local function volumes(config)
  attack.bind(config, "/tmp/attack.pl", "/attack.pl", "ro")
  attack.bind(config, "/tmp/script", "/script", "ro")
end

-- A container that shares its processes with others, as in a pod.
local _, created = attack.start("c", { "perl", "/attack.pl" }, volumes)
local pids = ("/proc/%d/ns/pid"):format(oci.state("c").pid)
local function pod(config)
  volumes(config)
  config.linux.namespaces[1].path = pids
end
for i = 1, 15 do
  for _, words in ipairs { { "/script" }, { "/proc/self/exe" }, { "/proc/self/exe", "--version" } } do
    run("exec", "c", table.unpack(words))
    if i % 5 == 0 then
      local path = attack.bundle(words, pod)
      run("create", "--bundle", path, "d")
      run("start", "d")
      run("delete", "--force", "d")
      tiny.remove(path, { recursive = true })
    end
  end
  if check.digest(PROGRAM) ~= before then break end
end
run("exec", "c", "touch", "/tmp/stop")
local opened, why = attack.output("c", created):match("opened (%d+) (.-)\n")
print(("opened %s times: %s"):format(opened, why))
assert(tonumber(opened) > 0, "the attack did not get as far as it can")
check.equal(check.digest(PROGRAM), before, "the program")
check.equal(why, "EROFS")
oci.succeeds { "delete", "c" }
oci.nothing()
