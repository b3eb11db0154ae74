-- Reads a container's log, and follows it as it grows. Entries are streamed; none is kept in memory.
local format = require "tiny.format"
local Logfile = require "tiny.store.logfile"

local logs = {}

local LATIN1
-- The bytes of a text. A raw entry stores each byte as the character with that code.
local function bytes(text, raw)
  if not raw then return text end
  if not LATIN1 then
    LATIN1 = {}
    for code = 128, 255 do LATIN1[utf8.char(code)] = string.char(code) end
  end
  return (text:gsub("[\xc2\xc3][\x80-\xbf]", LATIN1))
end

-- Whether an entry only marks the position in a stream.
local function is_mark(entry)
  return entry.partial and entry.text == ""
end

-- The entry of a line; nil if it is damaged.
local function decode(line)
  local entry = tiny.json_decode(line)
  if type(entry) ~= "table" or type(entry.text) ~= "string" or type(entry.time) ~= "string" or type(entry.stream) ~= "string" then return nil end
  return (entry.lost == nil or math.type(entry.lost) == "integer") and entry or nil
end

local time_of = Logfile.time_of

local Printer = {}
Printer.__index = Printer

-- Shows entries. options: since, until (in the log's time format), timestamps, json, prefix (before each line), raw (a terminal
-- gets every byte unfiltered).
function logs.printer(options)
  local self = setmetatable({ options = options, open = {}, filters = {}, reached = {} }, Printer)
  -- With a prefix or a timestamp, output must not overwrite the line.
  local how = { raw = options.raw, whole_lines = options.prefix ~= nil or options.timestamps }
  for number, stream in ipairs { "stdout", "stderr" } do self.filters[stream] = require("tiny.base.terminal_output").filter(number, how) end
  return self
end

-- One object per line, even if a log entry has several.
local function print_json(entry, line, text)
  if text == entry.text and not text:find("\n", 1, true) then return format.write(format.clean_json(line), "\n") end
  local rest = 1
  while rest do
    local newline = text:find("\n", rest, true)
    local one = { time = entry.time, stream = entry.stream, text = text:sub(rest, (newline or 0) - 1), raw = entry.raw }
    one.partial = not newline and entry.partial or nil
    rest = newline and newline + 1
    if one.text ~= "" or not one.partial then format.write(format.clean_json(tiny.json_encode(one)), "\n") end
  end
end

-- Reports lost output where it is missing.
function Printer:lost(entry, count, why)
  if self.options.json then
    if entry.lost then return format.write(format.clean_json(tiny.json_encode(entry)), "\n") end
    local text = ("%d bytes lost: %s"):format(count, why)
    return format.write(format.clean_json(tiny.json_encode { time = entry.time, stream = entry.stream, lost = count, text = text }), "\n")
  end
  format.flush()
  format.note("%d bytes of %s are lost here: %s", count, entry.stream, why)
end

