# shellcheck shell=sh disable=SC2154
# Checks as root, sourced by `checks`.
limits='"memory": { "limit": 67108864, "swap": 100663296, "reservation": 33554432 },
	"cpu": { "shares": 2048, "quota": 50000, "period": 100000 },
	"pids": { "limit": 64 }, "unified": { "memory.high": "60000000" }, "devices": [{ "allow": false, "access": "rwm" },
	{ "allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm" },
	{ "allow": true, "type": "c", "access": "m" }]'

bundle system.slice:t:one "$limits"
unit=t-one.scope group=system.slice/t-one.scope
check "create" $oci create -b bundle one
check "the scope is active" equal "$(property $unit ActiveState)" active
check "its slice" equal "$(property $unit Slice)" system.slice
check "its cgroup" equal "$(property $unit ControlGroup)" /$group
check "Delegate" equal "$(property $unit Delegate)" yes
check "Description" equal "$(property $unit Description)" "tinylua-oci container one"
pid=$($oci state one | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
check "the first process is in it" equal "$(cat "/proc/$pid/cgroup")" "0::/$group"
check "MemoryMax" equal "$(property $unit MemoryMax) $(file $group/memory.max)" "67108864 67108864"
check "MemorySwapMax" equal "$(property $unit MemorySwapMax)" 33554432
check "MemoryLow" equal "$(property $unit MemoryLow) $(file $group/memory.low)" "33554432 33554432"
check "MemoryHigh of unified" equal "$(property $unit MemoryHigh) $(file $group/memory.high)" "60000000 59998208"
check "TasksMax" equal "$(property $unit TasksMax) $(file $group/pids.max)" "64 64"
check "CPUWeight" equal "$(property $unit CPUWeight)" "$(file $group/cpu.weight)"
check "CPUQuota" equal "$(property $unit CPUQuotaPerSecUSec) $(property $unit CPUQuotaPeriodUSec) $(file $group/cpu.max)" \
	"500ms 100ms 50000 100000"
check "daemon-reload" systemctl daemon-reload
check "the limits outlive it" equal "$(file $group/memory.max) $(file $group/pids.max) $(file $group/cpu.max)" "67108864 64 50000 100000"
check "start" $oci start one
check "its cgroup namespace begins at the scope" eventually equal_file bundle/rootfs/cgroup "0::/"
check "exec" $oci exec one sh -c 'read line < /proc/self/cgroup; [ "$line" = 0::/ ]'
check "a device that the rules allow" $oci exec one sh -c 'mknod /null c 1 3 && cat /null'
check "a device that they refuse" fails "not permitted" $oci exec one sh -c 'mknod /kmsg c 1 11 && cat /kmsg'
check "update" $oci update --memory 96m --pids-limit 32 one
check "update changes both" equal \
	"$(property $unit MemoryMax) $(file $group/memory.max) $(property $unit TasksMax) $(file $group/pids.max)" \
	"100663296 100663296 32 32"
check "pause" $oci pause one
check "it is frozen" grep -q "frozen 1" /sys/fs/cgroup/$group/cgroup.events
check "resume" $oci resume one
check "another container cannot have the unit" fails "StartTransientUnit: Unit t-one.scope" $oci create -b bundle two
check "the first one still lives" equal "$(property $unit ActiveState)" active
check "and runs" $oci exec one true
check "delete" $oci delete --force one
check "the scope is gone" gone $group
check "the other one left nothing" equal "$(ls /run/tinylua-oci)" ""

bundle kubepods-burstable.slice:cri:two ''
check "a nested slice" $oci create -b bundle two
check "its path" test -d /sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/cri-two.scope
check "a killed container" $oci kill two KILL
check "its scope ends by itself" eventually gone kubepods.slice/kubepods-burstable.slice/cri-two.scope
check "delete after that" $oci delete two

bundle '' '' '"org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.MemoryMax": "uint64 50000000",
	"org.systemd.property.SendSIGHUP": "true",
	"org.systemd.property.Documentation": "[\u0027man:tinylua(1)\u0027]"'
check "the default path" $oci create -b bundle three
unit=tinylua-oci-three.scope
check "annotations" equal \
	"$(property $unit TimeoutStopUSec) $(property $unit MemoryMax) $(property $unit SendSIGHUP) $(property $unit Documentation)" \
	"7s 50000000 yes \"man:tinylua(1)\""
check "delete it" $oci delete --force three

bundle a-b.slice:x:a-b-c.slice '"pids": { "limit": 9 }'
check "a slice" $oci create -b bundle four
check "its limits and process" equal "$(property a-b-c.slice TasksMax) $(file a.slice/a-b.slice/a-b-c.slice/pids.current)" "9 1"
check "delete the slice" $oci delete --force four
check "the slice is stopped" equal "$(property a-b-c.slice ActiveState)" inactive
check "its cgroup is gone" test ! -e /sys/fs/cgroup/a.slice/a-b.slice/a-b-c.slice

bundle system.slice:t:five '' '' ''
check "without a cgroup namespace" $oci run -d -b bundle five
check "it sees the whole path" eventually equal_file bundle/rootfs/cgroup "0::/system.slice/t-five.scope"
check "delete force" $oci delete --force five

# A runtime that is killed while it creates a container: `delete` removes what there is.
for delay in 0.05 0.1 0.15 0.2 0.3 0.5 0.8; do
	bundle system.slice:t:six '"pids": { "limit": 9 }'
	$oci create -b bundle six > /dev/null 2>&1 &
	sleep $delay
	kill -9 $! 2> /dev/null
	wait $! 2> /dev/null
	check "killed after $delay s" $oci delete --force six
	check "nothing is left after $delay s" eventually gone system.slice/t-six.scope
done

# The same while a hook runs, which is after the unit has started.
hooks='"createRuntime": [{ "path": "/bin/sleep", "args": ["sleep", "3"] }]'
bundle system.slice:t:seven ''
hooks=
$oci create -b bundle seven > /dev/null 2>&1 &
check "the scope exists during hooks" eventually test -d /sys/fs/cgroup/system.slice/t-seven.scope
check "and is in the journal" eventually grep -q cgroup_del /run/tinylua-oci/seven/undo.jsonl
kill -9 $!
wait $! 2> /dev/null
check "killed during hooks" $oci delete --force seven
check "nothing is left after the hooks" eventually gone system.slice/t-seven.scope

# What is refused.
for path in /no/unit a:b system:t:x; do
	bundle $path ''
	check "the path $path" fails "linux.cgroupsPath" $oci create -b bundle bad
done
bundle '' '' '"org.systemd.property.ExecStart": "{}"'
check "a value of another type" fails "annotations.org.systemd.property.ExecStart" $oci create -b bundle bad
bundle '' '' '"org.systemd.property.PIDs": "[1]"'
check "a property of the runtime" fails "annotations.org.systemd.property.PIDs" $oci create -b bundle bad
bundle '' '' '"org.systemd.property.NoSuchThing": "true"'
check "an unknown property" fails "NoSuchThing" $oci create -b bundle bad
check "nothing is left" equal "$(ls /run/tinylua-oci; ls -d /sys/fs/cgroup/system.slice/*.scope 2> /dev/null)" ""
