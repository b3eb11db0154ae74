-- Moments as people write them on the command line: an RFC 3339 time (or the first part of one, in
-- UTC), seconds since 1970, or how long ago ("10m").

-- The text of an option as seconds since 1970.
return function(option, text)
  if text:match("^%d+%.?%d*$") then return tonumber(text) end
  for _, rest in ipairs { "", "Z", ":00Z", "T00:00:00Z" } do
    local moment = tiny.parse_timestamp(text .. rest)
    if moment then return moment end
  end
  local ago = text:match("^%d") and tiny.parse_duration(text)
  if ago then return tiny.clock() - ago end
  tiny.fail {
    message = ("--%s %q is no moment"):format(option, text), exit = 2,
    hint = "write 2026-01-31T12:00:00Z, seconds since 1970, or how long ago: 10m",
  }
end
