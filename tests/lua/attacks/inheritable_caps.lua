-- CVE-2022-29162: with inheritable capabilities, an unprivileged user of the container would gain the inheritable
-- capabilities of a file.
local check = require "check"

local SHOW = "grep -E '^Cap(Inh|Amb|Prm|Eff)' /proc/self/status"
local ZERO = ("0"):rep(16)
local function all_zero(text)
  local count = 0
  for value in text:gmatch("Cap%a+:%s*(%x+)") do
    check.equal(value, ZERO, text)
    count = count + 1
  end
  check.equal(count, 4)
end
-- The caller has inheritable capabilities, like containers of an affected engine.
check.inside({}, function()
  local all = tiny.caps().permitted
  tiny.set_caps { inheritable = all, ambient = all }
  all_zero(check.succeeds("run", "--rm", "-u", "nobody", "sh", "-c", SHOW))
  check.equal(check.succeeds("run", "--rm", "grep", "CapInh", "/proc/self/status"), "CapInh:\t" .. ZERO .. "\n")
  check.succeeds("run", "-d", "--name", "c", "sleep", "100")
  all_zero(check.succeeds("exec", "-u", "nobody", "c", "sh", "-c", SHOW))
  check.equal(check.succeeds("exec", "c", "grep", "-E", "CapInh|CapAmb", "/proc/self/status"), "CapInh:\t" .. ZERO .. "\nCapAmb:\t" .. ZERO .. "\n")
end)
-- A program with file capabilities, and a setuid one: restricted by no_new_privs and by the bounding set.
local setcap = tiny.stat("/sbin/setcap") and "setcap cap_net_raw,cap_chown=ei /bin/own && " or ""
check.succeeds("exec", "c", "sh", "-c", "cp /bin/grep /bin/own; cp /bin/grep /bin/suid; chmod 4755 /bin/suid; " .. setcap .. "true")
for _, program in ipairs { "/bin/own", "/bin/suid" } do
  all_zero(check.succeeds("exec", "-u", "nobody", "c", program, "-E", "^Cap(Inh|Amb|Prm|Eff)", "/proc/self/status"))
end
check.succeeds("rm", "-f", "c")
check.no_container()
