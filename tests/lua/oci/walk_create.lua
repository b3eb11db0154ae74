-- A fault at each call of create, and of the container's first process until its program is executed: see oci_faults.lua.
for _, kind in ipairs { "fail", "kill-before", "kill-after" } do require("oci_faults").walk("create", kind, { least = 150 }) end
