-- Prints rows of cells in aligned columns, for format.table, which passes tiny.format in. Plain rows take a fast path,
-- since a table may have thousands of them.
local concat, find, rep, unpack = table.concat, string.find, string.rep, table.unpack

local function width(text)
  return utf8.len(text) or #text
end

-- Whether all cells are strings that can be shown unchanged, one byte per column.
local function is_plain(row)
  for i = 1, #row do
    if type(row[i]) ~= "string" then return false end
  end
  return not find(concat(row), "[^ -~]")
end

-- The cells as they are shown; raises `widths` to the widths they need.
local function shown_cells(format, row, widths)
  if is_plain(row) then
    for i = 1, #row do
      if #row[i] > (widths[i] or 0) then widths[i] = #row[i] end
    end
    return nil
  end
  local shown = {}
  for i = 1, #row do
    local cell = row[i]
    shown[i] = format.clean(type(cell) == "table" and cell[1] or cell)
    widths[i] = math.max(widths[i] or 0, width(shown[i]))
  end
  return shown
end

-- One line. `colour` applies to cells without a colour of their own.
local function line_of(format, row, shown, widths, colour)
  local cells = {}
  for i = 1, #row do
    local cell, text = row[i], shown and shown[i] or row[i]
    local short = i < #row and widths[i] - width(text) or 0
    local own = type(cell) == "table" and cell[2] or colour
    if own then text = format.colour(own, text) end
    cells[i] = text .. rep(" ", short)
  end
  return concat(cells, "  ")
end

-- A format for plain cells, such as "%-12s  %-9s  %s". Nil if a column is wider than %s allows.
local function pattern_of(columns, widths)
  local parts = {}
  for i = 1, columns do
    if widths[i] > 99 then return nil end
    parts[i] = i < columns and widths[i] > 0 and "%-" .. widths[i] .. "s" or "%s"
  end
  return concat(parts, "  ")
end

-- The header and the rows as they are shown, and the width of each column.
local function measured(format, header, rows)
  local widths, shown = {}, {}
  local head = header and shown_cells(format, header, widths)
  for n, row in ipairs(rows) do shown[n] = shown_cells(format, row, widths) or false end
  return widths, shown, head
end

-- The minimum width of a shortened column.
local LEAST = 12

-- Shortens the cells of column `at` so that lines fit on the terminal. Returns whether it changed anything.
local function narrowed(format, rows, widths, at)
  local room = format.columns()
  local wide = room and 2 * (#widths - 1) - room or 0
  for _, columns in ipairs(widths) do wide = wide + columns end
  local keep = math.max(LEAST, (widths[at] or 0) - wide)
  if not room or wide <= 0 or keep >= (widths[at] or 0) then return false end
  for _, row in ipairs(rows) do
    local text = format.clean(row[at])
    if width(text) > keep then row[at] = text:sub(1, utf8.offset(text, keep) - 1) .. "…" end
  end
  return true
end

-- `narrow`: the column to shorten if the terminal is too narrow.
return function(format, header, rows, narrow)
  local lines, patterns = {}, {}
  local widths, shown, head = measured(format, header, rows)
  if narrow and narrowed(format, rows, widths, narrow) then widths, shown, head = measured(format, header, rows) end
  if header then lines[1] = line_of(format, header, head, widths, "bold") end
  for n, row in ipairs(rows) do
    local columns = #row
    if patterns[columns] == nil then patterns[columns] = pattern_of(columns, widths) or false end
    local plain = not shown[n] and patterns[columns]
    lines[#lines + 1] = plain and plain:format(unpack(row)) or line_of(format, row, shown[n], widths)
  end
  if lines[1] then format.write(concat(lines, "\n"), "\n") end
  format.flush()
end
