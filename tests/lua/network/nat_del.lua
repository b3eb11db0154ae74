-- nat_del: removes only the table with this name; a missing one is ENOENT.
local check = require "check"

tiny.nat({ from = "10.10.0.0/24", name = "web" }):keep()
tiny.nat({ from = "fd10::/64", name = "six", publish = { "8080:[fd10::2]:80" } }):keep()
tiny.nat_del("web")
local err = check.fails("ENOENT", tiny.nat_del, "web")
assert(err.hint:match("there is no nat of this name"), err.hint)
check.fails("EEXIST", tiny.nat, { from = "fd10::/64", name = "six" })
tiny.nat_del("six")

-- The name of a table that is not ours does not match it.
local has_nft = os.execute("nft add table inet filter 2>/dev/null")
check.fails("ENOENT", tiny.nat_del, "filter")
if has_nft then assert(os.execute("nft list table inet filter >/dev/null"), "the other table is gone") end

check.refuses("name is missing: nat_del(name [, options])", tiny.nat_del)
