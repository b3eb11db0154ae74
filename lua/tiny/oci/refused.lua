-- Fields of the specification that this machine cannot apply. Each is refused by name.
local check = require "tiny.oci.check"

local refused = {}

local function exists(path) return tiny.stat(path) ~= nil end

local function has_apparmor() return (tiny.read_file "/sys/module/apparmor/parameters/enabled" or ""):sub(1, 1) == "Y" end

-- Of a process, which exec may change; `where` begins the names in errors.
function refused.check_process(process, where)
  if (process.apparmorProfile or "") ~= "" and not has_apparmor() then
    check.wrong(where .. ".apparmorProfile", "AppArmor is not enabled in this kernel")
  end
  if (process.selinuxLabel or "") ~= "" and not exists "/sys/fs/selinux/enforce" then
    check.wrong(where .. ".selinuxLabel", "SELinux is not enabled in this kernel")
  end
end

function refused.check(config)
  local linux = config.linux
  if (linux.mountLabel or "") ~= "" and not exists("/sys/fs/selinux/enforce") then
    check.wrong("linux.mountLabel", "SELinux is not enabled in this kernel")
  end
  if linux.intelRdt and not require("tiny.oci.rdt").mounted() then
    check.wrong("linux.intelRdt", "this machine has no resctrl file system (mount -t resctrl resctrl /sys/fs/resctrl)")
  end
  if linux.personality and linux.personality.flags and #linux.personality.flags > 0 then
    check.wrong("linux.personality.flags", "the specification defines no flags")
  end
  if config.spaces.time and not exists("/proc/self/ns/time") then check.wrong("linux.namespaces", "this kernel has no time namespaces") end
  if config.spaces.cgroup and not exists("/proc/self/ns/cgroup") then
    check.wrong("linux.namespaces", "this kernel has no cgroup namespaces")
  end
  if linux.timeOffsets and next(linux.timeOffsets) and not (config.spaces.time and not config.spaces.time.path) then
    check.wrong("linux.timeOffsets", "they need a new time namespace")
  end
  for clock, offset in pairs(linux.timeOffsets or {}) do
    if clock ~= "monotonic" and clock ~= "boottime" then
      check.wrong("linux.timeOffsets." .. clock, "the clocks are monotonic and boottime")
    end
    check.range(offset.nanosecs, 0, 999999999, ("linux.timeOffsets.%s.nanosecs"):format(clock))
  end
end

return refused
