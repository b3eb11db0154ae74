-- What is asked of a container: the keys of a recipe's table, which the command line fills too, and
-- the check of all of it before anything acts. A checked spec is in its final form: paths of the
-- host are absolute, and checking it again changes nothing.
local spec = {}

-- The keys and their types (tiny.schema).
spec.KEYS = {
  -- The program: `command` follows `entrypoint`; `init` puts a reaper before it as PID 1.
  command = "command", entrypoint = "command", env = "table", workdir = "string", user = "string",
  interactive = "boolean", tty = "boolean", init = "boolean",
  -- Its name and its signs.
  name = "string", hostname = "string", labels = "table",
  -- Its files: volumes "SOURCE:/TARGET[:ro]", tmpfs "/PATH[:size=…]", mounts as those of --mount, or
  -- tables { type = "bind", source = …, subpath = …, target = …, readonly = true }.
  -- view: further folders that the throwaway view shows of the host.
  rootfs = "string", view = "strings", volumes = "strings", tmpfs = "strings", mounts = "list", read_only = "boolean", shm_size = "size",
  -- Its limits: `swap` is beside the memory; ulimits are "NAME=SOFT[:HARD]".
  memory = "size", swap = "limit", cpus = "number", cpuset = "string", pids = "integer", ulimits = "strings",
  oom_score_adj = "integer", cgroup_parent = "string",
  -- What it may do (tiny.security); devices are "HOST[:CONTAINER[:rwm]]", sysctls "KEY=VALUE".
  cap_add = "strings", cap_drop = "strings", security_opt = "strings", privileged = "boolean", devices = "strings",
  group_add = "strings", sysctls = "strings", userns = "string",
  -- Files, ports and scopes left to it, as tiny.landlock takes them; seccomp = { allow = { … }, notify = { CALL = f } }: the
  -- system calls it may make, and those that functions of the recipe answer (tiny.notify).
  landlock = "table", seccomp = "table",
  -- Its log: driver, max_size, max_files and on_full, as the options --log-… (tiny.logging).
  log = "table",
  -- Its life: stop_timeout is in seconds.
  restart = "string", stop_signal = "string", stop_timeout = "number",
  -- Its network: "none", "host", "container:NAME", "ns:PATH", or networks: a name, "NAME:ip=…,alias=…", a table
  -- { name = …, ip = …, ip6 = …, mac = …, aliases = { … }, router = true }, or a list of these. The next four are for the first of
  -- them. publish is as -p has it, add_hosts "NAME:ADDRESS", net_rate "10mbit", net_delay in seconds, net_loss 0 to 1.
  network = "network", ip = "string", ip6 = "string", mac_address = "string", aliases = "strings",
  publish = "list", publish_all = "boolean", expose = "strings", dns = "strings", dns_search = "strings", add_hosts = "strings",
  net_rate = "string", net_delay = "duration", net_loss = "number",
  -- The recipe's closures. resolve(ctx, name, type) answers the container's questions for names.
  resolve = "function",
  before = "functions", after = "functions", steps = "functions",
  -- Where `run --step` stops: a primitive's name, or several.
  break_before = "command",
  health = "table", pressure = "duration", on_health = "function", on_pressure = "function",
  on_start = "function", on_exit = "function", on_oom = "function", on_log = "function",
}

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end
spec.wrong = wrong

local function check_steps(asked)
  local steps = require("tiny.container").steps
  for _, field in ipairs { "before", "after", "steps" } do
    for name in pairs(asked[field] or {}) do
      local known = false
      for _, step in ipairs(steps) do known = known or step == name end
      if not known then wrong(("%s: there is no step %q"):format(field, name), "the steps are " .. table.concat(steps, ", ")) end
    end
  end
end

-- A path of the host that means the same in every folder: the supervisor leaves the caller's.
function spec.absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return (tiny.readlink("/proc/self/cwd"):gsub("/$", "")) .. "/" .. path
end

local function check_rootfs(path)
  local s = path ~= "" and tiny.stat(path)
  if not s and path == "" then wrong("the rootfs is an empty name", "leave --rootfs out for a throwaway view of the host") end
  if not s then wrong(("the rootfs %s does not exist"):format(path), "make it, or leave --rootfs out for a throwaway view of the host") end
  if s.kind ~= "dir" then wrong(("the rootfs %s is a %s, not a folder"):format(path, s.kind), "unpack an archive or image first") end
  local host = tiny.stat("/")
  if s.dev == host.dev and s.ino == host.ino then
    wrong(("the rootfs %s is the host's own root"):format(path), "leave --rootfs out for a throwaway view of the host")
  end
end

function spec.check_name(name)
  if not name:match("^%w[%w_.-]*$") then
    wrong(("the name %s has other characters than letters, digits, '_', '.' and '-'"):format(tiny.show(name)))
  end
  if #name > 128 then wrong("the name has more than 128 characters") end
end

