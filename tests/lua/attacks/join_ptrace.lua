-- CVE-2016-9962: a process of the container inspects the process that enters it, while that is still tinylua: its
-- descriptors, its memory, its root.
local attack = require "attack"
local check = require "check"

local ATTACKER = [[
$| = 1; my ($seen, $denied, %%got) = (0, 0); my $end = time + 600;
while (time < $end && !-e "/stop") {
  for my $dir (glob "/proc/[0-9]*") {
    next if $dir =~ m{/($$|1)$};
    open(my $s, "<", "$dir/status") or next; my ($name) = (<$s> =~ /Name:\s*(\S+)/); $name ||= "";
    $seen++;
    for my $part (glob "$dir/fd/*") { my $to = readlink $part; $got{"fd $to"}++ if defined $to && $part =~ m{/([0-9]+)$} && $1 > 2 && $to =~ m{^(socket|pipe|anon_inode|/memfd|/var|/run|/sys)|tinylua} }
    my $exe = readlink "$dir/exe"; $denied++ if !defined $exe && $!{EACCES}; $got{"exe $exe"}++ if defined $exe && $exe !~ m{^/(usr/)?s?bin/};
    my $r = readlink "$dir/cwd"; $got{"cwd $r"}++ if defined $r && $r ne "/";
    if (open(my $m, "+<", "$dir/mem") && !defined readlink("$dir/exe") && $!{EACCES}) { $got{mem}++ }
    %s
  }
}
print "seen $seen denied $denied got: ", join(" ", sort keys %%got), "\n";]]
-- ptrace itself: PTRACE_SEIZE, by its number.
local arm = tiny.probe().kernel.machine == "aarch64"
local PTRACE = ([[my $pid = $dir =~ s{/proc/}{}r; if (syscall(%d, 0x4206, $pid, 0, 0) == 0) { my $exe = readlink("$dir/exe") // "gone"; $got{"ptrace of $exe"}++ if $exe !~ m{^/(usr/)?s?bin/|gone}; syscall(%d, 17, $pid, 0, 0) }]])
  :format(arm and 117 or 101, arm and 117 or 101)

-- In User-Mode Linux, which itself runs programs with ptrace, programs started by exec then end with SIGKILL.
for _, more in ipairs(attack.few { "", PTRACE }) do
  tiny.write_file("/tmp/attack.pl", ATTACKER:format(more))
  check.succeeds("run", "-d", "--name", "c", "--oom-score-adj", "300", "-v", "/tmp/attack.pl:/attack.pl:ro", "perl", "/attack.pl")
  for i = 1, 40 do check.succeeds("exec", "c", i % 2 == 0 and "/bin/true" or "/bin/ls", "/bin/true") end
  check.run { "exec", "c", "touch", "/stop" } -- killed; the attacker sees this soon and ends the container
  check.succeeds("wait", "c")
  local told = check.succeeds("logs", "c")
  print((told:gsub("\n$", "")))
  local seen, denied, got = told:match("seen (%d+) denied (%d+) got: (.-)\n")
  assert(tonumber(seen) > 0 and tonumber(denied) > 0, "no process that entered was seen: " .. told)
  check.equal(got, "", "looked into")
  check.succeeds("rm", "c")
end
check.no_container()
