-- A recipe's functions answer system calls, for the container's program and for programs started by exec; a list of
-- calls denies the others and reports their names; if no supervisor answers, a call fails.
local check = require "check"

local function recipe(text)
  tiny.write_file("notify.lua", 'return require("tiny.container").new { name = "n", ' .. text .. " }")
  return "/tmp/notify.lua"
end
local MKDIR = [[notify = { mkdir = function(call)
    local path = call.path(1)
    print("asked for " .. path .. " " .. call.name .. " " .. #call.args)
    if path == "/tmp/full" then return call.deny("ENOSPC") end
    if path == "/tmp/lie" then return call.value(0) end
    if path == "/tmp/throw" then error("thrown on purpose") end
    if path == "/tmp/odd" then return "yes" end
    if path == "/tmp/nothing" then return end
    return call.continue()
  end }]]

-- perl has mkdir(2) on every architecture that has it.
if tiny.probe().kernel.machine ~= "x86_64" then check.skip("mkdir is another call here") end
local SCRIPT = [[cd /tmp; for p in ok full lie throw odd nothing x/../rel; do mkdir $p 2>/dev/null; echo "$p $? $([ -d $p ] && echo there)"; done]]
local WANT = "ok 0 there\nfull 1 \nlie 0 \nthrow 1 \nodd 1 \nnothing 1 \nx/../rel 1 \n"
for _, more in ipairs { "", "init = true," } do
  local path = recipe(more .. "seccomp = { " .. MKDIR .. " }, command = [[" .. SCRIPT .. "]]")
  local ran = check.run { "run", "--rm", path }
  check.equal(ran.status, 0, ran.err)
  local asked = {}
  for line in ran.out:gmatch("[^\n]+") do
    if line:match("^asked") then table.insert(asked, line) end
  end
  check.equal(table.concat(asked, "\n"), "asked for /tmp/ok mkdir 6\nasked for /tmp/full mkdir 6\nasked for /tmp/lie mkdir 6\nasked for /tmp/throw mkdir 6\n"
    .. "asked for /tmp/odd mkdir 6\nasked for /tmp/nothing mkdir 6\nasked for /tmp/rel mkdir 6")
  check.equal((ran.out:gsub("asked[^\n]+\n", "")), WANT)
  assert(ran.err:find("tinylua: n: seccomp.notify.mkdir: /tmp/notify.lua:6: thrown on purpose\n", 1, true), ran.err)
  assert(ran.err:find('tinylua: n: seccomp.notify.mkdir returned "yes", which is not an answer\n', 1, true), ran.err)
  assert(ran.err:find("tinylua: n: seccomp.notify.mkdir returned nil, which is not an answer\n", 1, true), ran.err)
  check.equal(select(2, ran.err:gsub("not an answer", "")), 2, "an error is reported once")
end
check.no_container()

-- exec gets the same answers from the same supervisor, whose functions keep their state; so do health checks.
local counting = [[seccomp = { notify = { mkdir = (function() local n = 0 return function(call) n = n + 1 return call.value(0), print("asked", n, call.text(1)) end end)() } }]]
local started = check.succeeds("run", "-d", recipe(counting .. [[, command = "mkdir /tmp/first; touch /tmp/ready; sleep 1000",
  health = { command = "mkdir /tmp/health; [ ! -d /tmp/health ]", interval = "200ms", retries = 1 } ]]))
check.equal(check.succeeds("exec", "n", "sh", "-c", "mkdir /tmp/second; echo $?; [ -d /tmp/second ] || echo no"), "0\nno\n")
check.equal(check.run({ "exec", "n", "no-such-program" }).status, 127)
local function healthy() return tiny.json_decode(check.succeeds("inspect", "n"))[1].state.health end
local news <close> = tiny.watch { check.root .. "/containers" .. "/" .. tiny.list_dir(check.root .. "/containers")[1] }
while healthy() == "starting" do tiny.poll({ news }, "20s") news:changes() end
check.equal(healthy(), "healthy")
local log = tiny.read_file(check.root .. "/containers/" .. tiny.list_dir(check.root .. "/containers")[1] .. "/supervisor.log")
-- The command prints what is said while the container starts; its program may be that fast.
assert((started .. log):find("asked\t%d+\t/tmp/first"), started .. log)
assert(log:find("asked\t%d+\t/tmp/second"), log)

-- Its supervisor dies: the calls that it would have answered fail with ENOSYS. The next one answers for programs
-- started by exec.
local state = tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. tiny.list_dir(check.root .. "/containers")[1] .. "/state.json"))
local supervisor <close> = tiny.pidfd_open(state.supervisor.pid)
tiny.kill(supervisor, "SIGKILL")
tiny.poll { supervisor }
check.succeeds("ps")
check.equal(check.succeeds("exec", "n", "sh", "-c", "mkdir /tmp/third; echo $?; [ -d /tmp/third ] || echo no"), "0\nno\n")
check.succeeds("rm", "-f", "n")
local dying = recipe([[seccomp = { notify = { mkdir = function(call) return call.value(0) end } },
  command = "touch /tmp/in/up; cat /tmp/in/fifo; mkdir /tmp/x 2>/tmp/in/said", volumes = { "/tmp/in:/tmp/in" } ]])
