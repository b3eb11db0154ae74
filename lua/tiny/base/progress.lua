-- The progress of several long tasks. On a terminal each task has a line with a bar, redrawn in place; otherwise one line is
-- printed when the state of a task changes.
local format = require "tiny.format"

local progress = {}
progress.__index = progress

-- Seconds between two pictures: more often nobody sees it.
local PACE = 0.1
local UNITS = { "B", "kB", "MB", "GB", "TB" }

-- A size with three digits, as docker prints it: "12.3MB".
local function size(bytes)
  local unit = 1
  while bytes >= 1000 and unit < #UNITS do bytes, unit = bytes / 1000, unit + 1 end
  local form = (unit == 1 or bytes >= 100) and "%.0f%s" or bytes >= 10 and "%.1f%s" or "%.2f%s"
  return form:format(bytes, UNITS[unit])
end
progress.size = size

-- out: the stream, 1 or 2. quiet: prints nothing.
function progress.new(options)
  local number = options.out or 1
  local terminal = not options.quiet and tiny.isatty(number) and os.getenv "TERM" ~= "dumb"
  return setmetatable({
    stream = number == 2 and "stderr" or "stdout", number = number, quiet = options.quiet or false, terminal = terminal or false,
    tasks = {}, drawn = 0, due = 0,
  }, progress)
end

local function write(self, text)
  format.output(self.stream, text)
  format.flush()
end

local function screen(self)
  local out <close> = tiny.stdio(self.number)
  local rows, cols = tiny.try(tiny.terminal_size, out)
  return (rows or 0) > 0 and rows or 24, (cols or 0) > 0 and cols or 80
end

local function line_of(task, cols)
  local text = ("%s: %s"):format(task.label, task.state)
  if task.total and task.total > 0 and task.done then
    local counts = ("%s/%s"):format(size(math.min(task.done, task.total)), size(task.total))
    local room = math.min(cols - #text - #counts - 5, 52)
    if room > 10 then
      local filled = math.floor(math.min(task.done / task.total, 1) * (room - 1))
      text = ("%s [%s>%s] %s"):format(text, ("="):rep(filled), (" "):rep(room - 1 - filled), counts)
    else
      text = text .. " " .. counts
    end
  end
  return text:sub(1, cols - 1)
end

-- Draws the tasks; those that have ended are left out first if the screen is too low.
local function draw(self, now)
  local rows, cols = screen(self)
  local shown, most = {}, math.max(rows - 1, 1)
  local spare = math.max(#self.tasks - most, 0)
  for _, task in ipairs(self.tasks) do
    if task.ended and spare > 0 then spare = spare - 1 elseif #shown < most then table.insert(shown, task) end
  end
  local out = { self.drawn > 0 and ("\27[%dA"):format(self.drawn) or "" }
  for _, task in ipairs(shown) do table.insert(out, ("\r\27[2K%s\n"):format(line_of(task, cols))) end
  for _ = #shown + 1, self.drawn do table.insert(out, "\r\27[2K\n") end
  if self.drawn > #shown then table.insert(out, ("\27[%dA"):format(self.drawn - #shown)) end
  write(self, table.concat(out))
  self.drawn, self.due = #shown, now + PACE
end

-- Adds a task; returns its number. That it waits is shown only on a terminal.
function progress:add(label, state)
  table.insert(self.tasks, { label = label, state = self.terminal and "" or state })
  self:set(#self.tasks, state)
  return #self.tasks
end

-- Changes a task. done, total: counts of bytes for the bar; ended: nothing follows.
function progress:set(number, state, done, total, ended)
  if self.quiet then return end
  local task = self.tasks[number]
  local changed = task.state ~= state
  task.state, task.done, task.total, task.ended = state, done, total, ended
  if not self.terminal then
    if changed then write(self, ("%s: %s\n"):format(task.label, state)) end
    return
  end
  local now = tiny.clock "monotonic"
  if changed or now >= self.due then draw(self, now) end
end

-- Prints a line above the tasks that are still drawn: the picture begins anew below it.
function progress:say(text)
  if self.quiet then return end
  if self.terminal and self.drawn > 0 then draw(self, 0) end
  self.drawn, self.tasks = 0, {}
  write(self, text .. "\n")
end

-- The last picture.
function progress:close()
  if self.terminal and #self.tasks > 0 then draw(self, 0) end
  self.drawn, self.tasks = 0, {}
end

return progress
