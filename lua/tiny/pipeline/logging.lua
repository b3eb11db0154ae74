-- Logging: checks a container's log options, and implements the drivers besides the log file.
local schema = require "tiny.spec.schema"

local logging = {}

logging.drivers = { "json", "none", "passthrough" }
logging.policies = { "wait", "drop" }

-- The limits of a log that has no others: the files, their size, and the space that stays free on their disk.
logging.limits = { max_size = 64 << 20, max_files = 3, keep_free = 64 << 20 }

local KEYS = { driver = "string", max_size = "size", max_files = "integer", keep_free = "size", on_full = "string" }
-- An entry has up to 16 KiB of text, and each byte may become six in JSON.
local LEAST = 128 * 1024

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

local function one_of(key, value, words)
  for _, word in ipairs(words) do
    if value == word then return end
  end
  local near = tiny.did_you_mean(value, words)
  wrong(("log: %s: %q is not one of %s"):format(key, value, table.concat(words, ", ")), near and ("did you mean %q?"):format(near))
end

-- Checks the `log` of a spec; missing options stay missing.
function logging.check(spec)
  local log = spec.log
  schema.check("log", log, KEYS)
  one_of("driver", log.driver or "json", logging.drivers)
  one_of("on_full", log.on_full or "wait", logging.policies)
  if log.driver and log.driver ~= "json" then
    for _, key in ipairs { "max_size", "max_files", "keep_free", "on_full" } do
      if log[key] then wrong(("log: %s needs the json driver, and the driver is %s"):format(key, log.driver)) end
    end
  end
  log.max_size = log.max_size and tiny.parse_size(log.max_size)
  log.keep_free = log.keep_free and tiny.parse_size(log.keep_free)
  if log.max_size and log.max_size > 0 and log.max_size < LEAST then
    wrong(("log: max_size: %d bytes is less than one entry may need"):format(log.max_size), "the minimum is 128k; 0 sets no limit")
  end
  if log.max_files and log.max_files < 1 then wrong(("log: max_files: %d is too few"):format(log.max_files), "the minimum is 1") end
  if log.max_files and log.max_size == 0 then wrong("log: max_files needs max_size, which is 0", "limit the size of a file, such as --log-max-size 10m") end
  if log.driver ~= "passthrough" then return end
  if spec.tty then wrong("log: the driver passthrough cannot be combined with a terminal (-t)", "a terminal's output passes through the supervisor") end
  if spec.on_log then wrong("log: on_log cannot be combined with the driver passthrough, since the supervisor does not see the output") end
end

-- The limits of a log, as tiny.pump takes them.
function logging.limits_of(log)
  local limits = {}
  for key, default in pairs(logging.limits) do limits[key] = log[key] or default end
  return limits
end

function logging.driver(settings)
  return settings.log and settings.log.driver or "json"
end

-- Refuses to read the log of a container without one.
function logging.check_readable(config)
  local driver = logging.driver(config)
  if driver == "json" then return end
  local hint = driver == "none" and "create the container with --log-driver json to keep one" or "its output went to the command that started it"
  tiny.fail { message = ("%s keeps no log: its log driver is %s"):format(config.name, driver), hint = hint, exit = 125 }
end

-- The caller's own stdout or stderr, for the container. A terminal is refused: the container could type into it.
function logging.pass(options, number)
  if tiny.isatty(number) then
    wrong("log: the driver passthrough does not pass a terminal, since the container could type into it", "redirect the output, or use another log driver")
  end
  -- A supervisor closes its own streams, and needs these for a restart.
  options.passed = options.passed or {}
  options.passed[number] = options.passed[number] or tiny.stdio(number)
  return options.passed[number]
end

-- Replaces the log pump for the driver none: reads the FIFOs and discards the output.
local Sink = {}
Sink.__index = Sink

function logging.sink(folder)
  local sink = setmetatable({}, Sink)
  for _, stream in ipairs { "stdout", "stderr" } do
    -- Also open for writing: a FIFO without a writer would always be "ready".
    sink[stream] = tiny.open(folder .. "/" .. stream, { read = true, write = true, nonblock = true, nofollow = true })
  end
  return sink
end

-- Reads at most `most` bytes.
function Sink:move(stream, options)
  local bytes = self[stream]:read(math.min(options and options.most or 1 << 20, 1 << 20))
  return bytes and true or false, bytes or "", #(bytes or "")
end

function Sink:drop(stream)
  return self:move(stream)
end

function Sink:finish(stream)
  local all = {}
  for bytes in function() return self[stream]:read("1m") or nil end do all[#all + 1] = bytes end
  return false, table.concat(all)
end

function Sink:close()
  self.stdout:close()
  self.stderr:close()
end

return logging
