-- Checks the options of a container's writable layer: its size.
local values = require "tiny.spec.values"

local wrong = values.wrong

local storage_opt = {}

-- The most bytes of the writable layer; nil without a limit.
function storage_opt.size(list)
  local size
  for _, text in ipairs(list or {}) do
    local name, value = text:match "^([^=]*)=(.*)$"
    if name ~= "size" then wrong(("storage_opt: unknown option %s"):format(tiny.show(name or text)), "size=10g limits the writable layer") end
    local bytes, why = tiny.parse_size(value)
    if not bytes then wrong("storage_opt: size: " .. why, "such as size=10g") end
    if bytes == 0 then wrong("storage_opt: the size must not be 0", "omit it for no limit") end
    size = bytes
  end
  return size
end

function storage_opt.check(asked)
  if not storage_opt.size(asked.storage_opt) then return end
  if asked.rootfs then
    wrong("storage_opt: a container with a rootfs has no writable layer: its files are in that directory", "set a quota of that directory")
  end
  if require("tiny.base.rootless").is() then
    wrong("storage_opt: project quotas need root's capabilities over the host", "run it as root, or limit a part: --tmpfs /DIR:size=1g")
  end
  local folder = require("tiny.store.state").roots()
  -- The folder of the containers may not exist yet.
  while not tiny.stat(folder) do folder = folder:match("^(.*)/[^/]*$") end
  local _, err = tiny.try(tiny.project_quota, folder == "" and "/" or folder)
  if err then
    err.message, err.at = "storage_opt: " .. err.message, nil
    error(err, 0)
  end
end

-- Programs with 32 bits run too.
local ARCHITECTURES = { { architecture = "SCMP_ARCH_X86_64", subArchitectures = { "SCMP_ARCH_X86" } } }
-- FS_IOC_FSSETXATTR, and FS_IOC_SETFLAGS of programs with 64 and with 32 bits (ioctl_iflags(2)).
local REQUESTS = { 0x401c5820, 0x40086602, 0x40046602 }

-- A filter of system calls by which root in the container would give a file to another project: the overlay passes them on.
function storage_opt.filter()
  local rules = { { names = { "file_setattr" }, action = "SCMP_ACT_ERRNO" } }
  for _, request in ipairs(REQUESTS) do
    table.insert(rules, { names = { "ioctl" }, action = "SCMP_ACT_ERRNO", args = { { index = 1, value = request, op = "SCMP_CMP_EQ" } } })
  end
  return tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW", archMap = ARCHITECTURES, syscalls = rules }
end

return storage_opt
