-- The command line of `run` and `create`: their options, and what they make of them: a spec.
local read = require "tiny.options"

local commandline = {}

-- What takes the place of what a recipe says, and what is added to it.
local REPLACED = {
  "name", "hostname", "rootfs", "memory", "cpus", "workdir", "user", "network", "restart", "shm_size", "stop_signal",
  "stop_timeout", "oom_score_adj", "cgroup_parent", "entrypoint",
}
local FLAGS = { "interactive", "tty", "init", "read_only" }
local ADDED = { volumes = "volume", mounts = "mount", tmpfs = "tmpfs", ulimits = "ulimit" }

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

-- What the command line says, over what a recipe says.
local function overlay(spec, args)
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
  spec.pids, spec.cpuset = args.pids_limit or spec.pids, args.cpuset_cpus or spec.cpuset
  spec.swap = swap(args.memory_swap, spec.memory) or spec.swap
  if #args.env_file > 0 then spec.env = put_over(spec.env, read.environment_files(args.env_file)) end
  spec.env = put_over(spec.env, read.environment(args.env))
  local labels = read.labels(args.label, args.label_file)
  if labels then spec.labels = put_over(spec.labels, labels) end
  if args.health_cmd or args.health_interval or args.health_timeout or args.health_retries or args.health_start_period then
    spec.health = require("tiny.health").overlay(spec.health, args)
  end
  local log = { driver = args.log_driver, max_size = args.log_max_size, max_files = args.log_max_files, on_full = args.log_on_full }
  if next(log) then spec.log = put_over(spec.log, log) end
  return spec
end

-- How the spec is run.
local function how(args, more)
  more.detach, more.remove, more.keys, more.cidfile = args.detach, args.rm, args.detach_keys, args.cidfile
  return more
end

-- Calls f; its error gets the place that `place` makes of it.
local function placed(place, f, ...)
  local result, more = tiny.try(f, ...)
  if result == nil and more then
    more.at = place(more)
    error(more, 0)
  end
  return result, more
end

-- A recipe's first result alone: a second, such as the signal of `return child:wait()`, is no error.
local function first_of(chunk, words)
  return (chunk(words))
end

-- What a recipe that did its work itself may return: nothing, a boolean, or an exit status.
local function check_result(path, result)
  local status = math.type(result) == "integer" and result >= 0 and result <= 255
  if result == nil or type(result) == "boolean" or status then return result end
  local hint = "return nothing, true or false, or an exit status from 0 to 255"
  if type(result) == "table" then hint = 'a container is made by require("tiny.container").new { … }' end
  tiny.fail { at = path, message = "the recipe returned " .. tiny.show(result) .. ", which is neither a container nor an exit status", hint = hint }
end

