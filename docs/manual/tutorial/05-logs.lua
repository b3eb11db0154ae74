-- box, part 5: logs. Output goes through the supervisor, which writes each chunk with its time and stream.
local engine = require "04-ids"

-- A pipe for standard output and one for standard error.
local start = engine.start
function engine.start(c)
  c.from, c.into = {}, {}
  for number = 1, 2 do c.from[number], c.into[number] = tiny.pipe() end
  local child = start(c)
  -- As long as this process holds a write end, the reader would never see the end of the output.
  for number = 1, 2 do c.into[number]:close() end
  return child
end

table.insert(engine.inside, #engine.inside, "output")
function engine.step.output(c)
  for number = 1, 2 do tiny.dup2(c.into[number], number) end
end

local STREAMS = { "stdout", "stderr" }

-- JSON can hold only text.
local function text_of(bytes)
  return utf8.len(bytes) and bytes or (bytes:gsub("[\x80-\xff]", "?"))
end

-- Copies the output until both streams end, then waits for the container.
function engine.attend(c, child)
  local log <close> = tiny.open(c.dir .. "/log", { write = true, append = true, create = true })
  local open = { [c.from[1]] = 1, [c.from[2]] = 2 }
  while next(open) do
    local waiting = {}
    for file in pairs(open) do table.insert(waiting, file) end
    for _, file in ipairs(tiny.poll(waiting)) do
      local number, bytes = open[file], file:read()
      if bytes then
        log:write(tiny.json_encode { time = tiny.timestamp(), stream = STREAMS[number], text = text_of(bytes) } .. "\n")
        if not c.detach then tiny.stdio(number):write(bytes) end
      else
        file:close()
        open[file] = nil
      end
    end
  end
  return (child:wait())
end

-- `logs [-f] CONTAINER`: with -f, it follows until the container ends; inotify reports changes in its directory.
function engine.commands.logs(words)
  local c, follow, seen = engine.find(words[#words]), words[1] == "-f", 0
  local watch <close> = tiny.watch { c.dir }
  repeat
    -- Checked before the file is read, so that output written before the end is not missed.
    local over = engine.status(engine.find(c.id)) ~= "running"
    local text = tiny.read_file(c.dir .. "/log") or ""
    for line in text:sub(seen + 1):gmatch("([^\n]*)\n") do
      io.write(tiny.json_decode(line).text)
      seen = seen + #line + 1
    end
    io.flush()
    if follow and not over then
      tiny.poll { watch }
      watch:changes()
    end
  until over or not follow
end

if type(...) == "table" then return engine.main(...) end
return engine
