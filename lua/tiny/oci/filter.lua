-- The system call filter of a container (config-linux.md, "seccomp").
local check = require "tiny.oci.check"

local filter = {}

-- The recipe's functions that answer system calls: its filters are loaded last, and the listener goes to whoever starts the program.
local function answered(ctx, profile, caps)
  local notify = require "tiny.pipeline.seccomp_notify"
  if ctx.listener_path then
    tiny.fail("linux.seccomp.listenerPath: the recipe answers system calls itself, and a process can have one listener")
  end
  local asked = { seccomp = ctx.spec.seccomp }
  notify.check(asked)
  local how = { caps = caps }
  notify.filters(how, asked, profile, ctx.dir)
  ctx.load_filter = function()
    ctx.connection:write "N"
    if how.filter then tiny.seccomp(how.filter) end
    how.socket = ctx.connection
    notify.hand_over(how)
    ctx.held = how.held
  end
end

-- The filter that `create` has compiled, for a program that is added later; nil if there is none. Its profile is not kept: without the
-- filter, the program would be less confined than the container.
local function kept(ctx)
  local text, err = nil, nil
  if ctx.kept_filter then text, err = tiny.try(tiny.read_file, ctx.kept_filter, { max = "1m" }) end
  if ctx.kept_filter and (text or "") == "" then
    tiny.fail { message = ("%s: the container's filter is damaged%s"):format(ctx.kept_filter, err and ": " .. err.message or "") }
  end
  return text
end

-- The socket of the agent that answers system calls; nil if the profile hands it none, in which case listenerPath has no effect.
local function listener_of(profile, answers)
  local path = (profile.listenerPath or "") ~= "" and profile.listenerPath or nil
  if not path and (profile.listenerMetadata or "") ~= "" then tiny.fail("linux.seccomp.listenerMetadata: there is no listenerPath") end
  local notifies = profile.defaultAction == "SCMP_ACT_NOTIFY"
  for _, rule in ipairs(profile.syscalls or {}) do notifies = notifies or rule.action == "SCMP_ACT_NOTIFY" end
  if notifies and not path and not answers then tiny.fail("linux.seccomp.listenerPath: it is missing, and an action is SCMP_ACT_NOTIFY") end
  return notifies and path or nil
end

local function check_flags(flags)
  local known = flags and #flags > 0 and tiny.seccomp_names()
  for i, flag in ipairs(flags or {}) do
    local where = ("linux.seccomp.flags[%d]"):format(i - 1)
    check.one_of(flag, known.flags, where)
    check.one_of(flag, known.supported_flags, where, "this kernel has no %s")
  end
end

-- Compiles the filter, and says how it is loaded: ctx.load_filter; ctx.late_filter: right before the program; ctx.admin: for that the
-- process keeps CAP_SYS_ADMIN. ctx.listens: its listener is sent over ctx.connection. ctx.filter: its bytes.
function filter.compile(ctx)
  local profile = ctx.config.linux.seccomp
  local caps = ctx.config.process and ctx.config.process.capabilities and ctx.config.process.capabilities.bounding or {}
  local plain = profile and {}
  for key, value in pairs(profile or {}) do
    if key ~= "flags" and key ~= "listenerPath" and key ~= "listenerMetadata" then plain[key] = value end
  end
  local answers = ctx.spec and ctx.spec.seccomp
  ctx.listener_path = profile and listener_of(profile, answers)
  ctx.listens = ctx.listener_path ~= nil or ctx.spec and ctx.spec.seccomp ~= nil
  if not (profile or answers) then return end
  check_flags(profile and profile.flags)
  -- What this runtime still does itself need not be in the profile. A listener leaves while the container is created.
  local unprivileged = ctx.config.process and ctx.config.process.noNewPrivileges
  ctx.late_filter = unprivileged or not ctx.listens
  ctx.admin = ctx.late_filter and not unprivileged
  if answers then return answered(ctx, plain, caps) end
  local compiled, err = kept(ctx), nil
  if not compiled then compiled, err = tiny.try(tiny.seccomp_compile, plain, { caps = caps, notify = ctx.listener_path ~= nil }) end
  if not compiled then tiny.fail { message = "linux.seccomp: " .. err.message, hint = err.hint } end
  ctx.filter = compiled
  local options = { flags = profile.flags and #profile.flags > 0 and profile.flags or nil }
  ctx.load_filter = function()
    if ctx.listener_path then
      ctx.connection:write "L"
      options.send = ctx.connection
    end
    tiny.seccomp(compiled, options)
  end
end

return filter
