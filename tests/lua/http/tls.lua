-- http with TLS: which certificates are accepted, and what is said about the others. The servers are openssl's.
local check, web = require "check", require "web"
web.need("openssl", "openssl")

local authority = web.certificate("authority", { authority = true })
local other = web.certificate("other", { authority = true })
local servers = {}

-- Starts a server with a certificate; returns its URL.
local function serve(cert, key, ...)
  local port = web.free_port()
  table.insert(servers, web.start { "openssl", "s_server", "-accept", tostring(port), "-cert", cert, "-key", key, "-www", "-quiet", ... })
  web.wait_for("127.0.0.1:" .. port)
  return ("https://localhost:%d/"):format(port)
end

local function get(url, options)
  local settings = { timeout = "5s", stall = "5s", ca = { authority } }
  for key, value in pairs(options or {}) do settings[key] = value end
  -- openssl serves one connection at a time.
  local response <close> = tiny.http(url, settings)
  response:read("1m")
  return response.status
end

local good = serve(web.certificate("good", { from = "authority" }))
check.equal(get(good), 200)
check.equal(get((good:gsub("localhost", "127.0.0.1"))), 200, "a certificate for an address")
local err = check.fails("EKEYREJECTED", get, good, { ca = { other } })
check.equal(err.detail, "the server's certificate is from an unknown authority")
check.equal(get(good, { ca = { other, authority } }), 200)
check.equal(get(good, { ca = {}, insecure = true }), 200)
err = check.fails("ENOKEY", get, good, { ca = {} })
check.equal(err.detail, "no authority is accepted for https")
err = check.fails("EKEYREJECTED", get, (good:gsub("localhost", "127.0.0.2")))
check.equal(err.detail, "the server's certificate is for another name")
check.fails("ENOENT", get, good, { ca = { "/nowhere.crt" } })
err = check.fails("EINVAL", get, good, { ca = { "/etc/passwd" } })
check.equal(err.detail, "it has no certificate")

local expired = serve(web.certificate("expired", { from = "authority", expired = true }))
err = check.fails("EKEYEXPIRED", get, expired)
check.equal(err.detail, "the server's certificate has expired")
check.equal(get(expired, { insecure = true }), 200)

-- The self-signed certificate of an authority as that of a server: accepted if it is listed itself, for its names only.
local cert, key = web.certificate("self", { authority = true })
local own = serve(cert, key)
err = check.fails("EKEYREJECTED", get, own)
check.equal(err.detail, "the server's certificate is self-signed")
check.equal(get(own, { ca = { cert } }), 200)
err = check.fails("EKEYREJECTED", get, (own:gsub("localhost", "127.0.0.2")), { ca = { cert } })
check.equal(err.detail, "the server's certificate is for another name")

-- A server that requires a client certificate.
local mine, my_key = web.certificate("mine", { from = "authority" })
local strict = serve(web.folder .. "/good.crt", web.folder .. "/good.key", "-Verify", "1", "-CAfile", authority, "-verify_return_error")
local _, refused = tiny.try(get, strict)
assert(refused and (refused.code == "EACCES" or refused.code == "ECONNRESET"), tostring(refused))
check.equal(get(strict, { cert = mine, key = my_key }), 200)
err = check.fails("EINVAL", get, strict, { cert = mine, key = web.folder .. "/good.key" })
check.equal(err.detail, ("it is not the private key of %s, or is of an unsupported kind"):format(mine))
err = check.fails("EINVAL", get, strict, { cert = mine, key = mine })
check.equal(err.detail, "it has no private key")

for _, server in ipairs(servers) do server:close() end
