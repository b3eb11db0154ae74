-- What each key of a container's table is for, with its type in the words of the Lua language server: the stubs for
-- editors and tinylua-recipes(7) are made of it. A test holds it against tiny.spec.keys and tiny.topology.
local doc = {}

-- Types that have a name of their own.
doc.aliases = {
  { "tiny.command", "string|string[]", "A program with its arguments; a string is for /bin/sh -c." },
  { "tiny.step", '"cgroup"|"network"|"namespaces"|"rootfs"|"mounts"|"security"|"exec"', "A step of the pipeline." },
}

-- Keys in the order in which a reader wants them: name, type, text.
doc.container = require("tiny.spec.derived").fields()

-- What a container of a topology has beside these.
doc.service = {
  { "scale", "integer", "How many of it: NAME-1, NAME-2, …" },
  { "needs", "string[]", "The containers that must be ready before it starts." },
  { "ready", "tiny.ready.wish|fun(container: tiny.ready.container): boolean?", "What tells that it is ready." },
  { "ready_timeout", "tiny.duration", "How long it may take to be; 60 seconds when absent." },
}

doc.topology = {
  { "name", "string", "The project's name; the file's when absent." },
  { "containers", "table<string, tiny.service.wish>", "The containers by name." },
  { "networks", "table<string, tiny.topology.network>", "The networks by name." },
  { "volumes", "table<string, table>", "Folders of the project's, by the name that a volume's source says." },
}

-- The tables within.
local STEP = "fun(ctx: tiny.context)"
doc.inner = {
  { "tiny.hooks", "Functions by the step that they belong to", {
    { "cgroup", STEP, "On the host: the control group with its limits." }, { "network", STEP, "On the host: the network namespace with its links." },
    { "namespaces", STEP, "The birth of the child; from here on inside." }, { "rootfs", STEP, "Inside: the root is mounted." },
    { "mounts", STEP, "Inside: /proc, /sys, /dev and volumes; then the root is entered." },
    { "security", STEP, "Inside: capabilities, no_new_privs, the filter of system calls." }, { "exec", STEP, "Inside: the program." },
  } },
  { "tiny.mount.wish", "A mount in full", {
    { "type", '"bind"|"tmpfs"', "What is mounted." }, { "source", "string", "The host's file or folder." },
    { "subpath", "string", "A part of it, to which no link leads out of it." }, { "target", "string", "Where." },
    { "readonly", "boolean", "Read-only." }, { "size", "tiny.size", "Of a tmpfs: the most it can hold." },
    { "mode", "integer", "Of a tmpfs: the mode of its root folder." }, { "inodes", "integer", "Of a tmpfs: how many files." },
    { "exec", "boolean", "Of a tmpfs: programs may be run from it." }, { "suid", "boolean", "Of a tmpfs: setuid bits count." },
    { "dev", "boolean", "Of a tmpfs: device nodes work." },
  } },
  { "tiny.seccomp.wish", "System calls", {
    { "allow", "string[]", "All that it may make; every other fails and is named." },
    { "notify", "table<string, fun(call: tiny.call): table>", "Functions that answer a system call, by its name." },
  } },
  { "tiny.log.wish", "Its log", {
    { "driver", '"json"|"none"|"passthrough"', "Where output goes." }, { "max_size", "tiny.size", "Begin a new file at this size." },
    { "max_files", "integer", "How many files are kept." }, { "on_full", '"wait"|"drop"', "When it cannot be written." },
  } },
  { "tiny.health.wish", "A health check", {
    { "command", "tiny.command", "Ends with 0 while all is well." }, { "interval", "tiny.duration", "The time between two; 30s." },
    { "timeout", "tiny.duration", "How long one may take; 30s." }, { "retries", "integer", "Unhealthy after so many failures; 3." },
    { "start_period", "tiny.duration", "Failures do not count at first for so long; 0." },
  } },
  { "tiny.network.end", "A container's place in a network", {
    { "name", "string", "The network." }, { "ip", "string", "Its address." }, { "ip6", "string", "Its IPv6 address." },
    { "mac", "string", "Its hardware address." }, { "aliases", "string[]", "Further names." },
    { "router", "boolean", "It forwards packets, so it may send from addresses that are not its own." },
  } },
  { "tiny.topology.network", "A network of a topology", {
    { "subnet", "string", "Its range of addresses." }, { "gateway", "string", "The bridge's address." }, { "ipv6", "boolean", "An IPv6 range too." },
    { "subnet6", "string", "That range." }, { "gateway6", "string", "The bridge's IPv6 address." },
    { "internal", "boolean", "Cut off from other networks, the world and the host's services." },
    { "isolate", "boolean", "false: other networks and the host's neighbours reach unpublished ports too." }, { "mtu", "integer", "The largest packet in bytes." },
  } },
  { "tiny.ready.wish", "What is waited for", {
    { "port", "integer", "Somebody listens there." }, { "log", "string", "A pattern in a line of the log." },
    { "health", "boolean", "It is healthy." }, { "exit", "integer", "It has ended with this status." },
  } },
}

return doc
