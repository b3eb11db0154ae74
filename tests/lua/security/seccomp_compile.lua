-- seccomp_compile: evaluates a profile's conditions for this machine; errors are reported with their position.
local check = require "check"

local function compiled(call, options)
  call.names, call.action = call.names or { "getpid" }, call.action or "SCMP_ACT_KILL"
  return tiny.seccomp_compile({ defaultAction = "SCMP_ACT_ALLOW", syscalls = { call } }, options)
end
local none = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW" }
assert(#none % 8 == 0 and #none > 0)
local function holds(call, options) return compiled(call, options) ~= none end

check.equal(holds {}, true)
-- includes and excludes: capabilities, architectures, kernel versions.
check.equal(holds({ includes = { caps = { "CAP_SYS_ADMIN" } } }, { caps = { "sys_admin" } }), true)
check.equal(holds({ includes = { caps = { "CAP_SYS_ADMIN" } } }, { caps = {} }), false)
check.equal(holds({ excludes = { caps = { "CAP_SYS_ADMIN" } } }, { caps = { "sys_admin" } }), false)
check.equal(holds({ excludes = { caps = { "CAP_SYS_ADMIN", "CAP_KILL" } } }, { caps = { "chown" } }), true)
check.equal(holds({ includes = { arches = { "amd64", "arm64" } } }), true)
check.equal(holds({ includes = { arches = { "s390x" } } }), false)
check.equal(holds({ excludes = { arches = { "amd64", "arm64" } } }), false)
check.equal(holds({ includes = { minKernel = "4.8" } }, { kernel = "4.19.1-generic" }), true)
check.equal(holds({ includes = { minKernel = "4.8" } }, { kernel = "4.7" }), false)
check.equal(holds({ excludes = { minKernel = "4.8" } }, { kernel = "5.0" }), false)
-- The default is the caller's bounding set, and this kernel.
check.equal(holds({ includes = { caps = { tiny.caps().bounding[1] }, minKernel = "5.12" } }), true)
-- podman's names of errnos, Docker's old single name, numbers in JSON.
check.equal(compiled { action = "SCMP_ACT_ERRNO", errno = "ENOSYS" }, compiled { action = "SCMP_ACT_ERRNO", errnoRet = 38 })
check.equal(compiled { names = {}, name = "getpid" }, compiled {})
check.equal(compiled { args = { { index = 0, value = 1.0, op = "SCMP_CMP_EQ" } } }, compiled { args = { { index = 0, value = 1, op = "SCMP_CMP_EQ" } } })
-- 32-bit calls have a separate block if the profile names the architecture.
if tiny.probe().kernel.machine == "x86_64" then
  local function with(more)
    local profile = { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "getpid" }, action = "SCMP_ACT_KILL" } } }
    for key, value in pairs(more) do profile[key] = value end
    return #tiny.seccomp_compile(profile)
  end
  local both = with { architectures = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" } }
  assert(both > with { architectures = { "SCMP_ARCH_X86_64" } })
  check.equal(with { archMap = { { architecture = "SCMP_ARCH_X86_64", subArchitectures = { "SCMP_ARCH_X86" } } } }, both)
  check.equal(with { archMap = { { architecture = "SCMP_ARCH_AARCH64", subArchitectures = { "SCMP_ARCH_ARM" } } } }, with {})
end

-- What the profile says about its listener and its flags is for the caller.
check.equal(tiny.seccomp_compile({ defaultAction = "SCMP_ACT_ALLOW", listenerPath = "/run/agent", listenerMetadata = "x",
  flags = { "SECCOMP_FILTER_FLAG_SPEC_ALLOW" } }, { allow_flags = true }), none)
check.equal(tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW", flags = {} }, none)
check.refuses("profile.flags: a filter does not contain them: set `allow_flags`, and give them to `seccomp`",
  tiny.seccomp_compile, { defaultAction = "SCMP_ACT_ALLOW", flags = { "SECCOMP_FILTER_FLAG_LOG" } })
-- A tracer gets 16 bits.
assert(holds { action = "SCMP_ACT_TRACE", errnoRet = 65535 })
assert(compiled { action = "SCMP_ACT_TRACE", errnoRet = 65535 } ~= compiled { action = "SCMP_ACT_TRACE" })

-- Rules by the thousand for the calls that there are make a filter in a moment.
local calls, rules = { "getpid", "getppid", "sched_yield", "mkdirat", "unlinkat", "fchmodat", "socket", "read" }, {}
for i = 1, 10000 do rules[i] = { names = { calls[i % #calls + 1] }, action = "SCMP_ACT_ERRNO", errnoRet = i % 100 } end
local began = tiny.clock "monotonic"
assert(#tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW", syscalls = rules } > 0)
local took = tiny.clock "monotonic" - began
assert(took < 5, took .. " s for 10000 rules")

-- Thousands of rules do not fit, and are reported; a few hundred calls are a short filter.
local many = {}
for i = 1, 10000 do many[i] = { names = { "getpid" }, action = "SCMP_ACT_KILL", args = { { index = 0, value = i, op = "SCMP_CMP_EQ" } } } end
local _, err = tiny.try(tiny.seccomp_compile, { defaultAction = "SCMP_ACT_ALLOW", syscalls = many })
assert(err.message:match("^the filter has %d+ instructions; the kernel accepts at most 4096$"), err.message)

local function wrong(text, profile, options)
  check.refuses("profile" .. text, tiny.seccomp_compile, profile, options)
end
wrong(": defaultAction is missing", {})
wrong('.defaultAction: there is no action "SCMP_ACT_ALOW"; did you mean "SCMP_ACT_ALLOW"?', { defaultAction = "SCMP_ACT_ALOW" })
wrong('.defaultAction: SCMP_ACT_NOTIFY needs a supervisor that answers the calls', { defaultAction = "SCMP_ACT_NOTIFY" })
wrong(': there is no key "syscall"; did you mean "syscalls"?', { defaultAction = "SCMP_ACT_ALLOW", syscall = {} })
local function wrong_call(text, call, options)
  wrong(".syscalls[2]" .. text, { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "read" }, action = "SCMP_ACT_LOG" }, call } }, options)
end
wrong_call(": it has no action", { names = { "read" } })
wrong_call(": it contains no system call names", { action = "SCMP_ACT_LOG" })
wrong_call(".names[1]: it is not a string", { names = { 7 }, action = "SCMP_ACT_LOG" })
wrong_call('.names[2]: there is no system call "opne"; did you mean "open"?', { names = { "read", "opne" }, action = "SCMP_ACT_LOG" }, { strict = true })
wrong_call(".errnoRet: 4096 is not an errno", { names = { "read" }, action = "SCMP_ACT_ERRNO", errnoRet = 4096 })
wrong_call(".errnoRet: -1 is not an errno", { names = { "read" }, action = "SCMP_ACT_ERRNO", errnoRet = -1 })
wrong_call('.errno: "EPREM" is not an errno', { names = { "read" }, action = "SCMP_ACT_ERRNO", errno = "EPREM" })
wrong_call(".args: it is not a list", { names = { "read" }, action = "SCMP_ACT_LOG", args = { index = 1 } })
wrong_call(".args[1].index: it is not a number from 0 to 5", { names = { "read" }, action = "SCMP_ACT_LOG", args = { { index = 6 } } })
wrong_call('.args[1].op: there is no operator "SCMP_CMP_EQQ"; did you mean "SCMP_CMP_EQ"?', { names = { "read" }, action = "SCMP_ACT_LOG", args = { { index = 0, op = "SCMP_CMP_EQQ" } } })
wrong_call(".args[1].value: 1.5 is not a 64-bit integer", { names = { "read" }, action = "SCMP_ACT_LOG", args = { { index = 0, value = 1.5, op = "SCMP_CMP_EQ" } } })
wrong_call('.includes.caps[1]: there is no capability "CAP_SYSADMIN"; did you mean "CAP_SYS_ADMIN"?', { names = { "read" }, action = "SCMP_ACT_LOG", includes = { caps = { "CAP_SYSADMIN" } } })
wrong_call('.excludes: there is no key "cap"; did you mean "caps"?', { names = { "read" }, action = "SCMP_ACT_LOG", excludes = { cap = {} } })
wrong('.architectures[1]: there is no architecture "SCMP_ARCH_X8664"; did you mean "SCMP_ARCH_X86_64"?', { defaultAction = "SCMP_ACT_ALLOW", architectures = { "SCMP_ARCH_X8664" } })
wrong('.flags[2]: there is no flag "SECCOMP_FILTER_FLAG_LOGS"; did you mean "SECCOMP_FILTER_FLAG_LOG"?',
  { defaultAction = "SCMP_ACT_ALLOW", flags = { "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_LOGS" } })
wrong(".flags[1]: it is not a string", { defaultAction = "SCMP_ACT_ALLOW", flags = { 1 } })
-- A number with an action that has none would have no effect.
wrong_call(".errnoRet: SCMP_ACT_KILL takes no errno", { names = { "read" }, action = "SCMP_ACT_KILL", errnoRet = 1 })
wrong(".defaultErrnoRet: SCMP_ACT_ALLOW takes no errno", { defaultAction = "SCMP_ACT_ALLOW", defaultErrnoRet = 1 })
wrong_call(".errnoRet: 65536 is not an errno", { names = { "read" }, action = "SCMP_ACT_TRACE", errnoRet = 65536 })
check.refuses('option "kernel": "new" is not a version such as "6.1"', tiny.seccomp_compile, { defaultAction = "SCMP_ACT_ALLOW" }, { kernel = "new" })
