-- Builds ClientHello messages by hand (RFC 8446), since the tests need ones that no client sends.
local hello = {}

function hello.server_name(name) return { 0, string.pack(">s2", "\0" .. string.pack(">s2", name)) } end

-- A message with these extensions, each { type, content }.
function hello.message(extensions)
  local list = {}
  for i, extension in ipairs(extensions) do list[i] = string.pack(">I2s2", extension[1], extension[2]) end
  local body = "\3\3" .. ("\7"):rep(32) .. "\0\0\2\x13\1\1\0" .. (list[1] and string.pack(">s2", table.concat(list)) or "")
  return "\1" .. string.pack(">s3", body)
end

function hello.record(fragment) return "\22\3\1" .. string.pack(">s2", fragment) end

-- In records of the largest size.
function hello.records(message)
  local list = {}
  for at = 1, #message, 16384 do table.insert(list, hello.record(message:sub(at, at + 16383))) end
  return table.concat(list)
end

-- A whole ClientHello with this name.
function hello.of(name) return hello.record(hello.message { hello.server_name(name), { 43, "\2\3\4" } }) end

return hello
