-- Runs another program in a running container (exec, health checks). The child is created in the container's cgroup and PID
-- namespace and enters the others through the pidfd, so that a reused pid does no harm. Nothing in the container is opened
-- or loaded before the process is inside.
local security = require "tiny.pipeline.security"
local stdio = require "tiny.pipeline.stdio"

local JOINED = { mount = true, uts = true, ipc = true, cgroup = true }

-- Loaded first: inside, modules would be looked up in the container's tree.
local function modules(config, options)
  return {
    users = (options.user or config.user or config.group_add) and require "tiny.pipeline.users", ulimits = config.ulimits and require "tiny.pipeline.ulimits",
    terminal = options.tty and require "tiny.pipeline.terminal",
  }
end

-- What the child does inside, up to the program.
local function inside(config, options, loaded, how, own)
  local root <close> = tiny.open_root("/")
  stdio.null(options.stdio or {}, root)
  local user = options.user or config.user
  local who = loaded.users and loaded.users.lookup(root, user, config.group_add)
  if options.tty then loaded.terminal.enter { root = root, user = who, terminal = options.terminal, owner = own.owner } end
  tiny.chdir(options.workdir or config.workdir or "/", { root = root })
  local env = { PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container = "tinylua" }
  env.HOSTNAME, env.HOME, env.TERM = config.hostname, who and who.home or "/root", options.tty and "xterm" or nil
  for _, vars in ipairs { config.env or {}, options.env or {} } do
    for key, value in pairs(vars) do env[key] = value end
  end
  if config.ulimits then loaded.ulimits.set(config.ulimits) end
  if own.owner then tiny.setns(own.namespace) end
  security.enter(how, who)
  if options.last then options.last() end
  security.last(how)
  local _, err = tiny.try(tiny.exec, { env = env, table.unpack(options.command) })
  err.args = { tiny.show(options.command) }
  error(err, 0)
end

-- The container's user namespace: a rootless user joins it first (`first`). Root joins it last, and until then creates files
-- with the ids of the container's root (`owner`).
local function user_namespace(process)
  local userns = require "tiny.pipeline.userns"
  local namespace, maps = userns.of(process)
  if require("tiny.base.rootless").is() then return { first = namespace } end
  return { namespace = namespace, owner = userns.root_of(maps), enter = userns.own }
end

-- Starts a program in the container whose PID 1 is `process`; returns the child.
-- options: command, env, workdir, user, privileged, tty and terminal, stdio (its streams by number; the others are the container's null
-- device), first() and last(): called in the child before it enters, and right before its program.
return function(process, cgroup, config, options)
  if config.userns then process = require("tiny.pipeline.userns").shown(process, config) end
  local namespaces = { net = config.network ~= "host" or nil }
  for kind in pairs(JOINED) do namespaces[kind] = true end
  local loaded = modules(config, options)
  local asked = config
  -- The system call filter stays the container's, compiled for all capabilities.
  if options.privileged then asked = setmetatable({ cap_add = { "ALL" }, cap_drop = false }, { __index = config }) end
  local how = security.of(asked, require("tiny.store.state").roots() .. "/containers/" .. config.id, true)
  local pid <close> = tiny.open_ns("pid", process)
  -- The functions that answer the container's system calls also answer this program's.
  how.socket = how.listener and require("tiny.pipeline.seccomp_notify").connect(config.id)
  local _ <close> = how.socket
  local own = config.userns and user_namespace(process) or {}
  local options_of_birth = { cgroup = cgroup, pid = pid, user = own.first, oom_score_adj = config.oom_score_adj }
  -- From its birth on, no process of the container may inspect this one while it is still ours (CVE-2016-9962).
  tiny.set_dumpable(false)
  local child, err = tiny.try(tiny.clone, options_of_birth, function()
    -- Nor may its program type into the caller's terminal (TIOCSTI, CVE-2017-5226).
    tiny.setsid()
    stdio.enter(options.stdio or {})
    if options.first then options.first() end
    tiny.setns(process, namespaces)
    -- Files that it creates there belong to the container's root.
    if own.owner then own.enter(own.owner) end
    inside(config, options, loaded, how, own)
  end)
  tiny.set_dumpable(true)
  return child or error(err, 0)
end
