-- Runs another program in a container. The process is created in the container's cgroup and pid namespace, and enters the other
-- namespaces through the pidfd of the first process.
local process = require "tiny.oci.process"
local state = require "tiny.oci.state"

local NOTHING = {}
local KINDS = { mount = "mount", network = "net", uts = "uts", ipc = "ipc", cgroup = "cgroup", time = "time" }

-- The process that the options describe: a file, or words with changes to the container's own process.
local function asked_of(one, config, options)
  if options.process then
    local asked = require("tiny.oci.config").read(options.process)
    require("tiny.oci.check").shape(asked, "process", require("tiny.oci.fields").process)
    return asked
  end
  local asked = {}
  for key, value in pairs(config.process or NOTHING) do asked[key] = value end
  asked.args, asked.terminal, asked.consoleSize = options.command, options.tty, nil
  asked.cwd = options.cwd or asked.cwd or "/"
  if options.env then
    local own = asked.env or NOTHING
    asked.env = table.move(options.env, 1, #options.env, #own + 1, table.move(own, 1, #own, 1, {}))
  end
  -- As in runc, the container's group and supplementary groups stay unless the options name others.
  local user = {}
  for key, value in pairs(asked.user or NOTHING) do user[key] = value end
  asked.user = user
  if options.user then
    local uid, gid = options.user:match("^(%d+):?(%d*)$")
    if not uid then tiny.fail { message = ("--user: %s is not UID[:GID]"):format(tiny.show(options.user)) } end
    user.uid, user.gid = math.tointeger(tonumber(uid)), math.tointeger(tonumber(gid)) or user.gid
  end
  local more = options.additional_gids or NOTHING
  if #more > 0 then
    local groups = user.additionalGids or NOTHING
    user.additionalGids = table.move(more, 1, #more, #groups + 1, table.move(groups, 1, #groups, 1, {}))
  end
  if options.cap and #options.cap > 0 then
    local sets = {}
    for _, set in ipairs { "bounding", "effective", "inheritable", "permitted", "ambient" } do
      local names = (asked.capabilities or NOTHING)[set] or NOTHING
      sets[set] = table.move(options.cap, 1, #options.cap, #names + 1, table.move(names, 1, #names, 1, {}))
    end
    asked.capabilities = sets
  end
  if options.no_new_privs then asked.noNewPrivileges = true end
  asked.apparmorProfile = options.apparmor or asked.apparmorProfile
  asked.selinuxLabel = options.process_label or asked.selinuxLabel
  return asked
end

local function group_of(one, options)
  local path = one.record.cgroup
  local below = options.cgroup ~= "" and options.cgroup or nil
  if below and (not path or ("/" .. below .. "/"):find("/../", 1, true)) then
    tiny.fail { message = ("--cgroup: %s is no cgroup below the container's"):format(tiny.show(below)) }
  end
  if not path then return nil end
  if below then path = path .. "/" .. below:gsub("^/+", "") end
  return tiny.try(tiny.open_cgroup, path) or tiny.fail { message = ("--cgroup: the container has no cgroup %s"):format(tiny.show(path)) }
end

-- What the process does once it is in the container.
local function inside(ctx, asked)
  tiny.setsid()
  for _, group in ipairs(ctx.rdt) do require("tiny.oci.rdt").add(group, 0) end
  local write_labels = require("tiny.oci.labels").open(asked)
  tiny.setns(ctx.process, ctx.kinds)
  if ctx.userns then
    tiny.setuser(0, { gid = 0, groups = {}, keep_caps = true })
    tiny.set_caps { effective = tiny.caps().permitted }
  end
  ctx.root = tiny.open_root "/"
  if asked.terminal then require("tiny.oci.terminal")(ctx, asked) end
  local affinity = (asked.execCPUAffinity or NOTHING).final or ""
  if affinity ~= "" then require("tiny.oci.check").named("process.execCPUAffinity.final", tiny.set_cpu_affinity, affinity) end
  if ctx.keyring then process.join_keyring(ctx.keyring) end
  process.early(asked)
  process.limits(asked)
  if write_labels then write_labels() end
  local env = process.environment(asked, ctx.root)
  local _, denied = tiny.try(tiny.chdir, asked.cwd, { root = ctx.root })
  process.become(asked, not ctx.late_filter and ctx.load_filter or nil, ctx.admin, ctx.givable)
  if denied then require("tiny.oci.check").named("process.cwd", tiny.chdir, asked.cwd, { root = ctx.root }) end
  process.find(asked, env)
  process.exec(asked, env, ctx.keep, ctx.late_filter and ctx.load_filter or nil)
end

-- Starts it; returns the child, whose program runs then.
return function(id, options)
  tiny.set_process_title "tinylua-oci"
  local one = state.find(id)
  local first <close> = state.process(one)
  local status = state.status(one, first)
  if status == "paused" and not options.ignore_paused then
    tiny.fail {
      message = ("cannot exec in container %s: it is paused"):format(tiny.show(id)),
      hint = "--ignore-paused waits until it is resumed",
    }
  end
  if status ~= "running" and status ~= "created" and status ~= "paused" then
    tiny.fail { message = ("cannot exec in container %s: it is %s"):format(tiny.show(id), status) }
  end
  -- `create` has checked it.
  local config = state.config(one)
  local asked = asked_of(one, config, options)
  if options.tty then asked.terminal = true end
  require("tiny.oci.config").check_process(asked, "process")
  local givable = process.warn(asked, id)
  local front = require "tiny.oci.front"
  local console <close> = front.console(asked, options.console_socket, options.detach)
  if not first then tiny.fail { message = ("container %s has just ended"):format(tiny.show(id)) } end
  local ctx = { config = setmetatable({}, { __index = config }), process = first, kinds = {}, console = console }
  ctx.keep = options.preserve_fds
  for kind, key in pairs(KINDS) do ctx.kinds[key] = config.spaces[kind] ~= nil or nil end
  -- criu restores clocks in a time namespace.
  if one.record.restored and tiny.stat "/proc/self/ns/time" then ctx.kinds.time = true end
  ctx.spec = one.record.programmed and require("tiny.oci.program").again(one) or NOTHING
  ctx.dir, ctx.config.process = one.dir, asked
  -- Those of a user namespace are others.
  ctx.givable = not config.spaces.user and givable or nil
  ctx.keyring, ctx.rdt = one.record.keyring, one.record.rdt or NOTHING
  ctx.kept_filter = one.record.filter and one.dir .. "/filter"
  require("tiny.oci.filter").compile(ctx)
  if asked.terminal then require "tiny.oci.terminal" end
  local mine
  if ctx.listens then mine, ctx.connection = tiny.socketpair { type = "seqpacket" } end
  -- The child inherits it; `final` follows in the cgroup.
  local affinity = (asked.execCPUAffinity or NOTHING).initial or ""
  if affinity ~= "" then require("tiny.oci.check").named("process.execCPUAffinity.initial", tiny.set_cpu_affinity, affinity) end
  require "tiny.oci.labels"
  local held = {}
  local birth = { cgroup = group_of(one, options), outlives = true, oom_score_adj = asked.oomScoreAdj }
  if config.spaces.pid then
    birth.pid = tiny.open_ns("pid", first)
    table.insert(held, birth.pid)
  end
  if config.spaces.user then
    ctx.userns = tiny.open_ns("user", first)
    birth.user = ctx.userns
    table.insert(held, ctx.userns)
  end
  -- From its birth on, no process of the container may inspect this one while it is still ours (CVE-2016-9962).
  tiny.set_dumpable(false)
  local child, err = tiny.try(tiny.clone, birth, function() inside(ctx, asked) end)
  tiny.set_dumpable(true)
  if err then error(err, 0) end
  for _, handle in ipairs(held) do handle:close() end
  if mine then
    ctx.connection:close()
    front.follow(one, mine)
  end
  child:wait_ready()
  front.write_pid(options.pid_file, child.pid)
  return child
end
