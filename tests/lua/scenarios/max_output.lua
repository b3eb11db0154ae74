-- --max-output: the output after the limit is discarded, or the container is ended; to the byte, for both streams together.
local check = require "check"

local function record(name)
  return tiny.json_decode(check.succeeds("inspect", name))[1].state
end

local cut = check.run { "run", "--name", "cut", "--max-output", "10", "sh", "-c", "echo 1234567890123; echo more; exit 4" }
check.equal(cut.status, 4)
check.equal(cut.out, "1234567890")
assert(cut.err:find("cut: its output after 10 bytes was discarded", 1, true), cut.err)
check.equal(record("cut").truncated, true)
check.equal(record("cut").exceeded, nil)
local log = check.run { "logs", "cut" }
check.equal(log.out, "1234567890")
assert(log.err:find("9 bytes of stdout are lost here: the limit of the output was reached", 1, true), log.err)
assert(check.succeeds("events", "--no-stream", "--since", "1h", "--filter", "event=output_limit"):find("truncated=true", 1, true), "the event")
-- A new run begins to count anew.
check.succeeds("start", "cut")
check.succeeds("wait", "cut")
check.equal(check.run({ "logs", "cut" }).out, "12345678901234567890")

-- Exactly the limit is allowed, and standard error counts too.
local exact = check.run { "run", "--rm", "--max-output", "8:end", "sh", "-c", "printf 1234; printf 5678 >&2; exit 6" }
check.equal(exact.status, 6)
check.equal(exact.out .. exact.err, "12345678")
local more = check.run { "run", "--rm", "--max-output", "7:end", "sh", "-c", "printf 1234; printf 5678 >&2; exit 6" }
check.equal(more.status, 153, "one byte more, however soon the program ends")

-- A flood is bounded, and ends.
local flood = check.run { "run", "--name", "flood", "--max-output", "100k:end", "yes" }
check.equal(flood.status, 153)
check.equal(#flood.out, 100 * 1024)
check.equal(record("flood").exceeded, "max_output")
check.equal(record("flood").signal, "SIGXFSZ")
assert(check.succeeds("ps", "-a"):find("Exited (153) too much output", 1, true), "ps")
check.equal(#check.run({ "logs", "flood" }).out, 100 * 1024)
-- It also goes on to its end if its output is only cut off.
local long = check.run { "run", "--rm", "--max-output", "1k", "sh", "-c", "head -c 20000000 /dev/zero; echo done >&2" }
check.equal(long.status, 0)
check.equal(#long.out, 1024)

-- Without a log, only an end is possible.
local bare = check.run { "run", "--rm", "--log-driver", "none", "--max-output", "4k:end", "yes" }
check.equal(bare.status, 153)
check.equal(#bare.out, 4096)

-- At a terminal, and in the background.
check.succeeds("run", "-d", "-t", "--name", "screen", "--max-output", "1k:end", "yes")
check.equal(check.succeeds("wait", "screen"), "153\n")

-- The next supervisor continues to count.
tiny.mkdir("/tmp/shared")
check.succeeds("run", "-d", "--name", "orphan", "-v", "/tmp/shared:/shared", "--max-output", "10:end", "sh", "-c",
  "echo 1234567; while [ ! -e /shared/go ]; do sleep 0.05; done; printf 12345678; sleep 60")
while #check.run({ "logs", "orphan" }).out < 8 do tiny.poll({}, "10ms") end
local supervisor = record("orphan").supervisor
local process <close> = tiny.pidfd_open(supervisor.pid, { start_time = supervisor.start })
check.kill(process)
check.succeeds("ps")
tiny.write_file("/tmp/shared/go", "")
check.equal(check.succeeds("wait", "orphan"), "153\n")
check.equal(check.run({ "logs", "orphan" }).out, "1234567\n12")

check.refused("max_output: the size must not be 0\n  hint: --log-driver none keeps no output", "run", "--max-output", "0", "true")
check.refused('max_output: "x" is not truncate or end\n  hint: write a size and what follows: "1m:truncate" or "1m:end"', "run", "--max-output", "1m:x", "true")
check.refused("max_output: there is no log to truncate, since the log driver is none\n  hint: --max-output 4:end ends the container instead", "run",
  "--max-output", "4", "--log-driver", "none", "true")
check.refused("max_output cannot be combined with the log driver passthrough, since the supervisor does not see the output\n  hint: use the driver json or none", "run",
  "--max-output", "4", "--log-driver", "passthrough", "true")
for _, bad in ipairs { "", "x", ":end", "-1", "1m:end:end", "99999999999999t" } do
  assert(check.run({ "run", "--max-output=" .. bad, "true" }).status == 125, bad)
end
