-- The default system call filter in the format of a runtime's config.json: the rules that apply to the default
-- capabilities on this machine, without conditions.
local caps = {}
for _, name in ipairs(require("tiny.pipeline.security").capabilities) do caps[name] = true end
local function any(list)
  for _, name in ipairs(list or {}) do if caps[name] then return true end end
end

local profile = require "tiny.seccomp_default"
local calls = {}
for _, rule in ipairs(profile.syscalls) do
  local wanted, unwanted = rule.includes and rule.includes.caps, rule.excludes and rule.excludes.caps
  if (not wanted or any(wanted)) and not any(unwanted) then
    rule.includes, rule.excludes = nil, nil
    table.insert(calls, rule)
  end
end
local machine = tiny.probe().kernel.machine
print(tiny.json_encode { defaultAction = profile.defaultAction, defaultErrnoRet = profile.defaultErrnoRet, syscalls = calls,
  architectures = { machine == "aarch64" and "SCMP_ARCH_AARCH64" or "SCMP_ARCH_X86_64" } })
