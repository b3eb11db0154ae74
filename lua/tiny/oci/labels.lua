-- The labels that a security module gives a program when it is executed: process.apparmorProfile and process.selinuxLabel
-- (proc_pid_attr(5)).
local check = require "tiny.oci.check"

local labels = {}

local FIELDS = {
  { "apparmorProfile", "/proc/self/attr/apparmor/exec", "exec %s" },
  { "selinuxLabel", "/proc/self/attr/selinux/exec", "%s" },
}

-- Opens the files of this process while /proc is the host's; returns a function that writes them, or nil without labels.
function labels.open(asked)
  local files = {}
  for _, field in ipairs(FIELDS) do
    local label = asked[field[1]]
    if (label or "") ~= "" then
      local where = "process." .. field[1]
      -- Kernels before 5.8 have one file for whichever module is enabled.
      local path = tiny.stat(field[2]) and field[2] or "/proc/self/attr/exec"
      table.insert(files, { where, check.named(where, tiny.open, path, { write = true }), field[3]:format(label) })
    end
  end
  if #files == 0 then return nil end
  return function()
    for _, one in ipairs(files) do
      check.named(one[1], one[2].write, one[2], one[3])
      one[2]:close()
    end
  end
end

return labels
