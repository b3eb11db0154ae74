-- Confines a container, besides its namespaces: capabilities, seccomp, devices, and masked parts of /proc and /sys. The
-- defaults are tables here; options change them by name (tiny.pipeline.security_options).
local sorted_keys = require "tiny.base.sorted_keys"

local security = {}

-- podman's default capabilities; a user other than root gets only those added by name.
security.capabilities = {
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
  "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}

-- Masked below /proc and /sys: what reveals or changes the machine's state.
security.masked = {
  proc = { "acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats" },
  sys = { "dev/block", "devices/virtual/powercap", "firmware", "fs/selinux" },
}

-- Read-only below /proc; /sys is read-only as a whole.
security.readonly = { "bus", "fs", "irq", "sys", "sysrq-trigger" }

-- The devices of /dev and of terminals. Not c 5:1, the host's console: a container's console is a pty (c 136). c 5:0 is the
-- caller's own terminal, and c 5:2 creates one in the devpts beside its node, which can only be the container's.
local function char(major, minor) return { type = "char", major = major, minor = minor, access = "rwm" } end
security.devices = {
  char(1, 3), char(1, 5), char(1, 7), char(1, 8), char(1, 9), char(5, 0), char(5, 2), char(136),
}

local NOTHING, ROOT = {}, { uid = 0, gid = 0, groups = {} }

-- The capabilities among these names that this process has; defaults that the host lacks are skipped.
local function held(names)
  local mine, set = {}, {}
  for _, name in ipairs(tiny.caps().bounding) do mine[name] = true end
  for _, name in ipairs(names) do set[name] = mine[name] end
  return set
end

-- The capabilities of a container, and those among them that were requested by name.
local function granted(asked)
  if not (asked.privileged or asked.cap_add or asked.cap_drop) then return sorted_keys(held(security.capabilities)), NOTHING end
  local all, set, added = tiny.caps().bounding, {}, {}
  if not (asked.privileged) then set = held(security.capabilities) else set = held(all) end
  for _, name in ipairs(asked.cap_drop or NOTHING) do
    if name == "ALL" then set = {} else set[name] = nil end
  end
  local dropped = {}
  for _, name in ipairs(asked.cap_drop or NOTHING) do dropped[name] = true end
  for _, name in ipairs(asked.cap_add or NOTHING) do
    for _, one in ipairs(name == "ALL" and all or { name }) do
      if not dropped[one] then set[one], added[one] = true, true end
    end
  end
  return sorted_keys(set), sorted_keys(added)
end

-- The compiled default filter. It is cached in a file, after everything that it was compiled from.
local function default_filter(caps)
  local exe, folder = tiny.stat("/proc/self/exe"), require("tiny.store.state").roots() .. "/seccomp"
  if not exe then tiny.fail { message = "/proc is not mounted", hint = "mount -t proc proc /proc; `tinylua doctor` shows what this host offers" } end
  local from = table.concat({ table.concat(caps, " "), exe.ino, exe.size, exe.mtime, (tiny.read_file("/proc/sys/kernel/osrelease")),
    (tiny.source("lua/tiny/seccomp_default.lua")) }, "\n") .. "\0"
  local path = ("%s/%s"):format(folder, #caps == 0 and "none" or ("%d-%s"):format(#caps, caps[#caps]))
  local kept = tiny.read_file(path)
  if kept and #kept > #from and kept:sub(1, #from) == from then return kept:sub(#from + 1) end
  local filter = tiny.seccomp_compile(require "tiny.seccomp_default", { caps = caps })
  -- It runs once for each kernel and version of tinylua, so the supervisor need not keep the module.
  package.loaded["tiny.seccomp_default"] = nil
  collectgarbage()
  tiny.mkdir(folder, { parents = true, mode = tonumber("700", 8) })
  tiny.write_file(path, from .. filter, { mode = tonumber("600", 8) })
  return filter
end

-- The confinement for a spec or a recorded config: caps, added, no_new_privs and filter. dir is the container's directory.
-- Everything is read before the container is entered.
function security.of(asked, dir, running)
  local caps, added = granted(asked)
  local options = asked.security_opt and require("tiny.pipeline.security_options").parse(asked.security_opt) or NOTHING
  local how = { caps = caps, added = added, no_new_privs = options.no_new_privs }
  if how.no_new_privs == nil then how.no_new_privs = not asked.privileged end
  local seccomp = options.seccomp or (asked.privileged and "unconfined")
  how.landlock = asked.landlock
  if asked.storage_opt and not asked.privileged then how.quota = require("tiny.pipeline.storage_opt").filter() end
  if asked.seccomp then
    local profile = not running and seccomp ~= "unconfined" and require("tiny.pipeline.security_options").profile(seccomp) or nil
    require("tiny.pipeline.seccomp_notify").filters(how, asked, profile, dir, running)
  elseif not seccomp then how.filter = default_filter(caps)
  elseif seccomp ~= "unconfined" then how.filter = require("tiny.pipeline.security_options").filter(seccomp, caps, dir, running) end
  local connect = asked.egress and not asked.seccomp and require "tiny.egress.connect"
  if connect and connect.watched(asked) then how.listener, how.early = connect.filter(caps), not how.no_new_privs end
  return how
end

-- Restricts this process to the container's devices, before the container is created.
function security.restrict_devices(ctx)
  local asked = ctx.spec
  local rules = table.move(security.devices, 1, #security.devices, 1, {})
  if asked.privileged then rules = { { access = "rwm" } } end
  for _, name in ipairs(ctx.security.caps) do
    if name == "CAP_MKNOD" then table.insert(rules, { access = "m" }) end
  end
  if asked.devices then require("tiny.pipeline.devices").add_rules(rules, asked.devices) end
  tiny.set_device_rules(ctx.cgroup, rules)
end

-- Drops what the container may not have, and switches to its user (root by default). The bounding set is dropped first,
-- while that is allowed; a filter without no_new_privs is loaded while it is.
function security.enter(how, user)
  user = user or ROOT
  local mine = user.uid == 0 and how.caps or how.added
  local over = user.uid == 0 and NOTHING or mine
  tiny.set_caps { bounding = how.caps }
  if how.quota and not how.no_new_privs then tiny.seccomp(how.quota) end
  if how.filter and not how.no_new_privs then tiny.seccomp(how.filter) end
  -- This process itself makes none of the calls that it intercepts.
  if how.early then require("tiny.pipeline.seccomp_notify").hand_over(how) end
  tiny.setuser(user.uid, { gid = user.gid, groups = user.groups, keep_caps = #over > 0 })
  tiny.set_caps { permitted = mine, effective = mine, inheritable = over, ambient = over }
  if how.no_new_privs then tiny.no_new_privs() end
end

-- Right before the program: adds the confinement that requires no_new_privs.
function security.last(how)
  if how.landlock then tiny.landlock(how.landlock) end
  if how.quota and how.no_new_privs then tiny.seccomp(how.quota) end
  if how.filter and how.no_new_privs then tiny.seccomp(how.filter) end
  if how.listener and not how.early then require("tiny.pipeline.seccomp_notify").hand_over(how) end
end

-- Loads the seccomp filter as the last step; its file is already open.
function security.seal(how)
  local filter = how.own or how.filter
  if filter and how.no_new_privs then tiny.seccomp(filter) end
end

return security
