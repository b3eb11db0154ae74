-- What this runtime supports, in the form of the specification (features.md). Static, but for what the
-- kernel names: capabilities and the flags of seccomp.
local sorted_keys = require "tiny.base.sorted_keys"

local function words(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return copy
end

return function()
  local fields = require("tiny.oci.fields").config
  local linux = fields.linux
  local seccomp, policy = tiny.seccomp_names(), require "tiny.oci.memory_policy"
  return {
    ociVersionMin = "1.0.0", ociVersionMax = tiny.settings.spec_version,
    hooks = sorted_keys(fields.hooks),
    mountOptions = require("tiny.oci.mount_options").names(),
    linux = {
      namespaces = words(linux.namespaces.list.type.words),
      capabilities = tiny.capability_names(),
      cgroup = { v1 = true, v2 = true, systemd = true, systemdUser = true, rdma = true },
      seccomp = {
        enabled = true, actions = seccomp.actions, operators = seccomp.operators, archs = seccomp.archs,
        knownFlags = seccomp.flags, supportedFlags = seccomp.supported_flags,
      },
      apparmor = { enabled = true }, selinux = { enabled = true },
      intelRdt = { enabled = true, schemata = true, monitoring = true },
      memoryPolicy = { modes = sorted_keys(policy.MODES), flags = sorted_keys(policy.FLAGS) },
      mountExtensions = { idmap = { enabled = true } }, netDevices = { enabled = true },
    },
    annotations = { ["org.tinylua.version"] = tiny.settings.version },
    potentiallyUnsafeConfigAnnotations = { "org.systemd.property.", "org.tinylua.recipe" },
  }
end
