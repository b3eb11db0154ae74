-- nft_chains: lists base chains of all families, as created by nft(8); chains without a hook are omitted. doctor names
-- other programs' chains that drop forwarded packets.
local check = require "check"
local sockets = require "sockets"

local web <close> = tiny.netns()
check.equal(#tiny.nft_chains { netns = web }, 0, "nothing")
tiny.nat({ from = "10.10.0.0/24", netns = web }):keep()
local own = tiny.nft_chains { netns = web }
check.equal(#own, 1)
check.equal(tiny.json_encode(own[1]), tiny.json_encode {
  table = "tiny-10.10.0.0-24", family = "inet", name = "postrouting", type = "nat", hook = "postrouting", priority = 100, policy = "accept",
})
check.refuses('unknown option "ns"; known options: netns', tiny.nft_chains, { ns = web })
check.inside({ user = true }, function()
  local refused = check.fails("EPERM", tiny.nft_chains)
  assert(refused.hint:match("CAP_NET_ADMIN"), refused.hint)
end)

-- doctor's finding, which checks the caller's namespace.
local function finding()
  local doctor = require "tiny.inspect.doctor"
  for _, found in ipairs((doctor.examine(doctor.look()))) do
    if found.name == "forwarded packets" then return found end
  end
end
check.equal(finding().state, "ok", "no other's table")
tiny.isolate("td0", { name = "test" }):keep()
check.equal(finding().state, "ok", "our own")
tiny.isolate_del("test")

local judge = require("tiny.net.forward").judge
local hidden = judge { chains = {}, legacy = true }
check.equal(hidden[2], nil, "unknown")
assert(hidden.purpose:find("iptables-legacy -S FORWARD", 1, true), hidden.purpose)
check.equal(judge({})[2], nil, "without root")

if not os.execute("command -v nft >/dev/null") then check.skip("needs nft for tables of others") end
local RULES = [[
table ip filter {
  chain FORWARD { type filter hook forward priority 0; policy drop; }
  chain INPUT { type filter hook input priority -5; policy drop; }
  chain side { }
}
table inet wall {
  chain passing { type filter hook forward priority 10; policy drop; }
  chain open { type filter hook forward priority 11; }
}
table netdev card {
  chain early { type filter hook ingress device lo priority 0; }
}
table arp names {
  chain out { type filter hook output priority 0; }
}
]]
assert(os.execute("printf '%s' '" .. RULES .. "' | nft -f -"))
local lines = {}
for _, c in ipairs(tiny.nft_chains()) do
  table.insert(lines, ("%s %s %s %s %s %d %s"):format(c.family, c.table, c.name, c.type, c.hook, c.priority, c.policy))
end
table.sort(lines)
check.equal(table.concat(lines, "\n"), table.concat({
  "arp names out filter output 0 accept",
  "inet wall open filter forward 11 accept",
  "inet wall passing filter forward 10 drop",
  "ip filter FORWARD filter forward 0 drop",
  "ip filter INPUT filter input -5 drop",
  "netdev card early filter ingress 0 accept",
}, "\n"))

local found = finding()
check.equal(found.state, "missing")
assert(found.purpose:find("chain FORWARD of table ip filter and chain passing of table inet wall may drop", 1, true), found.purpose)
assert(found.fix:find("iptables -I FORWARD -i td+ -j ACCEPT; iptables -I FORWARD -o td+ -j ACCEPT", 1, true), found.fix)
-- The suggested fix for any table is valid for nft, and has priority over all others.
local nft = found.fix:match("nft '.*'$")
assert(os.execute(nft), nft)
assert(sockets.ruleset():find('policy drop;\n\t\toifname "td*" accept\n\t\tiifname "td*" accept', 1, true), sockets.ruleset())

-- Next to docker, in the chain that docker leaves to users.
local docker <close> = tiny.bridge("docker0")
assert(finding().fix:find("iptables -I DOCKER-USER -i td+ -j ACCEPT; iptables -I DOCKER-USER -o td+ -j ACCEPT", 1, true), finding().fix)
