-- published: returns the strings that publish accepts, from all maps of one namespace.
local check = require "check"

local web <close> = tiny.netns()
check.equal(#tiny.published(), 0, "no table")
local ports = { "10.20.0.1:53:10.10.0.2:5353/udp", "8080:10.10.0.2:80", "81:[fd10::2]:80", "[fd20::1]:82:[fd10::2]:80" }
for _, port in ipairs(ports) do tiny.publish(port):keep() end
local listed = tiny.published()
table.sort(listed)
check.equal(table.concat(listed, " "), table.concat(ports, " "))
check.equal(#tiny.published { netns = web }, 0, "another namespace")

-- Another table of the family is ignored.
if os.execute("nft add table inet tiny-web 2>/dev/null") then check.equal(#tiny.published(), #ports) end
check.refuses('unknown option "ns"; known options: netns', tiny.published, { ns = web })
