-- resolv.conf(5): reads one as the C library does.
local resolv_conf = {}

-- The C library's defaults and limits.
local TIMEOUT, MOST_TIMEOUT, ATTEMPTS, MOST_ATTEMPTS = 5, 30, 2, 5

-- The name servers, the search domains (a string, or nil) and the list of options. Of several lines with search domains,
-- the last one counts.
function resolv_conf.parse(text)
  local conf = { servers = {}, options = {} }
  for line in text:gmatch("[^\n]+") do
    local key, value = line:match("^%s*(%l+)%s+(.-)%s*$")
    if key == "nameserver" then
      local server = value:match("^[^%s;#]+") or ""
      if tiny.parse_addr((server:gsub("%%.*", ""))) then table.insert(conf.servers, server) end
    elseif key == "search" then
      conf.search = value
    elseif key == "domain" then
      conf.search = value:match("^%S+")
    elseif key == "options" then
      for option in value:gmatch("%S+") do table.insert(conf.options, option) end
    end
  end
  return conf
end

-- The host's.
function resolv_conf.host()
  return resolv_conf.parse(tiny.read_file("/etc/resolv.conf") or "")
end

-- Whether the list has this option, and its number: "ndots" for "ndots:2". The last one counts.
function resolv_conf.option(options, name)
  local found, number = false, nil
  for _, option in ipairs(options) do
    local key, value = option:match("^([^:]+):?(.*)$")
    if key == name then found, number = true, math.tointeger(tonumber(value)) end
  end
  return found, number
end

-- How servers are asked by these options: seconds until the next one, how often each is asked, whether each query begins
-- with another one, and whether TCP is used from the start.
function resolv_conf.manner(options)
  local _, timeout = resolv_conf.option(options, "timeout")
  local _, attempts = resolv_conf.option(options, "attempts")
  return {
    timeout = math.max(1, math.min(timeout or TIMEOUT, MOST_TIMEOUT)),
    attempts = math.max(1, math.min(attempts or ATTEMPTS, MOST_ATTEMPTS)),
    rotate = resolv_conf.option(options, "rotate"),
    tcp = resolv_conf.option(options, "use-vc"),
  }
end

return resolv_conf
