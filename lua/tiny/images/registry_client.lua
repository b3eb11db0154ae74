-- Requests to a registry (the OCI distribution specification): authentication, redirects, retries, and failures in words. A source
-- (see tiny.images.registries) keeps what was learnt: its scheme and its tokens.
local auth = require "tiny.images.auth"
local proxies = require "tiny.images.proxies"
local registries = require "tiny.images.registries"

local client = {}

-- Bytes of an error message or a token.
local SMALL = 1 << 20
local MOST_REDIRECTS = 5
-- Seconds: the longest wait that a registry may ask for, and the first wait without such a wish.
local PATIENCE = 60
client.FIRST_WAIT = 0.5
local TRANSIENT = { [408] = true, [429] = true, [500] = true, [502] = true, [503] = true, [504] = true }
local BROKEN = { ECONNRESET = true, ETIMEDOUT = true, EPIPE = true }
local PHRASES = {
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found", [405] = "Method Not Allowed", [416] = "Range Not Satisfiable",
  [429] = "Too Many Requests", [500] = "Internal Server Error", [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

-- Throws one sentence that names the image and the registry; more: code, status.
function client.fail(source, why, hint, more)
  local place = source.image and source.image ~= source.registry and source.image .. ": " or ""
  local err = { message = place .. source.registry .. " " .. why, hint = hint, exit = 125 }
  for key, value in pairs(more or {}) do err[key] = value end
  tiny.fail(err)
end

-- Another program's text on one line.
local function quoted(text)
  return (text:gsub("%s+", " "):gsub("%c", "?"):sub(1, 200))
end

-- What a registry says about an error: the first message of its JSON.
local function said(response)
  local text = tiny.try(response.read, response, SMALL)
  local body = text and tiny.json_decode(text)
  local first = type(body) == "table" and type(body.errors) == "table" and body.errors[1]
  local message = type(first) == "table" and (type(first.message) == "string" and first.message ~= "" and first.message or first.code)
  return type(message) == "string" and quoted(message) or nil
end

-- Seconds to wait by a Retry-After header (RFC 9110, 10.2.3), which has seconds or a date; nil without one.
local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }
function client.retry_after(text, now)
  if not text then return nil end
  local seconds = text:match("^%s*(%d+)%s*$")
  if seconds then return math.min(tonumber(seconds), 1 << 31) end
  local day, month, year, hour, minute, second = text:match("^%a+, (%d+) (%a+) (%d+) (%d+):(%d+):(%d+) GMT$")
  local at = day and MONTHS[month] and tiny.parse_timestamp(("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(year, MONTHS[month], day, hour, minute, second))
  return at and math.max(at - (now or tiny.clock()), 0) or nil
end

-- "100 per 6 h" of "100;w=21600".
local function limit_text(text)
  local count, seconds = (text or ""):match("^(%d+);w=(%d+)")
  if not count then return nil end
  return ("%s per %s"):format(count, tonumber(seconds) % 3600 == 0 and ("%d h"):format(tonumber(seconds) // 3600) or seconds .. " s")
end

local function too_many(source, response)
  local limit, wait = limit_text(response.headers["ratelimit-limit"]), client.retry_after(response.headers["retry-after"])
  local parts = {}
  if limit then table.insert(parts, "the limit is " .. limit) end
  local remaining = (response.headers["ratelimit-remaining"] or ""):match("^%d+")
  if remaining then table.insert(parts, remaining .. " remain") end
  if wait then table.insert(parts, ("try again in %d s"):format(math.ceil(wait))) end
  client.fail(source, "received too many requests from this address" .. (#parts > 0 and ": " .. table.concat(parts, ", ") or ""),
    source.credentials and "wait, or use a mirror" or ("`tinylua login %s` has a higher limit, and so may a mirror"):format(source.registry), { status = 429 })
end

-- Throws what a response with an unexpected status means. away: the server that sent it, if it is another one.
function client.refuse(source, response, what, away)
  local status = response.status
  if away then
    client.fail(source, ("redirects to %s, which answers %d %s"):format(away, status, PHRASES[status] or ""), "try again later, or use a mirror", { status = status })
  end
  if status == 429 then too_many(source, response) end
  local text = said(response)
  local detail = text and ": " .. text or ""
  -- Whether it knew who asks: then it denies this user the image, which it may have.
  local more = { status = status, identified = source.credentials and true or nil }
  if status == 401 then
    if source.credentials then
      client.fail(source, "does not accept the credentials of " .. (source.credentials.path or "this command") .. detail, ("`tinylua login %s` stores others"):format(source.registry), more)
    end
    client.fail(source, "requires a login for this repository, or does not have it", ("check the name; `tinylua login %s`"):format(source.registry), { status = status })
  elseif status == 403 then
    client.fail(source, "denies access" .. detail, source.credentials and "this account may lack the permission" or ("`tinylua login %s`"):format(source.registry), more)
  elseif status == 404 then
    client.fail(source, "does not have " .. what .. detail, "check the name and the tag", { status = status })
  elseif status >= 500 then
    client.fail(source, ("has a fault (%d %s)%s"):format(status, PHRASES[status] or "", detail), "try again later, or use a mirror", { status = status })
  end
  client.fail(source, ("answers %d%s for %s%s"):format(status, PHRASES[status] and " " .. PHRASES[status] or "", what, detail), nil, { status = status })
end

local WHY = {
  ECONNREFUSED = "does not accept connections", EHOSTUNREACH = "cannot be reached", ENETUNREACH = "cannot be reached: there is no network",
  ECONNRESET = "closed the connection", ETIMEDOUT = "does not reply", EKEYEXPIRED = "cannot be trusted", EKEYREJECTED = "has a certificate that is not accepted",
  EPROTO = "does not answer as a registry does",
}

-- Throws the failure of a connection as a sentence. Others, such as those of the disk, stay as they are.
local function broken(source, err, away, sending)
  local why = err.op and WHY[err.code]
  if not why then error(err, 0) end
  if away then client.fail(source, ("redirects to %s, which %s%s"):format(away, why, err.detail and ": " .. err.detail or ""), "try again later, or use a mirror", { code = err.code }) end
  local hint = err.hint
  if err.code == "EPROTO" and (err.detail or ""):find("does not use TLS", 1, true) or err.code == "EKEYREJECTED" then
    hint = ("if you trust it, set registries[%q] = { insecure = true } in registries.lua, or put its authority's certificate into /etc/containers/certs.d/%s"):format(source.host, source.host)
  elseif err.code == "EKEYEXPIRED" then
    hint = "its administrator has to renew it; check the clock of this host, too"
  elseif err.code == "ECONNREFUSED" then
    hint = "check the name and the port"
  elseif BROKEN[err.code] then
    hint = sending and "try again" or "try again; what was downloaded is kept"
  end
  client.fail(source, why .. (err.detail and ": " .. err.detail or ""), hint, { code = err.code })
end
client.broken = broken

local function encoded(text)
  return (text:gsub("[^%w._~-]", function(c) return ("%%%02X"):format(c:byte()) end))
end
client.encoded = encoded

-- The name of the server of a URL for its settings.
local function server_of(parts)
  return parts.host .. ((parts.port == "443" or parts.port == "80") and "" or ":" .. parts.port)
end

-- The settings of a server for tiny.http. A server to which another refers has its own.
local function settings_for(source, url)
  local parts = auth.parse_url(url)
  local own = auth.parse_url(source.scheme .. "://" .. source.host)
  local of = source
  if parts and own and parts.host ~= own.host then
    of = registries.server(server_of(parts))
  end
  return { timeout = source.timeout, stall = source.stall, ca = of.ca, cert = of.cert, key = of.key, insecure = of.insecure, proxy = proxies.for_url(url) }
end

-- One request; an insecure registry that has no TLS is asked again without.
local function send(source, url, options)
  local settings = settings_for(source, url)
  for key, value in pairs(options) do settings[key] = value end
  if settings.rewind then settings.rewind, settings.body = nil, settings.rewind() end
  return tiny.try(tiny.http, url, settings)
end

-- A token for a scope from the server that a challenge names.
local function fetch_token(source, parameters, scope)
  local realm = auth.parse_url(parameters.realm or "")
  if not realm then client.fail(source, "names no valid token server: " .. quoted(tiny.show(parameters.realm)), "it is misconfigured; tell its administrator") end
  local own, credentials = auth.parse_url(source.scheme .. "://" .. source.host), source.credentials
  if credentials then
    local allowed = auth.same_site(own.host, realm.host)
    for _, host in ipairs(source.realms or {}) do allowed = allowed or host == realm.host end
    if not allowed then
      client.fail(source, ("wants your password to be sent to %s, another site"):format(realm.host), ("if that is right, set registries[%q] = { realms = { %q } } in registries.lua"):format(source.registry, realm.host), { code = "EACCES" })
    end
    if realm.scheme == "http" and source.scheme == "https" then
      client.fail(source, ("wants your password to be sent to %s without encryption"):format(realm.host), "it is misconfigured; tell its administrator", { code = "EACCES" })
    end
  end
  local query = { "service=" .. encoded(parameters.service or source.host) }
  for one in scope:gmatch("%S+") do table.insert(query, "scope=" .. encoded(one)) end
  local url, options = parameters.realm, { headers = {} }
  if credentials and credentials.identity then
    options.method, options.headers["Content-Type"] = "POST", "application/x-www-form-urlencoded"
    options.body = table.concat(query, "&") .. "&grant_type=refresh_token&client_id=tinylua&refresh_token=" .. encoded(credentials.identity)
  else
    if credentials then
      options.headers.Authorization = auth.basic(credentials)
      table.insert(query, "account=" .. encoded(credentials.user))
    end
    url = url .. (url:find("?", 1, true) and "&" or "?") .. table.concat(query, "&")
  end
  local response, err = send(source, url, options)
  if not response then broken(source, err) end
  if response.status ~= 200 then client.refuse(source, response, "a token for this repository") end
  local text, failed = tiny.try(response.read, response, SMALL)
  if failed then broken(source, failed) end
  local answer = tiny.json_decode(text)
  local token = type(answer) == "table" and (answer.token or answer.access_token)
  if type(token) ~= "string" or token:find("%c") then client.fail(source, "sends no token", "it is misconfigured; tell its administrator") end
  local seconds = type(answer.expires_in) == "number" and answer.expires_in or 60
  return { header = "Bearer " .. token, until_time = tiny.clock "monotonic" + math.max(seconds - 10, 10) }
end

-- Answers the challenge of a 401; returns whether there is something new to try.
local function authorize(source, response, scope)
  source.tokens = source.tokens or {}
  if source.credentials == nil then source.credentials = auth.find(source.registry, source.repository) or false end
  local basic
  for _, challenge in ipairs(auth.challenges(response.headers["www-authenticate"] or "")) do
    if challenge.scheme == "bearer" then
      source.tokens[scope] = fetch_token(source, challenge.parameters, scope ~= "" and scope or challenge.parameters.scope or "")
      return true
    end
    basic = basic or challenge.scheme == "basic"
  end
  if basic and source.credentials and source.credentials.user then
    source.basic = auth.basic(source.credentials)
    return true
  end
  return false
end

local function header_for(source, scope)
  local token = source.tokens and source.tokens[scope]
  if token and token.until_time > tiny.clock "monotonic" then return token.header end
  return source.basic
end

-- Fails where the registry leads from an encrypted server to one that is not, unless the user allows that. One of this host needs no
-- certificate, but that is not said of others to which it leads.
local function check_encryption(source, from, to, does)
  if from.scheme ~= "https" or to.scheme ~= "http" then return end
  local allowed = source.insecure and (not registries.is_loopback(source.host) or registries.server(server_of(to)).insecure)
  if not allowed then client.fail(source, ("%s to %s without encryption"):format(does, to.host), "it is misconfigured; tell its administrator", { code = "EACCES" }) end
end

-- Where a redirect leads; the headers that may go there are in `options`.
local function redirected(source, url, response, options)
  local target = response.headers.location or ""
  local from = auth.parse_url(url)
  if target:sub(1, 2) == "//" then target = from.scheme .. ":" .. target
  elseif target:sub(1, 1) == "/" then target = url:match("^%a+://[^/?#]+") .. target
  elseif not target:find("^%a+://") then target = url:match("^([^?#]*/)") .. target end
  local to = auth.parse_url(target)
  if not to then client.fail(source, "redirects to " .. quoted(tiny.show(target)) .. ", which is no URL", "it is misconfigured; tell its administrator") end
  check_encryption(source, from, to, "redirects")
  -- A credential stays with its origin.
  if to.origin ~= from.origin then options.headers.Authorization = nil end
  return target, to.origin ~= from.origin
end

local FOLLOWED = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Follows redirects and answers challenges; returns the response, or nil and the error of a connection; and the
-- server to which it was redirected.
local function exchange(source, method, path, options, scope)
  local url = path:find("^%a+://") and path or source.scheme .. "://" .. source.host .. path
  local own = auth.parse_url(source.scheme .. "://" .. source.host)
  local first = auth.parse_url(url)
  if not first then client.fail(source, "refers to " .. quoted(tiny.show(url)) .. ", which is no URL", "it is misconfigured; tell its administrator") end
  check_encryption(source, own, first, "wants uploads to be sent")
  local away, tried, seen = first.origin ~= own.origin, false, {}
  local request = { method = method, headers = {}, body = options.body, rewind = options.rewind, progress = options.progress }
  for name, value in pairs(options.headers or {}) do request.headers[name] = value end
  request.headers.Authorization = not away and header_for(source, scope) or nil
  for _ = 1, MOST_REDIRECTS + 3 do
    local response, err = send(source, url, request)
    if not response and not away and source.may_fall_back and source.scheme == "https" and (err.code == "EPROTO" or err.code == "ECONNREFUSED") then
      source.scheme, source.may_fall_back = "http", false
      return exchange(source, method, path, options, scope)
    end
    local elsewhere = away and auth.parse_url(url).host or nil
    if not response then return nil, err, elsewhere end
    if response.status == 401 and not away and not tried then
      tried = true
      if not authorize(source, response, scope) then return response end
      request.headers.Authorization = header_for(source, scope)
    elseif FOLLOWED[response.status] and response.headers.location and (method == "GET" or method == "HEAD") then
      local other
      url, other = redirected(source, url, response, request)
      away = away or other
      if seen[url] then client.fail(source, "redirects in a loop", "it is misconfigured; tell its administrator", { code = "ELOOP" }) end
      seen[url] = true
    else
      return response, nil, elsewhere
    end
    response:close()
  end
  client.fail(source, ("redirects more than %d times"):format(MOST_REDIRECTS), "it is misconfigured; tell its administrator", { code = "ELOOP" })
end

-- Waits before the next attempt; returns false if there is none. A registry's wish counts, if it is not too long.
function client.wait(source, attempt, response, why)
  if attempt >= source.attempts then return false end
  local wish = response and client.retry_after(response.headers["retry-after"])
  if wish and wish > PATIENCE then return false end
  local seconds = wish or math.min(client.FIRST_WAIT * 2 ^ (attempt - 1), 15)
  if source.note then source.note(("%s %s; trying again in %.1f s (%d of %d)"):format(source.registry, why, seconds, attempt + 1, source.attempts)) end
  tiny.poll({}, seconds)
  return true
end

-- Sends a request and returns the response, whose status is one of `expected` (200 if absent). options: headers, body, rewind (a
-- function that returns the body for each attempt), progress (called with the bytes of it that were sent), scope, expected, what (for messages), once (no retries).
function client.request(source, method, path, options)
  local expected, scope = options.expected or { [200] = true }, options.scope or ""
  local attempt = 1
  while true do
    local response, err, away = exchange(source, method, path, options, scope)
    if response and expected[response.status] then return response end
    if response then
      local again = not options.once and TRANSIENT[response.status]
      if not (again and client.wait(source, attempt, response, ("answers %d %s"):format(response.status, PHRASES[response.status] or ""))) then
        client.refuse(source, response, options.what or "this", away)
      end
      response:close()
    else
      local again = not options.once and BROKEN[err.code]
      if not (again and client.wait(source, attempt, nil, err.detail or WHY[err.code])) then broken(source, err, away, options.once) end
    end
    attempt = attempt + 1
  end
end

-- The body of a response as text.
function client.read(source, response, limit)
  local text, err = tiny.try(response.read, response, limit)
  if not text then
    if err.code == "EMSGSIZE" then client.fail(source, "sends more than " .. limit .. " bytes", "this is not what it says it is", { code = err.code }) end
    broken(source, err)
  end
  return text
end

-- The digest of a text, as images write it.
function client.digest(text) return "sha256:" .. tiny.sha256(text) end

return client
