-- The keys of a recipe's table, which the command line fills too, with their types (tiny.spec.schema).
local keys = {}

keys.TYPES = {
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
  -- What it may do (tiny.pipeline.security); devices are "HOST[:CONTAINER[:rwm]]", sysctls "KEY=VALUE".
  cap_add = "strings", cap_drop = "strings", security_opt = "strings", privileged = "boolean", devices = "strings",
  group_add = "strings", sysctls = "strings", userns = "string",
  -- Files, ports and scopes left to it, as tiny.landlock takes them; seccomp = { allow = { … }, notify = { CALL = f } }: the
  -- system calls it may make, and those that functions of the recipe answer (tiny.pipeline.seccomp_notify).
  landlock = "table", seccomp = "table",
  -- Its log: driver, max_size, max_files and on_full, as the options --log-… (tiny.pipeline.logging).
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

-- The steps of the pipeline, in their order.
keys.STEPS = { "cgroup", "network", "namespaces", "rootfs", "mounts", "security", "exec" }

return keys
