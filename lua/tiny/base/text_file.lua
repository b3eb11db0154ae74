-- Reads a file that the user names, which may be a FIFO or a device such as /dev/stdin or bash's <(…).
local MOST = 16 << 20

-- The text, at most `most` bytes; nil, an error value if it cannot be read, and nil alone if it does not exist.
return function(path, most)
  most = most or MOST
  local s, err = tiny.try(tiny.stat, path)
  if not s then return nil, err end
  if s.kind ~= "fifo" and s.kind ~= "char" and s.kind ~= "socket" then return tiny.try(tiny.read_file, path, { max = most }) end
  return tiny.try(function()
    local file <close>, parts, size = tiny.open(path), {}, 0
    for bytes in function() return file:read() end do
      size = size + #bytes
      if size > most then tiny.fail(("%s: more than %d MiB"):format(path, most >> 20)) end
      table.insert(parts, bytes)
    end
    return table.concat(parts)
  end)
end
