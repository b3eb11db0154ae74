-- The printing module of the scripts: all terminal output goes through it. Tables have aligned columns, colours are used only
-- on a terminal, and control characters in a container's strings are escaped.
local format = {}

local no_color = os.getenv("NO_COLOR")
local colourful = (no_color == nil or no_color == "") and os.getenv("TERM") ~= "dumb"
local colours = tiny.isatty(1) and colourful

local CODES = { bold = 1, dim = 2, red = 31, green = 32, yellow = 33, cyan = 36 }

-- Text in a colour ("bold", "dim", "red", "green", "yellow", "cyan"), if colours are enabled.
function format.colour(name, text)
  return colours and ("\27[%dm%s\27[0m"):format(CODES[name], text) or text
end

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("\\x%02x"):format(c:byte()) end))
end

-- Characters that change the direction of text (Unicode's bidi controls), as patterns.
local BIDI = { "\xd8\x9c", "\xe2\x80[\x8e\x8f\xaa-\xae]", "\xe2\x81[\xa6-\xa9]" }

-- Text with control characters escaped, so that a container's strings cannot control the terminal. U+0080 to U+009F are control
-- characters too, and invalid UTF-8 could contain them.
function format.clean(text)
  text = tostring(text)
  if not text:find("[^ -~]") then return text end
  text = text:gsub("[%c\127]", hex):gsub("\xc2[\x80-\x9f]", hex)
  if not utf8.len(text) then return (text:gsub("[\x80-\xff]", hex)) end
  for _, turning in ipairs(BIDI) do text = text:gsub(turning, hex) end
  return text
end

-- JSON for a terminal: escapes control characters that JSON permits but a terminal interprets.
function format.clean_json(text)
  if not text:find("[\127\xc2\xd8\xe2]") or not tiny.isatty(1) then return text end
  local function escaped(c) return ("\\u%04x"):format(utf8.codepoint(c)) end
  text = text:gsub("\127", escaped):gsub("\xc2[\x80-\x9f]", escaped)
  for _, turning in ipairs(BIDI) do text = text:gsub(turning, escaped) end
  return text
end

local EPIPE = 32

-- Ends the command if output cannot be written. If the reader has closed the pipe (`| head`), nothing is printed: main.rs exits
-- like SIGPIPE would.
local function check(done, why, errno)
  if done then return end
  local text = "cannot write to standard output: " .. why:gsub("^.*: ", "")
  tiny.fail { message = errno == EPIPE and "" or text, exit = 125 }
end

-- Writes all output.
local function put(...)
  check(io.stdout:write(...))
end

-- Prints text without adding a newline.
format.write = put

function format.flush()
  check(io.stdout:flush())
end

-- Prints one line and flushes it.
function format.line(...)
  put(table.concat { ... }, "\n")
  format.flush()
end

-- Prints rows of cells under a header (nil: none), with two spaces between columns. A cell is a value, or { value, "red" } for a
-- coloured one. `narrow`: the column to shorten if the terminal is too narrow.
function format.table(header, rows, narrow)
  require "tiny.base.columns"(format, header, rows, narrow)
end

-- "1.5 MiB"; with `close` as one word, "1.5MiB"; "-" without a number.
function format.size(bytes, close)
  if not bytes then return "-" end
  for _, unit in ipairs { "B", "KiB", "MiB", "GiB" } do
    if bytes < 1024 or unit == "GiB" then return ("%.4g%s%s"):format(bytes, close and "" or " ", unit) end
    bytes = bytes / 1024
  end
end

-- Prints a list as formatted JSON.
function format.json(list)
  format.line(format.clean_json(tiny.json_encode(list, { pretty = true, array = true })))
end

local UNITS = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } }

-- "3 minutes" for 200 seconds.
function format.duration(seconds)
  for _, unit in ipairs(UNITS) do
    local n = seconds // unit[1]
    if n >= 1 then return ("%d %s%s"):format(n, unit[2], n >= 2 and "s" or "") end
  end
  return "less than a second"
end

-- How long ago an RFC 3339 time was; "?" without one. `now` can be passed for many calls.
function format.ago(timestamp, now)
  local time = timestamp and tiny.parse_timestamp(timestamp)
  return time and format.duration(math.max(0, (now or tiny.clock()) - time)) .. " ago" or "?"
