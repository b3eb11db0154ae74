-- seccomp: of an argument that the kernel treats as an int, only the low 32 bits are compared, and of a umode_t the low
-- 16. Higher bits do not bypass a rule with any operator. The kernel determines which arguments are narrow.
local check = require "check"

if not os.execute("perl -e 1 2>/dev/null") then check.skip("needs perl for bare system calls") end
local arm = tiny.probe().kernel.machine == "aarch64"

-- Whether a rule about one argument of a call matches for a program that makes it with these arguments.
local function holds(name, rule, number, ...)
  local from, into = tiny.pipe()
  local arguments = table.concat({ number, ... }, ",")
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.no_new_privs()
    rule.op = "SCMP_CMP_" .. rule.op
    tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { name }, action = "SCMP_ACT_ERRNO", errnoRet = 77, args = { rule } } } }
    tiny.exec { "perl", "-e", ("syscall(%s); print $! + 0"):format(arguments) }
  end)
  into:close()
  return from:read() == "77"
end

local GETPRIORITY, FCHMOD, LSEEK = arm and 141 or 140, arm and 52 or 91, arm and 62 or 8
local HIGH = "0x500000000 + "
for _, case in ipairs {
  { "EQ", 40, nil, "40", true }, { "EQ", 40, nil, "41", false }, { "NE", 40, nil, "40", false }, { "NE", 40, nil, "41", true },
  { "GT", 40, nil, "40", false }, { "GT", 40, nil, "41", true }, { "GE", 40, nil, "40", true }, { "GE", 40, nil, "39", false },
  { "LT", 40, nil, "39", true }, { "LT", 40, nil, "40", false }, { "LE", 40, nil, "40", true }, { "LE", 40, nil, "41", false },
  { "MASKED_EQ", 0xf0, 0x20, "0x2f", true }, { "MASKED_EQ", 0xf0, 0x20, "0x30", false }, { "MASKED_EQ", 0xff000000f0, 0x20, "0x20", true },
  { "EQ", -1, nil, "0xffffffff", true }, { "EQ", 0xffffffff, nil, "0xffffffff", true },
} do
  for _, above in ipairs { "", HIGH } do
    local rule = { index = 1, value = case[2], valueTwo = case[3], op = case[1] }
    check.equal(holds("getpriority", rule, GETPRIORITY, 0, above .. case[4]), case[5], ("%s%s %s %d"):format(above, case[4], case[1], case[2]))
  end
end
local function mode(op, value, two) return { index = 1, value = value, valueTwo = two, op = op } end
check.equal(holds("fchmod", mode("EQ", 0x9ed), FCHMOD, -1, "0x109ed"), true, "a mode has 16 bits")
check.equal(holds("fchmod", mode("LT", 0x9ed), FCHMOD, -1, "0x109ec"), true)
check.equal(holds("fchmod", mode("MASKED_EQ", 0x800, 0x800), FCHMOD, -1, "0x109ed"), true)
check.equal(holds("lseek", mode("EQ", 5), LSEEK, -1, HIGH .. "5"), false, "an offset has 64 bits")

-- A value that such an argument cannot have would give a rule with a different meaning than it appears to have.
local function wrong(text, name, value)
  local call = { names = { "read", name }, action = "SCMP_ACT_KILL", args = { { index = 0, value = value, op = "SCMP_CMP_EQ" } } }
  check.refuses("profile.syscalls[1].args[1].value: " .. text, tiny.seccomp_compile, { defaultAction = "SCMP_ACT_ALLOW", syscalls = { call } })
end
wrong("4294967336 has more than the 32 bits that read uses", "socket", 0x100000028)

-- The kernel's own signatures: each int is narrow here, and nothing else is. For a wide one the upper half is loaded.
tiny.mkdir("/tmp/trace")
if not os.execute("mount -t tracefs none /tmp/trace 2>/dev/null") or not tiny.stat("/tmp/trace/events/syscalls") then
  check.skip("this kernel does not tell the types of system calls; the comparisons passed")
end
local function loads(name, index)
  local call = { names = { name }, action = "SCMP_ACT_KILL", args = { { index = index, value = 5, op = "SCMP_CMP_EQ" } } }
  local filter = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW", syscalls = { call } }
  local function load(offset) return filter:find(string.pack("<I2BBI4", 0x20, 0, 0, 16 + 8 * index + offset), 1, true) ~= nil end
  return load(0), load(4)
end
local LONG = { ["unsigned long"] = true, long = true, size_t = true, ["const size_t"] = true, loff_t = true, off_t = true, __u64 = true, u64 = true,
  aio_context_t = true, cap_user_header_t = true, cap_user_data_t = true, ["const cap_user_data_t"] = true }
-- Calls whose kernel functions have different names.
local NAMES = { newstat = "stat", newfstat = "fstat", newlstat = "lstat", newuname = "uname", umount = "umount2", sendfile64 = "sendfile" }
local count = 0
for _, entry in ipairs(tiny.list_dir("/tmp/trace/events/syscalls")) do
  local name = entry:match("^sys_enter_(.+)$")
  local text = name and tiny.read_file("/tmp/trace/events/syscalls/" .. entry .. "/format")
  local index = 0
  for declared in (text or ""):gsub("^.-__syscall_nr", ""):gmatch("field:([^;]+);") do
    local kind = declared:find("*", 1, true) and "pointer" or declared:gsub("%s*[%w_]+$", "")
    local wide, call = kind == "pointer" or LONG[kind] or false, NAMES[name] or name
    if call == "clone" and index == 0 then wide = false end
    local known, upper = loads(call, index)
    -- No profile can name a call that is newer than the table of names.
    if known then check.equal(upper, wide, ("%s, argument %d, %s"):format(call, index, kind)) end
    count, index = count + (known and 1 or 0), index + 1
  end
end
assert(count > 500, count)
