-- attach to a container that keeps no log: its clients get its output, across a restart and the death of its
-- supervisor; a slow client gets all of it.
local check = require "check"

check.succeeds("run", "-di", "--name", "c", "--log-driver", "none", "--restart", "on-failure:1", "sh", "-c",
  "while read x; do echo got $x; echo warn $x >&2; [ $x = again ] && exit 1; [ $x = end ] && exit 6; done")

local function attach(...)
  local person, words = {}, { ... }
  local into, out_end, err_end
  person.stdin, into = tiny.pipe()
  person.out, out_end = tiny.pipe()
  person.err, err_end = tiny.pipe()
  person.child = check.start(function()
    into:close()
    tiny.dup2(person.stdin, 0)
    tiny.dup2(out_end, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "attach", table.unpack(words) }
  end)
  person.stdin:close()
  out_end:close()
  err_end:close()
  person.into = into
  return person
end

local function sees(file, text)
  local shown = ""
  while not shown:find(text, 1, true) do
    local bytes = #tiny.poll({ file }, 10) > 0 and file:read()
    if not bytes then error(("%q is not in %q"):format(text, shown), 2) end
    shown = shown .. bytes
  end
end

local function record()
  return tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. tiny.list_dir(check.root .. "/containers")[1] .. "/state.json"))
end

-- Types a line until this client has seen its answer: a client is not shown earlier output.
local function types_until(person, word, text)
  local shown = ""
  local last = tiny.clock("monotonic") + 60
  while not shown:find(text, 1, true) do
    if tiny.clock("monotonic") > last then error(("%q is not in %q"):format(text, shown), 2) end
    person.into:write(word .. "\n")
    while #tiny.poll({ person.out }, "50ms") > 0 do
      shown = shown .. (person.out:read() or error("its output has ended: " .. (person.err:read() or ""), 2))
    end
  end
end

local one, quiet = attach("c"), attach("--no-stdin", "c")
types_until(one, "first", "got first\n")
repeat one.into:write("first\n") until #tiny.poll({ quiet.out }, "50ms") > 0
sees(one.err, "warn first\n")
sees(quiet.err, "warn first\n")

-- Its supervisor is killed: another command, or an attached client, recovers the container.
local supervisor = record().supervisor
local process = tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
tiny.kill(process, "SIGKILL")
tiny.poll { process }
check.succeeds("ps")
types_until(one, "second", "got second\n")
-- The other client has reconnected too when both have seen a line.
local shown = ""
while not shown:find("got second\n", 1, true) do
  one.into:write("second\n")
  if #tiny.poll({ quiet.out }, "50ms") > 0 then shown = shown .. (quiet.out:read() or error("its output has ended")) end
end

-- A restart: the clients see the next run.
one.into:write("again\n")
sees(quiet.out, "got again\n")
local deadline = tiny.clock("monotonic") + 60
while record().restarts ~= 1 or record().status ~= "running" do
  assert(tiny.clock("monotonic") < deadline, "no restart")
  tiny.poll({}, "20ms")
end
local two = attach("c")
two.into:write("third\n")
sees(quiet.out, "got third\n")
sees(one.out, "got third\n")

check.equal(check.run({ "logs", "c" }).status, 125, "there is no log")
two.into:write("end\n")
sees(one.out, "got end\n")
sees(quiet.err, "warn end\n")
for _, person in ipairs { one, two, quiet } do check.equal(person.child:wait("10s"), 6, "the status") end
check.succeeds("rm", "c")

-- More than the capacity of a pipe, read late: nothing is missing.
check.succeeds("run", "-di", "--name", "much", "--log-driver", "none", "sh", "-c", "read x; head -c 3000000 /dev/zero; read x; exit 3")
local late = attach("much")
late.into:write("go\n")
tiny.poll({ late.out }, 10)
late.into:write("go\n")
local count = 0
for bytes in function() return late.out:read("1m") end do count = count + #bytes end
check.equal(count, 3000000, "bytes")
check.equal(late.child:wait("10s"), 3, "the status")
check.succeeds("rm", "much")
check.no_container()
