-- Answers some system calls of a container with a policy: what it may connect to, and what it may not even ask for.
-- Install it as /etc/tinylua/oci/quarantine.lua. A container asks for it with the annotation org.tinylua.recipe=quarantine, and chooses
-- the policy with org.tinylua.quarantine=offline (the default) or no-keys.
local POLICIES = {
  -- No new connection leaves the container; sockets of the file system still work.
  offline = {
    connect = function(call)
      local family = string.unpack("<I2", call.bytes(2, 2))
      if family == 1 then return call.continue() end -- AF_UNIX
      return call.deny "ENETUNREACH"
    end,
  },
  -- The kernel's keyrings seem not to exist.
  ["no-keys"] = {
    add_key = function(call) return call.deny "ENOSYS" end,
    request_key = function(call) return call.deny "ENOSYS" end,
    keyctl = function(call) return call.deny "ENOSYS" end,
  },
}

return function(request)
  local name = request.annotations["org.tinylua.quarantine"] or "offline"
  local policy = POLICIES[name]
  if not policy then tiny.fail { message = ("there is no quarantine policy %q"):format(name), hint = "offline or no-keys" } end
  return { seccomp = { notify = policy } }
end
