-- The text of a policy: many files are merged into their directory, paths below an allowed directory are omitted, and
-- the text is Lua with the same meaning.
local check = require "check"
local policy = require "tiny.spec.policy"

local function shown(paths)
  local lines = {}
  for path, rights in pairs(policy.gather(paths)) do
    local letters = {}
    for letter in pairs(rights) do table.insert(letters, letter) end
    table.sort(letters)
    table.insert(lines, path .. "=" .. table.concat(letters))
  end
  table.sort(lines)
  return table.concat(lines, " ")
end
local function files(folder, count, rights)
  local paths = {}
  for i = 1, count do paths[("%s/%d"):format(folder, i)] = rights or { r = true } end
  return paths
end
check.equal(shown(files("/lib", 3)), "/lib/1=r /lib/2=r /lib/3=r")
check.equal(shown(files("/lib", 9)), "/lib=r")
check.equal(shown(files("/lib/a", 9)), "/lib/a=r")
local deep = files("/usr/lib/python/x", 5)
for path, rights in pairs(files("/usr/lib/python/y", 5)) do deep[path] = rights end
check.equal(shown(deep), "/usr/lib/python=r")
-- Paths that are written or executed stay separate.
check.equal(#shown(files("/bin", 9, { r = true, x = true })), #"/bin/1=rx " * 9 - 1)
check.equal(shown { ["/a"] = { list = true }, ["/a/b"] = { list = true }, ["/a/b/c"] = { r = true } }, "/a/b/c=r /a=list")
-- A directory that a longer list makes readable is kept, although listing its names is allowed by a parent.
deep["/usr/lib/python"], deep["/"] = { list = true }, { list = true }
check.equal(shown(deep), "/=list /usr/lib/python=listr")
check.equal(shown { ["/"] = { list = true }, ["/a"] = { w = true }, ["/a/b"] = { w = true, r = true } }, "/=list /a/b=rw /a=w")

-- The system calls for exit and signals are always allowed.
do
  local made = load(policy.text { calls = { write = true }, caps = {}, paths = {}, bind = {}, connect = {}, command = "true" })()
  check.equal(table.concat(made.seccomp.allow, " "), "exit exit_group restart_syscall rt_sigreturn write")
end

-- An output that is not a regular file stays what it is, before the run and after it.
tiny.mknod("/tmp/null", "char", { major = 1, minor = 3 })
tiny.symlink("/tmp/null", "/tmp/link")
for _, path in ipairs { "/tmp/null", "/tmp/link", "/tmp" } do
  check.run_refused(('seccomp: learn: "%s" exists and is not a regular file\n  hint: name a file for the policy'):format(path), "--learn", path, "true")
  local _, err = tiny.try(policy.write, path, { ctx = { spec = { command = { "x" } } } })
  check.equal(err and err.message, ('learn: "%s" exists and is not a regular file'):format(path))
end
check.equal(tiny.stat("/tmp/null").kind .. tiny.readlink("/tmp/link"), "char/tmp/null")

local text = policy.text {
  command = "x\n]] os.exit() --", calls = { read = true }, paths = { ['/odd"]=1,\n["x'] = { r = true } }, caps = { CAP_CHOWN = true }, bind = { [80] = true }, connect = {},
}
local made = load(text, "=policy", "t", {})()
check.equal(made.cap_add[1], "CHOWN")
check.equal(made.landlock.paths['/odd"]=1,\n["x'], "r")
check.equal(made.landlock.tcp_bind[1], 80)

-- A container can invent names: only a bounded number is stored.
local learner = require("tiny.supervisor.learn").new { process = tiny.pidfd_open(tiny.getpid()), spec = { seccomp = { learn = "/tmp/p" } } }
for i = 1, 20010 do learner:changed("/tmp/" .. i, true) end
local kept = 0
for _ in pairs(learner.made) do kept = kept + 1 end
check.equal(kept, 20000)

-- A policy is data, whoever its author is: it calls nothing, writes nothing, and must be text.
local DATA = "\n  hint: the file may contain only data: tables, strings, numbers, true, false and nil; use a recipe for code"
for source, want in pairs {
  ['os.execute("touch /tmp/out") return {}'] = '/tmp/p.lua:1:1: expected a value, got "os"' .. DATA,
  ['return { cap_add = tiny.read_file("/etc/shadow") }'] = '/tmp/p.lua:1:20: expected a value, got "tiny"' .. DATA,
  ['return { seccomp = { learn = "/tmp/out" } }'] = "/tmp/p.lua: seccomp.learn is not allowed in a policy, because it writes a file\n  hint: use run --learn FILE",
  ["return nil"] = "/tmp/p.lua: not a policy\n  hint: a policy is a table, such as run --learn writes",
  ["return {"] = "/tmp/p.lua:1:9: expected a value, got the end of the file" .. DATA,
} do
  tiny.write_file("/tmp/p.lua", source)
  check.run_refused(want, "--policy", "/tmp/p.lua", "true")
  check.equal(tiny.stat("/tmp/out"), nil)
end
check.run_refused('--policy: no such file: "/tmp/none.lua"\n  hint: create one with run --learn', "--policy", "/tmp/none.lua", "true")
-- The learned policy is read back with the same meaning.
tiny.write_file("/tmp/p.lua", text)
local read = policy.read("/tmp/p.lua")
check.equal(read.landlock.paths['/odd"]=1,\n["x'], "r")
check.equal(tiny.show(read), tiny.show(made))
