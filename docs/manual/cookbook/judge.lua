-- Judges untrusted programs: `tinylua run judge.lua PROGRAM…`, or each line of standard input as a shell command. Each gets
-- three seconds, 64 MiB of memory, 16 processes, 64 KiB of output, no network and no writable file. One line of JSON reports
-- each result.
local args = ...
local LIMITS = { timeout = "3s", max_output = "64k" }

local pool <close> = require("tiny.pool").new {
  -- A single program needs no containers that wait.
  size = #args > 0 and 0 or 4,
  read_only = true, user = "nobody", cap_drop = { "ALL" }, network = "none",
  memory = "64m", pids = 16, ulimits = { nofile = 64, core = 0 },
  env = { PATH = "/usr/bin:/bin", LANG = "C.UTF-8" },
  landlock = { paths = { ["/"] = "rx", ["/dev/null"] = "rw" }, strict = false },
}

local VERDICTS = { timeout = "out of time", max_output = "too much output" }

local function judge(command)
  local result = assert(pool:run(command, LIMITS))
  local verdict = result.oom and "out of memory" or VERDICTS[result.exceeded] or "ended"
  local function text(bytes) return utf8.len(bytes) and bytes or nil end
  print(tiny.json_encode { verdict = verdict, status = result.status, output = text(result.stdout), errors = text(result.stderr) })
end

if #args > 0 then return judge(args) end
for line in io.lines() do judge(line) end