-- The recipe's container as spec and options; the result of one that did the work itself.
local function of_recipe(args)
  local words = table.move(args.command, 2, #args.command, 1, {})
  local path = args.command[1]
  -- The name that the user typed is wrong, not a line of ours.
  local chunk, text = placed(function() end, tiny.load_recipe, path)
  -- `return c.new { … }` is a tail call, which leaves no line behind.
  local result = placed(function(err) return err.placeless and path or err.at end, first_of, chunk, words)
  -- A recipe that did its work itself needs nothing of what runs a container.
  if type(result) ~= "table" or not require("tiny.container").is(result) then
    return nil, check_result(path, result)
  end
  local where, recipe = result.where or path, { path = path, args = words, text = text }
  return placed(function() return where end, overlay, result.spec, args), how(args, { where = where, recipe = recipe })
end

-- A spec with the options for tiny.manage; nil and its result for a recipe that did the work itself.
function commandline.spec(args)
  -- With an entrypoint the words are its arguments.
  local program = args.entrypoint and args.entrypoint ~= ""
  if not program and #args.command == 0 then
    tiny.fail { message = "no command is given", hint = "say what to run: tinylua run CMD…, or a recipe", exit = 2 }
  end
  if not program and args.command[1]:match("%.lua$") then return of_recipe(args) end
  return overlay({ command = args.command }, args), how(args, {})
end

commandline.options = {
  { "name", value = "NAME", help = "A name for the container [default: its id]" },
  { "hostname", value = "HOST", help = "The hostname inside [default: the id]" },
  { "rootfs", value = "DIR", help = "The folder that becomes / [default: a throwaway view of the host]" },
  { "memory", short = "m", type = "size", help = "Memory limit, such as 128m" },
  { "memory-swap", value = "SIZE", help = "Memory and swap together; -1: as much swap as there is" },
  { "cpus", type = "number", help = "CPU limit, such as 0.5" },
  { "cpuset-cpus", value = "LIST", help = "Which CPUs, such as 0-2,5" },
  { "pids-limit", type = "integer", value = "N", help = "How many processes at most" },
  { "ulimit", many = true, value = "NAME=SOFT[:HARD]", help = "A limit of each process, such as nofile=1024:4096" },
  { "oom-score-adj", type = "integer", value = "N", help = "How soon it is killed for memory, -1000 (never) to 1000" },
  { "cgroup-parent", value = "PATH", help = "The cgroup below which its own is made [default: tinylua]" },
  { "volume", short = "v", many = true, value = "SOURCE:/TARGET[:ro]", help = "Show a file or folder of the host inside" },
  { "mount", many = true, value = "KEY=VALUE,…", help = "The same in full: type=bind|tmpfs,source=…,target=…[,readonly][,tmpfs-size=…][,tmpfs-mode=…]" },
  { "tmpfs", many = true, value = "/PATH[:OPTION,…]", help = "A file system in memory: size=64m, mode=1777, ro, exec, …" },
  { "read-only", type = "flag", help = "The root cannot be written; volumes and tmpfs can" },
  { "shm-size", type = "size", help = "The size of /dev/shm [default: 64m]" },
  { "env", short = "e", many = true, value = "K=V", help = "Set a variable; K alone takes the caller's value" },
  { "env-file", many = true, value = "FILE", help = "Variables from a file, K=V or K on a line; # begins a comment" },
  { "entrypoint", value = "CMD", help = "The program; all words are then its arguments, and none is a recipe" },
  { "workdir", short = "w", value = "DIR", help = "The working directory inside" },
  { "user", short = "u", value = "USER[:GROUP]", help = "Run as this user of the rootfs" },
  { "network", alias = "net", choices = { "none", "host", "bridge", "isolated" }, value = "MODE",
    help = "none, host or bridge (isolated means bridge) [default: none]" },
  { "restart", value = "POLICY", help = "no, on-failure[:N], always or unless-stopped [default: no]" },
  { "stop-signal", value = "SIGNAL", help = "What stop sends first [default: SIGTERM]" },
  { "stop-timeout", type = "duration", help = "How long stop waits before SIGKILL [default: 10s]" },
  { "init", type = "flag", help = "A small PID 1 that forwards signals and reaps; the program is its child" },
  { "label", short = "l", many = true, value = "K=V", help = "A label, for `ps --filter label=K`" },
  { "label-file", many = true, value = "FILE", help = "Labels from a file, one on a line" },
  { "cidfile", value = "FILE", help = "Write the id into this new file" },
  { "interactive", short = "i", type = "flag", help = "Pass standard input on" },
  { "tty", short = "t", type = "flag", help = "Give it a terminal of its own" },
  { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "With -t: the keys that leave it running" },
  { "rm", type = "flag", help = "Remove the container when it ends" },
  { "detach", short = "d", type = "flag", help = "Run in the background and print the id" },
  { "health-cmd", value = "COMMAND", help = "A shell command inside that ends with 0 while all is well" },
  { "health-interval", type = "duration", help = "The time between two health checks [default: 30s]" },
  { "health-timeout", type = "duration", help = "How long a health check may take [default: 30s]" },
  { "health-retries", type = "integer", value = "N", help = "Unhealthy after so many failures in a row [default: 3]" },
  { "health-start-period", type = "duration", help = "Failures do not count at first for so long [default: 0s]" },
  { "log-driver", choices = { "json", "none", "passthrough" }, value = "DRIVER",
    help = "json keeps a log, none keeps nothing, passthrough gives it the caller's own output [default: json]" },
  { "log-max-size", type = "size", help = "Begin a new log file at this size, such as 10m [default: never]" },
  { "log-max-files", type = "integer", value = "N", help = "How many log files are kept, the current one counted [default: 2]" },
  { "log-on-full", choices = { "wait", "drop" }, value = "POLICY",
    help = "When the log cannot be written, the container waits, or output is dropped and counted [default: wait]" },
}

commandline.args = { { "command", trailing = true, required = false, value = "RECIPE.lua|COMMAND", help = "What to run, and its arguments" } }

return commandline
