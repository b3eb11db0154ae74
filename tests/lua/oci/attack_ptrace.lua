-- CVE-2016-9962: a process of a container inspects the runtime while that enters the container, or creates another container in the
-- same pid and user namespaces: its descriptors, its memory, its root.
local attack = require "oci_attack"
local check = require "check"
local oci = require "oci_bundle"

attack.needs_perl()
-- PTRACE_SEIZE and PTRACE_DETACH, by number.
local call = tiny.probe().kernel.machine == "aarch64" and 117 or 101
tiny.write_file("/tmp/attack.pl", ([[
$| = 1; my ($seen, $denied, %%got) = (0, 0); my $end = time + 600;
while (time < $end && !-e "/tmp/stop") {
  for my $dir (glob "/proc/[0-9]*") {
    next if $dir =~ m{/($$|1)$};
    open(my $s, "<", "$dir/status") or next; my ($name) = (<$s> =~ /Name:\s*(\S+)/); $name ||= "";
    next if $name eq "sleep";
    $seen++;
    for my $part (glob "$dir/fd/*") { my $to = readlink $part; $got{"fd $to"}++ if defined $to && $part =~ m{/([0-9]+)$} && $1 > 2 && $to =~ m{^(socket|pipe|anon_inode|/memfd|/var|/run|/sys)|tinylua} }
    my $exe = readlink "$dir/exe"; $denied++ if !defined $exe && $!{EACCES}; $got{"exe $exe"}++ if defined $exe && $exe !~ m{^/(usr/)?s?bin/};
    if (opendir(my $d, "$dir/root/work")) { $got{"root of the host"}++ }
    if (open(my $m, "+<", "$dir/mem") && !defined readlink("$dir/exe") && $!{EACCES}) { $got{mem}++ }
    my $pid = $dir =~ s{/proc/}{}r;
    if ($ARGV[0] && syscall(%d, 0x4206, $pid, 0, 0) == 0) { my $exe = readlink("$dir/exe") // "gone"; $got{"ptrace of $exe"}++ if $exe !~ m{^/(usr/)?s?bin/|gone}; syscall(%d, 17, $pid, 0, 0) }
  }
}
print "seen $seen denied $denied got: ", join(" ", sort keys %%got), "\n";]]):format(call, call), { mode = tonumber("755", 8) })
tiny.mkdir("/tmp/work")

local MAPS = { { containerID = 0, hostID = 100000, size = 65536 } }
local function in_userns(config, path, user)
  table.insert(config.linux.namespaces, { type = "user", path = user })
  config.linux.uidMappings, config.linux.gidMappings = not user and MAPS or nil, not user and MAPS or nil
  os.execute(("chown -R 100000:100000 %s/rootfs"):format(path))
end

local function attacked(about, userns, traces, shared)
  local _, created = attack.start("c", { "perl", "/attack.pl", traces and "1" or nil }, function(config, path)
    attack.bind(config, "/tmp/attack.pl", "/attack.pl", "ro")
    if not userns then return end
    -- Over its own user namespace, root may inspect whatever belongs to that.
    attack.add_capability(config, "CAP_SYS_PTRACE")
    in_userns(config, path)
  end)
  local pid = oci.state("c").pid
  for i = 1, shared and 10 or 30 do
    if shared then
      local path = attack.bundle({ "sleep", "0" }, function(config, path)
        config.linux.namespaces[1].path = ("/proc/%d/ns/pid"):format(pid)
        if userns then in_userns(config, path, ("/proc/%d/ns/user"):format(pid)) end
      end)
      local result = oci.run { "run", "--bundle", path, "d" }
      check.equal(result.status, 0, about .. ": " .. result.err)
      tiny.remove(path, { recursive = true })
    else
      oci.succeeds { "exec", "c", i % 2 == 0 and "/bin/true" or "/bin/ls", "/bin/true" }
    end
  end
  oci.run { "exec", "c", "touch", "/tmp/stop" }
  local told = attack.output("c", created)
  print(about .. ": " .. told:gsub("\n$", ""))
  local seen, denied, got = told:match("seen (%d+) denied (%d+) got: (.-)\n")
  assert(seen and tonumber(seen) > 0 and tonumber(denied) > 0, about .. ": no process that entered was seen: " .. told)
  check.equal(got, "", about .. ": looked into")
  oci.succeeds { "delete", "c" }
end

for _, traces in ipairs { false, true } do
  local how = traces and ", traced" or ""
  attacked("exec" .. how, false, traces)
  attacked("exec in a user namespace" .. how, true, traces)
  attacked("create in a pod" .. how, false, traces, true)
  attacked("create in a pod with a user namespace" .. how, true, traces, true)
end
oci.nothing()
