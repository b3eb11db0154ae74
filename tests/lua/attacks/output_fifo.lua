-- The FIFOs that buffer a container's output for its supervisor are files of the host. Whatever the container does to
-- them through its descriptors, no other user of the host gains access, and its supervisor, or the next one, continues.
local check = require "check"

-- Modifies them in every way, reads the buffered output, and fills them permanently.
local SETXATTR = tiny.probe().kernel.machine == "aarch64" and 5 or 188
tiny.write_file("/tmp/attack.pl", ([[
use Fcntl; $| = 1; my ($done, $way) = (0, shift);
for my $f ("/proc/self/fd/1", "/proc/self/fd/2", "/proc/self/fd/0") {
  next unless -p $f;
  for my $changed (chmod($way eq "open" ? 0777 : 0, $f), chown(1, 1, $f), utime(1, 1, $f), truncate($f, 0)) { $done++ if $changed }
  open my $t, "+<", $f; fcntl $t, 1031, 4096; fcntl $t, F_SETFL, O_NONBLOCK | 020000; flock $t, 6;
  my ($path, $name, $value) = ("$f", "trusted.x", "y");
  $done++ if syscall(SETXATTR, $path, $name, $value, 1, 0) == 0;
}
fcntl STDOUT, F_SETFL, O_NONBLOCK; fcntl STDOUT, 1031, 1 << 20;
print "changed $done\n";
if ($way eq "steal") { open my $r, "+<", "/proc/self/fd/1"; if (!fork) { while (1) { sysread $r, my $x, 65536 } } while (1) { print "x" x 1000, "\n"; select undef, undef, undef, 0.001 } }
while (!-e "/shared/end") { select undef, undef, undef, 0.05 } print "after\n"; exit 7;]]):gsub("SETXATTR", SETXATTR) .. "")
tiny.mkdir("/tmp/shared")

local function inspect(name) return tiny.json_decode(check.succeeds("inspect", name))[1] end
local function kill_supervisor(name)
  local supervisor = inspect(name).state.supervisor
  local process <close> = tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
  tiny.kill(process, "SIGKILL")
  tiny.poll { process }
end
local function wait_for(text)
  for _ = 1, 500 do
    if check.run({ "logs", "--tail", "5", "c" }).out:match(text) then return end
    tiny.poll({}, "20ms")
  end
  error(text .. " is not in the log: " .. check.run({ "logs", "c" }).out, 2)
end

for _, way in ipairs { "open", "shut" } do
  check.succeeds("run", "-di", "--name", "c", "-v", "/tmp/attack.pl:/attack.pl:ro", "-v", "/tmp/shared:/shared", "perl", "/attack.pl", way)
  wait_for("changed %d")
  check.equal(check.succeeds("logs", "c"), "changed 0\n", "what it could change")
  -- No other user can reach them.
  local run = check.root .. "/run/" .. inspect("c").id
  check.equal(tiny.stat(run).mode, tonumber("700", 8), "the folder's mode")
  kill_supervisor("c")
  check.succeeds("ps")
  tiny.write_file("/tmp/shared/end", "")
  check.succeeds("wait", "c")
  check.equal(check.succeeds("logs", "c"):match("after\n"), "after\n", way)
  tiny.remove("/tmp/shared/end")
  check.succeeds("rm", "c")
end

-- Two processes that read and write at once: the supervisor never waits for bytes that are gone.
check.succeeds("run", "-d", "--name", "c", "-v", "/tmp/attack.pl:/attack.pl:ro", "-v", "/tmp/shared:/shared", "perl", "/attack.pl", "steal")
wait_for("xxx")
local began = tiny.clock("monotonic")
check.succeeds("stop", "-t", "0", "c")
assert(tiny.clock("monotonic") - began < 30, "stop takes too long")
check.succeeds("rm", "c")
check.no_container()
