-- attach to a container without a terminal: with -i it reads the input of the clients, one after the other.
local check = require "check"

check.succeeds("run", "-di", "--name", "c", "sh", "-c", "while read x; do echo got $x; [ $x = end ] && exit 6; done")

local function attach(...)
  local from, into = tiny.pipe()
  local out, out_end = tiny.pipe()
  local words = { ... }
  local child = check.start(function()
    into:close()
    tiny.dup2(from, 0)
    tiny.dup2(out_end, 1)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "attach", table.unpack(words) }
  end)
  from:close()
  out_end:close()
  return { child = child, into = into, out = out, text = "" }
end

local function sees(person, text)
  while not person.text:find(text, 1, true) do
    if #tiny.poll({ person.out }, 10) == 0 then error(("%q is not in %q"):format(text, person.text), 2) end
    local bytes = person.out:read()
    if not bytes then error(("%q is not in %q"):format(text, person.text), 2) end
    person.text = person.text .. bytes
  end
end

local one, quiet = attach("c"), attach("--no-stdin", "c")
-- Until the client that only watches has attached.
repeat one.into:write("first\n") until #tiny.poll({ quiet.out }, "50ms") > 0
sees(one, "got first\n")
sees(quiet, "got first\n")
quiet.into:write("nothing\n")
-- End of file of one client is not end of file for the container.
one.into:close()
one.into = nil
local two = attach("c")
two.into:write("second\n")
sees(two, "got second\n")
sees(one, "got second\n")
one.child:kill("SIGKILL")
one.child:wait()
two.into:write("end\n")
sees(two, "got end\n")
check.equal(two.child:wait("10s"), 6, "the status")
check.equal(quiet.child:wait("10s"), 6, "the status")
assert(not quiet.text:match("nothing"), quiet.text)
assert(check.succeeds("logs", "c"):match("^got first\n.*got second\ngot end\n$"))
check.succeeds("rm", "c")
check.no_container()
