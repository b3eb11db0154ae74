-- The documentation of each key of a container and of a topology, with types for the Lua language server. Editor stubs,
-- docs/keys.md and tinylua-recipes(7) are generated from it. A test compares it with tiny.spec.keys and tiny.topology.
local doc = {}

-- Named types.
doc.aliases = {
  { "tiny.command", "string|string[]", "A program and its arguments; a string is run by /bin/sh -c." },
  { "tiny.step", '"cgroup"|"network"|"namespaces"|"rootfs"|"mounts"|"security"|"exec"', "A step of the pipeline." },
}

-- The keys in the order of the documentation: name, type, text.
doc.container = require("tiny.spec.derived").fields()

-- Additional keys of a container in a topology.
doc.service = {
  { "scale", "integer", "Number of instances: NAME-1, NAME-2, …" },
  { "needs", "string[]", "Containers that must be ready before this one starts." },
  { "ready", "tiny.ready.spec|fun(container: tiny.ready.container): boolean?", "Condition for being ready." },
  { "ready_timeout", "tiny.duration", "Time limit for becoming ready; the default is 60 seconds." },
}

doc.topology = {
  { "name", "string", "The project name; the default is the name of the file." },
  { "containers", "table<string, tiny.service.spec>", "The containers by name." },
  { "networks", "table<string, tiny.topology.network>", "The networks by name." },
  { "volumes", "table<string, tiny.topology.volume>", "The named volumes by name, which is the source of a mount; on the host the volume is PROJECT-NAME." },
}

-- Nested tables.
local STEP = "fun(ctx: tiny.context)"
doc.inner = {
  { "tiny.hooks", "Functions by step", {
    { "cgroup", STEP, "On the host: the cgroup with its limits." }, { "network", STEP, "On the host: the network namespace and its links." },
    { "namespaces", STEP, "The child is created in its namespaces; later steps run inside." }, { "rootfs", STEP, "Inside: mounts the root." },
    { "mounts", STEP, "Inside: mounts /proc, /sys, /dev and volumes, then enters the root." },
    { "security", STEP, "Inside: capabilities, no_new_privs, the seccomp filter." }, { "exec", STEP, "Inside: executes the program." },
  } },
  { "tiny.mount.spec", "A mount", {
    { "type", '"bind"|"volume"|"tmpfs"', "Type of the mount; the default is volume." },
    { "source", "string", "File or directory on the host, or the name of a volume, which is created if it is missing; without one, a new anonymous volume." },
    { "nocopy", "boolean", "volume: do not copy the content of the target to an empty volume." },
    { "labels", "table<string, string>|string[]", "volume: labels of a volume that is created." },
    { "subpath", "string", "A path below the source; no link on it leads out of the source." }, { "target", "string", "Path in the container." },
    { "read_only", "boolean", "Read-only." }, { "size", "tiny.size", "tmpfs: maximum size." },
    { "mode", "integer", "tmpfs: mode of its root directory." }, { "inodes", "integer", "tmpfs: maximum number of files." },
    { "exec", "boolean", "tmpfs: allow executing programs." }, { "suid", "boolean", "tmpfs: honor setuid bits." },
    { "dev", "boolean", "tmpfs: allow device nodes." },
  } },
  { "tiny.seccomp.spec", "Seccomp", {
    { "allow", "string[]", "The allowed system calls; any other call fails and is reported." },
    { "notify", "table<string, fun(call: tiny.call): table>", "Functions that answer system calls, by name." },
    { "learn", "string", "Allow every system call and write a policy of those used to this file, as `run --learn`." },
  } },
  { "tiny.log.spec", "Logging", {
    { "driver", '"json"|"none"|"passthrough"', "Log driver." }, { "max_size", "tiny.size", "Rotate the log at this size." },
    { "max_files", "integer", "Number of log files to keep." },
    { "keep_free", "tiny.size", "Free space that the log leaves on its disk, at most 1/64 of it." }, { "on_full", '"wait"|"drop"', "Behavior when the log cannot be written." },
  } },
  { "tiny.health.spec", "A health check", {
    { "command", "tiny.command", "The check; exit status 0 means healthy." }, { "interval", "tiny.duration", "Time between checks; the default is 30s." },
    { "timeout", "tiny.duration", "Time limit of a check; the default is 30s." }, { "retries", "integer", "Consecutive failures before the container is unhealthy; the default is 3." },
    { "start_period", "tiny.duration", "Time after the start during which failures do not count; the default is 0." },
    { "start_interval", "tiny.duration", "Time between health checks in that period; the default is 5s." },
  } },
  { "tiny.egress.rule", "An egress rule: a name or addresses, with ports", {
    { "name", "string?", 'A name, or "*.SUFFIX".' },
    { "cidr", "string?", "Instead of a name: an address or range." },
    { "ports", "(integer|string)[]|integer|string?", 'Ports, "8000-8010", or "*" (default: 80 and 443).' },
    { "protocol", '"tcp"|"udp"?', "The protocol (default: tcp)." },
    { "verify", '"sni"?', "Verify the name of each connection." },
  } },
  { "tiny.network.end", "A network connection of a container", {
    { "name", "string", "Network name." }, { "ip", "string", "IPv4 address." }, { "ip6", "string", "IPv6 address." },
    { "mac_address", "string", "MAC address." }, { "aliases", "string[]", "Additional names." },
    { "router", "boolean", "Allow it to forward packets, and so to send from addresses of others." },
  } },
  { "tiny.topology.network", "A network of a topology", {
    { "subnet", "string", "IPv4 subnet." }, { "gateway", "string", "IPv4 address of the bridge." }, { "ipv6", "boolean", "Enable IPv6." },
    { "subnet6", "string", "IPv6 subnet." }, { "gateway6", "string", "IPv6 address of the bridge." },
    { "internal", "boolean", "Block traffic to other networks, to the outside and to services of the host." },
    { "isolate", "boolean", "false: other networks and neighbors of the host can also reach unpublished ports." }, { "mtu", "integer", "Maximum transmission unit in bytes." },
  } },
  { "tiny.topology.volume", "A volume of a topology", {
    { "name", "string", "Its name on the host." }, { "external", "boolean", "It exists already, and `down --volumes` does not remove it." },
    { "labels", "table<string, string>|string[]", "Its labels." }, { "driver", "string", "local, the only one." },
  } },
  { "tiny.ready.spec", "A readiness condition", {
    { "port", "integer", "A process listens on this port." }, { "log", "string", "A line of the log matches this pattern." },
    { "health", "boolean", "The container is healthy." }, { "exit", "integer", "The container has exited with this status." },
  } },
}

