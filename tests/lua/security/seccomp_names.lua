-- seccomp_names: every name is one that a profile may have, and no other is.
local check = require "check"

local names = tiny.seccomp_names()
local function profile(more)
  local whole = { defaultAction = "SCMP_ACT_ALLOW", syscalls = {} }
  for key, value in pairs(more) do whole[key] = value end
  return whole
end
local function rule(action, op) return { names = { "getpid" }, action = action, args = { { index = 0, value = 1, op = op } } } end
local ACCEPTED = {
  actions = function(name) return profile { syscalls = { rule(name, "SCMP_CMP_EQ") } } end,
  operators = function(name) return profile { syscalls = { rule("SCMP_ACT_KILL", name) } } end,
  archs = function(name) return profile { architectures = { name } } end,
  flags = function(name) return profile { flags = { name } } end,
}
for kind, made in pairs(ACCEPTED) do
  for _, name in ipairs(names[kind]) do
    assert(#tiny.seccomp_compile(made(name), { notify = true, allow_flags = true }) > 0)
    local _, err = tiny.try(tiny.seccomp_compile, made(name .. "S"), { notify = true, allow_flags = true })
    assert(err and err.message:find(("%q; did you mean %q?"):format(name .. "S", name), 1, true), err and err.message)
  end
end

-- What the OCI runtime specification 1.3 has.
local function whole(kind, prefix, wanted)
  table.sort(names[kind])
  local list = {}
  for word in wanted:gmatch("%S+") do table.insert(list, prefix .. word) end
  table.sort(list)
  check.equal(table.concat(names[kind], " "), table.concat(list, " "), kind)
end
whole("actions", "SCMP_ACT_", "KILL KILL_PROCESS KILL_THREAD TRAP ERRNO TRACE ALLOW LOG NOTIFY")
whole("operators", "SCMP_CMP_", "NE LT LE EQ GE GT MASKED_EQ")
whole("flags", "SECCOMP_FILTER_FLAG_", "TSYNC LOG SPEC_ALLOW WAIT_KILLABLE_RECV")
whole("archs", "SCMP_ARCH_", "X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X " ..
  "PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB")

-- The flags of this kernel: the first three are older than the oldest one that tinylua runs on.
local found = {}
for _, flag in ipairs(names.supported_flags) do found[flag] = true end
for _, flag in ipairs { "TSYNC", "LOG", "SPEC_ALLOW" } do assert(found["SECCOMP_FILTER_FLAG_" .. flag], flag) end
local major, minor = tiny.read_file("/proc/sys/kernel/osrelease"):match("^(%d+)%.(%d+)")
check.equal(found.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV or false, tonumber(major) * 1000 + tonumber(minor) >= 5019)
check.equal(tiny.read_file("/proc/self/status"):match("Seccomp:%s*(%d)"), "0", "no filter was installed")
