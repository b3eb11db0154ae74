-- Documents the keys of a container's table, with their types in the notation of the Lua language server. The editor stubs
-- and tinylua-recipes(7) are generated from it. A test compares it with tiny.spec.keys and tiny.topology.
local doc = {}

-- Named types.
doc.aliases = {
  { "tiny.command", "string|string[]", "A program with its arguments; a string is run by /bin/sh -c." },
  { "tiny.step", '"cgroup"|"network"|"namespaces"|"rootfs"|"mounts"|"security"|"exec"', "A step of the pipeline." },
}

-- The keys in display order: name, type, text.
doc.container = require("tiny.spec.derived").fields()

-- Additional keys of a container in a topology.
doc.service = {
  { "scale", "integer", "The number of instances: NAME-1, NAME-2, …" },
  { "needs", "string[]", "The containers that must be ready before it starts." },
  { "ready", "tiny.ready.spec|fun(container: tiny.ready.container): boolean?", "The condition for being ready." },
  { "ready_timeout", "tiny.duration", "The time limit for becoming ready; the default is 60 seconds." },
}

doc.topology = {
  { "name", "string", "The project's name; the default is the file's." },
  { "containers", "table<string, tiny.service.spec>", "The containers by name." },
  { "networks", "table<string, tiny.topology.network>", "The networks by name." },
  { "volumes", "table<string, table>", "The project's volumes, by the name that a volume's source gives." },
}

-- The types of nested tables.
local STEP = "fun(ctx: tiny.context)"
doc.inner = {
  { "tiny.hooks", "Functions by step", {
    { "cgroup", STEP, "On the host: the cgroup with its limits." }, { "network", STEP, "On the host: the network namespace with its links." },
    { "namespaces", STEP, "The child is created; later steps run inside." }, { "rootfs", STEP, "Inside: the root is mounted." },
    { "mounts", STEP, "Inside: /proc, /sys, /dev and volumes; then the root is entered." },
    { "security", STEP, "Inside: capabilities, no_new_privs, the seccomp filter." }, { "exec", STEP, "Inside: the program." },
  } },
  { "tiny.mount.spec", "A mount", {
    { "type", '"bind"|"tmpfs"', "The type of mount." }, { "source", "string", "The host's file or directory." },
    { "subpath", "string", "A path below the source; links cannot lead outside." }, { "target", "string", "The mount point." },
    { "readonly", "boolean", "Read-only." }, { "size", "tiny.size", "Of a tmpfs: the maximum size." },
    { "mode", "integer", "Of a tmpfs: the mode of its root directory." }, { "inodes", "integer", "Of a tmpfs: the maximum number of files." },
    { "exec", "boolean", "Of a tmpfs: programs on it can be executed." }, { "suid", "boolean", "Of a tmpfs: setuid bits take effect." },
    { "dev", "boolean", "Of a tmpfs: device nodes work." },
  } },
  { "tiny.seccomp.spec", "System calls", {
    { "allow", "string[]", "The allowed system calls; all others fail and are reported." },
    { "notify", "table<string, fun(call: tiny.call): table>", "Functions that answer a system call, by its name." },
  } },
  { "tiny.log.spec", "Its log", {
    { "driver", '"json"|"none"|"passthrough"', "The log driver." }, { "max_size", "tiny.size", "Start a new file at this size." },
    { "max_files", "integer", "The number of files to keep." }, { "on_full", '"wait"|"drop"', "What to do when it cannot be written." },
  } },
  { "tiny.health.spec", "A health check", {
    { "command", "tiny.command", "The command; exit status 0 means healthy." }, { "interval", "tiny.duration", "The time between two checks; the default is 30s." },
    { "timeout", "tiny.duration", "The time limit of a check; the default is 30s." }, { "retries", "integer", "Unhealthy after this many failures; the default is 3." },
    { "start_period", "tiny.duration", "Failures in this time after the start do not count; the default is 0." },
  } },
  { "tiny.network.end", "A container's connection to a network", {
    { "name", "string", "The network." }, { "ip", "string", "Its address." }, { "ip6", "string", "Its IPv6 address." },
    { "mac", "string", "Its MAC address." }, { "aliases", "string[]", "Additional names." },
    { "router", "boolean", "It forwards packets, so it may send from addresses that are not its own." },
  } },
  { "tiny.topology.network", "A network of a topology", {
    { "subnet", "string", "Its address range." }, { "gateway", "string", "The bridge's address." }, { "ipv6", "boolean", "Whether it also has an IPv6 range." },
    { "subnet6", "string", "The IPv6 range." }, { "gateway6", "string", "The bridge's IPv6 address." },
    { "internal", "boolean", "No access to other networks, other hosts and the host's services." },
    { "isolate", "boolean", "false: unpublished ports can be reached from other networks and the host's neighbours." }, { "mtu", "integer", "The maximum packet size in bytes." },
  } },
  { "tiny.ready.spec", "The condition for being ready", {
    { "port", "integer", "A process listens on this port." }, { "log", "string", "A line of the log matches this pattern." },
    { "health", "boolean", "It is healthy." }, { "exit", "integer", "It has exited with this status." },
  } },
}

return doc