tiny.mkdir("/tmp/in")
os.execute("mkfifo /tmp/in/fifo")
check.succeeds("run", "-d", dying)
local id = tiny.list_dir(check.root .. "/containers")[1]
state = tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. id .. "/state.json"))
local second <close> = tiny.pidfd_open(state.supervisor.pid)
tiny.kill(second, "SIGKILL")
tiny.poll { second }
os.execute("echo go >/tmp/in/fifo")
check.run { "wait", "n" }
check.equal(tiny.read_file("/tmp/in/said"), "mkdir: cannot create directory '/tmp/x': Function not implemented\n")
check.succeeds("rm", "n")

-- Only listed calls: the others are denied and reported once.
local LIST = [[{ "access", "arch_prctl", "brk", "clone", "clone3", "close", "dup2", "dup3", "execve", "exit", "exit_group", "fadvise64", "fcntl", "fstat",
  "getcwd", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "getuid", "ioctl", "lseek", "mmap", "mprotect", "munmap", "newfstatat",
  "openat", "pipe", "pipe2", "poll", "pread64", "prlimit64", "prctl", "read", "readlink", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sendfile",
  "set_robust_list", "set_tid_address", "stat", "futex", "uname", "vfork", "wait4", "write", "writev", "sysinfo", "faccessat", "faccessat2", "statfs", "lstat" }]]
local listed = check.run { "run", "--rm", recipe("seccomp = { allow = " .. LIST .. " }, command = [[echo hi; mkdir /tmp/x 2>&1; mkdir /tmp/y 2>&1; true]]") }
check.equal(listed.status, 0, listed.err)
check.equal(listed.out, "hi\nmkdir: cannot create directory '/tmp/x': Operation not permitted\nmkdir: cannot create directory '/tmp/y': Operation not permitted\n")
local named, times = listed.err:gsub("tinylua: n: denied mkdir, which is not an allowed system call %(pid %d+%)\n", "")
check.equal(times, 1, listed.err)

-- Invalid specifications.
local function refused(seccomp, text)
  local ran = check.run { "run", "--rm", recipe("seccomp = " .. seccomp .. ', command = "true"') }
  check.equal(ran.status, 125)
  assert(ran.err:find(text, 1, true), ran.err)
  check.no_container()
end
refused("{}", "seccomp: allow, notify or learn is required")
refused('{ notifi = {} }', 'seccomp: unknown key "notifi"; did you mean "notify"?')
refused('{ notify = { mkdri = print } }', 'seccomp: notify: [1]: there is no system call "mkdri"; did you mean "mkdir"?')
refused('{ allow = { "read", "wrte" } }', 'seccomp: allow: [2]: there is no system call "wrte"; did you mean "write"?')
refused('{ notify = { mkdir = true } }', "seccomp: notify: expected a table of functions, got { mkdir = true }")
refused('{ notify = { sendmsg = print } }', "seccomp: notify: sendmsg cannot be answered, since it sends the listener")
refused('{ learn = "x", allow = {} }', "seccomp: learn cannot be combined with allow or notify")
refused('{ notify = { mkdir = print } }, security_opt = { "no-new-privileges:false" }', "seccomp needs no_new_privs")
refused('nil, landlock = { tcp_bind = { 1 } }, privileged = true', "landlock needs no_new_privs")
refused('nil, landlock = { tcp_bnd = { 1 } }', 'landlock: unknown option "tcp_bnd"; did you mean "tcp_bind"?')

-- Landlock as a key, for exec too; a wider list of files does not help a program with a narrower one.
if tiny.probe().security.landlock < 2 then return end
check.succeeds("run", "-d", recipe([[landlock = { strict = false, paths = { ["/"] = "rx", ["/dev"] = "rw", ["/var"] = "rw" } },
  command = "(: >/tmp/x) 2>/dev/null || echo no >/var/answer; sleep 1000"]]))
check.equal(check.succeeds("exec", "n", "sh", "-c", "(: >/tmp/x) 2>/dev/null || echo no; : >/var/y && echo yes"), "no\nyes\n")
check.succeeds("rm", "-f", "n")
check.no_container()
