-- Capabilities of a container's program, its session keyring and the labels of security modules (config.md, "Process").
-- covers: process.capabilities.effective process.capabilities.bounding process.capabilities.inheritable
-- covers: process.capabilities.permitted process.capabilities.ambient process.apparmorProfile process.selinuxLabel linux.mountLabel
local check = require "check"
local oci = require "oci_bundle"

-- The five sets as the kernel shows them: CAP_CHOWN is bit 0, CAP_NET_BIND_SERVICE bit 10.
local function sets(capabilities, uid)
  local found = {}
  local text = oci.output("cat /proc/self/status", function(config)
    config.process.capabilities = capabilities
    config.process.user = { uid = uid or 0, gid = 0 }
  end)
  for _, name in ipairs { "Inh", "Prm", "Eff", "Bnd", "Amb" } do table.insert(found, (text:match("Cap" .. name .. ":%s*0*(%x+)"))) end
  return table.concat(found, " ")
end

local function given(...)
  local names, all = { ... }, {}
  for _, set in ipairs { "bounding", "effective", "inheritable", "permitted", "ambient" } do
    all[set] = table.move(names, 1, #names, 1, {})
  end
  return all
end

check.equal(sets(given("CAP_CHOWN", "CAP_NET_BIND_SERVICE"), 1000), "401 401 401 401 401")
check.equal(sets { bounding = { "CAP_CHOWN" }, effective = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" } }, "0 1 1 1 0")
-- A user other than root has what is permitted only if it is ambient: execve(2) takes the rest.
check.equal(sets({ bounding = { "CAP_CHOWN" }, effective = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" } }, 1000), "0 0 0 1 0")
check.equal(sets({ bounding = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" }, inheritable = { "CAP_CHOWN" } }, 1000), "1 0 0 1 0")
check.equal(sets {}, "0 0 0 0 0")
check.equal(sets(nil), "0 0 0 0 0", "no capabilities at all")
oci.refused([[process.capabilities.bounding[1]: ]], function(c) c.process.capabilities = { bounding = { "CAP_CHOWN", "CAP_WHAT" } } end)

-- Keys: a new session keyring, unless the caller's is kept. A user who is not its owner sees a keyring only by having it.
if tiny.read_file "/proc/keys" then
  tiny.join_session_keyring "test-of-oci"
  local function unmasked(config)
    config.linux.maskedPaths, config.process.user = {}, { uid = 4711, gid = 0 }
  end
  local function keyring(option)
    local path = oci.bundle("cat /proc/keys", unmasked)
    local words = { "run", "-b", path, "c" }
    if option then table.insert(words, 2, option) end
    return oci.succeeds(words).out
  end
  local text = keyring()
  assert(text:find("_ses.c.", 1, true) and not text:find("test-of-oci", 1, true), text)
  text = keyring "--no-new-keyring"
  assert(text:find("test-of-oci", 1, true) and not text:find("_ses.c.", 1, true), text)
  -- A second program is in the same one.
  local path = oci.bundle("sleep 60", unmasked)
  oci.succeeds { "run", "-d", "-b", path, "k" }
  text = oci.succeeds({ "exec", "k", "cat", "/proc/keys" }).out
  assert(text:find("_ses.k.", 1, true), text)
  oci.succeeds { "delete", "-f", "k" }
end

-- Labels, where there is a module for them.
if not tiny.stat "/sys/module/apparmor" then
  oci.refused("process.apparmorProfile: AppArmor is not enabled in this kernel", function(c) c.process.apparmorProfile = "some" end)
end
if not tiny.stat "/sys/fs/selinux/enforce" then
  oci.refused("process.selinuxLabel: SELinux is not enabled in this kernel", function(c) c.process.selinuxLabel = "a:b:c:d" end)
  oci.refused("linux.mountLabel: SELinux is not enabled in this kernel", function(c) c.linux.mountLabel = "a:b:c:d" end)
end
-- What is empty is not asked for.
check.equal(oci.output("echo yes", function(c) c.process.apparmorProfile, c.process.selinuxLabel, c.linux.mountLabel = "", "", "" end),
  "yes")

-- A capability that the runtime does not have is left out, with a warning in the log; nothing is on the container's streams.
local function without(name)
  local kept = {}
  for _, one in ipairs(tiny.caps().bounding) do
    if one ~= name then table.insert(kept, one) end
  end
  tiny.set_caps { bounding = kept, effective = kept, permitted = kept, inheritable = {}, ambient = {} }
end
local asking = oci.bundle("grep CapBnd /proc/self/status", function(config)
  for _, set in ipairs { "bounding", "effective", "permitted" } do config.process.capabilities[set] = { "CAP_CHOWN", "CAP_SYS_TIME" } end
end)
local lacking = oci.succeeds({ "--log", "/tmp/warnings", "--log-format", "json", "run", "--bundle", asking, "w" },
  { prepare = function() without "CAP_SYS_TIME" end })
check.equal(lacking.err, "")
check.equal(lacking.out, "CapBnd:\t0000000000000001\n")
local warned = tiny.json_decode(tiny.read_file "/tmp/warnings")
check.equal(warned.level, "warn")
assert(warned.msg:find "process.capabilities: .*CAP_SYS_TIME", warned.msg)
