-- A fault at each call of start: see oci_faults.lua.
for _, kind in ipairs { "fail", "kill-before", "kill-after" } do require("oci_faults").walk("start", kind, { least = 15 }) end
