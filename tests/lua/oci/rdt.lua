-- linux.intelRdt: the fields are checked, and the whole is refused by name without a resctrl file system. No machine of the tests has one:
-- what is written there is not tested.
-- covers: linux.intelRdt.closID linux.intelRdt.l3CacheSchema linux.intelRdt.memBwSchema linux.intelRdt.schemata
-- covers: linux.intelRdt.enableMonitoring linux.intelRdt.enableCMT linux.intelRdt.enableMBM
local check = require "check"
local oci = require "oci_bundle"

if require("tiny.oci.rdt").mounted() then check.skip("this machine has a resctrl file system, whose groups are not for tests") end

local function refused(text, asked)
  oci.refused(text, function(config) config.linux.intelRdt = asked end)
end

for _, name in ipairs { "..", "a/b", "info", "mon_groups", "a\nb" } do
  refused("linux.intelRdt.closID: " .. tiny.show(name) .. " is not the name of a group", { closID = name })
end
refused([[linux.intelRdt.memBwSchema: "L3:0=f" does not begin with MB:]], { memBwSchema = "L3:0=f" })
refused("linux.intelRdt.memBwSchema: it must be one line", { memBwSchema = "MB:0=10\nL3:0=f" })
refused("linux.intelRdt.schemata[1]: it must be one line", { schemata = { "MB:0=10", "L3:0=f\nL2:0=f" } })

local MISSING = "linux.intelRdt: this machine has no resctrl file system"
for _, asked in ipairs {
  { closID = "/" }, { closID = "guaranteed" }, { l3CacheSchema = "L3:0=f\nMB:0=10", memBwSchema = "MB:0=20" },
  { schemata = { "L3CODE:0=ff", "L3DATA:0=f" } }, { enableMonitoring = true }, { enableCMT = true, enableMBM = true },
} do refused(MISSING, asked) end

-- What is written for the older fields, and what an existing group is compared with: its kernel pads names and values.
local rdt = require "tiny.oci.rdt"
local function lines(asked, wanted) check.equal(table.concat(rdt.lines(asked), "|"), wanted) end
lines({}, "")
lines({ l3CacheSchema = "L3:0=f;1=f0" }, "L3:0=f;1=f0")
lines({ l3CacheSchema = "L3:0=f\nMB:0=10" }, "L3:0=f|MB:0=10")
lines({ l3CacheSchema = "L3:0=f\nMB:0=10", memBwSchema = "MB:0=20" }, "L3:0=f|MB:0=20")
local THERE = "    MB:0=100;1= 20\n    L3:0=00f;1=0f0\n"
check.equal(rdt.difference(THERE, { "L3:0=f;1=f0", "MB:1=20" }), nil)
check.equal(rdt.difference(THERE, { "L3:0=f", "MB:1=30" }), "MB:1=30")
check.equal(rdt.difference(THERE, { "L2:0=f" }), "L2:0=f")
