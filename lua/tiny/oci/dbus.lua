-- A small client of D-Bus over a Unix socket: method calls with replies, and signals (dbus.freedesktop.org, "D-Bus Specification").
-- A value of a variant is a table { signature, value }.
local Bus = {}
Bus.__index = Bus

local CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
-- Fields of a header.
local PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 4, 5, 6, 8

-- A message is at most this long; the specification allows 128 MiB.
local LONGEST = 16 * 1024 * 1024
local TIMEOUT = 30

-- The fixed types: format and alignment. 64-bit numbers without a sign are Lua's integers.
local FIXED = {
  y = { "<B", 1 }, b = { "<I4", 4 }, n = { "<i2", 2 }, q = { "<I2", 2 }, i = { "<i4", 4 }, u = { "<I4", 4 },
  x = { "<i8", 8 }, t = { "<i8", 8 }, d = { "<d", 8 },
}
local ALIGNMENT = { s = 4, o = 4, g = 1, v = 1, a = 4, ["("] = 8, ["{"] = 8 }
for kind, how in pairs(FIXED) do ALIGNMENT[kind] = how[2] end

-- The single complete type that begins at `at` in a signature.
local function next_type(signature, at)
  local kind = signature:sub(at, at)
  if kind == "a" then return "a" .. next_type(signature, at + 1) end
  if kind == "(" then return signature:match("^%b()", at) end
  if kind == "{" then return signature:match("^%b{}", at) end
  return kind
end

local function types_of(signature)
  local types, at = {}, 1
  while at <= #signature do
    local kind = next_type(signature, at)
    table.insert(types, kind)
    at = at + #kind
  end
  return types
end

local Writer = {}
Writer.__index = Writer

local function writer() return setmetatable({ parts = {}, size = 0 }, Writer) end

function Writer:add(bytes)
  table.insert(self.parts, bytes)
  self.size = self.size + #bytes
end

function Writer:align(to) self:add(("\0"):rep(-self.size % to)) end

function Writer:put(kind, value)
  local first = kind:sub(1, 1)
  self:align(ALIGNMENT[first])
  if kind == "b" then self:add(string.pack("<I4", value and 1 or 0))
  elseif FIXED[kind] then self:add(string.pack(FIXED[kind][1], value))
  elseif kind == "s" or kind == "o" then self:add(string.pack("<s4", value) .. "\0")
  elseif kind == "g" then self:add(string.pack("<s1", value) .. "\0")
  elseif kind == "v" then
    self:put("g", value[1])
    self:put(value[1], value[2])
  elseif first == "a" then
    local element = kind:sub(2)
    self:add ""
    local place = #self.parts
    self.size = self.size + 4
    self:align(ALIGNMENT[element:sub(1, 1)])
    local start = self.size
    for _, one in ipairs(value) do self:put(element, one) end
    self.parts[place] = string.pack("<I4", self.size - start)
  else
    for i, inner in ipairs(types_of(kind:sub(2, -2))) do self:put(inner, value[i]) end
  end
end

function Writer:text() return table.concat(self.parts) end

-- Reads values from `text`; `at` counts from 1. A damaged message is an error of string.unpack.
local function take(text, at, kind)
  local first = kind:sub(1, 1)
  at = at + -(at - 1) % ALIGNMENT[first]
  if FIXED[kind] then
    local value
    value, at = string.unpack(FIXED[kind][1], text, at)
    if kind == "b" then value = value ~= 0 end
    return value, at
  elseif kind == "s" or kind == "o" then
    local value = string.unpack("<s4", text, at)
    return value, at + 4 + #value + 1
  elseif kind == "g" then
    local value = string.unpack("<s1", text, at)
    return value, at + 1 + #value + 1
  elseif kind == "v" then
    local signature, value
    signature, at = take(text, at, "g")
    value, at = take(text, at, signature)
    return { signature, value }, at
  elseif first == "a" then
    local element, found = kind:sub(2), {}
    local length, start = string.unpack("<I4", text, at)
    start = start + -(start - 1) % ALIGNMENT[element:sub(1, 1)]
    at = start
    while at < start + length do
      local value
      value, at = take(text, at, element)
      table.insert(found, value)
    end
    return found, at
  end
  local found = {}
  for i, inner in ipairs(types_of(kind:sub(2, -2))) do found[i], at = take(text, at, inner) end
  return found, at
end

