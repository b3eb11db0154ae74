-- Another program removes all tables of nftables, as a reload of the host's firewall does: the rules of a running container are
-- back at once, with what keeps it to its own addresses. Accepted connections go on, and those of no rule are denied.
local check = require "check"
local rig = require "egress_rig"
if not os.execute("command -v nft >/dev/null") then check.skip("needs nft to remove the tables") end

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } } }
local c, other = rig.container("c", { "api.test:443" }), rig.container("other", { "api.test:443" })
local function tables()
  local found = {}
  for _, chain in ipairs(tiny.nft_chains()) do found[chain.family .. " " .. chain.table] = true end
  return found
end
local before = tables()
local function soon(f, what)
  for _ = 1, 250 do
    if f() then return end
    tiny.poll({}, "20ms")
  end
  error(what .. ": not within 5 s")
end

for _, words in ipairs { "flush ruleset", "delete table inet tiny-egress" } do
  for _, one in ipairs { c, other } do
    rig.lookup(one, "api.test")
    check.equal(rig.connect(one, rig.ONE, 443), "ok", "before")
  end
  local _, _, stream = rig.connect(c, rig.ONE, 443)
  check.equal(rig.echoes(stream), true)
  assert(os.execute("nft " .. words))
  soon(function() return tiny.try(tiny.egress_pins, c.id) and tiny.try(tiny.egress_pins, other.id) end, "the fences are back")
  soon(function()
    local now = tables()
    for name in pairs(before) do
      if not now[name] then return false end
    end
    return #rig.denials(c) > 0
  end, "all tables are back")
  for _, one in ipairs { c, other } do
    soon(function() return rig.connect(one, rig.TWO, 443) == "ECONNREFUSED" end, "no rule, after " .. words)
    check.equal(rig.connect(one, rig.ONE, 443), "ECONNREFUSED", "no pin, after " .. words)
    check.equal(rig.connect(one, rig.HOST2, 80), "ECONNREFUSED", "the host, after " .. words)
    check.equal(rig.lookup(one, "api.test"), 0)
    check.equal(rig.connect(one, rig.ONE, 443), "ok", "after a lookup")
  end
  check.equal(rig.echoes(stream), true, "an accepted connection")
end
local told = false
for _, denial in ipairs(rig.denials(c)) do told = told or denial.reason:find("its rules were removed", 1, true) ~= nil end
check.equal(told, true, "an event reports it")
check.succeeds("rm", "-f", "c", "other")
check.equal(tables()["inet tiny-egress"], nil, "nothing comes back after the end")
rig.down()
