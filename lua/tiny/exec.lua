-- A program beside a running container's own: joins its cgroup and its namespaces through its pidfd,
-- so that no pid can change hands meanwhile. Nothing of the container is opened or loaded before the
-- process is inside.
local limits = require "tiny.limits"
local state = require "tiny.state"

local JOINED = { mount = true, uts = true, ipc = true, pid = true, cgroup = true }

-- The second process: the one that is inside the container's pid namespace too.
local function inside(container, options)
  local config = container.config
  local root <close> = tiny.open_root("/")
  local user = options.user or config.user
  local who = user and options.users.lookup(root, user)
  if options.tty then require("tiny.terminal").enter { root = root, user = who, terminal = options.terminal } end
  tiny.chdir(options.workdir or config.workdir or "/")
  local env = { PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container = "tinylua" }
  env.HOSTNAME, env.HOME = config.hostname, who and who.home or "/root"
  for _, vars in ipairs { config.env or {}, options.env or {} } do
    for key, value in pairs(vars) do env[key] = value end
  end
  if config.ulimits then options.ulimits.set(config.ulimits) end
  if who then tiny.setuser(who.uid, { gid = who.gid, groups = who.groups }) end
  tiny.no_new_privs()
  tiny.exec { env = env, table.unpack(options.command) }
end

-- Runs a program in the container; returns its status.
return function(container, options)
  if container.state.status ~= "running" then
    tiny.fail { message = ("%s is not running"):format(container.config.name), hint = "tinylua start " .. container.config.name }
  end
  local process <close> = state.process(container)
  if not process then tiny.fail { message = ("%s has just ended"):format(container.config.name) } end
  local cgroup = limits.reopen(container)
  if cgroup and tiny.cgroup_stats(cgroup).frozen then
    tiny.fail { message = ("%s is paused"):format(container.config.name), hint = "tinylua unpause " .. container.config.name }
  end
  local terminal = options.tty and require "tiny.terminal"
  -- Loaded here: inside, a module's file would be looked for in the container's tree.
  options.users, options.ulimits = require "tiny.users", container.config.ulimits and require "tiny.ulimits"
  if terminal then terminal.prepare(options, { size = require("tiny.relay").size() }) end
  local namespaces = { net = container.config.network ~= "host" or nil }
  for kind in pairs(JOINED) do namespaces[kind] = true end
  -- The first process enters the cgroup and the namespaces; its child is then inside the pid
  -- namespace as well (setns(2) moves only children there).
  local first <close> = tiny.clone({ cgroup = cgroup }, function()
    -- Left alone, it is nobody's reader or writer: who reads our output would otherwise wait for its end.
    local null <close> = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, options.detach and 2 or options.interactive and -1 or 0 do tiny.dup2(null, number) end
    local score = container.config.oom_score_adj
    if score then limits.set_oom_score(score) end
    tiny.setns(process, namespaces)
    local second = tiny.fork(function() inside(container, options) end)
    second:wait_ready()
    tiny.notify_ready()
    return (second:wait())
  end)
  first:wait_ready()
  if options.detach then
    first:keep()
    return 0
  end
  if terminal then
    local master, slave = terminal.receive(options)
    require("tiny.attach").show(master, slave, { input = options.interactive })
  end
  return (first:wait())
end
