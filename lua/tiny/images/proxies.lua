-- Proxies from the environment, as curl and Go read it: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, also in lower case.
local proxies = {}

local function variable(name)
  local value = os.getenv(name:lower()) or os.getenv(name)
  return value ~= "" and value or nil
end

local function number_of(addr)
  local a, b, c, d = addr:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
  return a and (tonumber(a) << 24 | tonumber(b) << 16 | tonumber(c) << 8 | tonumber(d)) or nil
end

-- Whether a host, of which the port is known, matches an entry of NO_PROXY: *, a name with its subdomains, an address, or
-- a network in CIDR form; each with :PORT if it is for one port only.
local function matches(entry, host, port)
  if entry == "*" then return true end
  local name, only = entry:match("^(.-):(%d+)$")
  if name and not name:find(":", 1, true) then
    if only ~= port then return false end
    entry = name
  end
  local network, bits = entry:match("^([%d.]+)/(%d+)$")
  if network then
    local one, other = number_of(network), number_of(host)
    local shift = 32 - tonumber(bits)
    return one ~= nil and other ~= nil and shift >= 0 and shift <= 32 and one >> shift == other >> shift
  end
  entry = entry:gsub("^%*?%.", ""):gsub("^%[(.*)%]$", "%1")
  return host == entry or host:sub(-#entry - 1) == "." .. entry
end

-- The proxy for a URL; nil: none. This machine is always reached directly.
function proxies.for_url(url)
  local scheme, authority = url:match("^(%a+)://([^/?#]+)")
  if not scheme then return nil end
  local proxy = variable(scheme == "https" and "HTTPS_PROXY" or "HTTP_PROXY") or variable "ALL_PROXY"
  if not proxy then return nil end
  local host = (authority:match("^%[(.-)%]") or authority:match("^([^:]+)") or ""):lower()
  local port = authority:match(":(%d+)$") or (scheme == "https" and "443" or "80")
  if host == "localhost" or host == "::1" or host:find("^127%.") then return nil end
  for entry in (variable "NO_PROXY" or ""):gmatch("[^%s,]+") do
    if matches(entry:lower(), host, port) then return nil end
  end
  return proxy:find("://", 1, true) and proxy or "http://" .. proxy
end

return proxies
