# shellcheck shell=sh disable=SC2154
# Checks as an ordinary user with a systemd of its own (manager.service), sourced by `checks`.
mkdir -p /run/programs
cp /run/work/tinylua-oci /run/programs/
chmod 755 /run/programs/tinylua-oci
rm -f bundle/rootfs/cgroup
chown -R nobody bundle/rootfs
nobody="setpriv --reuid nobody --regid nogroup --clear-groups env"
theirs="$nobody XDG_RUNTIME_DIR=/run/user"
# The runtime as this user, in a cgroup below that of the user's systemd. `variables` changes its environment.
user() (
	echo "$(exec sh -c 'echo $PPID')" > "/sys/fs/cgroup$top/checks/cgroup.procs"
	exec $nobody $variables /run/programs/tinylua-oci --systemd-cgroup --root /run/user/containers "$@"
)
property() { $theirs systemctl --user show --value -p "$2" "$1"; }

mapped=', { "type": "cgroup" }, { "type": "user" }], "uidMappings": [{ "containerID": 0, "hostID": 65534, "size": 1 }],
	"gidMappings": [{ "containerID": 0, "hostID": 65534, "size": 1 }'
top=$($theirs systemctl --user show --value -p ControlGroup)
mkdir "/sys/fs/cgroup$top/checks"
# Its own socket, or the message bus.
for way in private bus; do
	variables=XDG_RUNTIME_DIR=/run/user
	if [ $way = bus ]; then
		check "a bus runs" eventually $theirs busctl --user status org.freedesktop.systemd1
		variables="-u XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/bus"
	fi
	rm -f bundle/rootfs/cgroup
	bundle '' '"memory": { "limit": 67108864 }, "pids": { "limit": 64 }' '' "$mapped"
	unit=tinylua-oci-mine.scope group=${top#/}/user.slice/tinylua-oci-mine.scope
	check "$way: create" user create -b bundle mine
	check "$way: the scope is the user's" equal "$(property $unit ActiveState) $(property $unit ControlGroup)" "active /$group"
	check "$way: limits" equal "$(property $unit MemoryMax) $(file "$group/memory.max") $(file "$group/pids.max")" "67108864 67108864 64"
	check "$way: start" user start mine
	check "$way: its cgroup namespace" eventually equal_file bundle/rootfs/cgroup "0::/"
	check "$way: exec" user exec mine sh -c 'read line < /proc/self/cgroup; [ "$line" = 0::/ ]'
	check "$way: update" user update --pids-limit 32 mine
	check "$way: updated" equal "$(property $unit TasksMax) $(file "$group/pids.max")" "32 32"
	check "$way: delete" user delete --force mine
	check "$way: it is gone" gone "$group"
done