-- Reads more bytes; fails at the deadline.
function Bus:fill()
  local left = self.deadline - tiny.clock "monotonic"
  if left <= 0 or #tiny.poll({ self.socket }, left) == 0 then tiny.fail { message = self.name .. ": no answer", code = "ETIMEDOUT" } end
  local bytes = self.socket:read()
  if not bytes then tiny.fail { message = self.name .. ": the connection was closed", code = "ECONNRESET" } end
  self.buffer = self.buffer .. bytes
end

function Bus:line()
  while not self.buffer:find("\r\n", 1, true) do
    if #self.buffer > 16384 then tiny.fail { message = self.name .. ": an endless line" } end
    self:fill()
  end
  local line, rest = self.buffer:match("^(.-)\r\n(.*)$")
  self.buffer = rest
  return line
end

-- The next message: kind, fields by number, body.
function Bus:receive()
  while #self.buffer < 16 do self:fill() end
  local order, kind, _, _, length, _, fields = string.unpack("<c1BBBI4I4I4", self.buffer)
  local header = 16 + fields + -fields % 8
  if order ~= "l" or header + length > LONGEST then tiny.fail { message = self.name .. ": a message that this client cannot read" } end
  while #self.buffer < header + length do self:fill() end
  local message = { kind = kind, values = {} }
  for _, field in ipairs((take(self.buffer, 13, "a(yv)"))) do message[field[1]] = field[2][2] end
  local body, at = self.buffer:sub(header + 1, header + length), 1
  for i, inner in ipairs(types_of(message[SIGNATURE] or "")) do message.values[i], at = take(body, at, inner) end
  self.buffer = self.buffer:sub(header + length + 1)
  return message
end

-- Calls a method; returns the values of its reply. The code of its error is the error's D-Bus name. Signals that arrive
-- meanwhile are kept.
function Bus:call(destination, path, interface, method, signature, ...)
  self.serial, self.deadline = self.serial + 1, tiny.clock "monotonic" + TIMEOUT
  local body, message = writer(), writer()
  for i, kind in ipairs(types_of(signature)) do body:put(kind, (select(i, ...))) end
  message:add(string.pack("<c1BBBI4I4", "l", CALL, 0, 1, body.size, self.serial))
  local fields = {
    { PATH, { "o", path } }, { INTERFACE, { "s", interface } }, { MEMBER, { "s", method } }, { DESTINATION, { "s", destination } },
  }
  if signature ~= "" then table.insert(fields, { SIGNATURE, { "g", signature } }) end
  message:put("a(yv)", fields)
  message:align(8)
  self.socket:write(message:text() .. body:text())
  while true do
    local got = self:receive()
    if got.kind == SIGNAL then table.insert(self.signals, got)
    elseif got[REPLY_SERIAL] == self.serial and got.kind == RETURN then return table.unpack(got.values)
    elseif got[REPLY_SERIAL] == self.serial and got.kind == ERROR then
      local text = type(got.values[1]) == "string" and got.values[1] or got[ERROR_NAME]
      tiny.fail { message = ("%s: %s: %s"):format(self.name, method, text), code = got[ERROR_NAME] }
    end
  end
end

-- Waits for a signal for which test(values) is true; returns its values.
function Bus:await(member, test)
  self.deadline = tiny.clock "monotonic" + TIMEOUT
  while true do
    for i, one in ipairs(self.signals) do
      if one[MEMBER] == member and test(one.values) then
        table.remove(self.signals, i)
        return one.values
      end
    end
    local got = self:receive()
    if got.kind == SIGNAL then table.insert(self.signals, got) end
  end
end

function Bus:close() self.socket:close() end
Bus.__close = Bus.close

-- Connects to the socket at `path`. name: what errors call the peer. is_bus: it is a message bus, not the service itself. The peer
-- takes the user from the socket: a number would be that of another user namespace.
local function connect(path, name, is_bus)
  local self = setmetatable({ name = name, buffer = "", signals = {}, serial = 0, deadline = tiny.clock "monotonic" + TIMEOUT }, Bus)
  self.socket = tiny.unix_connect(path)
  self.socket:write "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
  local line = self:line()
  if line:match "^DATA" then line = self:line() end
  if not line:match "^OK " then
    self:close()
    tiny.fail { message = ("%s refuses the connection: %s"):format(name, tiny.show(line)), code = "EACCES" }
  end
  if is_bus then self:call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "") end
  return self
end

return { connect = connect }
