-- exec: the program has its arguments, its environment, descriptors 0 to 2 and default signals.
local check = require "check"

-- Runs the program in a child; returns its output and its status.
local function output(program)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec(program)
  end)
  into:close()
  local text, part = "", from:read()
  while part do text, part = text .. part, from:read() end
  return text, child:wait()
end

check.equal(output { "/bin/echo", "a b", "", "$HOME" }, "a b  $HOME\n")
check.equal(output { "env", env = { GREETING = "hello" } }, "GREETING=hello\n", "the environment, whole")
check.equal(output { "sh", "-c", "exit 9" }, "")
check.equal(select(2, output { "sh", "-c", "exit 9" }), 9)
assert(output({ "env" }):match("PATH="), "the caller's environment is the default")

-- The program does not see any descriptor that is open here, even without close-on-exec.
local leaks = {}
for i = 1, 20 do leaks[i] = io.open("/proc/self/stat") end
local web <close> = tiny.netns()
local function descriptors(keep)
  return (output({ "sh", "-c", "ls /proc/$$/fd; :", keep_fds = keep }):gsub("\n", " "))
end
check.equal(descriptors(), "0 1 2 ", "open descriptors")
local _, kept = descriptors(200):gsub("%d+", "")
assert(kept >= 23, "keep_fds: those without close-on-exec stay")

-- Signals have their default actions (Rust ignores SIGPIPE) and none is blocked. `nohup` ignores SIGHUP for its
-- program.
local program = ("/proc/%d/exe"):format(tiny.getpid())
local from, into = tiny.pipe()
local ignoring <close> = tiny.fork(function()
  tiny.dup2(into, 1)
  local again = [[tiny.exec { "cat", "/proc/self/status" }]]
  tiny.write_file("/tmp/again.lua", again)
  tiny.exec { "nohup", program, "run", "/tmp/again.lua" }
end)
into:close()
check.equal(ignoring:wait(), 0)
local status = from:read()
for _, set in ipairs { "SigBlk", "SigIgn", "SigCgt" } do
  local bits = tonumber(status:match(set .. ":%s+(%x+)"), 16)
  -- The C library of cat(1) may handle 32 and 33, which it reserves.
  if set == "SigCgt" then bits = bits & ~(3 << 31) end
  check.equal(("%x"):format(bits), "0", set)
end
check.equal(output { "sh", "-c", "yes | head -n 1" }, "y\n")

-- A variable that the program would see under another name, and strings that the kernel would end early.
for name, why in pairs { [""] = '"" is not the name of a variable', ["A=B"] = '"A=B" is not the name of a variable' } do
  check.refuses('option "env": ' .. why, tiny.exec, { "true", env = { [name] = "x" } })
end
check.refuses([[option "env": "A": "x\0y" has a NUL byte]], tiny.exec, { "true", env = { A = "x\0y" } })
check.refuses([=[[2]: "x\0y" has a NUL byte (the program, looked up in PATH unless it contains a slash, and its arguments)]=], tiny.exec, { "true", "x\0y" })

-- If the program is refused, the process is unchanged: the error is thrown here, SIGPIPE stays ignored.
local err = check.fails("ENOENT", tiny.exec, { "/no/such/program" })
check.equal(err.path, "/no/such/program")
err = check.fails("ENOENT", tiny.exec, { "nonesuch", env = { PATH = "/bin:/sbin" } })
assert(err.message:match("%(not in PATH=/bin:/sbin%)"), err.message)
check.fails("EACCES", tiny.exec, { "/etc/passwd" })
check.fails("EACCES", tiny.exec, { "/etc" })
tiny.write_file("/tmp/plain", "no program\n", { mode = 493 })
check.fails("ENOEXEC", tiny.exec, { "/tmp/plain" })
tiny.write_file("/tmp/script", "#!/no/such/shell\n", { mode = 493 })
err = check.fails("ENOENT", tiny.exec, { "/tmp/script" })
assert(err.message:match("its interpreter or dynamic loader does not"), err.message)
from, into = tiny.pipe()
from:close()
check.fails("EPIPE", into.write, into, "x")

-- `last` is called when everything else is done: SIGPIPE has its default action, and what it throws is the error.
tiny.try(tiny.exec, { "/no/such/program", last = function()
  check.equal(tiny.read_file("/proc/self/status"):match "SigIgn:%s*0*(%x*)", "", "no signal is ignored")
end })
local _, thrown = tiny.try(tiny.exec, { "/bin/true", last = function() tiny.fail "not now" end })
check.equal(thrown.message, "not now")

for _, program in ipairs { {}, { "" }, { "", "x" } } do check.refuses("no program given: exec { \"/bin/sh\" }", tiny.exec, program) end
check.refuses("[1]: expected string, got true (the program, looked up in PATH unless it contains a slash, and its arguments)", tiny.exec, { true })
check.refuses("a list goes from 1 on without holes; [2] is nil and [3] is not", tiny.exec, { "rm", nil, "x" })
check.refuses('option "keep_fds": -1 is not an integer from 0 to 2147483644', tiny.exec, { "true", keep_fds = -1 })
check.refuses('unknown option "environ"; did you mean "env"?', tiny.exec, { "true", environ = {} })
check.refuses('option "env": "A": expected string, got 1', tiny.exec, { "true", env = { A = 1 } })
