-- Resource limits of processes, "NAME=SOFT[:HARD]": checked before anything is created, set in the process that becomes the
-- program.
local values = require "tiny.spec.values"

local ulimits = {}

local NAMES = {
  "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
  "sigpending", "stack",
}

local function number(text, value)
  if value == "unlimited" or value == "-1" then return "unlimited" end
  return value:match("^%d+$") and math.tointeger(tonumber(value))
    or values.wrong(("ulimits: %s: %s is not a number or unlimited"):format(tiny.show(text), tiny.show(value)))
end

-- "nofile=1024:4096" as name, soft and hard limit.
local function parse(text)
  local name, soft, hard = text:match("^([^=]+)=([^:]+):?(.*)$")
  if not name then values.wrong(("ulimits: %s is not NAME=SOFT[:HARD]"):format(tiny.show(text)), "such as nofile=1024:4096") end
  local known = false
  for _, each in ipairs(NAMES) do known = known or each == name end
  if not known then
    local near = tiny.did_you_mean(name, NAMES)
    values.wrong(("ulimits: unknown limit %s"):format(tiny.show(name)) .. (near and ("; did you mean %q?"):format(near) or ""),
      "the limits are " .. table.concat(NAMES, ", "))
  end
  soft = number(text, soft)
  return name, soft, hard ~= "" and number(text, hard) or soft
end

function ulimits.check(list)
  for _, text in ipairs(list) do
    local name, soft, hard = parse(text)
    local least, most = soft == "unlimited" and math.huge or soft, hard == "unlimited" and math.huge or hard
    if least > most then values.wrong(("ulimits: %s: the soft limit is above the hard limit"):format(tiny.show(text))) end
    local open = name == "nofile" and tonumber(tiny.read_file("/proc/sys/fs/nr_open") or "")
    if open and most > open then
      values.wrong(("ulimits: %s: the kernel allows at most %d open files per process"):format(tiny.show(text), open), "sysctl fs.nr_open raises this limit")
    end
  end
end

-- Sets the limits of this process.
function ulimits.set(list)
  for _, text in ipairs(list) do
    local name, soft, hard = parse(text)
    tiny.setrlimit(name, soft, { hard = hard })
  end
end

return ulimits
