-- http resolves names itself: /etc/hosts, the servers of resolv.conf, both families, a truncated reply, servers that are silent or
-- fail, the search list, and a forged reply.
local check, web, dns = require "check", require "web", require "dns"
web.own_etc()

local server <close> = web.serve(function() return web.reply(200, nil, "found") end)
local function get(name, timeout)
  return tiny.http(("http://%s:%d/"):format(name, server.port), { timeout = timeout or "5s" }):read(5)
end

local function resolv(text) tiny.write_file("/etc/resolv.conf", text) end
tiny.write_file("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 known.test Other.test # no.test\n")
resolv ""
check.equal(get "known.test", "found")
check.equal(get "OTHER.test", "found")
check.equal(get "localhost", "found")
check.equal(get "any.localhost", "found", "never asked for (RFC 6761)")

-- One server knows names, and the other is silent.
local respond = function(query, question, proto)
  local name = question.name
  if name == "large.test" and proto == "udp" then
    local reply = tiny.dns_answer(query, {})
    return reply:sub(1, 2) .. string.char(reply:byte(3) | 2) .. reply:sub(4)
  elseif name == "broken.test" then return tiny.dns_answer(query, { code = "SERVFAIL" })
  elseif name == "half.test" and question.type == "AAAA" then return nil
  elseif name == "forged.test" then
    local reply = tiny.dns_answer(query, { addrs = { "127.0.0.1" } })
    return string.char(reply:byte(1) ~ 255) .. reply:sub(2)
  elseif name:find "^web" or name == "large.test" or name == "half.test" or name == "short.lan.test" then
    return tiny.dns_answer(query, { addrs = { "127.0.0.1", "::1" } })
  end
  return tiny.dns_answer(query, { code = "NXDOMAIN" })
end
local knows <close> = dns.server(nil, "127.0.0.53", respond, true)
local silent <close> = dns.server(nil, "127.0.0.54", function() return nil end)

resolv "nameserver 127.0.0.53\nsearch lan.test\noptions timeout:1 attempts:1\n"
-- The server listens for IPv4 only, and the first address is that of IPv6.
check.equal(get "web.test", "found")
check.equal(get "short", "found", "the search list")
check.equal(get "large.test", "found")
check.equal(dns.asked("127.0.0.53", "large.test", "tcp"), 2, "both families by TCP")
check.equal(get "half.test", "found", "no reply about IPv6")
local err = check.fails("EHOSTUNREACH", get, "no.test")
check.equal(err.detail, "the name no.test cannot be resolved: no name server knows it")
err = check.fails("EHOSTUNREACH", get, "broken.test")
check.equal(err.detail, "the name broken.test cannot be resolved: the name server replies ServerFailure")
err = check.fails("EHOSTUNREACH", get, "forged.test")
check.equal(err.detail, "the name forged.test cannot be resolved: name server 127.0.0.53:53 does not reply")

resolv "nameserver 127.0.0.54\nnameserver 127.0.0.53\noptions timeout:1\n"
check.equal(get "web2.test", "found", "the second server")
resolv "nameserver 127.0.0.54\n"
local start = tiny.clock "monotonic"
err = check.fails("EHOSTUNREACH", get, "web3.test", "0.5s")
assert(tiny.clock "monotonic" - start < 3, "the limit holds for the resolution")
resolv "nameserver 127.0.0.55\noptions attempts:1\n"
err = check.fails("EHOSTUNREACH", get, "web4.test")
assert(err.detail:find("name server 127.0.0.55:53: ECONNREFUSED", 1, true), err.detail)
