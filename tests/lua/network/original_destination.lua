-- original_destination: where a connection was going that nft redirected; nil for one that was not, also over IPv6.
local check = require "check"
local sockets = require "sockets"

if sockets.ruleset() == "" and os.execute("nft list ruleset >/dev/null 2>&1") ~= true then check.skip "needs nft" end
local inside <close> = tiny.netns()
tiny.veth_pair({ name = "od0", addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true },
  { name = "eth0", netns = inside, addr = { "10.10.0.2/24", "fd10::2/64" }, nodad = true })
tiny.route_add("default", { via = "10.10.0.1", netns = inside }):keep()
tiny.route_add("default", { via = "fd10::1", netns = inside }):keep()

for own, far in pairs { ["10.10.0.1"] = "198.51.100.7", ["fd10::1"] = "2001:db8::7" } do
  local place = own:find(":", 1, true) and "[%s]:%d" or "%s:%d"
  local listener <close> = tiny.tcp_listen(place:format(own, 0), { link = "od0" })
  local nft = ("nft 'add table inet t; add chain inet t p { type nat hook prerouting priority -100; }; flush chain inet t p; "
    .. "add rule inet t p tcp dport { 443, 8443 } redirect to :%d'"):format(listener.port)
  assert(os.execute(nft))
  local function accepted(addr, port)
    local client <close> = tiny.tcp_connect(place:format(addr, port), { netns = inside, timeout = "5s" })
    tiny.poll({ listener }, "5s")
    local near <close> = listener:accept()
    return tiny.original_destination(near)
  end
  local addr, port = accepted(far, 443)
  check.equal(addr, far)
  check.equal(port, 443)
  check.equal(select(2, accepted(own, 8443)), 8443, "the port alone was translated")
  check.equal(accepted(own, listener.port), nil, "a direct connection")
end
assert(os.execute "nft delete table inet t")

-- Nothing of another link reaches a listener with `link`.
local listener <close> = tiny.tcp_listen("0.0.0.0:0", { link = "od0" })
check.fails("ECONNREFUSED", tiny.tcp_connect, "127.0.0.1:" .. listener.port)
check.fails("ENODEV", tiny.tcp_listen, "0.0.0.0:0", { link = "missing" })
local pipe, into = tiny.pipe()
check.fails("ENOTSOCK", tiny.original_destination, pipe)
check.refuses("socket: expected a file handle, got a listener handle", tiny.original_destination, listener)
