-- dns_answer: matches RFC 1035 byte for byte, and the machine's resolver accepts it.
local check = require "check"

local function query(name, kind)
  local labels = name:gsub("[^.]+", function(label) return string.char(#label) .. label end):gsub("%.", "")
  return "\x12\x34\1\0\0\1\0\0\0\0\0\0" .. labels .. "\0" .. string.pack(">I2", kind) .. "\0\1"
end
local A, PTR, TXT, AAAA = 1, 12, 16, 28
local addrs = { "10.10.0.2", "fd10::2", "10.10.0.3" }

-- Flags: an answer, recursion desired and available. A name in a record is a pointer to the question's.
local function record(kind, ttl, data)
  return "\xc0\x0c" .. string.pack(">I2I2I4s2", kind, 1, ttl, data)
end
-- An answer echoes the question under its own flags and counts its records.
local function same(got, asked, flags, ...)
  local head = asked:sub(1, 2) .. flags .. asked:sub(5, 6) .. string.pack(">I2", select("#", ...))
  check.equal(got, head .. asked:sub(9) .. table.concat { ... })
end

local asked = query("Web", A)
same(tiny.dns_answer(asked, { addrs = addrs, ttl = 60 }), asked, "\x81\x80",
  record(A, 60, "\10\10\0\2"), record(A, 60, "\10\10\0\3"))
asked = query("web", AAAA)
same(tiny.dns_answer(asked, { addrs = addrs }), asked, "\x81\x80", record(AAAA, 0, "\xfd\x10" .. ("\0"):rep(13) .. "\2"))
asked = query("web", TXT)
same(tiny.dns_answer(asked, { addrs = addrs }), asked, "\x81\x80")
asked = query("web", 65280)
same(tiny.dns_answer(asked, { code = "NXDOMAIN" }), asked, "\x81\x83")
same(tiny.dns_answer(asked, { code = "SERVFAIL" }), asked, "\x81\x82")
asked = query("2.0.10.10.in-addr.arpa", PTR)
same(tiny.dns_answer(asked, { names = { "web" } }), asked, "\x81\x80", record(PTR, 0, "\3web\0"))

-- Records that do not fit are omitted, and the answer is marked as truncated.
local many = {}
for n = 1, 100 do many[n] = "10.10.1." .. n end
asked = query("web", A)
local whole = tiny.dns_answer(asked, { addrs = many })
check.equal(#whole, #asked + 100 * 16)
local cut = tiny.dns_answer(asked, { addrs = many, max = 512 })
check.equal(#cut, #asked + (512 - #asked) // 16 * 16)
check.equal(cut:byte(3), 0x83, "the flags: an answer, cut, recursion desired")
check.equal(whole:byte(3), 0x81)

check.refuses("query: not a DNS query with one question; check it with dns_question", tiny.dns_answer, "x")
check.refuses("query: not a DNS query with one question; check it with dns_question", tiny.dns_answer, whole)
check.refuses('"web" is not an address, such as "10.10.0.1"', tiny.dns_answer, asked, { addrs = { "web" } })
check.refuses('option "names": "' .. ("x"):rep(64) .. '" is not a domain name', tiny.dns_answer, asked, { names = { ("x"):rep(64) } })
check.refuses('option "ttl": -1 is not an integer from 0 to 2147483647', tiny.dns_answer, asked, { ttl = -1 })
check.refuses([[option "code": "NXDOMAI" is not one of "NOERROR"|"FORMERR"|"SERVFAIL"|"NXDOMAIN"|"NOTIMP"|"REFUSED"; did you mean "NXDOMAIN"?]],
  tiny.dns_answer, asked, { code = "NXDOMAI" })

-- The C library sends queries with its own resolver, on port 53 of this private host.
if not os.execute("command -v getent >/dev/null") then return end
tiny.write_file("/tmp/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
tiny.write_file("/tmp/nsswitch.conf", "hosts: dns\n")
local resolv <close> = tiny.mount_bind("/tmp/resolv.conf", "/etc/resolv.conf")
local nsswitch <close> = tiny.mount_bind("/tmp/nsswitch.conf", "/etc/nsswitch.conf")
-- It queries a family only if the machine has an address of it (AI_ADDRCONFIG).
local br <close> = tiny.bridge("td0", { addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true })
local server <close> = tiny.udp_bind("127.0.0.1:53")

local function getent(...)
  local from, into = tiny.pipe()
  local words = { "getent", ... }
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec(words)
  end)
  into:close()
  local text = ""
  while true do
    for _, ready in ipairs(tiny.poll({ server, from }, "10s")) do
      if ready == from then
        local bytes = from:read()
        if not bytes then return text end
        text = text .. bytes
      else
        local bytes, sender = server:receive()
        local question = tiny.dns_question(bytes)
        local known = question.name == "web.test" or question.type == "PTR"
        server:send(tiny.dns_answer(bytes, {
          addrs = known and addrs or nil, names = { "web.test" }, code = known and "NOERROR" or "NXDOMAIN", max = question.max,
        }), sender)
      end
    end
  end
end
local four = getent("ahostsv4", "web.test")
assert(four:match("10%.10%.0%.2 ") and four:match("10%.10%.0%.3 "), four)
assert(getent("ahostsv6", "web.test"):match("fd10::2 "), "ipv6")
assert(getent("hosts", "10.10.0.2"):match("web%.test"), "by its address")
check.equal(getent("ahostsv4", "other.test"), "", "a name that is not there")
