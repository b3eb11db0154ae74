-- Without subordinate ids: only the user's own id is mapped, the store is in the XDG directories, and doctor prints the
-- commands that add the ranges.
local check = require "check"
local user = require("ordinary").make { subids = false, delegated = false }

check.equal(check.succeeds("run", "--rm", "sh", "-c", "tr -s ' ' </proc/self/uid_map; id -u; cat /proc/self/setgroups"), " 0 4242 1\n0\ndeny\n")
local other = check.run { "run", "--rm", "-u", "1000", "true" }
check.equal(other.status, 125)
assert(other.err:find("hint: the id is not mapped in this user namespace", 1, true), other.err)
check.succeeds("run", "-d", "--name", "web", "sleep", "60")
check.equal(check.succeeds("exec", "web", "id", "-u"), "0\n")
check.succeeds("rm", "-f", "web")
check.no_container()

-- tinylua without --root, in these directories.
local function plain(environment, ...)
  local from, into = tiny.pipe()
  local words = { ... }
  local child <close> = check.start(function()
    tiny.dup2(into, 1)
    tiny.dup2(into, 2)
    environment.PATH = os.getenv("PATH")
    tiny.exec { env = environment, "/proc/self/exe", table.unpack(words) }
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  return child:wait(), text
end

tiny.mkdir("/tmp/ordinary/run", { mode = tonumber("700", 8) })
tiny.chown("/tmp/ordinary/run", { uid = user.uid, gid = user.uid })
check.equal(plain({ HOME = user.home, XDG_RUNTIME_DIR = user.home .. "/run" }, "run", "--name", "kept", "true"), 0)
assert(tiny.stat(user.home .. "/.local/share/tinylua/names/kept"), "the store")
assert(tiny.stat(user.home .. "/run/tinylua"), "the run folder")
check.equal(plain({ HOME = user.home, XDG_DATA_HOME = user.home .. "/data", XDG_RUNTIME_DIR = user.home .. "/run" }, "create", "--name", "other", "true"), 0)
assert(tiny.stat(user.home .. "/data/tinylua/names/other"), "XDG_DATA_HOME")

-- A directory in /tmp that another user created first is not used.
tiny.mkdir("/tmp/tinylua-4242", { mode = tonumber("777", 8) })
local status, said = plain({ HOME = user.home }, "run", "true")
check.equal(status, 125)
check.equal(said, "tinylua: /tmp/tinylua-4242 is not a directory that only you can change\n  hint: set XDG_RUNTIME_DIR to one, or remove it\n")
tiny.remove("/tmp/tinylua-4242")
check.equal(plain({ HOME = user.home }, "run", "--rm", "true"), 0)
check.equal(tiny.stat("/tmp/tinylua-4242").uid, user.uid)

-- doctor.
local findings = {}
local _, json = plain({ HOME = user.home }, "doctor", "--format", "json")
for _, finding in ipairs(tiny.json_decode(json).findings) do findings[finding.name] = finding end
check.equal(findings.privileges.state, "ok")
check.equal(findings["subuid ranges"].state, "missing")
assert(findings["subuid ranges"].fix:match("^as root: usermod %-%-add%-subuids %d+%-%d+ %-%-add%-subgids %d+%-%d+ ordinary$"), findings["subuid ranges"].fix)
check.equal(findings["delegated cgroup"].state, "missing")
assert(findings["delegated cgroup"].fix:find("systemd-run --user --scope -p Delegate=yes tinylua", 1, true))
check.equal(findings["XDG_RUNTIME_DIR"].state, "missing")
assert(not findings.nftables, "what only root's networks need")
