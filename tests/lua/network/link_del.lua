-- link_del: deletes by name or handle, in the handle's namespace; a veth is deleted with its peer.
local check = require "check"

local function exists(name, netns)
  for _, link in ipairs(tiny.links { netns = netns }) do
    if link.name == name then return true end
  end
  return false
end

tiny.bridge("td0")
tiny.link_del("td0")
check.equal(exists("td0"), false)

local web <close> = tiny.netns()
local br = tiny.bridge("td1", { netns = web })
check.equal(exists("td1", web), true)
tiny.link_del(br)
check.equal(exists("td1", web), false)

tiny.veth_pair({ name = "ta0" }, { name = "tb0" })
tiny.link_del("tb0")
check.equal(exists("ta0"), false, "the other end")

local err = check.fails("ENODEV", tiny.link_del, "ta0")
assert(err.hint:match("no such link"), err.hint)
check.fails("EOPNOTSUPP", tiny.link_del, "lo")
check.refuses("link is missing: link_del(link [, options])", tiny.link_del)
