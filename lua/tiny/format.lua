-- The scripts' printing module: what reaches the terminal passes here. Tables have plain aligned
-- columns, colours only on a terminal, and control bytes of a container's never get through.
local format = {}

local colours = tiny.isatty(1) and not os.getenv("NO_COLOR")

-- Text with control bytes escaped: what a container wrote or was named cannot steer the terminal.
function format.clean(text)
  return (tostring(text):gsub("[%c\127]", function(c) return ("\\x%02x"):format(c:byte()) end))
end

local function width(text)
  return utf8.len(text) or #text
end

-- Prints rows of cells under a header, columns two spaces apart.
function format.table(header, rows)
  local widths = {}
  local lines = { header, table.unpack(rows) }
  for _, row in ipairs(lines) do
    for i, cell in ipairs(row) do
      row[i] = format.clean(cell)
      widths[i] = math.max(widths[i] or 0, width(row[i]))
    end
  end
  for n, row in ipairs(lines) do
    local cells = {}
    for i, cell in ipairs(row) do
      cells[i] = i == #row and cell or cell .. (" "):rep(widths[i] - width(cell))
    end
    local line = table.concat(cells, "  ")
    print(n == 1 and colours and "\27[1m" .. line .. "\27[0m" or line)
  end
end

-- Prints a list as JSON, readable.
function format.json(list)
  print(tiny.json_encode(list, { pretty = true, array = true }))
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

-- How long ago an RFC 3339 time was; "?" without one.
function format.ago(timestamp)
  local moment = timestamp and tiny.parse_timestamp(timestamp)
  return moment and format.duration(math.max(0, tiny.clock() - moment)) .. " ago" or "?"
end

-- A command as one short word group.
function format.command(words)
  local text = table.concat(words or {}, " ")
  return #text > 40 and text:sub(1, 39) .. "…" or text
end

-- A remark to the person at the terminal, beside the output.
function format.note(text, ...)
  io.stderr:write("tinylua: ", text:format(...), "\n")
end

return format
