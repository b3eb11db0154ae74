-- Where an unprivileged user's namespaces have no nftables, a run with egress rules is refused, and never runs without them; doctor
-- says so. A system call filter that refuses netfilter's sockets stands for such a kernel.
local check = require "check"
local ordinary = require "ordinary"

-- With the filter, no program gains privileges: newuidmap cannot map further ids.
ordinary.make { subids = false }
ordinary.tun()
tiny.veth_pair({ name = "up0", addr = "192.0.2.1/24", nodad = true, gateway = "192.0.2.2" }, { name = "up1" }):keep()

local NETLINK, NETFILTER = 16, 12
local filter = tiny.seccomp_compile {
  defaultAction = "SCMP_ACT_ALLOW",
  syscalls = { { names = { "socket" }, action = "SCMP_ACT_ERRNO", errnoRet = 93, args = { { index = 0, value = NETLINK, op = "SCMP_CMP_EQ" }, { index = 2, value = NETFILTER, op = "SCMP_CMP_EQ" } } } },
}
local start = check.start
function check.start(f)
  return start(function()
    tiny.no_new_privs()
    tiny.seccomp(filter)
    f()
  end)
end

for _, network in ipairs { "pasta", "slirp4netns" } do
  check.equal(check.succeeds("run", "--rm", "--network", network, "echo", "without rules"), "without rules\n")
  local refused = check.run { "run", "--network", network, "--egress", "none", "echo", "ran" }
  check.equal(refused.status, 125)
  check.equal(refused.out, "")
  assert(refused.err:find("step network: ", 1, true) and refused.err:find("EPROTONOSUPPORT", 1, true), refused.err)
  check.equal(check.succeeds("ps", "-aq"), "")
  check.no_container()
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local words = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
    assert(not words:find("^tinylua: %l+ of") and not words:find("/network.", 1, true), "left: " .. words)
  end
end
local found = check.run({ "doctor" }).out:match("[^\n]*egress rules[^\n]*")
assert(found:find("missing", 1, true) and found:find("EPROTONOSUPPORT", 1, true) or found:find("Protocol not supported", 1, true), found)
check.start = start
found = check.run({ "doctor" }).out:match("[^\n]*egress rules[^\n]*")
assert(found:find("^ok"), found)
