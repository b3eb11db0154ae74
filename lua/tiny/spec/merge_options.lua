-- Puts the options of `run` and `create` over what a recipe says.
local read = require "tiny.spec.pairs"

-- What takes the place of what a recipe says, and what is added to it.
local REPLACED = {
  "name", "hostname", "rootfs", "memory", "cpus", "workdir", "user", "restart", "shm_size", "stop_signal",
  "stop_timeout", "oom_score_adj", "cgroup_parent", "entrypoint", "userns",
  "ip", "ip6", "mac_address", "net_rate", "net_delay", "net_loss",
}
local FLAGS = { "interactive", "tty", "init", "read_only", "publish_all", "privileged" }
local ADDED = {
  view = "view", volumes = "volume", mounts = "mount", tmpfs = "tmpfs", ulimits = "ulimit", publish = "publish", expose = "expose",
  aliases = "network_alias", dns = "dns", dns_search = "dns_search", add_hosts = "add_host", cap_add = "cap_add", cap_drop = "cap_drop",
  security_opt = "security_opt", devices = "device", group_add = "group_add", sysctls = "sysctl",
}

-- Swap beside the memory, of docker's sum of both.
local function swap(total, memory)
  if not total then return nil end
  local function wrong(message, hint) tiny.fail { message = "--memory-swap: " .. message, hint = hint, exit = 125 } end
  if total == "-1" then return "unlimited" end
  local bytes, limit = tiny.parse_size(total), memory and tiny.parse_size(memory)
  if not bytes then wrong(("%s is not a size"):format(tiny.show(total)), "the sum of memory and swap, such as 256m; -1 for no limit") end
  if not limit then wrong("it is the sum of memory and swap, and memory has no limit", "give --memory too") end
  if bytes < limit then wrong(("%d bytes are less than the memory limit of %d"):format(bytes, limit), "it is the sum of memory and swap") end
  return bytes - limit
end

local function put_over(map, changes)
  map = map or {}
  for key, value in pairs(changes) do map[key] = value end
  return map
end

-- The spec with what the command line says put over it.
return function(spec, args)
  for _, key in ipairs(REPLACED) do
    if args[key] ~= nil then spec[key] = args[key] end
  end
  for _, key in ipairs(FLAGS) do spec[key] = args[key] or spec[key] end
  for key, option in pairs(ADDED) do
    if #args[option] > 0 then
      local list = table.move(spec[key] or {}, 1, #(spec[key] or {}), 1, {})
      spec[key] = table.move(args[option], 1, #args[option], #list + 1, list)
    end
  end
  if args.learn then spec.seccomp = put_over(spec.seccomp, { learn = args.learn }) end
  if args.policy then put_over(spec, require("tiny.spec.policy").read(args.policy)) end
  -- A recipe's networks are replaced: it may know none of this host's.
  if #args.network > 0 then spec.network, spec.networks = args.network, nil end
  spec.pids, spec.cpuset = args.pids_limit or spec.pids, args.cpuset_cpus or spec.cpuset
  spec.swap = swap(args.memory_swap, spec.memory) or spec.swap
  if #args.env_file > 0 then spec.env = put_over(spec.env, read.environment_files(args.env_file)) end
  spec.env = put_over(spec.env, read.environment(args.env))
  local labels = read.labels(args.label, args.label_file)
  if labels then spec.labels = put_over(spec.labels, labels) end
  if args.health_cmd or args.health_interval or args.health_timeout or args.health_retries or args.health_start_period then
    spec.health = require("tiny.spec.health").overlay(spec.health, args)
  end
  local log = { driver = args.log_driver, max_size = args.log_max_size, max_files = args.log_max_files, on_full = args.log_on_full }
  if next(log) then spec.log = put_over(spec.log, log) end
  return spec
end
