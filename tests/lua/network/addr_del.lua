-- addr_del: removes an address; a missing one is ENOENT.
local check = require "check"

tiny.addr_add("lo", "10.99.0.2/32"):keep()
tiny.addr_del("lo", "10.99.0.2/32")
for _, link in ipairs(tiny.links()) do
  assert(not table.concat(link.addrs, " "):find("10.99.0.2", 1, true), "still there")
end
local err = check.fails("ENOENT", tiny.addr_del, "lo", "10.99.0.2/32")
check.equal(err.hint, "the link does not have this address with this prefix length; tiny.links() lists its addresses")
check.refuses("addr is missing: addr_del(link, addr [, options])", tiny.addr_del, "lo")
