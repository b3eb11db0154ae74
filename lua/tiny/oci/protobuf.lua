-- Messages in the encoding of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), as far as criu's protocol needs it.
local protobuf = {}

-- The types of a field's value on the wire.
local VARINT, BYTES = 0, 2

local function varint(value)
  local bytes = {}
  repeat
    local rest = value >> 7
    table.insert(bytes, string.char(value & 0x7f | (rest ~= 0 and 0x80 or 0)))
    value = rest
  until value == 0
  return table.concat(bytes)
end

local function field(number, value)
  if value == true or value == false then value = value and 1 or 0 end
  if math.type(value) == "integer" then return varint(number << 3 | VARINT) .. varint(value) end
  return varint(number << 3 | BYTES) .. varint(#value) .. value
end

-- Encodes a table. fields: the number of each name, or { number, FIELDS } for a message. A list is a repeated field.
function protobuf.encode(fields, message)
  local parts = {}
  for name, value in pairs(message) do
    local kind = fields[name] or error("no field " .. name)
    local number, inner = kind, nil
    if type(kind) == "table" then number, inner = kind[1], kind[2] end
    local one_message = inner and #value == 0 and next(value)
    local values = type(value) == "table" and not one_message and value or { value }
    for _, one in ipairs(values) do table.insert(parts, field(number, inner and protobuf.encode(inner, one) or one)) end
  end
  return table.concat(parts)
end

local function read_varint(bytes, at)
  local value, shift = 0, 0
  while true do
    local byte = bytes:byte(at) or error("the message is cut off")
    value, at, shift = value | (byte & 0x7f) << shift, at + 1, shift + 7
    if byte < 0x80 then return value, at end
  end
end

-- Decodes a message: its values by their numbers, the last one of each.
function protobuf.decode(bytes)
  local found, at = {}, 1
  while at <= #bytes do
    local key, value
    key, at = read_varint(bytes, at)
    value, at = read_varint(bytes, at)
    if key & 7 == BYTES then
      found[key >> 3] = bytes:sub(at, at + value - 1)
      at = at + value
    elseif key & 7 == VARINT then found[key >> 3] = value
    else error("unknown type of a field: " .. (key & 7))
    end
  end
  return found
end

return protobuf
