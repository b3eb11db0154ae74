-- pin: a `pinned` bridge port can send only from its own addresses, and nothing while only other ports are pinned.
local check = require "check"
local sockets = require "sockets"
sockets.needed()

local one <close> = tiny.netns()
local other <close> = tiny.netns()
local br <close> = tiny.bridge("td0", { addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true })
local MAC = "02:42:0a:0a:00:02"
local cable <close> = tiny.veth_pair({ name = "one", bridge = br, pinned = true }, { name = "eth0", netns = one, mac_address = MAC, addr = { "10.10.0.2/24", "fd10::2/64", "10.10.0.9/24" }, nodad = true })
tiny.veth_pair({ name = "other", bridge = br }, { name = "eth0", netns = other, addr = "10.10.0.3/24" })

local function answers(from, addr)
  return (sockets.connect { from = from, to = nil, addr = addr or "10.10.0.1" })
end
local another <close> = tiny.pin("another", { mac_address = "02:42:0a:0a:00:03", addr = "10.10.0.3" })
check.equal(answers(one), nil, "before")
check.equal(answers(other), "10.10.0.3", "a port that is not pinned")
do
  local pin = tiny.pin("one", { mac_address = MAC, addr = { "10.10.0.2", "fd10::2" } })
  check.equal(pin.name, "one")
  check.equal(pin.kind, "pin")
  check.equal(answers(one), "10.10.0.2", "pinned")
  check.equal(answers(one, "fd10::1"), "fd10::2", "by IPv6")
  check.equal(answers(other), "10.10.0.3")
  tiny.pin("one", { mac_address = MAC, addr = { "10.10.0.2", "fd10::2" } }):keep() -- the same again
  local mouth <close> = tiny.udp_bind("10.10.0.9:0", { netns = one })
  local ear <close> = tiny.udp_bind("10.10.0.1:9")
  mouth:send("x", "10.10.0.1:9")
  check.equal(#tiny.poll({ ear }, "500ms"), 0, "from another address")
  pin:close()
  check.equal(answers(one), nil, "not pinned any more")
  local router = tiny.pin(cable, { mac_address = MAC, addr = "10.10.0.2", router = true })
  mouth:send("y", "10.10.0.1:9")
  check.equal(#tiny.poll({ ear }, "2s"), 1, "a router sends from any")
  check.equal(ear:receive(), "y")
  local err = check.fails("EBUSY", tiny.pin_clear)
  assert(err.hint:match("a port is still pinned"), err.hint)
  router:close()
  tiny.pin("one", { mac_address = "02:42:0a:0a:00:03", addr = "10.10.0.2" }):keep()
  check.equal(answers(one), nil, "another MAC is pinned")
  tiny.pin_del("one", { mac_address = "02:42:0a:0a:00:03", addr = "10.10.0.2" })
end
check.equal(answers(one), nil, "after")
another:close()
tiny.pin_clear()
check.equal(answers(one), "10.10.0.2", "without the table")
check.equal(sockets.ruleset(), "", "no table is left")

check.refuses('"02:42" is not a MAC address, such as "02:00:00:00:00:01"', tiny.pin, "one", { mac_address = "02:42", addr = "10.10.0.2" })
check.refuses('"10.10.0" is not an address, such as "10.10.0.1"', tiny.pin, "one", { mac_address = MAC, addr = "10.10.0" })
check.refuses('option "addr": the unspecified address belongs to no host', tiny.pin, "one", { mac_address = MAC, addr = "0.0.0.0" })
check.refuses('link: "a b" is not a link name: it must not contain spaces, "/", ":" or "%"', tiny.pin, "a b", { mac_address = MAC, addr = "10.10.0.2" })
