-- A fault at each call of delete and kill: see oci_faults.lua.
for _, command in ipairs { "delete", "kill" } do
  for _, kind in ipairs { "fail", "kill-before", "kill-after" } do require("oci_faults").walk(command, kind, { least = 8 }) end
end
