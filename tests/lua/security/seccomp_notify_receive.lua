-- seccomp_notify_receive, seccomp_notify_respond, seccomp_notify_valid, seccomp_notify_read: pending system calls are received, inspected and answered.
local check = require "check"

if not os.execute("perl -e 1 2>/dev/null") then check.skip("needs perl for bare system calls") end
local arm = tiny.probe().kernel.machine == "aarch64"
local MKDIRAT, AT_FDCWD = arm and 34 or 258, -100

-- A child under a filter that passes these calls to this process, and its listener, received over a socket.
local function start(names, command)
  local mine, theirs = tiny.socketpair()
  local child = tiny.fork(function()
    mine:close()
    tiny.no_new_privs()
    local listener = tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = names, action = "SCMP_ACT_NOTIFY" } } }
    tiny.send_fd(theirs, listener)
    tiny.exec(command)
  end)
  theirs:close()
  local listener = tiny.recv_fd(mine)
  mine:close()
  return child, listener
end

local function perl(code) return { "perl", "-e", code } end
local function wait_call(listener)
  check.equal(#tiny.poll({ listener }, "20s"), 1, "ready")
  return tiny.seccomp_notify_receive(listener)
end

-- Each answer to one call, made five times; the memory of a pointer argument is read.
local child, listener = start({ "mkdirat" }, perl(([[
  my $path = "/tmp/made";
  for (1..5) { $! = 0; my $r = syscall(%d, -100, $path, 0x30000 + 0700 + $_); print STDOUT ""; $all .= ($r == -1 ? "e" . ($!+0) : $r) . " " }
  exit($all eq "e1 7 0 e17 e13 " ? 0 : 9)]]):format(MKDIRAT)))
check.equal(tiny.seccomp_notify_valid(listener, 1), false)
local answers = { { error = "EPERM" }, { value = 7 }, { continue = true }, { continue = true }, { error = "EACCES" } }
for i, answer in ipairs(answers) do
  local call = wait_call(listener)
  check.equal(call.call, "mkdirat")
  check.equal(call.arch, arm and "arm64" or "amd64")
  check.equal(call.pid, child.pid)
  -- The caller may set any bits above those that the kernel uses.
  check.equal(call.args[1], AT_FDCWD & 0xffffffff)
  check.equal(call.args[3], tonumber("700", 8) + i)
  check.equal(#call.args, 6)
  check.equal(tiny.seccomp_notify_read(listener, call.id, { pid = call.pid, address = call.args[2] }), "/tmp/made")
  check.equal(tiny.seccomp_notify_read(listener, call.id, { pid = call.pid, address = call.args[2], length = 4 }), "/tmp")
  check.fails("ENAMETOOLONG", tiny.seccomp_notify_read, listener, call.id, { pid = call.pid, address = call.args[2], max = 4 })
  check.fails("EFAULT", tiny.seccomp_notify_read, listener, call.id, { pid = call.pid, address = 1 })
  check.fails("EFAULT", tiny.seccomp_notify_read, listener, call.id, { pid = call.pid, address = -8, length = 64 })
  check.equal(tiny.seccomp_notify_valid(listener, call.id), true)
  -- After an invalid answer the call still waits.
  local ONE = "an answer needs exactly one of value, error, continue = true and fd"
  check.refuses(ONE, tiny.seccomp_notify_respond, listener, call.id, {})
  check.refuses(ONE, tiny.seccomp_notify_respond, listener, call.id, { value = 0, continue = true })
  check.refuses('option "error": "EPREM" is not an errno such as "EPERM"', tiny.seccomp_notify_respond, listener, call.id, { error = "EPREM" })
  check.refuses('unknown option "contine"; did you mean "continue"?', tiny.seccomp_notify_respond, listener, call.id, { contine = true })
  check.refuses('option "length": 2097152 is more than 1m', tiny.seccomp_notify_read, listener, call.id, { pid = call.pid, address = 1, length = "2m" })
  check.equal(tiny.stat("/tmp/made") ~= nil, i > 3, "made by the kernel alone")
  check.equal(tiny.seccomp_notify_respond(listener, call.id, answer), true)
end
check.equal(child:wait(), 0)
check.equal(#tiny.poll({ listener }, "20s"), 1, "the end is told")
check.equal(tiny.seccomp_notify_receive(listener), nil)

-- A descriptor as the answer: the caller gets the file that was checked.
tiny.write_file("/tmp/secret", "secret")
tiny.write_file("/tmp/harmless", "harmless")
local opener, opens = start({ "openat" }, { "cat", "/tmp/secret" })
local seen = false
while true do
  -- Kernels before 6.11 report the end of a listener only when the process is reaped.
  local ready = tiny.poll({ opens, opener })
  if ready[1] == opener then break end
  local call = tiny.seccomp_notify_receive(opens)
  if call == nil then break end
  local path = call and tiny.seccomp_notify_read(opens, call.id, { pid = call.pid, address = call.args[2] })
  if path == "/tmp/secret" then
    seen = true
    local file <close> = tiny.open("/tmp/harmless")
    check.equal(tiny.seccomp_notify_respond(opens, call.id, { fd = file, cloexec = true }), true)
  elseif call then
    tiny.seccomp_notify_respond(opens, call.id, { continue = true })
  end
end
check.equal(seen, true)
check.equal(opener:wait(), 0)

-- A process that is killed while it waits: it needs no answer, and nothing waits.
local killed, dead = start({ "mkdirat" }, perl(('my $p = "/tmp/x"; syscall(%d, -100, $p, 0)'):format(MKDIRAT)))
local call = wait_call(dead)
tiny.kill(killed, "SIGKILL")
killed:wait()
check.equal(tiny.seccomp_notify_valid(dead, call.id), false)
check.equal(tiny.seccomp_notify_respond(dead, call.id, { value = 0 }), false)
check.equal(tiny.seccomp_notify_read(dead, call.id, { pid = call.pid, address = call.args[2] }), nil)
check.equal(tiny.seccomp_notify_receive(dead), nil)

-- When no process listens any more, the call fails with ENOSYS; so does a pending call.
local left, gone = start({ "mkdirat" }, perl(('my $p = "/tmp/x"; syscall(%d, -100, $p, 0); exit($!+0)'):format(MKDIRAT)))
wait_call(gone)
gone:close()
check.equal(left:wait(), 38)

check.inside({}, function()
  tiny.no_new_privs()
  local profile = { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "mkdirat" }, action = "SCMP_ACT_NOTIFY" } } }
  local mine = tiny.seccomp(tiny.seccomp_compile(profile, { notify = true }))
  check.equal(tiny.seccomp_notify_receive(mine), false, "nothing waits")
  check.equal(check.fails("EBUSY", tiny.seccomp, profile).hint, "a process can have one listener: put all rules with SCMP_ACT_NOTIFY into one filter")
end)
check.refuses("profile.syscalls[1].action: SCMP_ACT_NOTIFY needs a supervisor that answers the calls", tiny.seccomp_compile,
  { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "mkdirat" }, action = "SCMP_ACT_NOTIFY" } } })
local file <close> = tiny.open("/dev/null")
for _, f in ipairs { tiny.seccomp_notify_valid, tiny.seccomp_notify_respond } do
  check.equal(check.fails("ENOTTY", f, file, 1, f == tiny.seccomp_notify_respond and { value = 0 } or nil).hint, "the file is not a seccomp listener")
end