-- Each entry has its position in the stream: reports bytes that are missing before it.
function Printer:check_gap(entry)
  local ends, reached = math.tointeger(entry["end"]), self.reached[entry.stream]
  if not ends then return end
  local length = entry.lost and 0 or (entry.raw and utf8.len(entry.text) or #entry.text) + (entry.partial and 0 or 1)
  self.reached[entry.stream] = ends
  -- The count starts again if the log is removed while the container is stopped.
  local missing = not entry.lost and reached and ends - length - reached or 0
  if missing > 0 then self:lost(entry, missing, "they were removed from the log before they were read") end
end

-- Shows the entry in a line of the log, without its first `skip` lines.
function Printer:show(line, skip)
  local from, to = self.options.since, self.options["until"]
  if (from and time_of(line) < from) or (to and time_of(line) > to) then return end
  local entry = decode(line)
  if not entry then return end
  self:check_gap(entry)
  if entry.lost then return self:lost(entry, entry.lost, entry.text:match(": (.*)") or "the log could not be written") end
  if is_mark(entry) then return end
  local text = entry.text
  for _ = 1, skip or 0 do text = text:sub((text:find("\n", 1, true) or 0) + 1) end
  if self.options.json then return print_json(entry, line, text) end
  text = bytes(text, entry.raw) .. (entry.partial and "" or "\n")
  local filter = self.filters[entry.stream]
  if filter then text = filter:text(text) end
  if self.options.timestamps then
    local stamp = entry.time:gsub("%%", "%%%%") .. " "
    local begins = self.open[entry.stream] and "" or stamp
    self.open[entry.stream] = entry.partial and text:sub(-1) ~= "\n"
    text = begins .. text:gsub("\n(.)", "\n" .. stamp .. "%1")
  end
  format.output(entry.stream, self.options.prefix and self:prefixed(entry, text) or text)
end

-- There is no more output: shows incomplete characters and sequences too.
function Printer:finish()
  for stream, filter in pairs(self.filters) do format.output(stream, filter:text("", { last = true })) end
end

-- Prefixes complete lines, long ones in parts; an incomplete line waits, since other containers print to the same terminal.
function Printer:prefixed(entry, text)
  self.lines = self.lines or {}
  local lines, out = self.lines[entry.stream] or require("tiny.base.lines").new(), {}
  self.lines[entry.stream] = lines
  lines:put(text, function(line) table.insert(out, self.options.prefix .. line .. "\n") end)
  return table.concat(out)
end

-- Goes to the beginning of the last `count` lines between `since` and `until`; returns how many lines of the first entry
-- precede them.
local function go_back(log, count, options)
  local from, to = options.since, options["until"]
  local goes_on, number, place, skip = {}, nil, nil, 0
  local last, stop
  log:backward(function(line, file, offset)
    if not last then last, stop = file, offset + #line + 1 end
    if from and time_of(line) < from then return true end
    local entry = not (to and time_of(line) > to) and decode(line)
    if not entry or is_mark(entry) or entry.lost then return end
    local _, newlines = entry.text:gsub("\n", "")
    -- A partial entry that continues in a later entry belongs to the line counted there.
    local part = entry.partial and goes_on[entry.stream] and 1 or 0
    local counted = math.min(newlines + 1 - part, count)
    if counted + part == 0 then return true end
    goes_on[entry.stream] = true
    count = count - counted
    number, place, skip = file, offset, newlines + 1 - counted - part
    return skip > 0
  end)
  if number then log:go(number, place) elseif last then log:go(last, stop) end
  return skip
end

-- Shows the present log. options: tail (a number, nil for all) and those of the printer.
function logs.show(log, printer, options)
  local skip = 0
  if options.tail or options.since then skip = go_back(log, options.tail or math.huge, options) end
  log:forward(function(line)
    printer:show(line, skip)
    skip = 0
  end)
end

local GOES_ON = { running = true, created = true, starting = true, restarting = true }

-- Shows new entries until the container has ended and everything is shown. Continues across restarts, and recovers the
-- container if its supervisor is killed. options: signals, a handle, and on_signals, which is called when it is ready.
function logs.follow(container, log, printer, options)
  options = options or {}
  local state = require "tiny.state"
  local to = printer.options["until"]
  local watch <close> = tiny.try(tiny.watch, { container.dir })
  while watch do
    -- Read the state before the log: everything written before an end is then in the file.
    local current = state.load(container.id)
    log:forward(function(line) printer:show(line) end)
    format.flush()
    if not current or not GOES_ON[current.state.status] then return end
    local left = to and tiny.parse_timestamp(to) - tiny.clock()
    if left and left <= 0 then return end
    -- A container that could not be recovered has no supervisor: wait for its own end.
    local alive <close> = state.open_process(current.state.supervisor) or state.process(current)
    local handles = { watch, options.signals }
    table.insert(handles, alive)
    local ready = tiny.poll(handles, left)
    watch:changes()
    for _, handle in ipairs(ready) do
      if handle == options.signals then options.on_signals() end
      if handle == alive then require("tiny.supervisor.recovery").look_after(current) end
    end
  end
end

-- Shows a container's log, and with `follow` new entries.
function logs.of(container, options, follow)
  require("tiny.pipeline.logging").check_readable(container.config)
  -- A follower may become the container's supervisor, and could not re-execute itself then.
  if follow then tiny.seal() end
  local log, printer = Logfile.new(container.dir .. "/container.log"), logs.printer(options)
  logs.show(log, printer, options)
  if follow then logs.follow(container, log, printer) end
  printer:finish()
  local now = require("tiny.state").load(container.id)
  if not (now and now.state.log_cut) then return end
  format.flush()
  format.note("the last of its output may be missing: its supervisor was killed, and it ended before a new one was started")
end

-- Shows a container's output from now on until it has ended; returns its status. ready() is called once no later output can be
-- missed; its result is closed at the end. options: raw, and those of follow.
function logs.attach(container, options, ready)
  tiny.seal()
  require("tiny.pipeline.logging").check_readable(container.config)
  local log, printer = Logfile.new(container.dir .. "/container.log"), logs.printer(options)
  go_back(log, 0, {})
  local _ <close> = ready and ready() or nil
  logs.follow(container, log, printer, options)
  printer:finish()
  -- It may have been started only now.
  return require "tiny.client.wait"(require("tiny.state").load(container.id) or container).exit_code or 0
end

return logs
