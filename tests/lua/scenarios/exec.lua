-- exec: nothing of the container is run or loaded before the program, nothing of the host leaks in, and a container
-- that cannot be entered is reported.
local check = require "check"

local refused = check.refused

check.succeeds("run", "-d", "--name", "c", "sleep", "1000")

-- The program has the three standard streams and no other descriptor of tinylua.
check.equal(check.succeeds("exec", "c", "sh", "-c", "echo /proc/self/fd/*"), "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n")
check.equal(check.succeeds("exec", "c", "readlink", "/proc/self/fd/0"), "/dev/null\n")
-- It is in the container's namespaces and cgroup, with no new privileges.
for _, kind in ipairs { "mnt", "pid", "uts", "ipc", "net", "cgroup" } do
  local pid = tiny.json_decode(check.succeeds("inspect", "c"))
  pid = (pid[1] or pid).state.pid
  check.equal(check.succeeds("exec", "c", "readlink", "/proc/self/ns/" .. kind), tiny.readlink(("/proc/%d/ns/%s"):format(pid, kind)) .. "\n")
end
assert(check.succeeds("exec", "c", "cat", "/proc/self/status"):match("NoNewPrivs:%s*1"))
-- It is the leader of a new session: the caller's terminal is not its controlling terminal (TIOCSTI).
local session, leader = check.succeeds("exec", "c", "sh", "-c", "cut -d ' ' -f 6 /proc/$$/stat; echo $$"):match("^(%d+)\n(%d+)\n$")
check.equal(session, leader, "the session of a program")

-- A module in the container's tree is not run by tinylua, even if the host has such a directory too. /etc is the
-- machine's: files created there stay in an overlay.
for _, folder in ipairs { "etc-upper", "etc-work" } do tiny.mkdir(folder) end
local etc = tiny.mount_overlay("/etc", { lower = { "/etc" }, upper = "etc-upper", work = "etc-work" })
tiny.mkdir("/etc/tinylua/lua/tiny", { parents = true })
check.succeeds("exec", "c", "sh", "-c", [[
  for d in /etc/tinylua /root/.config/tinylua; do mkdir -p $d/lua/tiny/pipeline
    for m in pipeline/users pipeline/terminal format; do echo 'io.stderr:write("PLANTED\n") return {}' >$d/lua/tiny/$m.lua; done; done]])
for _, words in ipairs { { "-u", "nobody", "c", "id", "-u" }, { "c", "true" }, { "-u", "no-such", "c", "true" } } do
  local result = check.run { "exec", table.unpack(words) }
  assert(not (result.out .. result.err):match("PLANTED"), result.err)
end
check.equal(check.succeeds("exec", "-u", "nobody", "c", "id", "-un"), "nobody\n")
etc:close()
-- The same if a recipe itself enters a root.
tiny.mkdir("/tree/etc/tinylua/lua/tiny/pipeline", { parents = true })
tiny.write_file("/tree/etc/tinylua/lua/tiny/pipeline/users.lua", 'error "PLANTED"')
tiny.write_file("r.lua", 'tiny.chroot("/tree") assert(require("tiny.pipeline.users").lookup)')
check.succeeds("run", "r.lua")

-- A background program holds nothing of the caller's.
local left = check.run { "exec", "-d", "c", "sleep", "100" }
check.equal(left.status, 0)

check.equal(check.run({ "exec", "c", "no-such-program" }).status, 127)
check.equal(check.run({ "exec", "c", "/etc" }).status, 126)
check.succeeds("pause", "c")
refused("c is paused\n  hint: tinylua unpause c", "exec", "c", "true")
check.succeeds("unpause", "c")
check.succeeds("stop", "-t", "0", "c")
refused("c is not running\n  hint: tinylua start c", "exec", "c", "true")
refused("c is not running\n  hint: tinylua start c", "attach", "c")
check.succeeds("rm", "c")
refused('no such container: "c"\n  hint: `tinylua ps -a` lists them', "exec", "c", "true")
check.no_container()
