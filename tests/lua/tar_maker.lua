-- Makes tar archives byte by byte, also those that no program would write, and shows trees as text to compare them.
local maker = {}

local function field(text, length) return text:sub(1, length) .. ("\0"):rep(length - #text) end
local function padded(text) return text .. ("\0"):rep(-#text % 512) end

-- A number in octal digits, or in base 256 if it is too large.
local function number(n, length)
  if n >= 0 and n < 8 ^ (length - 1) then return ("%0" .. (length - 1) .. "o\0"):format(n) end
  local bytes = math.min(length - 1, 8)
  return (n < 0 and "\255" or "\128") .. (n < 0 and "\255" or "\0"):rep(length - 1 - bytes) .. string.pack(">i" .. bytes, n)
end

-- The header of an entry: { name, type, size, mode, uid, gid, mtime, link, major, minor, magic, prefix }.
function maker.header(e)
  local function made(sum)
    return field(field(e.name, 100) .. number(e.mode or tonumber("644", 8), 8) .. number(e.uid or 0, 8) .. number(e.gid or 0, 8)
      .. number(e.size or 0, 12) .. number(e.mtime or 1000000000, 12) .. sum .. (e.type or "0") .. field(e.link or "", 100)
      .. (e.magic or "ustar\00000") .. ("\0"):rep(64) .. number(e.major or 0, 8) .. number(e.minor or 0, 8) .. field(e.prefix or "", 155), 512)
  end
  local sum = 0
  for _, byte in ipairs { made(("        ")):byte(1, -1) } do sum = sum + byte end
  return made(("%06o\0 "):format(sum))
end

-- Pax records, as an entry of their own.
function maker.pax(records, kind)
  local text = ""
  for _, record in ipairs(records) do
    local rest = " " .. record[1] .. "=" .. record[2] .. "\n"
    local length = #rest + 1
    while #tostring(length) + #rest ~= length do length = length + 1 end
    text = text .. length .. rest
  end
  return maker.header { name = "pax", type = kind or "x", size = #text } .. padded(text)
end

-- A long name in GNU format ("L") or a long link ("K").
function maker.long(kind, text)
  return maker.header { name = "././@LongLink", type = kind, size = #text + 1, magic = "ustar  \0" } .. padded(text .. "\0")
end

-- One entry: a string is taken as it is. Besides the header's fields: data, pax.
function maker.entry(e)
  if type(e) == "string" then return e end
  e.size = e.size or e.data and #e.data or 0
  return (e.pax and maker.pax(e.pax) or "") .. maker.header(e) .. padded(e.data or "")
end

-- An archive of these entries.
function maker.archive(entries)
  local parts = {}
  for i, e in ipairs(entries) do parts[i] = maker.entry(e) end
  return table.concat(parts) .. ("\0"):rep(1024)
end

-- Short forms.
function maker.file(name, data, more)
  local e = { name = name, data = data or name }
  for key, value in pairs(more or {}) do e[key] = value end
  return e
end
function maker.dir(name, mode) return { name = name .. "/", type = "5", mode = mode or tonumber("755", 8) } end
function maker.symlink(name, target) return { name = name, type = "2", link = target } end
function maker.link(name, target) return { name = name, type = "1", link = target } end

-- A tree as lines: what each file is, with mode, owner, time and content.
function maker.shown(root, options)
  options = options or {}
  local lines, first = {}, {}
  local function visit(path)
    local s = tiny.stat(root .. path, { follow = false })
    local time = options.times == false and "" or (" %.0f"):format(s.mtime)
    local line = ("%s %s %o %d:%d"):format(path == "" and "." or path, s.kind, s.mode, s.uid, s.gid) .. (s.kind == "dir" and path == "" and "" or time)
    if s.kind == "file" then line = line .. (" %d %s"):format(s.size, tiny.sha256(tiny.read_file(root .. path)):sub(1, 8)) end
    if s.kind == "link" then line = line .. " -> " .. tiny.readlink(root .. path) end
    if s.kind ~= "dir" then
      first[s.ino] = first[s.ino] or path
      if first[s.ino] ~= path then line = line .. " is " .. first[s.ino] end
    end
    table.insert(lines, line)
    if s.kind ~= "dir" then return end
    local names = tiny.list_dir(root .. path)
    table.sort(names)
    for _, name in ipairs(names) do visit(path .. "/" .. name) end
  end
  visit ""
  return table.concat(lines, "\n")
end

return maker
