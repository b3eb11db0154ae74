-- A fault at each call of exec: the container goes on. See oci_faults.lua.
for _, kind in ipairs { "fail", "kill-before", "kill-after" } do require("oci_faults").walk("exec", kind, { least = 30 }) end
