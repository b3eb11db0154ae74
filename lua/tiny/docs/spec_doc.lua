-- What each key of a container's table is for, with its type in the words of the Lua language server: the stubs for
-- editors and tinylua-recipes(7) are made of it. A test holds it against tiny.spec.keys and tiny.topology.
local doc = {}

-- Types that have a name of their own.
doc.aliases = {
  { "tiny.command", "string|string[]", "A program with its arguments; a string is for /bin/sh -c." },
  { "tiny.step", '"cgroup"|"network"|"namespaces"|"rootfs"|"mounts"|"security"|"exec"', "A step of the pipeline." },
}

-- Keys in the order in which a reader wants them: name, type, text.
doc.container = {
  { "command", "tiny.command", "What to run, and its arguments." },
  { "entrypoint", "tiny.command", "The program; `command` is then its arguments." },
  { "env", "table<string, string>", "Its variables." },
  { "workdir", "string", "The working directory inside, made where it is missing." },
  { "user", "string", '"NAME", "UID", "NAME:GROUP": who it runs as.' },
  { "interactive", "boolean", "Pass standard input on." },
  { "tty", "boolean", "Give it a terminal of its own; TERM is xterm unless `env` has one." },
  { "init", "boolean", "A small PID 1 that passes signals on and reaps; the program is its child." },
  { "name", "string", "Its name; the id when absent." },
  { "hostname", "string", "The hostname inside; the id when absent." },
  { "labels", "table<string, string>", "Labels, for `ps --filter label=KEY`." },
  { "rootfs", "string", "The folder that becomes /; a throwaway view of the host when absent." },
  { "view", "string[]", "Further folders of the host in the throwaway view, as far as all its users may read them." },
  { "volumes", "string[]", '"SOURCE:/TARGET[:ro]": what of the host is shown inside.' },
  { "tmpfs", "string[]", '"/PATH[:size=64m,mode=1777,ro,exec]": file systems in memory.' },
  { "mounts", "(string|tiny.mount.wish)[]", "Mounts in full, as `--mount` takes them, or as tables." },
  { "read_only", "boolean", "The root cannot be written; volumes and tmpfs can." },
  { "shm_size", "tiny.size", "The size of /dev/shm; 64m when absent." },
  { "memory", "tiny.size", "The most memory that it may use." },
  { "swap", 'tiny.size|"unlimited"', "The most swap beside the memory." },
  { "cpus", "number", "Processors' worth of time: 0.5 is half of one." },
  { "cpuset", "string", 'Which processors: "0-2,5".' },
  { "pids", "integer", "The most processes and threads (default: 4096); 0 for no limit." },
  { "ulimits", "string[]", '"NAME=SOFT[:HARD]": limits of each process.' },
  { "oom_score_adj", "integer", "How soon it is killed when memory runs out: -1000 (never) to 1000." },
  { "cgroup_parent", "string", "The control group below which its own is made." },
  { "cap_add", "string[]", 'Capabilities beyond the default ones; "ALL".' },
  { "cap_drop", "string[]", 'Capabilities that are taken from it; "ALL".' },
  { "security_opt", "string[]", 'As `--security-opt`: "seccomp=FILE", "no-new-privileges=false" and others.' },
  { "privileged", "boolean", "All that the caller may: no containment." },
  { "devices", "string[]", '"HOST[:CONTAINER[:rwm]]": devices of the host.' },
  { "group_add", "string[]", "Further groups of its user." },
  { "sysctls", "string[]", '"KEY=VALUE": kernel settings of its own namespaces.' },
  { "userns", "string", 'Its user namespace: "host", "auto" or "UID:GID:COUNT".' },
  { "landlock", "tiny.landlock.options", "The files, ports and scopes that are left to it." },
  { "seccomp", "tiny.seccomp.wish", "The system calls that it may make, and those that functions answer." },
  { "log", "tiny.log.wish", "Where its output is kept, and how much of it." },
  { "restart", "string", '"no", "on-failure[:N]", "always" or "unless-stopped".' },
  { "stop_signal", "string", "What stop sends first; SIGTERM when absent." },
  { "stop_timeout", "number", "How many seconds stop waits before SIGKILL; 10 when absent." },
  { "network", "tiny.network.wish", '"none", "host", "container:NAME", "ns:PATH", or networks.' },
  { "ip", "string", "Its address in the first network." },
  { "ip6", "string", "Its IPv6 address there." },
  { "mac_address", "string", "Its hardware address there." },
  { "aliases", "string[]", "Further names by which that network knows it." },
  { "publish", "(string|integer)[]", '"[ADDRESS:][HOST:]PORT[/udp]": ports of the host that lead to it.' },
  { "publish_all", "boolean", "Publish every exposed port at a free one of the host's." },
  { "expose", "string[]", "Ports that publish_all publishes." },
  { "dns", "string[]", "Name servers for what its networks do not know; the host's when absent." },
  { "dns_search", "string[]", "Domains in which short names are looked up." },
  { "add_hosts", "string[]", '"NAME:ADDRESS": lines of /etc/hosts.' },
  { "net_rate", "string", 'The speed of each of its cables, "10mbit".' },
  { "net_delay", "tiny.duration", "How long what its cables carry takes." },
  { "net_loss", "number", "Which part of it is lost, 0 to 1." },
  { "resolve", "fun(ctx: tiny.context, name: string, type: string): string|string[]|false|nil", "Answers its questions for names; nil leaves one to the networks." },
  { "before", "tiny.hooks", "Functions called before a step, in its namespaces." },
  { "after", "tiny.hooks", "Functions called after a step, in its namespaces." },
  { "steps", "tiny.hooks", "Functions in place of a step." },
  { "break_before", "string|string[]", "Where `run --step` stops: a primitive's name, or several." },
  { "health", "tiny.health.wish", "How it is checked whether all is well inside." },
  { "pressure", "tiny.duration", "Call on_pressure when its processes waited so long for memory within two seconds." },
  { "on_start", "fun(ctx: tiny.context)", "Called when the program runs." },
  { "on_exit", "fun(ctx: tiny.context, status: integer, signal: string?)", "Called when it has ended." },
  { "on_oom", "fun(ctx: tiny.context, kills: integer)", "Called when the kernel has killed processes of it for memory." },
  { "on_log", "fun(ctx: tiny.context, line: string, stream: \"stdout\"|\"stderr\", partial: true?)", "Called for each line of its output. One of more than 16 KiB comes in parts, as in the log: `partial` when its newline is not there yet." },
  { "on_health", "fun(ctx: tiny.context, status: string, result: table?)", "Called when its health changes." },
  { "on_pressure", "fun(ctx: tiny.context, found: table)", "Called under memory pressure, with its figures or its level." },
}

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
