-- run --step: a user at a terminal is asked before each step, in the host's process and in the child, and can inspect,
-- list, open a shell in the child, continue, and abort, which leaves nothing behind.
local check = require "check"
local sit = require "person"

check.environment = { TERM = "xterm", NO_COLOR = "1", PATH = os.getenv("PATH"), HOME = "/tmp" }
tiny.write_file("/tmp/hand.lua", [[
local br <close> = tiny.bridge("tdstep", { addr = "10.10.77.1/24" })
local child <close> = tiny.clone({ pid = true, mount = true, uts = true }, function()
  tiny.sethostname("stepped")
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt", { size = "1m" })
  tiny.exec { "sh", "-c", "echo ended in $(hostname)" }
end)
local status = child:wait()
assert(tiny.stat("/tmp"))
return status
]])
local function links()
  local names = {}
  for _, link in ipairs(tiny.links()) do names[#names + 1] = link.name end
  return table.concat(names, " ")
end
local before = links()

-- All the way: each step is shown before it is done, with its line in a frame; calls that only read are not steps.
local one = sit("run", "--step", "/tmp/hand.lua")
one:sees("── host %d+ ── /tmp/hand.lua:1\r\n  >    1 │ local br <close> = [^\r]*\r\n       2 │ local child")
one:sees('  bridge%("tdstep", { addr = "10.10.77.1/24" }%)\r\n  done so far: 0\r\n%(step%) ')
check.equal(links(), before, "not yet")
one:type("\n")
one:sees('clone%({ mount = true, pid = true, uts = true }%)\r\n  done so far: 1\r\n%(step%) ')
assert(links():find("tdstep"), links())
one:type("u nosuchcall\n")
one:sees("no such primitive: nosuchcall\r\n%(step%) ")
one:type("u mount_tmsp\n")
one:sees("did you mean mount_tmpfs%?\r\n%(step%) ")
one:type("what\n")
one:sees("c          continue.*%(step%) ")
one:type("u mount_tmpfs\n")
one:sees('── child 1 ── /tmp/hand.lua:5\r\n.*\r\n  mount_tmpfs%("/mnt", { size = "1m" }%)\r\n  done so far: 2\r\n%(step%) ')
one:type("l\n")
one:sees('\r\n  sethostname%("stepped"%)\r\n  mount_private%("/"%)\r\n%(step%) ')
one:type("i\n")
one:sees("this process\r\n.*Namespaces\r\n.*uts +own .*ipc +host's .*Mounts.*%(step%) ")
-- A shell is where the child is, by then without its mount.
one:type("s\n")
one:sees("%(stepping%) # ")
one:type("echo $(hostname)-$(stat -f -c %T /mnt)-$$\n")
assert(one:sees("stepped%-(%S+)%-2\r\n.*%(stepping%) # ") ~= "tmpfs", "not yet mounted")
one:type("sh -c 'echo g\\o; exec sleep 100'\n")
one:sees("go\r\n")
one:type("\3")
one:sees("%(stepping%) # ")
one:type("exit\n")
one:sees("%(step%) ")
-- By its name: the host's next call waits for the terminal too.
one:type("u exec\n")
one:sees("  exec%(.*%(step%) ")
one:type("c\n")
one:sees("ended in stepped\r\n")
check.equal(one:leaves(), 0, "status")
check.equal(links(), before, "undone")

-- Aborting in the child and on the host, by command, by Ctrl-D and by Ctrl-C: everything is undone.
for _, how in ipairs { { "n\nn\n", "sethostname", "a\n" }, { "n\n", "clone", "\4" }, { "u sethostname\n", "sethostname", "\3" } } do
  local two = sit("run", "--step", "/tmp/hand.lua")
  two:sees("%(step%) ")
  two:type(how[1])
  if how[2] == "sethostname" and how[1] == "n\nn\n" then
    -- Two processes need the terminal: the one that has it prompts, the other waits.
    two:sees("── host %d+ ── /tmp/hand.lua:2")
    two:sees("%(step%) .*%(step%) ")
  else
    two:sees("  " .. how[2] .. "%(.*%(step%) ")
  end
  two:type(how[3])
  two:sees("/tmp/hand.lua:%d: stopped before [%w_]+%(.*, as requested at the terminal\r\n")
  check.equal(two:leaves(), 130, how[2])
  check.equal(links(), before, "undone after " .. how[2])
end

-- break_before: the first stop, as the recipe sets it; the container's steps have their names.
tiny.write_file("/tmp/web.lua", [[
return require("tiny.container").new { name = "web", command = "echo in $(hostname)", hostname = "h1", memory = "64m",
  break_before = "pivot_root",
  before = { exec = function() tiny.setrlimit("nofile", 256) end },
}
]])
local three = sit("run", "--rm", "--step", "/tmp/web.lua")
three:sees("── child 1, step mounts ── lua/tiny/container.lua:%d+\r\n")
three:sees("  > +%d+ │ +tiny.pivot_root%(ctx.root%)\r\n.*  pivot_root%(<dir [^\r]*\r\n.*%(step%) ")
three:type("n\n")
three:sees("  requested at /tmp/web.lua:1: return [^\r]*\r\n  sethostname%(\"h1\"%)\r\n.*%(step%) ")
three:type("u setrlimit\n")
three:sees("step exec ── /tmp/web.lua:3\r\n.*%(step%) ")
three:type("c\n")
three:sees("in h1\r\n")
check.equal(three:leaves(), 0, "status")
check.no_container()
local four = sit("run", "--step", "/tmp/web.lua")
four:sees("  pivot_root%(.*%(step%) ")
four:type("abort\n")
four:sees("/tmp/web.lua[^\r]*: step mounts: stopped before pivot_root")
check.equal(four:leaves(), 130, "status")
check.no_container()
-- Wherever the creation of a container is aborted, nothing of it is left; once it runs, its supervisor does not ask.
tiny.write_file("/tmp/plain.lua", 'return require("tiny.container").new { command = "true", init = true }')
for _, op in ipairs { "mknod", "cgroup", "clone", "mount_overlay", "pivot_root", "set_caps", "fork", "exec" } do
  local gone = sit("run", "--step", "/tmp/plain.lua")
  gone:sees("%(step%) ")
  gone:type("u " .. op .. "\n")
  -- The very first call is a mknod itself: this is the next one.
  gone:sees("\n  " .. op .. "%(.*%(step%) ")
  gone:type("a\n")
  gone:sees("stopped before " .. op .. "%(")
  check.equal(gone:leaves(), 130, op)
  check.no_container()
end
local runs = sit("run", "--rm", "--step", "/tmp/plain.lua")
runs:sees("%(step%) ")
runs:type("u exec\n")
runs:sees("\n  exec%(.*%(step%) ")
runs:type("n\n")
check.equal(runs:leaves(), 0, "no more is asked")
check.no_container()
tiny.write_file("/tmp/broken.lua", 'break_before = { "sethostname" }\n' .. tiny.read_file("/tmp/hand.lua"))
local five = sit("run", "--step", "/tmp/broken.lua")
five:sees("── child 1 ── /tmp/broken.lua:4\r\n.*  sethostname%(.*%(step%) ")
five:type("c\n")
five:sees("ended in stepped\r\n")
check.equal(five:leaves(), 0, "status")
check.equal(check.run({ "check", "/tmp/broken.lua" }).out, "")

tiny.write_file("/tmp/wrong.lua", 'break_before = "pivot_rot"\n' .. tiny.read_file("/tmp/hand.lua"))
local wrong = sit("run", "--step", "/tmp/wrong.lua")
wrong:sees('/tmp/wrong.lua: break_before: no such primitive: "pivot_rot"; did you mean "pivot_root"%?\r\n')
check.equal(wrong:leaves(), 125, "status")
check.equal(links(), before)

-- A child that dies at the prompt releases the terminal.
tiny.write_file("/tmp/dies.lua", [[
local child <close> = tiny.clone({ uts = true }, function() tiny.sethostname("x") end)
tiny.poll({ child })
tiny.sethostname("y")
]])
local six = sit("run", "--step", "/tmp/dies.lua")
six:sees("%(step%) ")
six:type("u sethostname\n")
local pid = tonumber(six:sees("── child (%d+) ── .*%(step%) "))
tiny.kill(tiny.pidfd_open(pid), "SIGKILL")
six:sees('host %d+ ── /tmp/dies.lua:3\r\n.*%(step%) ')
six:type("a\n")
check.equal(six:leaves(), 130, "status")

-- Without a terminal, or if it belongs to another process.
local refused = check.run { "run", "--step", "-d", "true" }
check.equal(refused.err, "tinylua: --step cannot be used with -d or -t, because it asks at the terminal\n")
check.equal(refused.status, 2)
check.no_container()
