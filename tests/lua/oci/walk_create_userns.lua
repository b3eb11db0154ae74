-- The same as walk_create.lua in a user namespace.
for _, kind in ipairs { "fail", "kill-before" } do require("oci_faults").walk("create", kind, { userns = true, least = 150 }) end
