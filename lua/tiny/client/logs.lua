-- Reading a container's log: what is there, and on as it grows. Entries pass one by one; none is kept.
local format = require "tiny.format"
local Logfile = require "tiny.store.logfile"

local logs = {}

local LATIN1
-- The bytes of a text. A raw entry holds each byte as the character of that number.
local function bytes(text, raw)
  if not raw then return text end
  if not LATIN1 then
    LATIN1 = {}
    for code = 128, 255 do LATIN1[utf8.char(code)] = string.char(code) end
  end
  return (text:gsub("[\xc2\xc3][\x80-\xbf]", LATIN1))
end

-- An entry that only says how far a stream is.
local function is_mark(entry)
  return entry.partial and entry.text == ""
end

-- The entry of a line; nil for a damaged one.
local function decode(line)
  local entry = tiny.json_decode(line)
  if type(entry) ~= "table" or type(entry.text) ~= "string" or type(entry.time) ~= "string" or type(entry.stream) ~= "string" then return nil end
  return (entry.lost == nil or math.type(entry.lost) == "integer") and entry or nil
end

-- The moment in a line's head, which stands at a fixed place and can be compared as text.
local function time_of(line)
  return line:sub(10, 39)
end

local Printer = {}
Printer.__index = Printer

-- Shows entries. options: since, until (as the log writes a time), timestamps, json, prefix (before each line), raw (a
-- terminal gets every byte as it is).
function logs.printer(options)
  local self = setmetatable({ options = options, open = {}, filters = {} }, Printer)
  -- Under a prefix or behind a time, what follows must not be written over it.
  local how = { raw = options.raw, whole_lines = options.prefix ~= nil or options.timestamps }
  for number, stream in ipairs { "stdout", "stderr" } do self.filters[stream] = require("tiny.base.terminal_output").filter(number, how) end
  return self
end

-- One object for each line, whatever the log has in one.
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

-- Shows the entry that a line of the log is, without its first `skip` lines.
function Printer:show(line, skip)
  local from, to = self.options.since, self.options["until"]
  if (from and time_of(line) < from) or (to and time_of(line) > to) then return end
  local entry = decode(line)
  if not entry or is_mark(entry) then return end
  local text = entry.text
  for _ = 1, skip or 0 do text = text:sub((text:find("\n", 1, true) or 0) + 1) end
  if self.options.json then return print_json(entry, line, text) end
  if entry.lost then
    format.flush()
    return format.note("%d bytes of %s are lost here: the log could not be written", entry.lost, entry.stream)
  end
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

-- Nothing more comes: what a cut character or sequence waits for either.
function Printer:finish()
  for stream, filter in pairs(self.filters) do format.output(stream, filter:text("", { last = true })) end
end

-- Whole lines under the prefix, long ones in parts; the rest of a line waits, since others print beside this.
function Printer:prefixed(entry, text)
  self.lines = self.lines or {}
  local lines, out = self.lines[entry.stream] or require("tiny.base.lines").new(), {}
  self.lines[entry.stream] = lines
  lines:put(text, function(line) table.insert(out, self.options.prefix .. line .. "\n") end)
  return table.concat(out)
end

-- Goes to where the last `count` lines begin, of those between `since` and `until`; returns how many
-- lines of the first entry are before them.
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
    -- A part that goes on in a later entry of its stream belongs to the line counted there.
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

-- Shows what the log has. options: tail (a number, nil for all) and those of the printer.
function logs.show(log, printer, options)
  local skip = 0
  if options.tail or options.since then skip = go_back(log, options.tail or math.huge, options) end
  log:forward(function(line)
    printer:show(line, skip)
    skip = 0
  end)
end

local GOES_ON = { running = true, created = true, starting = true, restarting = true }

-- Shows what is added, until the container has ended and everything is told. It goes on over
-- restarts, and takes the container over when its supervisor is killed.
function logs.follow(container, log, printer)
  local state = require "tiny.state"
  local to = printer.options["until"]
  local watch <close> = tiny.try(tiny.watch, { container.dir })
  while watch do
    -- The end is looked for before the last read: what was written before it is then in the file.
    local current = state.load(container.id)
    log:forward(function(line) printer:show(line) end)
    format.flush()
    if not current or not GOES_ON[current.state.status] then return end
    local left = to and tiny.parse_timestamp(to) - tiny.clock()
    if left and left <= 0 then return end
    -- A container that could not be recovered has no supervisor: wait for its own end.
    local alive <close> = state.open_process(current.state.supervisor) or state.process(current)
    local ready = tiny.poll({ watch, alive }, left)
    watch:changes()
    for _, handle in ipairs(ready) do
      if handle == alive then require("tiny.supervisor.recovery").look_after(current) end
    end
  end
end

-- Shows a container's log, and with `follow` what is added.
function logs.of(container, options, follow)
  require("tiny.pipeline.logging").check_readable(container.config)
  -- Who follows may become the container's supervisor, and could not start over then.
  if follow then tiny.seal() end
  local log, printer = Logfile.new(container.dir .. "/container.log"), logs.printer(options)
  logs.show(log, printer, options)
  if follow then logs.follow(container, log, printer) end
  printer:finish()
  local now = require("tiny.state").load(container.id)
  if not (now and now.state.log_cut) then return end
  format.flush()
  format.note("the last of its output may be missing: its supervisor was killed, and it ended before another took over")
end

-- Shows what a container writes from now on, until it has ended; returns its status. ready() is called
-- when nothing written from then on is missed; what it returns is closed at the end. options: raw.
function logs.attach(container, options, ready)
  tiny.seal()
  require("tiny.pipeline.logging").check_readable(container.config)
  local log, printer = Logfile.new(container.dir .. "/container.log"), logs.printer(options)
  go_back(log, 0, {})
  local _ <close> = ready and ready() or nil
  logs.follow(container, log, printer)
  printer:finish()
  local ended = require "tiny.client.wait"(container)
  return ended and ended.state.exit_code or 0
end

return logs
