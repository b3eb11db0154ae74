-- Asks the container's resolver and dnsmasq the same questions, in front of the same name server (another dnsmasq), and
-- compares the replies: the code, the truncation, the records, and whether there is an EDNS record.
local check = require "check"
local dns = require "dns"
local net = require "networked"
local sockets = require "sockets"
net.needs()
local found = io.popen("PATH=$PATH:/usr/sbin:/sbin command -v dnsmasq")
local dnsmasq = found:read("l")
found:close()
if not dnsmasq then check.skip("needs dnsmasq to compare with") end

local UPSTREAM, PEER = "192.0.2.60", "192.0.2.61"
local outside <close> = tiny.netns()
tiny.veth_pair({ name = "test0", addr = "192.0.2.1/24" }, { name = "eth0", netns = outside, addr = { UPSTREAM .. "/24", PEER .. "/24" } })
tiny.link_set("lo", { netns = outside, up = true })

local function start(addr, ...)
  local words = {
    dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--group=root", "--pid-file=", "--bind-interfaces",
    "--listen-address=" .. addr, ...,
  }
  return sockets.inside(outside, function() return tiny.fork(function() tiny.exec(words) end) end)
end
local records = {
  "--local=/example/", "--host-record=one.example,198.51.100.1,fd98::1", "--host-record=four.example,198.51.100.4", "--host-record=six.example,fd98::6",
  "--cname=also.example,one.example", "--mx-host=one.example,mail.example,10", "--srv-host=_web._tcp.example,one.example,80,1,2",
  "--txt-record=text.example,a text", "--ptr-record=4.100.51.198.in-addr.arpa,four.example", "--caa-record=one.example,0,issue,ca.example",
}
for n = 1, 60 do table.insert(records, ("--host-record=many.example,203.0.113.%d"):format(n)) end
for n = 1, 9 do table.insert(records, ("--txt-record=long.example,%d%s"):format(n, ("x"):rep(200))) end
local upstream <close> = start(UPSTREAM, table.unpack(records))
local peer <close> = start(PEER, "--server=" .. UPSTREAM, "--cache-size=0")

check.succeeds("run", "-d", "--name", "asks", "--network", "bridge", "--dns", UPSTREAM, "sleep", "100")
local netns <close> = tiny.open_ns("net", ("/proc/%d/ns/net"):format(tonumber((check.succeeds("inspect", "asks", "--format", "state.pid")))))
local OURS, THEIRS = { netns = netns, server = "127.0.0.11" }, { server = PEER }

-- A reply in one line. What fits into a truncated reply is up to the server.
local function shown(bytes)
  if not bytes then return "no reply" end
  local reply = dns.parse(bytes)
  return ("code %d%s%s\n%s"):format(reply.code, reply.cut and ", truncated" or "", reply.opt and ", EDNS" or "", reply.cut and "" or table.concat(reply.records, "\n"))
end

-- They are ready when they answer.
for _ = 1, 100 do
  local bytes = dns.udp(dns.query("one.example", "A"), { server = PEER, wait = 0.1 })
  if bytes and dns.parse(bytes).code == 0 then break end
  tiny.poll({}, 0.05)
end
check.equal(#dns.parse(dns.udp(dns.query("many.example", "A", 4096), THEIRS)).records, 60, "the name server")

local QUESTIONS = {
  { "one.example", "A" }, { "one.example", "AAAA" }, { "ONE.Example", "A" }, { "one.example", "MX" }, { "one.example", "TXT" }, { "one.example", 257 },
  { "four.example", "A" }, { "four.example", "AAAA" }, { "six.example", "A" }, { "six.example", "AAAA" }, { "also.example", "A" }, { "also.example", "CNAME" },
  { "_web._tcp.example", "SRV" }, { "text.example", "TXT" }, { "4.100.51.198.in-addr.arpa", "PTR" }, { "none.example", "A" }, { "none.example", "MX" },
  { "deep.none.example", "AAAA" }, { "many.example", "A" }, { "many.example", "AAAA" }, { "long.example", "TXT" }, { "elsewhere.test", "A" }, { "one.example", 65280 },
}
local count, wrong = 0, {}
for _, question in ipairs(QUESTIONS) do
  for how, edns in pairs { udp = false, ["udp with EDNS"] = 4096, tcp = false } do
    local function ask(o)
      local query = dns.query(question[1], question[2], edns or nil)
      return shown(how == "tcp" and dns.tcp({ query }, o) or how ~= "tcp" and dns.udp(query, o) or nil)
    end
    local ours, theirs = ask(OURS), ask(THEIRS)
    count = count + 1
    if ours ~= theirs then table.insert(wrong, ("%s %s by %s: %s\ndnsmasq: %s"):format(question[1], question[2], how, ours, theirs)) end
  end
end
assert(count >= 50, count)
if wrong[1] then error(("%d of %d replies differ:\n%s"):format(#wrong, count, table.concat(wrong, "\n"))) end

check.succeeds("rm", "-f", "asks")
for _, child in ipairs { upstream, peer } do tiny.kill(child, "SIGKILL") end
check.no_container()
net.nothing_left()
