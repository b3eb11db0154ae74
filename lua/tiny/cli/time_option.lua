-- Parses a time on the command line to the format of the log and of tiny.timestamp(): RFC 3339 (or a prefix of it, in UTC),
-- seconds since 1970, or how long ago ("10m").

local function canonical(seconds)
  local _, text = pcall(tiny.timestamp, seconds)
  return text
end

-- "2026-11-24", "2026-11-24T02:12", with seconds, a fraction, a zone or none (UTC).
local function date(text)
  local day, clock, fraction, zone = text:match("^(%d%d%d%d%-%d%d%-%d%d)[Tt ]?([%d:]*)%.?(%d*)(.*)$")
  if not day or #fraction > 9 then return nil end
  if clock == "" then clock = "00:00" end
  if #clock == 5 then clock = clock .. ":00" end
  local seconds = tiny.parse_timestamp(("%sT%s%s"):format(day, clock, zone == "" and "Z" or zone))
  -- The fraction is copied as text, since a float would round it.
  return seconds and (canonical(seconds):gsub("%.%d+Z$", "." .. fraction .. ("0"):rep(9 - #fraction) .. "Z"))
end

return function(option, text)
  local found = date(text)
  if not found and text:match("^%d+%.?%d*$") then found = canonical(tonumber(text) + 0.0) end
  if not found then
    local ago = text:match("%a") and tiny.parse_duration(text)
    found = ago and canonical(tiny.clock() - ago)
  end
  if found and found:match("^%d%d%d%d%-") then return found end
  tiny.fail {
    message = ("%s %q is not a time"):format(option, text),
    hint = 'write RFC 3339 ("2026-11-24T02:12:00Z"), seconds since 1970, or how long ago ("10m")', exit = 2,
  }
end