-- What steps, callbacks and functions that answer system calls are passed. A name with ? may be nil.
doc.arguments = {
  { "tiny.context", "The container, as passed to steps and callbacks. A field is nil until its step has run.", {
    { "id", "string", "" },
    { "name", "string", "" },
    { "spec", "tiny.container.spec", "its spec, in its final form" },
    { "dir", "string", "the directory of its record" },
    { "run", "string", "the directory of its FIFOs and sockets" },
    { "root?", "tiny.dir", "its root, from the step rootfs on" },
    { "child?", "tiny.child", "its PID 1, from the step namespaces on" },
    { "process?", "tiny.process|tiny.child", "its PID 1, in its supervisor" },
    { "cgroup?", "tiny.cgroup", "its cgroup" },
    { "netns?", "tiny.netns", "its network namespace" },
    { "usage?", "table<string, number>", "in on_exit: what the run has used, as `inspect` shows it; what is not counted is absent" },
    { "scope", "tiny.scope", "the scope that is undone when it ends" },
    { "networks?", "table[]", "its connections to networks" },
    { "ports?", "string[]", "its published ports" },
    { "inside", "fun()", 'the function that a step replacing "namespaces" passes to tiny.clone' },
  } },
  { "tiny.connection", "A new connection, as passed to on_connect.", {
    { "name?", "string", "the name that led to the address, if one did" },
    { "addr", "string", "the address" },
    { "port", "integer", "the port" },
    { "protocol", "string", '"tcp" or "udp"' },
    { "pid", "integer", "the process, as the host numbers it" },
    { "program?", "string", "the path of its program" },
    { "allow", "fun(): table", "the connection is allowed" },
    { "deny", "fun(): table", "the connection fails" },
    { "ask", "fun(): table", "the user is asked at the terminal of a foreground run; without one, the connection fails" },
  } },
  { "tiny.call", "A system call that waits for an answer.", {
    { "name", "string", '"mkdirat"' },
    { "id", "integer", "" },
    { "pid", "integer", "the caller's pid" },
    { "args", "integer[]", "its six arguments" },
    { "arch", "string", '"amd64"' },
    { "text", "fun(argument: integer, max?: integer): string", "an argument as a string" },
    { "bytes", "fun(argument: integer, length: integer): string", "the bytes that an argument points to" },
    { "path", "fun(argument: integer): string", "an argument as a path, from the container's root" },
    { "valid", "fun(): boolean", "whether the caller is still waiting" },
    { "deny", "fun(error?: string): table", "the call fails, with EPERM or this" },
    { "value", "fun(value?: integer): table", "the call returns this without being executed" },
    { "file", "fun(file: tiny.file, cloexec?: boolean): table", "the caller gets a descriptor of this file" },
    { "continue", "fun(): table", "the kernel executes the call; not a security boundary if an argument is a pointer" },
  } },
}

return doc
