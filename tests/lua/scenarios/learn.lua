-- run --learn writes a policy with which the same run succeeds and a different one is denied; tested with programs that
-- read, write, create, listen, change users and load modules.
local check = require "check"

local function learned(words, more)
  tiny.try(tiny.remove, "policy.lua")
  local function run(option)
    local all = table.move(more or {}, 1, #(more or {}), 2, { "run" })
    table.move({ "--rm", option, "policy.lua" }, 1, 3, #all + 1, all)
    local ran = check.run(table.move(words, 1, #words, #all + 1, all))
    -- Landlock in an older kernel lacks features, which is reported.
    ran.err = ran.err:gsub("tinylua: landlock: this kernel does not restrict [^\n]*\n", "")
    return ran
  end
  local first = run("--learn")
  check.equal(first.err, "")
  check.equal(first.status, 0)
  local text, second = tiny.read_file("policy.lua"), run("--policy")
  check.equal(second.err, "", text)
  check.equal(second.status, 0)
  check.equal(second.out, first.out)
  return tiny.load_recipe("policy.lua")(), text
end
local function set(list)
  local found = {}
  for _, item in ipairs(list) do found[item] = true end
  return found
end
local function under(...)
  return check.run { "run", "--rm", "--policy", "policy.lua", ... }
end
local missing = check.run { "run", "--rm", "--policy", "none.lua", "true" }
check.equal(missing.err, 'tinylua: --policy: no such file: "none.lua"\n  hint: create one with run --learn\n')
local landlock = tiny.probe().security.landlock

-- Listing a directory: little is needed, and no more is allowed.
local policy, text = learned { "busybox", "find", "/etc/init.d" }
check.equal(#policy.cap_add, 0)
local calls = set(policy.seccomp.allow)
assert(calls.getdents64 and calls.write and not calls.mkdir and not calls.socket and not calls.clone, text)
check.equal(#policy.landlock.tcp_bind + #policy.landlock.tcp_connect, 0)
check.equal(policy.landlock.paths["/usr/bin/busybox"] or policy.landlock.paths["/bin/busybox"], "rx")
check.equal(policy.landlock.paths["/etc/init.d"][1], "read_dir")
local denied = under("busybox", "mkdir", "/tmp/x")
check.equal(denied.status, 1)
assert(denied.err:find("tinylua: %x+: denied mkdir, which is not an allowed system call %(pid %d+%)\n"), denied.err)
assert(denied.err:find("Operation not permitted", 1, true), denied.err)
if landlock > 1 then
  local elsewhere = under("busybox", "find", "/usr/lib/os-release", "/root")
  assert(elsewhere.err:find("Permission denied", 1, true), elsewhere.err)
  check.equal(under("true").status, 126, "another program")
end

-- Files created during learning do not exist when the policy is applied: their directory represents them.
policy, text = learned { "sh", "-c", "echo hi >/tmp/new; mkdir /tmp/d; mv /tmp/new /tmp/d/x; cat /tmp/d/x; rm -r /tmp/d; ls /etc >/dev/null; id -u" }
check.equal(policy.landlock.paths["/tmp"]:match("w"), "w", text)
check.equal(policy.landlock.paths["/tmp/d"], nil, text)
check.equal(#policy.cap_add, 0, text)

-- A missing file needs no permission to create it; /proc/self is the program's own.
policy, text = learned { "sh", "-c", "cat /proc/nothing /etc/nothing 2>/dev/null; read -r line </proc/mounts; echo ${line%% *}" }
check.equal(#policy.cap_add, 0, text)
check.equal(policy.landlock.paths["/proc"], "r", text)

-- Operations that need a capability.
policy, text = learned { "sh", "-c", "touch /tmp/f; chown nobody /tmp/f; chmod 600 /tmp/f; cat /tmp/f; rm /tmp/f" }
local caps = set(policy.cap_add)
assert(caps.CHOWN and caps.DAC_OVERRIDE and caps.FOWNER and not caps.SETUID, text)
if os.execute("perl -e 1 2>/dev/null") then
  policy, text = learned { "perl", "-e", "$( = $) = '65534 65534'; $< = $> = 65534; print $<" }
  caps = set(policy.cap_add)
  assert(caps.SETUID and caps.SETGID and not caps.CHOWN, text)
end

-- An interpreter with many modules: one directory represents them.
if tiny.stat("/usr/bin/python3") then
  policy, text = learned { "/usr/bin/python3", "-c", "import json, socket, http.server; print(json.dumps([1]))" }
  local count = 0
  for _ in pairs(policy.landlock.paths) do count = count + 1 end
  assert(count < 30, text)
  assert(policy.landlock.paths["/usr/bin/python3"] == "rx", text)
end

-- Only a policy confines; an invalid one is reported before anything is created.
tiny.write_file("policy.lua", 'return { command = "x" }')
local wrong = under("true")
check.equal(wrong.status, 125)
assert(wrong.err:find('policy.lua: unknown key "command"', 1, true), wrong.err)
check.equal(under("--learn", "other.lua", "true").status, 125)
check.no_container()
