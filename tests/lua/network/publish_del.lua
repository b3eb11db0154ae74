-- publish_del: takes away this port that leads to this address, and no other's.
local check = require "check"

tiny.publish("8080:10.10.0.2:80"):keep()
tiny.publish("10.20.0.1:8080:10.10.0.3:80"):keep()
tiny.publish_del("8080:10.10.0.2:80/tcp")
check.equal(table.concat(tiny.published(), " "), "10.20.0.1:8080:10.10.0.3:80")

local err = check.fails("ENOENT", tiny.publish_del, "8080:10.10.0.2:80")
assert(err.hint:match("is not published"), err.hint)
-- A clean-up that runs after its step failed must not take what another made.
err = check.fails("ENOENT", tiny.publish_del, "10.20.0.1:8080:10.10.0.2:80")
assert(err.message:find("leads to 10.10.0.3:80", 1, true), err.message)
check.equal(#tiny.published(), 1)
tiny.publish_del("10.20.0.1:8080:10.10.0.3:80")
check.equal(#tiny.published(), 0)

-- A list in one step: what is there goes, though one is not.
tiny.publish("8080:10.10.0.2:80"):keep()
tiny.publish("8081:[fd10::2]:80"):keep()
tiny.publish_del { "8080:10.10.0.2:80", "8081:[fd10::2]:80" }
check.equal(#tiny.published(), 0)
tiny.publish("8080:10.10.0.2:80"):keep()
err = check.fails("ENOENT", tiny.publish_del, { "8081:10.10.0.2:81", "8080:10.10.0.2:80" })
assert(err.message:find("port 8081 is not published", 1, true), err.message)
check.equal(#tiny.published(), 0)
tiny.publish_del {}

tiny.publish_clear()
check.fails("ENOENT", tiny.publish_del, "8080:10.10.0.2:80")
check.refuses('"y" is not a published port, such as "8080:10.10.0.2:80" or "53:10.10.0.2:53/udp"',
  tiny.publish_del, { "8080:10.10.0.2:80", "y" })
check.refuses('"x" is not a published port, such as "8080:10.10.0.2:80" or "53:10.10.0.2:53/udp"', tiny.publish_del, "x")