-- The record is JSON, which holds text only.
local function check_text(what, text)
  if not utf8.len(text) then wrong(("%s is not UTF-8: %s"):format(what, tiny.show(text)), "put other bytes into a file, or encode them") end
end

local function check_texts(asked)
  for _, key in ipairs { "rootfs", "name", "hostname", "workdir", "user", "cgroup_parent", "userns" } do
    if asked[key] then check_text(key, asked[key]) end
  end
  for i, word in ipairs(asked.command) do check_text(("command: word %d"):format(i), word) end
  for _, key in ipairs { "view", "volumes", "tmpfs", "mounts" } do
    for i, text in ipairs(asked[key] or {}) do
      for part, value in pairs(type(text) == "table" and text or { text }) do
        if type(value) == "string" then check_text(("%s: %s"):format(key, type(part) == "string" and part or "number " .. i), value) end
      end
    end
  end
end

-- A table of names to strings, such as env and labels; `pattern` is what no name has.
local function check_pairs(key, map, pattern, what)
  for name, value in pairs(map or {}) do
    if type(name) ~= "string" or name == "" or name:find(pattern) then wrong(("%s: %s is not %s"):format(key, tiny.show(name), what)) end
    if type(value) ~= "string" then wrong(("%s: %s is not a string: %s"):format(key, name, tiny.show(value))) end
    check_text(("%s: %s"):format(key, tiny.show(name)), name .. "=" .. value)
  end
end

local function words(command)
  return type(command) == "string" and { "/bin/sh", "-c", command } or command
end

-- The whole command: the entrypoint with the other words as its arguments.
local function join_command(asked)
  asked.command = words(asked.command) or {}
  -- An empty one takes a recipe's away.
  if asked.entrypoint == "" then asked.entrypoint = nil end
  if asked.entrypoint then
    local first = type(asked.entrypoint) == "string" and { asked.entrypoint } or asked.entrypoint
    asked.command = table.move(asked.command, 1, #asked.command, #first + 1, table.move(first, 1, #first, 1, {}))
    asked.entrypoint = nil
  end
  if #asked.command == 0 or asked.command[1] == "" then wrong("no command is given", "say what to run: tinylua run CMD…") end
end

local function check_stop(asked)
  local number = asked.stop_signal and tiny.try(tiny.signal_number, asked.stop_signal)
  if asked.stop_signal and (not number or number == 0) then
    wrong(("stop_signal: there is no signal %s"):format(tiny.show(asked.stop_signal)), "by name or number: SIGINT, term, 9, SIGRTMIN+3")
  end
  if asked.stop_timeout and not (asked.stop_timeout >= 0 and asked.stop_timeout < math.huge) then
    wrong(("stop_timeout: %s is not a number of seconds"):format(asked.stop_timeout))
  end
end

-- Checks a whole spec before anything acts, and puts it in its final form.
function spec.check(asked)
  join_command(asked)
  check_texts(asked)
  check_pairs("env", asked.env, "[=%z]", "a variable's name")
  check_pairs("labels", asked.labels, "[=%c]", "a label's name")
  if asked.rootfs then
    check_rootfs(asked.rootfs)
    asked.rootfs = spec.absolute(asked.rootfs)
  end
  if asked.view then require("tiny.view_option").check(asked) end
  if asked.name then spec.check_name(asked.name) end
  if asked.hostname and (#asked.hostname > 64 or not asked.hostname:match("^%w[%w.-]*$")) then
    wrong(("the hostname %q is not made of letters, digits, '.' and '-', 64 at most"):format(asked.hostname))
  end
  if asked.workdir and not asked.workdir:match("^/") then wrong(("the working directory %q does not begin with /"):format(asked.workdir)) end
  check_steps(asked)
  check_stop(asked)
  require("tiny.restart").parse(asked.restart)
  if asked.volumes or asked.tmpfs or asked.mounts then require("tiny.volumes").check(asked) end
  if asked.shm_size then
    asked.shm_size = tiny.parse_size(asked.shm_size)
    -- To tmpfs 0 means no limit at all.
    if asked.shm_size == 0 then wrong("shm_size: 0 leaves no room for anything", "leave it out for 64m") end
  end
  if asked.log then require("tiny.logging").check(asked) end
  if asked.ulimits then require("tiny.ulimits").check(asked.ulimits) end
  require("tiny.limits").check(asked)
  require("tiny.network").check(asked)
  -- Whose network it is tells which settings are its own.
  if asked.cap_add or asked.cap_drop or asked.security_opt or asked.devices or asked.group_add or asked.sysctls
    or asked.landlock or asked.seccomp then
    require("tiny.security_options").check(asked)
  end
  if asked.health then require("tiny.health").check(asked) end
  -- An ordinary user's containers have one in any case.
  if asked.userns or tiny.getuid() ~= 0 then require("tiny.userns").check(asked) end
  if asked.pressure or asked.on_pressure then require("tiny.memory_events").check(asked) end
  return asked
end

return spec