end

-- A command as a text, shortened unless `whole`.
function format.command(words, whole)
  local text = table.concat(words or {}, " ")
  return not whole and #text > 40 and text:sub(1, 39) .. "…" or text
end

local function key_text(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return "[" .. format.pretty(key) .. "]"
end

local function by_name(a, b)
  local comparable = type(a) == type(b) and (type(a) == "number" or type(a) == "string")
  if comparable then return a < b end
  return type(a) < type(b)
end

-- Limits: keys that are sorted, depth, entries in all, and length of a string.
local MOST_KEYS, DEEPEST, MOST_ENTRIES, LONGEST = 10000, 16, 1000, 2000

-- The entries of a table as text, at most `limit`: list items first, then keys in order.
local function entries(value, limit, indent, seen)
  local length, keys, parts, named, all = rawlen(value), {}, {}, {}, 0
  for i = 1, math.min(length, limit) do keys[i] = i end
  for key in next, value do
    all = all + 1
    local listed = math.type(key) == "integer" and key >= 1 and key <= length
    if not listed and #named < MOST_KEYS then table.insert(named, key) end
  end
  table.sort(named, by_name)
  table.move(named, 1, math.min(#named, limit), #keys + 1, keys)
  for i = 1, math.min(#keys, limit, seen.left) do
    seen.left = seen.left - 1
    local text = format.pretty(rawget(value, keys[i]), limit, indent, seen)
    parts[i] = i <= length and text or key_text(keys[i]) .. " = " .. text
  end
  if all > #parts then table.insert(parts, ("… %d more"):format(all - #parts)) end
  return parts
end

local function quoted(text)
  local rest = #text - LONGEST
  text = '"' .. format.clean((text:sub(1, LONGEST):gsub('[\\"]', "\\%0"):gsub("\n", "\\n"))) .. '"'
  return rest > 0 and ("%s… %d more bytes"):format(text, rest) or text
end

-- A Lua value in Lua syntax, a long table on several lines. Handles and errors are converted with tostring. At most `limit`
-- (100) entries of a table are shown, and 1000 with nested tables.
function format.pretty(value, limit, indent, seen)
  limit, indent, seen = limit or 100, indent or "", seen or { left = MOST_ENTRIES }
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return tostring(value) end
  local meta = getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__tostring") then return (tostring(value)) end
  if seen[value] or #indent > 2 * DEEPEST then return "{…}" end
  seen[value] = true
  local parts = entries(value, limit, indent .. "  ", seen)
  seen[value] = nil
  local text = table.concat(parts, ", ")
  if text == "" then return "{}" end
  if #text < 76 and not text:find("\n", 1, true) then return "{ " .. text .. " }" end
  return "{\n  " .. indent .. table.concat(parts, ",\n  " .. indent) .. "\n" .. indent .. "}"
end

-- Prints a note on standard error, in one write, since several processes may do so at once.
function format.note(text, ...)
  io.stderr:write(format.shown("tinylua: " .. text:format(...) .. "\n", 2))
end

-- Prints an error like the program itself does: on a terminal with the recipe's lines.
function format.error(err)
  local shown = type(err) == "table" and tiny.isatty(2) and tiny.error_frame(err, { colours = colourful, width = format.columns(80) })
  io.stderr:write("tinylua: " .. (shown or tostring(err)) .. "\n")
end

-- A container's text, line by line; on a terminal, control characters are made visible.
function format.shown(text, number)
  return tiny.isatty(number or 1) and tiny.terminal_filter():text(text, { last = true }) or text
end

-- Writes a container's output unchanged to its stream. Flushes the other stream first, since both may be the same terminal.
function format.output(stream, text)
  if stream == "stderr" then
    format.flush()
    io.stderr:write(text)
  else
    put(text)
  end
end

-- The width of the output's terminal in columns; `otherwise` if it is unknown or not a terminal.
function format.columns(otherwise)
  local columns = tiny.try(function()
    local out <close> = tiny.stdio(1)
    return select(2, tiny.terminal_size(out))
  end)
  return columns and columns > 0 and columns or otherwise
end

-- Clears the screen for a live table; does nothing if the output is not a terminal.
function format.clear()
  if tiny.isatty(1) then put("\27[H\27[2J") end
end

return format
