-- Parses a time on the command line to seconds since 1970: RFC 3339 (or a prefix of it, in UTC), seconds since 1970, or how
-- long ago ("10m").

-- Parses the text of an option.
return function(option, text)
  if text:match("^%d+%.?%d*$") then return tonumber(text) end
  for _, rest in ipairs { "", "Z", ":00Z", "T00:00:00Z" } do
    local time = tiny.parse_timestamp(text .. rest)
    if time then return time end
  end
  local ago = text:match("^%d") and tiny.parse_duration(text)
  if ago then return tiny.clock() - ago end
  tiny.fail {
    message = ("--%s %q is not a time"):format(option, text), exit = 2,
    hint = "write 2026-01-31T12:00:00Z, seconds since 1970, or how long ago: 10m",
  }
end
