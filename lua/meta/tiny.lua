---@meta tiny
-- Generated from the registry by `tinylua doc --format lua`; edit the entries in src/prim.
-- For editors only: nothing loads this file when a recipe runs.

---Bytes, or a string such as "128m" (binary multiples).
---@alias tiny.size integer|string
---Seconds, or a string such as "10s" or "500ms".
---@alias tiny.duration number|string
---An address with its prefix length, "10.10.0.2/24".
---@alias tiny.cidr string
---A signal: "SIGTERM", "TERM" or its number.
---@alias tiny.signal string|integer

---What a primitive throws.
---@class tiny.error
---@field message string
---@field op? string the primitive
---@field args? string[]
---@field code? string the name of the errno, "ENOENT"
---@field errno? integer
---@field path? string
---@field hint? string
---@field at? string the place, "web.lua:12"
---@field usage? boolean whether the arguments were refused before any kernel call
---@field exit? integer the exit status that it asks for
---@field cleanup? string[] what failed while cleaning up after it

---An owned kernel thing: closed by `local x <close> = …`.
---@class tiny.handle
---@field kind string
---@field name? string
---@field path? string
---@field pid? integer
---@field inode? integer
local handle = {}
---Undoes what made the handle, once.
function handle:close() end
---Leaves what the handle owns as it is when the handle goes out of scope.
---@return self
function handle:keep() end

---@class tiny
---@field settings table<string, string> the global flags of the command line
tiny = {}

---@class tiny.addr: tiny.handle
local addr = {}

---@class tiny.bridge: tiny.handle
local bridge = {}

---@class tiny.cgroup: tiny.handle
local cgroup = {}

---Moves a process with its threads into a control group (cgroup.procs, cgroups(7)). Its children stay where they are. A child of `clone` is better born there: clone({ cgroup = group }, …).
---* EBUSY: a cgroup v2 that handed controllers down takes no process: attach to a child of it
---* ESRCH: the process has ended
---* EOPNOTSUPP: the group became a threaded one: a group above it has processes and controllers both
---* ENOSPC: the group's cpuset has no CPUs or no memory nodes: write cpuset.cpus and cpuset.mems first
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---local child <close> = tiny.fork(function() tiny.exec { "sleep", "1" } end)
---tiny.cgroup_attach(web, child)
---child:reap()
---```
---@param process? tiny.child|tiny.process a child or process handle; absent, the caller itself
function cgroup:attach(process) end

---Kills every process of a control group and of those below it with SIGKILL, and waits until none is left (freezer, then pidfd_send_signal(2)). A frozen group is thawed by it. The file cgroup.kill is for groups that go away (cgroup_del with kill): Linux 6.18 kills what `clone` puts into such a group later.
---* EDEADLK: move the caller out of the group first
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.cgroup_kill(web)
---```
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over
function cgroup:kill(timeout) end

---Stops every process of a control group and of those below it, and waits until all have stopped (cgroup.freeze, or v1's freezer.state). They do not notice; SIGKILL still ends them.
---* EDEADLK: move the caller out of the group first
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over: the last process stops later
function cgroup:freeze(timeout) end

---Lets the processes of a frozen control group go on.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over, or when a group above it is frozen
function cgroup:thaw(timeout) end

---Limits the memory of a control group; at the limit the kernel reclaims and then kills (memory.max, or v1's memory.limit_in_bytes). The kernel rounds down to pages. Below what is in use now, v2 kills and v1 refuses with EBUSY.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---```
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function cgroup:set_memory_limit(limit) end

---Limits how much swap a control group uses beside its memory (memory.swap.max; on v1 the sum of both, memory.memsw.limit_in_bytes, and so only after set_memory_limit). 0 forbids swap.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---tiny.set_swap_limit(web, 0)
---```
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function cgroup:set_swap_limit(limit) end

---Limits the CPU time of a control group to so many processors' worth; beyond it the group waits for the next period (cpu.max, or v1's cpu.cfs_quota_us).
---* EINVAL: the quota is below 1 ms in a period, or a group above it has a smaller share
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_cpu_limit(web, 0.5, { period = "50ms" })
---```
---@param cpus number|"unlimited" 0.5 is half of one processor; or "unlimited"
---@param options? tiny.set_cpu_limit.options
function cgroup:set_cpu_limit(cpus, options) end

---Limits the processes and threads of a control group; at the limit clone(2) fails with EAGAIN (pids.max).
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_pids_limit(web, 64)
---```
---@param count integer|"unlimited" at least 1, or "unlimited"
function cgroup:set_pids_limit(count) end

---Lets the processes of a control group use these devices and no others (v1's devices controller; on v2 a program of the kernel's, bpf(2)). What they have open stays open.
---* EPERM: run as root; on v1 a group cannot allow what the group above it may not use
---* EINVAL: this kernel has no programs for devices (CONFIG_CGROUP_BPF)
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_device_rules(web, { { type = "char", major = 1, minor = 3, access = "rw" } })
---```
---@param options tiny.set_device_rules.options
function cgroup:set_device_rules(options) end

---Tells what a control group uses and what its limits did. What happened stays readable after its processes have ended, as long as the group is there.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web", { controllers = { "memory" } })
---print(tiny.cgroup_stats(web).memory)
---```
---@return table # a table: memory, memory_peak, memory_limit, swap, swap_limit (bytes), oom_kills, pids, pids_limit, pids_refused (forks), cpu_seconds, throttled (periods), throttled_seconds, populated, frozen; what nothing counts or limits is missing
function cgroup:stats() end

---Reads a control file of a control group as text (cgroups(7)); the file's name begins with its controller, and is the kernel's on this host: v1 and v2 differ.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---print(tiny.cgroup_read(web, "cgroup.procs"))
---```
---@param file string "memory.stat", "cgroup.procs" …
---@return string # a string
function cgroup:read(file) end

---Writes control files of a control group, for what has no primitive of its own (cgroups(7)): each name with its value, as the kernel takes it.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version == "v2" then
---  tiny.cgroup_write(web, { ["memory.high"] = "67108864", ["cpu.weight"] = "50" })
---end
---```
---@param files table<string, string> names to values, written in the order of the names
function cgroup:write(files) end

---Asks the kernel to tell of news in a control file of a control group: on v2 of any change of a file of events, or of pressure beyond a trigger; on v1 by cgroup.event_control. The files' names are the kernel's on this host.
---* ENOENT: there is no such group or file; pressure needs a kernel that measures it (`tinylua doctor`)
---* EINVAL: the file does not tell of news, or takes no such trigger; an unprivileged one has windows of 2 s
---* EOPNOTSUPP: the kernel does not measure pressure: boot with psi=1 (`tinylua doctor`)
---* EACCES: run as root
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version ~= "v1" then
---  local news <close> = tiny.cgroup_notice(web, "cgroup.events")
---end
---```
---@param file string "memory.events", "cgroup.events", "memory.pressure" …; on v1 "memory.oom_control", "memory.pressure_level", "memory.usage_in_bytes"
---@param options? tiny.cgroup_notice.options
---@return tiny.notice # a notice handle for `poll`: `:take()`
function cgroup:notice(file, options) end

---@class tiny.child: tiny.handle
local child = {}

---Waits for a child to end, reaps it, and throws the error that its closure threw, if any (waitid(2)).
---* ECHILD: it is not a child of this process, or was waited for already
---```lua
---local status, signal = child:wait()
---```
---@param timeout? tiny.duration how long at most
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing when the time is over
---@return string?
function child:wait(timeout) end

---Waits until a child runs its program, calls `notify_ready` or ends; throws the error that it threw before.
---```lua
---child:wait_ready()  -- from here on the program runs
---```
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over
function child:wait_ready(timeout) end

---Kills a child with SIGKILL and waits for its end; what `<close>` does. A child that ended is only reaped.
---```lua
---tiny.reap(child)
---```
function child:reap() end

---Sends a signal through a pidfd: it never reaches a later process with the same pid (pidfd_send_signal(2)).
---* ESRCH: the process has ended
---* EPERM: the process belongs to another user
---```lua
---tiny.kill(child, "SIGTERM")
---```
---@param signal? tiny.signal SIGTERM when absent; 0 only asks whether it lives
---@param options? tiny.kill.options
function child:kill(signal, options) end

---@class tiny.dir: tiny.handle
local dir = {}

---@class tiny.file: tiny.handle
local file = {}

---Reads what is there, at most `max` bytes (read(2)).
---* EBADF: the file was not opened for reading
---* ESPIPE: a pipe has no places to read `at`
---* EIO: the far side of the terminal is gone
---```lua
---local text = file:read()
---```
---@param max? tiny.size 64k when absent
---@param options? tiny.read.options
---@return string? # the bytes; nil at the end; false when nothing is there now (nonblock)
function file:read(max, options) end

---Writes all bytes, waiting where the far side is full (write(2)).
---* EPIPE: the far side is closed
---* ENOSPC: the disk is full
---* EBADF: the file was not opened for writing
---```lua
---file:write("hello\n")
---```
---@param data string the bytes
---@param options? tiny.write.options
---@return any # how many bytes were taken: all, or with wait = false what fitted, which may be 0
function file:write(data, options) end

---@class tiny.filter: tiny.handle
local filter = {}

---Tells what a terminal may be shown of a stream's next bytes. A character or sequence that is cut waits for its rest.
---```lua
---io.write(filter:text(bytes))
---```
---@param bytes string the bytes
---@param options? tiny.filter_text.options
---@return string # the text
function filter:text(bytes, options) end

---@class tiny.ipcns: tiny.namespace
local ipcns = {}

---@class tiny.isolation: tiny.handle
local isolation = {}

---@class tiny.listener: tiny.handle
local listener = {}

---Takes the next connection, without waiting for one (accept4(2)).
---* EMFILE: this process has too many open files
---```lua
---local client = listener:accept()
---```
---@return tiny.file? # a file handle whose reads return at once, its `path` the caller's address; nil when nobody waits
function listener:accept() end

---@class tiny.lock: tiny.handle
local lock = {}

---Releases a lock for all that hold it, also the children that inherited it (flock(2), LOCK_UN).
---```lua
---lock:unlock()
---```
function lock:unlock() end

---@class tiny.mount: tiny.handle
local mount = {}

---@class tiny.namespace: tiny.handle
local namespace = {}

---@class tiny.nat: tiny.handle
local nat = {}

---@class tiny.netns: tiny.namespace
local netns = {}

---@class tiny.notice: tiny.handle
local notice = {}

---Takes the news of a control file, so that `poll` waits for the next.
---```lua
---local text = notice:take()
---```
---@return any # what the file says now; nil when its group is gone
function notice:take() end

---@class tiny.pin: tiny.handle
local pin = {}

---@class tiny.process: tiny.handle
local process = {}

---Tells how a process ended that is no child of the caller's: waits for its end through the pidfd, then asks /proc while it is a zombie, and PIDFD_GET_INFO after (pidfd_open(2)).
---```lua
---local status, signal = process:exit()
---```
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing when it was reaped on a kernel older than 6.15
---@return string?
function process:exit() end

---@class tiny.published: tiny.handle
local published = {}

---@class tiny.pump: tiny.handle
local pump = {}

---Moves what a stream's FIFO holds to the log, at most 1 MiB; a line without its end waits in the spool.
---* ENOSPC: the disk is full; nothing is lost, the FIFO and the spool keep it
---```lua
---local more = pump:move("stdout")
---```
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_move.options
---@return boolean # whether the FIFO may hold more, the bytes where they are kept (else nil), and how many came
---@return string?
---@return integer
function pump:move(stream, options) end

---Throws away what a stream's FIFO holds, at most 1 MiB, where the log cannot be written and the container is not to wait. The log says how many bytes were lost as soon as `pump_move` can write it again.
---```lua
---local _, _, lost = pump:drop("stdout")
---```
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_drop.options
---@return boolean # whether the FIFO may hold more, the bytes where they are kept (else nil), and how many were thrown away
---@return string?
---@return integer
function pump:drop(stream, options) end

---Moves all that is left of a stream to the log; a last line without its end is marked partial.
---* ENOSPC: the disk is full; the spool keeps what is not in the log
---```lua
---pump:finish("stdout")
---```
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_finish.options
---@return any # false, the bytes where they are kept (else nil), and how many came
function pump:finish(stream, options) end

---@class tiny.qdisc: tiny.handle
local qdisc = {}

---@class tiny.relay: tiny.handle
local relay = {}

---Moves what is there and what fits, at most about 1 MiB, and waits for nothing.
---* EPIPE: nobody reads what comes out of `into`
---* ENOSPC: the disk is full
---* EISDIR: `from` is a folder
---```lua
---if relay:move() == "into" then tiny.poll({}, 1, { write = { relay.into } }) end
---```
---@param options? tiny.relay_move.options
---@return any # what to wait for before the next call: "from" (bytes), "into" (room); nil when all is moved
function relay:move(options) end

---@class tiny.reservation: tiny.handle
local reservation = {}

---@class tiny.route: tiny.handle
local route = {}

---@class tiny.signals: tiny.handle
local signals = {}

---Takes the next signal that came (signalfd(2)).
---```lua
---local name, sender = signals:next()
---```
---@return any # its name and the sender's pid (0: the kernel, as for Ctrl-C); nil when none is pending
function signals:next() end

---@class tiny.terminal_mode: tiny.handle
local terminal_mode = {}

---@class tiny.timens: tiny.namespace
local timens = {}

---@class tiny.transit: tiny.handle
local transit = {}

---@class tiny.udp: tiny.handle
local udp = {}

---Takes the next datagram, without waiting for one (recvfrom(2)).
---```lua
---local bytes, from = udp:receive()
---```
---@return string? # its bytes and its sender, "127.0.0.1:4242"; nil when none is there
function udp:receive() end

---Sends a datagram (sendto(2)).
---* EMSGSIZE: a datagram has at most 65507 bytes
---* ENETUNREACH: no route of this namespace leads there
---* EPERM: a packet filter of this namespace refuses it
---```lua
---udp:send("hello", "127.0.0.1:4242")
---```
---@param data string the bytes
---@param to string the receiver, "127.0.0.1:4242"
function udp:send(data, to) end

---@class tiny.userns: tiny.namespace
local userns = {}

---@class tiny.utsns: tiny.namespace
local utsns = {}

---@class tiny.veth: tiny.handle
local veth = {}

---@class tiny.watch: tiny.handle
local watch = {}

---Takes what changed since the last time (inotify(7)).
---```lua
---for _, name in ipairs(watch:changes()) do print(name) end
---```
---@return string[] # a list of names in watched folders, "" for a watched file itself
function watch:changes() end

-- Processes

---@class tiny.clone.options: table<"user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"cgroupns"|"time"|"oom_score_adj", any>
---@field user? boolean|tiny.namespace user namespace: true (new) or a userns handle (join)
---@field pid? boolean|tiny.namespace pid namespace; the child of a new one is its PID 1
---@field net? boolean|tiny.namespace network namespace
---@field mount? boolean|tiny.namespace mount namespace
---@field uts? boolean|tiny.namespace hostname and domain name
---@field ipc? boolean|tiny.namespace System V IPC and POSIX queues
---@field cgroup? boolean|tiny.namespace|tiny.cgroup true: a new cgroup namespace; a cgroup handle: the child is born in that cgroup
---@field cgroupns? boolean beside a cgroup handle: a new cgroup namespace whose root is that cgroup
---@field time? boolean|tiny.namespace clocks; a timens handle carries offsets
---@field oom_score_adj? integer how the OOM killer ranks the child, from its birth on (proc_pid_oom_score_adj(5)) (default: the caller's)

---Forks a child into new or joined namespaces and runs `body` there (clone3(2)). The closure never returns into its parent: its integer result is the exit status, an error it throws is thrown again by the parent's `wait`.
---* EPERM: needs CAP_SYS_ADMIN: run as root, or ask for a user namespace too (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---* EAGAIN: the process limit (setrlimit nproc, or the cgroup's pids.max) is reached
---* EDEADLK: something started a thread in this process before the fork
---* EACCES: a lower OOM score needs CAP_SYS_RESOURCE; and a program that is not sealed calls tiny.seal() first
---```lua
---local child <close> = tiny.clone({ pid = true, uts = true }, function()
---  tiny.sethostname("tiny")
---  tiny.exec { "hostname" }
---end)
---return child:wait()
---```
---@param options tiny.clone.options
---@param body function runs in the child; `tiny.exec` ends it in a program
---@return tiny.child # a child handle: `pid`, `:wait()`, `:wait_ready()`, `:kill()`; `<close>` kills and reaps it
function tiny.clone(options, body) end

---Forks a child in the caller's own namespaces and runs `body` there (fork(2)); as `clone` without options.
---* EAGAIN: the process limit is reached
---```lua
---local child <close> = tiny.fork(function() return 7 end)
---assert(child:wait() == 7)
---```
---@param body function runs in the child
---@return tiny.child # a child handle
function tiny.fork(body) end

---@class tiny.exec.options: table<integer|"env"|"keep_fds", any>
---@field [integer] string the program, looked up in PATH unless it has a slash, and its arguments
---@field env? table<string, string> the whole environment of the program (default: the caller's environment)
---@field keep_fds? integer how many descriptors after standard error stay open (as LISTEN_FDS counts) (default: 0)

---Replaces the process by a program (execve(2)). Only descriptors 0, 1 and 2 stay open, and signals are at their defaults.
---* ENOENT: check the name and PATH inside the container's root; a script also needs its interpreter there
---* EACCES: the file is not executable, or its file system is mounted noexec
---* ENOEXEC: the file is no program; a script needs a first line such as #!/bin/sh
---```lua
---tiny.exec { "/bin/sh", "-c", "echo $GREETING", env = { GREETING = "hello" } }
---```
---@param options tiny.exec.options
---@return never # never; an error when the program cannot be run
function tiny.exec(options) end

---Waits for a child to end, reaps it, and throws the error that its closure threw, if any (waitid(2)).
---* ECHILD: it is not a child of this process, or was waited for already
---```lua
---local status, signal = child:wait()
---```
---@param child tiny.child what `clone` or `fork` returned
---@param timeout? tiny.duration how long at most
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing when the time is over
---@return string?
function tiny.wait(child, timeout) end

---Waits until a child runs its program, calls `notify_ready` or ends; throws the error that it threw before.
---```lua
---child:wait_ready()  -- from here on the program runs
---```
---@param child tiny.child what `clone` or `fork` returned
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over
function tiny.wait_ready(child, timeout) end

---In a child: tells the parent's `wait_ready` that what was asked is done; later errors do not reach it.
---```lua
---local child = tiny.fork(function() tiny.notify_ready(); serve() end)
---```
function tiny.notify_ready() end

---Kills a child with SIGKILL and waits for its end; what `<close>` does. A child that ended is only reaped.
---```lua
---tiny.reap(child)
---```
---@param child tiny.child what `clone` or `fork` returned
function tiny.reap(child) end

---Serves as PID 1 of a pid namespace for one child: passes on every signal that comes, reaps the orphans of the namespace, and ends with the child's status (pid_namespaces(7)). An error that the child throws is thrown by the caller's own `wait`. Signals that are not to be lost are taken before the fork (`signals`). The caller's environment is wiped, then all descriptors above standard error are closed, for which a child can wait at a pipe: other processes of the namespace could look for them.
---* EINVAL: call it in the closure of a clone with pid = true
---```lua
---tiny.clone({ pid = true }, function()
---  local child = tiny.fork(function() tiny.exec { "sh" } end)
---  tiny.become_init(child)
---end)
---```
---@param child tiny.child what `fork` returned
---@return never # never; an error when the caller is not PID 1
function tiny.become_init(child) end

---Sets what ps(1) shows as this process's command line (setproctitle(3)): the title takes the place of the arguments in /proc/PID/cmdline, and the environment is no longer in /proc/PID/environ, so that nobody can read a secret there that was given to the command. What precedes the colon becomes the process's name (/proc/PID/comm, 15 bytes). The process itself and what it executes keep their environment. A command begins with the title `tinylua: COMMAND`.
---```lua
---tiny.set_process_title("tinylua: supervisor of web")
---```
---@param title string the title, such as "tinylua: supervisor of web"
function tiny.set_process_title(title) end

---@class tiny.kill.options: table<"group", any>
---@field group? boolean the whole process group that a child leads which was not waited for (kill(2)) (default: false)

---Sends a signal through a pidfd: it never reaches a later process with the same pid (pidfd_send_signal(2)).
---* ESRCH: the process has ended
---* EPERM: the process belongs to another user
---```lua
---tiny.kill(child, "SIGTERM")
---```
---@param process tiny.child|tiny.process a child or process handle
---@param signal? tiny.signal SIGTERM when absent; 0 only asks whether it lives
---@param options? tiny.kill.options
function tiny.kill(process, signal, options) end

---Tells a signal's number on this architecture (signal(7)).
---```lua
---assert(tiny.signal_number("KILL") == 9)
---```
---@param signal tiny.signal "SIGTERM", "term" or a number
---@return integer # an integer
function tiny.signal_number(signal) end

---@class tiny.pidfd_open.options: table<"start_time", any>
---@field start_time? integer what `process_start_time` said of it, in clock ticks since boot

---Opens a process by its pid (pidfd_open(2)); with `start_time` only if it is still the same process.
---```lua
---local p = tiny.pidfd_open(state.pid, { start_time = state.pid_start })
---```
---@param pid integer a pid of the caller's pid namespace
---@param options? tiny.pidfd_open.options
---@return tiny.process? # a process handle, or nil when there is no such process
function tiny.pidfd_open(pid, options) end

---Tells how a process ended that is no child of the caller's: waits for its end through the pidfd, then asks /proc while it is a zombie, and PIDFD_GET_INFO after (pidfd_open(2)).
---```lua
---local status, signal = process:exit()
---```
---@param process tiny.process what `pidfd_open` returned
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing when it was reaped on a kernel older than 6.15
---@return string?
function tiny.process_exit(process) end

---Tells when a process started, in clock ticks since boot; with the boot id it names a process for good (proc(5), stat field 22).
---```lua
---local started = tiny.process_start_time(tiny.getpid())
---```
---@param pid integer a pid of the caller's pid namespace
---@return integer? # an integer, or nil when there is no such process
function tiny.process_start_time(pid) end

---Returns the pid of the calling process in its own pid namespace (getpid(2)).
---```lua
---print(tiny.getpid())  -- 1 inside a new pid namespace
---```
---@return integer # an integer
function tiny.getpid() end

---Returns the effective user id of the calling process (geteuid(2)).
---```lua
---if tiny.getuid() ~= 0 then tiny.fail("run me as root") end
---```
---@return integer # an integer; 0 is root
function tiny.getuid() end

---Returns the effective group id of the calling process (getegid(2)).
---```lua
---print(tiny.getgid())
---```
---@return integer # an integer
function tiny.getgid() end

---Starts a new session without a controlling terminal (setsid(2)).
---* EPERM: the process leads a process group already; fork first
---```lua
---tiny.fork(function() tiny.setsid() end)
---```
function tiny.setsid() end

---Sets the hostname of the caller's UTS namespace (sethostname(2)). In the host's own namespace it renames the host.
---* EPERM: needs CAP_SYS_ADMIN over the UTS namespace: clone with uts = true
---* EINVAL: a hostname has at most 64 bytes
---```lua
---tiny.sethostname("web")
---```
---@param name string 1 to 64 bytes
function tiny.sethostname(name) end

---@class tiny.setrlimit.options: table<"hard", any>
---@field hard? tiny.size|"unlimited" the hard limit (default: the soft limit's value)

---Sets a resource limit of the calling process (setrlimit(2)).
---* EPERM: raising a hard limit needs CAP_SYS_RESOURCE
---* EINVAL: the soft limit is above the hard limit
---```lua
---tiny.setrlimit("nofile", 1024, { hard = 4096 })
---```
---@param resource "as"|"core"|"cpu"|"data"|"fsize"|"locks"|"memlock"|"msgqueue"|"nice"|"nofile"|"nproc"|"rss"|"rtprio"|"rttime"|"sigpending"|"stack" which limit
---@param soft tiny.size|"unlimited" the soft limit, in the resource's unit
---@param options? tiny.setrlimit.options
function tiny.setrlimit(resource, soft, options) end

---@class tiny.setuser.options: table<"gid"|"groups"|"keep_caps", any>
---@field gid? integer the group id (default: the uid's number)
---@field groups? integer[] the supplementary group ids (default: none)
---@field keep_caps? boolean keep the permitted capabilities for set_caps; an execve takes them (default: false)

---Becomes another user for good: supplementary groups, group and user, in this order (setgroups(2), setresgid(2), setresuid(2)).
---* EPERM: needs CAP_SETUID and CAP_SETGID: run as root, or in a user namespace that maps the ids
---* EINVAL: the id is not mapped in this user namespace
---```lua
---tiny.setuser(65534, { gid = 65534 })
---```
---@param uid integer the user id
---@param options? tiny.setuser.options
function tiny.setuser(uid, options) end

---Forbids this process and its descendants to gain privileges by execve: setuid bits and file capabilities no longer count (prctl(2), PR_SET_NO_NEW_PRIVS).
---```lua
---tiny.no_new_privs()
---```
function tiny.no_new_privs() end

---Says whether a process of the same user may trace this one and read its memory, its files and its program through /proc (prctl(2), PR_SET_DUMPABLE). An execve allows it again.
---```lua
---tiny.set_dumpable(false)
---```
---@param dumpable boolean false: only CAP_SYS_PTRACE may
function tiny.set_dumpable(dumpable) end

---Asks the kernel for a signal to this process when its parent ends (prctl(2), PR_SET_PDEATHSIG).
---```lua
---tiny.set_parent_death_signal("SIGKILL")
---```
---@param signal tiny.signal the signal; 0 for none
function tiny.set_parent_death_signal(signal) end

-- Security

---Tells the five capability sets of a process (capabilities(7)).
---* ESRCH: the process has ended
---* ENOENT: the process has ended, or /proc does not show it
---```lua
---for _, name in ipairs(tiny.caps().effective) do print(name) end
---```
---@param process? tiny.child|tiny.process a child or process handle; absent, the caller
---@return table # a table of lists of names: effective, permitted, inheritable, bounding, ambient
function tiny.caps(process) end

---@class tiny.set_caps.options: table<"effective"|"permitted"|"inheritable"|"bounding"|"ambient", any>
---@field effective? string[] what counts now (default: as it is)
---@field permitted? string[] what can be made effective (default: as it is)
---@field inheritable? string[] what programs with file capabilities may keep over execve (default: as it is)
---@field bounding? string[] what no execve can go beyond (default: as it is)
---@field ambient? string[] what every program keeps over execve; permitted and inheritable too (default: as it is)

---Sets the caller's capability sets to exactly these: the bounding set first, then capset(2), the ambient set last. A set that is not named stays; nothing is changed when a part of it cannot be.
---* EPERM: a set can be lowered, not raised: ask for what tiny.caps() shows, or less
---```lua
---tiny.set_caps { bounding = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" }, effective = { "CAP_CHOWN" } }
---```
---@param options? tiny.set_caps.options
function tiny.set_caps(options) end

---Tells a capability's name in full, whatever its case and with or without CAP_ (capabilities(7)).
---```lua
---print(tiny.capability_name("net_raw"))
---```
---@param name string "net_raw", "CAP_NET_RAW"
---@return string # a string: "CAP_NET_RAW"
function tiny.capability_name(name) end

---@class tiny.seccomp.options: table<"caps"|"kernel"|"strict"|"send", any>
---@field caps? string[] for whom the profile's `caps` conditions are read (default: the caller's bounding set)
---@field kernel? string the version for `minKernel` conditions, "6.1" (default: this kernel)
---@field strict? boolean refuse names of calls that this machine does not have (default: false)
---@field send? tiny.file a socket: the listener is sent by it at once, for `recv_fd` (SCM_RIGHTS) (default: the listener is returned)

---Puts the caller and what it starts under a filter of system calls, for good (seccomp(2)). Calls of other architectures than the profile's, and of the x32 ABI, fail; calls newer than all that a profile names fail with ENOSYS where its default is an errno. Calls with the action SCMP_ACT_NOTIFY wait for an answer (seccomp_unotify(2)). An argument that the kernel takes as an int is compared by its low 32 bits, unsigned; `send` is for filters under which any call of ours might wait, but for sendmsg.
---* EBUSY: a process has one listener: put all that is to be answered into one filter
---* EACCES: call tiny.no_new_privs() first, or have CAP_SYS_ADMIN
---* EINVAL: the bytes are no filter: compile one with tiny.seccomp_compile
---```lua
---tiny.fork(function()
---  tiny.no_new_privs()
---  tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW",
---    syscalls = { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_ERRNO", errnoRet = 1 } } }
---end)
---```
---@param filter table|string a profile, or what seccomp_compile made of one
---@param options? tiny.seccomp.options
---@return any # nothing; for a filter with SCMP_ACT_NOTIFY its listener, a file handle that is ready in `poll` when a call waits
function tiny.seccomp(filter, options) end

---@class tiny.seccomp_compile.options: table<"caps"|"kernel"|"strict"|"notify", any>
---@field caps? string[] for whom the profile's `caps` conditions are read (default: the caller's bounding set)
---@field kernel? string the version for `minKernel` conditions, "6.1" (default: this kernel)
---@field strict? boolean refuse names of calls that this machine does not have (default: false)
---@field notify? boolean take SCMP_ACT_NOTIFY: somebody will answer (default: false)

---Compiles a profile of system calls, in the shape of Docker's JSON, into a filter that can be kept and loaded by `seccomp` (seccomp(2)). Names that this machine does not have are passed over, unless strict.
---```lua
---local filter = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW" }
---```
---@param profile table { defaultAction, defaultErrnoRet, architectures or archMap, syscalls = { { names, action, errnoRet, args = { { index, value, valueTwo, op } }, includes, excludes }, … } }
---@param options? tiny.seccomp_compile.options
---@return string # a string of bytes
function tiny.seccomp_compile(profile, options) end

---Takes the next system call that waits for an answer (seccomp_unotify(2)). Every call that was taken must be answered: its thread stands still until then.
---* ENOTTY: the file is no listener
---```lua
---tiny.poll({ listener })
---local call = tiny.notify_receive(listener)
---```
---@param listener tiny.file what `seccomp` returned, here or in the process that sent it
---@return table? # a table: id, call ("mkdirat", or a number as text), args (six integers; of an int the 32 bits that the kernel takes, unsigned), arch ("amd64"), pid (of the calling thread; 0 where this pid namespace does not have it); false when none waits; nil when no process has the filter any more
function tiny.notify_receive(listener) end

---@class tiny.notify_respond.options: table<"value"|"error"|"continue"|"fd"|"cloexec", any>
---@field value? integer what the call returns; the kernel does nothing
---@field error? string the errno with which it fails, "EPERM"
---@field continue? boolean true: the kernel does the call
---@field fd? tiny.file an open file: the caller gets a descriptor of it, which the call returns
---@field cloexec? boolean with `fd`: close that descriptor when the caller runs a program (default: false)

---Answers a system call that was taken (seccomp_unotify(2)), in exactly one way. `continue` is no security boundary where an argument is a pointer: another thread can change what it points to between the look and the kernel's own. To decide on a file, open it here and answer with `fd`.
---* ENOTTY: the file is no listener
---* EINPROGRESS: the call has its answer
---* EMFILE: the caller has too many open files
---* EINVAL: this kernel cannot hand a descriptor over in an answer (5.14)
---```lua
---tiny.notify_respond(listener, call.id, { error = "EPERM" })
---```
---@param listener tiny.file what `seccomp` returned, here or in the process that sent it
---@param id integer the call's, as `notify_receive` told it
---@param options? tiny.notify_respond.options
---@return boolean # true; false when nobody waits for it any more
function tiny.notify_respond(listener, id, options) end

---Tells whether the caller of a system call still waits for its answer (seccomp_unotify(2)): what was learned by its pid before that is then about it.
---* ENOTTY: the file is no listener
---```lua
---local cwd = tiny.readlink(("/proc/%d/cwd"):format(call.pid))
---if not tiny.notify_valid(listener, call.id) then cwd = nil end
---```
---@param listener tiny.file what `seccomp` returned, here or in the process that sent it
---@param id integer the call's, as `notify_receive` told it
---@return boolean # a boolean
function tiny.notify_valid(listener, id) end

---@class tiny.notify_read.options: table<"pid"|"address"|"length"|"max", any>
---@field pid integer the call's
---@field address integer where: one of the call's args
---@field length? tiny.size so many bytes, 1m at most; absent, a text up to its NUL
---@field max? tiny.size the longest text (default: 4k)

---Reads what an argument of a waiting system call points to, from the caller's memory (proc_pid_mem(5)); whether it still waits is looked at before and after.
---* ENOTTY: the file is no listener
---* EFAULT: answer with EFAULT as the kernel would
---* ENAMETOOLONG: answer with ENAMETOOLONG as the kernel would, or read more
---* EACCES: needs CAP_SYS_PTRACE over the caller
---```lua
---local path = tiny.notify_read(listener, call.id, { pid = call.pid, address = call.args[2] })
---```
---@param listener tiny.file what `seccomp` returned, here or in the process that sent it
---@param id integer the call's, as `notify_receive` told it
---@param options tiny.notify_read.options
---@return string? # a string; nil when nobody waits for the answer any more
function tiny.notify_read(listener, id, options) end

---@class tiny.landlock.options: table<"paths"|"tcp_bind"|"tcp_connect"|"scopes"|"strict"|"check"|"abi", any>
---@field paths? table<string, string|string[]> what may be done with which files and folders (default: all files, as before)
---@field tcp_bind? integer[] the TCP ports that may be bound; 0: one that the kernel chooses (default: all, as before)
---@field tcp_connect? integer[] the TCP ports that may be connected to (default: all, as before)
---@field scopes? string[] what reaches only those under the same restriction: "abstract_unix" sockets, "signal" (default: none)
---@field strict? boolean false: go without what this kernel lacks, and tell it in `left_out` (default: true)
---@field check? boolean restrict nothing: look at the options, and tell what would hold (default: false)
---@field abi? integer use at most this version of the interface, as an older kernel would (default: the kernel's)

---Takes from the caller and what it starts, for good, all files but these, all TCP ports but these, and reach beyond them (landlock(7)). What was opened before stays open. Rights are letters: "r" reads files and folders, "w" changes files, makes and removes them (no devices) and calls ioctl on devices, "rx" executes; or a list of the kernel's words, such as { "read_file", "make_sock" }. A folder's hold for all below it.
---* EOPNOTSUPP: strict = false goes without it; `tinylua doctor` shows what this kernel has
---* EPERM: call tiny.no_new_privs() first, or have CAP_SYS_ADMIN
---* ENOENT: a path of the table is missing
---* E2BIG: a process can be restricted 16 times
---```lua
---tiny.fork(function()
---  tiny.no_new_privs()
---  tiny.landlock { paths = { ["/usr"] = "rx", ["/tmp"] = "rw" }, tcp_connect = { 443 } }
---  tiny.exec { "/usr/bin/env" }
---end)
---```
---@param options? tiny.landlock.options
---@return table # a table: abi (0 without Landlock), enforced and left_out, lists of "paths", "tcp_bind", "tcp_connect", "abstract_unix" and "signal"; left_out also names single rights
function tiny.landlock(options) end

---Makes sure that nobody can write to the program of this process, as a program that it runs as root could by /proc/PID/exe (CVE-2019-5736): starts the whole command over from a read-only mount of it, or from a sealed copy in memory (memfd_create(2)). Call it before anything that must not be done twice.
---* ENOENT: /proc is not mounted
---* EACCES: the program is on a file system of which nothing may be run
---```lua
---tiny.seal()  -- the first line of a recipe that runs what it does not trust
---```
function tiny.seal() end

-- Namespaces

---@class tiny.unshare.options: table<"user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"time", any>
---@field user? boolean a new user namespace
---@field pid? boolean a new pid namespace for future children
---@field net? boolean a new network namespace
---@field mount? boolean a new mount namespace
---@field uts? boolean a new hostname
---@field ipc? boolean new System V IPC and POSIX queues
---@field cgroup? boolean a new cgroup root
---@field time? boolean new clocks for future children

---Moves the calling process itself into new namespaces; a new `pid` or `time` namespace takes only its future children (unshare(2)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or make a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---* EACCES: call tiny.seal() first; the commands that run recipes do
---```lua
---tiny.unshare { uts = true, mount = true }
---```
---@param options? tiny.unshare.options
function tiny.unshare(options) end

---@class tiny.setns.options: table<"user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"time", any>
---@field user? boolean join the process's user namespace
---@field pid? boolean future children join its pid namespace
---@field net? boolean join its network namespace
---@field mount? boolean join its mount namespace
---@field uts? boolean join its UTS namespace
---@field ipc? boolean join its IPC namespace
---@field cgroup? boolean join its cgroup namespace
---@field time? boolean join its time namespace

---Joins a namespace, or several namespaces of a process at once (setns(2)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or make a user namespace first (user = true)
---* EINVAL: the namespace is of a kind that this process cannot join, or is its own user namespace
---* ESRCH: the process has ended
---* EACCES: call tiny.seal() first; the commands that run recipes do
---```lua
---local web <close> = tiny.netns()
---tiny.setns(web)
---```
---@param target tiny.namespace|tiny.child|tiny.process a namespace handle, or a process handle with the namespaces as options
---@param options? tiny.setns.options
function tiny.setns(target, options) end

---@class tiny.netns.options: table<"user", any>
---@field user? tiny.userns the user namespace that it belongs to (default: the caller's own)

---Makes a network namespace as a value, before any process lives in it (network_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or make a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---```lua
---local web <close> = tiny.netns()
---tiny.link_set("lo", { netns = web, up = true })
---```
---@param options? tiny.netns.options
---@return tiny.netns # a netns handle
function tiny.netns(options) end

---Makes a UTS namespace (hostname and domain name) as a value (uts_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or make a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---```lua
---local names <close> = tiny.utsns()
---```
---@return tiny.utsns # a utsns handle
function tiny.utsns() end

---Makes an IPC namespace (System V IPC, POSIX message queues) as a value (ipc_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or make a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---```lua
---local shared <close> = tiny.ipcns()
---```
---@return tiny.ipcns # an ipcns handle
function tiny.ipcns() end

---@class tiny.timens.options: table<"monotonic"|"boottime", any>
---@field monotonic? tiny.duration offset of CLOCK_MONOTONIC (default: 0)
---@field boottime? tiny.duration offset of CLOCK_BOOTTIME (default: 0)

---Makes a time namespace as a value, its clocks set forward by the offsets (time_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or make a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---* EINVAL: this kernel has no time namespaces (5.6 or newer, CONFIG_TIME_NS)
---```lua
---local later <close> = tiny.timens { boottime = "7d" }
---```
---@param options? tiny.timens.options
---@return tiny.timens # a timens handle
function tiny.timens(options) end

---Opens an existing namespace: by its file, or of a process (namespaces(7)).
---* ENOENT: there is no such file; `ip netns list` shows the named network namespaces
---* EINVAL: the path is not a namespace file of this kind
---* ESRCH: the process has ended
---```lua
---local host <close> = tiny.open_ns("net")
---```
---@param kind "user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"time" which namespace
---@param of? string|tiny.child|tiny.process a path such as /run/netns/web, or a process handle; absent, the caller's own
---@return tiny.namespace # a namespace handle: netns, mountns, …
function tiny.open_ns(kind, of) end

---@class tiny.userns.options: table<"uid_map"|"gid_map", any>
---@field uid_map integer[][] of user ids: { { 0, 1000, 1 }, { 1, 100000, 65536 } }
---@field gid_map integer[][] of group ids

---Makes a user namespace as a value, with its maps of ids (user_namespaces(7)). Each entry of a map is { inside, outside, count }. A map is written directly where the caller may: with CAP_SETUID and CAP_SETGID, or the caller's own id alone, for the group after setgroups was denied. Any other map is written by newuidmap and newgidmap, found in PATH and checked, which know the ranges of /etc/subuid and /etc/subgid.
---* EPERM: the kernel or a helper refuses the map; `tiny.subids` tells which ranges the user has
---* ENOSPC: a limit in /proc/sys/user/max_user_namespaces is reached or is 0, or they are nested 32 deep
---* EINVAL: an outside id is not mapped in the caller's own user namespace
---* ENOENT: install the package uidmap, which has newuidmap and newgidmap
---```lua
---local own <close> = tiny.userns { uid_map = { { 0, tiny.getuid(), 1 } }, gid_map = { { 0, tiny.getgid(), 1 } } }
---local child <close> = tiny.clone({ user = own, mount = true }, function() tiny.mount_private("/") end)
---```
---@param options tiny.userns.options
---@return tiny.userns # a userns handle
function tiny.userns(options) end

---Tells the ranges of ids that /etc/subuid and /etc/subgid give to a user, or to all users (subuid(5)).
---* EACCES: the files are not readable to this user
---```lua
---for _, range in ipairs(tiny.subids("web").uids) do print(range[1], range[2]) end
---```
---@param user? string|integer a name or a uid; absent, everybody's
---@return any # { uids = { { first, count }, … }, gids = { … } }, in the files' order; empty lists where there is none
function tiny.subids(user) end

---Finds newuidmap or newgidmap in PATH and checks that it can map ranges: a file of root's that nobody else can write, with the setuid bit or file capabilities.
---* ENOENT: install the package uidmap
---* EPERM: the file's owner, mode or privilege is wrong
---```lua
---assert(tiny.try(tiny.userns_helper, "newuidmap"))
---```
---@param name "newuidmap"|"newgidmap" which
---@return boolean # true; an error tells what is missing
function tiny.userns_helper(name) end

-- Mounts

---@class tiny.open_root.options: table<"root"|"ro_mount", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field ro_mount? boolean as a read-only mount of its own, which has no place (open_tree(2)): who gets a FIFO or device that is opened below it reads and writes, and cannot change its mode, owner or attributes (default: false)

---Opens a folder as a root for the `root` option of the mount and file primitives (open(2), O_PATH).
---* ENOENT: there is no such folder
---* ENOTDIR: a rootfs is a folder; unpack an archive first
---* EPERM: ro_mount needs CAP_SYS_ADMIN in the mount namespace
---```lua
---local root <close> = tiny.open_root("./rootfs")
---tiny.mount_proc("/proc", { root = root })
---```
---@param path string the folder
---@param options? tiny.open_root.options
---@return tiny.dir # a dir handle
function tiny.open_root(path, options) end

---Changes the root of the calling process and goes there (chroot(2)). No containment: use `pivot_root` for that.
---* EPERM: needs CAP_SYS_CHROOT: run as root, or clone with user = true
---* ENOENT: there is no such folder
---* ENOTDIR: a root is a folder
---* EACCES: call tiny.seal() first; the commands that run recipes do
---```lua
---tiny.chroot("./rootfs")
---```
---@param path string the new root
function tiny.chroot(path) end

---Makes a mount the root of the mount namespace, takes the old root away and goes to `/` (pivot_root(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the new root must be a mount point (mount_bind it onto itself) and not shared (mount_private("/") first)
---* EBUSY: it is the root already
---* EACCES: call tiny.seal() first; the commands that run recipes do
---```lua
---tiny.mount_private("/")
---tiny.mount_bind("./rootfs", "./rootfs")
---tiny.pivot_root("./rootfs")
---```
---@param root tiny.dir|string a mount point: its path, or a dir handle opened after it was mounted
function tiny.pivot_root(root) end

---@class tiny.chdir.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)

---Changes the working directory (chdir(2)).
---* ELOOP: below a root, the links of /proc that lead out of it are not followed
---* ENOENT: there is no such folder in this root
---* ENOTDIR: it is no folder
---* EACCES: a folder on the way may not be searched
---```lua
---tiny.chdir("/srv")
---```
---@param path string the folder
---@param options? tiny.chdir.options
function tiny.chdir(path, options) end

---@class tiny.mknod.options: table<"root"|"major"|"minor"|"mode", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field major? integer the device's major number (default: 0)
---@field minor? integer the device's minor number (default: 0)
---@field mode? integer its mode (default: 0o666)

---Makes a device node or FIFO with exactly this mode (mknod(2)).
---* EPERM: device nodes need CAP_MKNOD in the host's user namespace; bind-mount the host's node instead
---* EEXIST: there is something of that name
---* ENOENT: its folder is missing
---```lua
---tiny.mknod("/dev/null", "char", { major = 1, minor = 3 })
---```
---@param path string the node
---@param kind "char"|"block"|"fifo" what it is
---@param options? tiny.mknod.options
function tiny.mknod(path, kind, options) end

---@class tiny.mount_private.options: table<"propagation"|"recursive", any>
---@field propagation? "private"|"slave"|"shared"|"unbindable" the propagation type (default: private)
---@field recursive? boolean the mounts below it too (default: true)

---Sets the propagation of a mount and those below it, so that mounts here stay here (mount_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the path is not a mount point
---```lua
---tiny.mount_private("/")
---```
---@param target string the mount point, mostly "/"
---@param options? tiny.mount_private.options
function tiny.mount_private(target, options) end

---@class tiny.mount_bind.options: table<"root"|"create"|"open"|"ro"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"recursive"|"source_root"|"idmap", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field open? boolean return a dir handle of the mount too: what its path leads to may change (default: false)
---@field ro? boolean read-only (default: false)
---@field nosuid? boolean setuid bits and file capabilities do not count (default: false)
---@field nodev? boolean device nodes do not work (default: false)
---@field noexec? boolean nothing can be executed (default: false)
---@field noatime? boolean access times are not written (default: false)
---@field nosymfollow? boolean links are not followed (default: false)
---@field recursive? boolean the mounts below the source too (default: true)
---@field source_root? tiny.dir|string resolve the source below this folder (default: the caller's root)
---@field idmap? tiny.userns show its files as this user namespace's: those of user 0 are its root's, and what that makes is user 0's

---Shows a file or folder at a second place; the flags hold from the first moment (open_tree(2), mount_setattr(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---* EBUSY: the file system is mounted with other settings, or the place is in use
---```lua
---tiny.mount_bind("/usr", "./rootfs/usr", { ro = true, create = true })
---```
---@param source string a file or folder of the host
---@param target string a file for a file, a folder for a folder
---@param options? tiny.mount_bind.options
---@return tiny.mount # a mount handle
function tiny.mount_bind(source, target, options) end

---@class tiny.mount_proc.options: table<"root"|"create"|"open"|"ro"|"hidepid"|"subset", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field open? boolean return a dir handle of the mount too: what its path leads to may change (default: false)
---@field ro? boolean read-only (default: false)
---@field hidepid? "off"|"noaccess"|"invisible"|"ptraceable" whose processes a user sees (default: off)
---@field subset? "pid" only the folders of processes

---Mounts proc at `target`, showing the caller's pid namespace; always nosuid, nodev, noexec (proc(5)).
---* EPERM: needs CAP_SYS_ADMIN over the pid namespace; in a user namespace the host's /proc must not be covered
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---```lua
---tiny.mount_proc("/proc")
---```
---@param target string the mount point
---@param options? tiny.mount_proc.options
---@return tiny.mount # a mount handle
function tiny.mount_proc(target, options) end

---@class tiny.mount_sysfs.options: table<"root"|"create"|"open"|"ro", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field open? boolean return a dir handle of the mount too: what its path leads to may change (default: false)
---@field ro? boolean read-only (default: false)

---Mounts sysfs at `target`, showing the caller's network namespace (sysfs(5)).
---* EPERM: needs CAP_SYS_ADMIN over the network namespace: clone with net = true
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---```lua
---tiny.mount_sysfs("/sys", { ro = true })
---```
---@param target string the mount point
---@param options? tiny.mount_sysfs.options
---@return tiny.mount # a mount handle
function tiny.mount_sysfs(target, options) end

---@class tiny.mount_tmpfs.options: table<"root"|"create"|"open"|"ro"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"size"|"inodes"|"mode", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field open? boolean return a dir handle of the mount too: what its path leads to may change (default: false)
---@field ro? boolean read-only (default: false)
---@field nosuid? boolean setuid bits and file capabilities do not count (default: false)
---@field nodev? boolean device nodes do not work (default: false)
---@field noexec? boolean nothing can be executed (default: false)
---@field noatime? boolean access times are not written (default: false)
---@field nosymfollow? boolean links are not followed (default: false)
---@field size? tiny.size the most it can hold (default: half of the memory)
---@field inodes? integer how many files at most (default: the kernel's)
---@field mode? integer the mode of its root folder, a number: tonumber("755", 8) (default: 0o1777)

---Mounts an empty file system in memory at `target` (tmpfs(5)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---* EBUSY: the file system is mounted with other settings, or the place is in use
---```lua
---tiny.mount_tmpfs("/tmp", { size = "64m", nosuid = true, nodev = true })
---```
---@param target string the mount point
---@param options? tiny.mount_tmpfs.options
---@return tiny.mount # a mount handle
function tiny.mount_tmpfs(target, options) end

---@class tiny.mount_devpts.options: table<"root"|"create"|"mode"|"ptmxmode"|"gid", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field mode? integer the mode of new terminals (default: 0o620)
---@field ptmxmode? integer the mode of /dev/pts/ptmx (default: 0o666)
---@field gid? integer the group of new terminals; 5 is tty on Debian (default: the opener's)

---Mounts a devpts of its own at `target`, with no terminals of the host in it; always nosuid, noexec (pts(4)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---* EBUSY: the file system is mounted with other settings, or the place is in use
---```lua
---tiny.mount_devpts("/dev/pts", { create = true })
---```
---@param target string the mount point, mostly /dev/pts
---@param options? tiny.mount_devpts.options
---@return tiny.mount # a mount handle
function tiny.mount_devpts(target, options) end

---@class tiny.mount_mqueue.options: table<"root"|"create", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)

---Mounts the POSIX message queues of the caller's IPC namespace at `target` (mq_overview(7)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---* EBUSY: the file system is mounted with other settings, or the place is in use
---```lua
---tiny.mount_mqueue("/dev/mqueue", { create = true })
---```
---@param target string the mount point, mostly /dev/mqueue
---@param options? tiny.mount_mqueue.options
---@return tiny.mount # a mount handle
function tiny.mount_mqueue(target, options) end

---@class tiny.mount_cgroup.options: table<"root"|"create"|"ro"|"controllers", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field ro? boolean read-only (default: false)
---@field controllers? string[] a v1 hierarchy with exactly these; absent, cgroup2

---Mounts the cgroup2 hierarchy, or a v1 hierarchy with these controllers, at `target` (cgroups(7)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---* EBUSY: the controllers are mounted together with others, or belong to cgroup2
---```lua
---tiny.mount_cgroup("/sys/fs/cgroup", { ro = true })
---```
---@param target string the mount point
---@param options? tiny.mount_cgroup.options
---@return tiny.mount # a mount handle
function tiny.mount_cgroup(target, options) end

---@class tiny.mount_overlay.options: table<"root"|"create"|"open"|"ro"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"lower"|"upper"|"work"|"volatile"|"userxattr"|"redirect"|"access_as"|"keep_groups", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field create? boolean make the mount point where it is missing (default: false)
---@field open? boolean return a dir handle of the mount too: what its path leads to may change (default: false)
---@field ro? boolean read-only (default: false)
---@field nosuid? boolean setuid bits and file capabilities do not count (default: false)
---@field nodev? boolean device nodes do not work (default: false)
---@field noexec? boolean nothing can be executed (default: false)
---@field noatime? boolean access times are not written (default: false)
---@field nosymfollow? boolean links are not followed (default: false)
---@field lower string[] folders that stay as they are, topmost first
---@field upper? string the folder that takes the changes (default: none: read-only)
---@field work? string an empty folder of the overlay's own on the file system of `upper`
---@field volatile? boolean never sync: for an upper folder that is thrown away (default: false)
---@field userxattr? boolean mark removals and replaced folders by attributes user.overlay.* instead of trusted.overlay.*: for a user namespace (kernel 5.11) (default: false)
---@field redirect? boolean follow the attribute trusted.overlay.redirect, by which a folder of an upper layer shows one of another name below (default: false)
---@field access_as? integer the user, and group, with whose access files of the layers are opened, whoever asks: it has no capability over files and no further groups (default: the caller)
---@field keep_groups? boolean with `access_as`: the caller's further groups stay (default: false)

---Mounts an overlay at `target`: the lower folders, topmost first, under one that takes the changes.
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true makes the mount point
---* EINVAL: `upper` must be on a file system that can hold it (not another overlay, not NFS); `work` beside it
---* ELOOP: a lower folder lies in another layer
---* ENODEV: this kernel has no overlay file system: `modprobe overlay` (`tinylua doctor`)
---```lua
---tiny.mount_overlay("./merged", { lower = { "./rootfs" }, upper = "./upper", work = "./work" })
---```
---@param target string the mount point
---@param options tiny.mount_overlay.options
---@return tiny.mount # a mount handle
function tiny.mount_overlay(target, options) end

---@class tiny.remount_ro.options: table<"root"|"recursive", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean the mounts below it too (default: false)

---Makes a mount read-only, for this mount namespace (mount_setattr(2), MOUNT_ATTR_RDONLY).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the path is not a mount point; mount_bind it onto itself first
---* EBUSY: a file below it is open for writing
---```lua
---tiny.mount_bind("/usr", "/usr")
---tiny.remount_ro("/usr")
---```
---@param target string the mount point
---@param options? tiny.remount_ro.options
function tiny.remount_ro(target, options) end

---@class tiny.umount.options: table<"root"|"detach", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field detach? boolean take it from sight now, from use when the last user is gone (default: false)

---Removes the topmost mount at `target` (umount2(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: nothing is mounted there: `tiny.mounts()` lists what is
---* EBUSY: something uses it; detach = true takes it from sight
---* EINVAL: it belongs to a more privileged mount namespace, where its parts are locked together
---```lua
---tiny.umount("/mnt", { detach = true })
---```
---@param target string the mount point
---@param options? tiny.umount.options
function tiny.umount(target, options) end

---Lists the mounts of a process's mount namespace (proc_pid_mountinfo(5)).
---* ESRCH: the process has ended
---* ENOENT: the process has ended, or /proc does not show it
---```lua
---for _, m in ipairs(tiny.mounts()) do print(m.target, m.fstype) end
---```
---@param process? tiny.child|tiny.process a child or process handle; absent, the caller
---@return table[] # a list of tables: id, parent, dev ("254:0"), root, target, options, propagation, fstype, source, super_options; the target as seen from the process's root
function tiny.mounts(process) end

-- Control groups

---@class tiny.cgroup.options: table<"parent"|"controllers", any>
---@field parent? tiny.cgroup|string the group below which the path counts (default: the top)
---@field controllers? string[] controllers to have from the start: "memory", "pids", "cpu", "io", "cpuset" … (default: none; each limit brings its own)

---Makes a control group (cgroups(7)), on v1, v2 and hybrid hosts alike. Its path counts from the top of every hierarchy as the caller sees it mounted, with or without a leading slash; inside a cgroup namespace that is the namespace's root. Missing groups above it are made too and stay. On v1 it has a folder only in the hierarchies of the controllers that it is given; a limit set later gives it the controller then and moves its processes.
---* EBUSY: a cgroup v2 with processes of its own cannot hand controllers down: choose another parent
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web", { controllers = { "memory", "pids" } })
---```
---@param path string the new group: "web", "tinylua/web"
---@param options? tiny.cgroup.options
---@return tiny.cgroup # a cgroup handle: `path`, `version` ("v1", "v2" or "hybrid"), `folders` (by controller, "unified" for v2); `<close>` removes the group, and fails with EBUSY while a process lives in it
function tiny.cgroup(path, options) end

---Opens a control group that is there already. Closing the handle leaves the group alone.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web = tiny.cgroup("web"):keep()
---tiny.open_cgroup("web"):set_pids_limit(64)
---tiny.cgroup_del("web")
---```
---@param path string from the top of every hierarchy
---@return tiny.cgroup # a cgroup handle
function tiny.open_cgroup(path) end

---@class tiny.cgroup_del.options: table<"recursive"|"kill", any>
---@field recursive? boolean remove the groups below it too (default: false)
---@field kill? boolean kill every process in it and below it first; implies recursive (default: false)

---Removes a control group from every hierarchy (rmdir(2)). It kills nothing unless told to, and waits for what is dying already.
---* EBUSY: end its processes first (tiny.cgroup_kill), or remove it with { kill = true }
---* ENOENT: there is no such group; it may be removed already
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---```lua
---tiny.cgroup("web"):keep()
---tiny.cgroup_del("web", { kill = true })
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param options? tiny.cgroup_del.options
function tiny.cgroup_del(group, options) end

---Tells in which control group a process is, hierarchy by hierarchy (/proc/PID/cgroup, cgroups(7)).
---* ESRCH: the process has ended
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---print(tiny.cgroup_of().unified)
---```
---@param process? tiny.child|tiny.process a child or process handle; absent, the caller
---@return table # a table of controllers to paths, "unified" for v2; a hierarchy that is not mounted here is missing
function tiny.cgroup_of(process) end

---Moves a process with its threads into a control group (cgroup.procs, cgroups(7)). Its children stay where they are. A child of `clone` is better born there: clone({ cgroup = group }, …).
---* EBUSY: a cgroup v2 that handed controllers down takes no process: attach to a child of it
---* ESRCH: the process has ended
---* EOPNOTSUPP: the group became a threaded one: a group above it has processes and controllers both
---* ENOSPC: the group's cpuset has no CPUs or no memory nodes: write cpuset.cpus and cpuset.mems first
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---local child <close> = tiny.fork(function() tiny.exec { "sleep", "1" } end)
---tiny.cgroup_attach(web, child)
---child:reap()
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param process? tiny.child|tiny.process a child or process handle; absent, the caller itself
function tiny.cgroup_attach(group, process) end

---Kills every process of a control group and of those below it with SIGKILL, and waits until none is left (freezer, then pidfd_send_signal(2)). A frozen group is thawed by it. The file cgroup.kill is for groups that go away (cgroup_del with kill): Linux 6.18 kills what `clone` puts into such a group later.
---* EDEADLK: move the caller out of the group first
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.cgroup_kill(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over
function tiny.cgroup_kill(group, timeout) end

---Stops every process of a control group and of those below it, and waits until all have stopped (cgroup.freeze, or v1's freezer.state). They do not notice; SIGKILL still ends them.
---* EDEADLK: move the caller out of the group first
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over: the last process stops later
function tiny.freeze(group, timeout) end

---Lets the processes of a frozen control group go on.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param timeout? tiny.duration how long at most
---@return boolean # true; false when the time is over, or when a group above it is frozen
function tiny.thaw(group, timeout) end

---Limits the memory of a control group; at the limit the kernel reclaims and then kills (memory.max, or v1's memory.limit_in_bytes). The kernel rounds down to pages. Below what is in use now, v2 kills and v1 refuses with EBUSY.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function tiny.set_memory_limit(group, limit) end

---Limits how much swap a control group uses beside its memory (memory.swap.max; on v1 the sum of both, memory.memsw.limit_in_bytes, and so only after set_memory_limit). 0 forbids swap.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---tiny.set_swap_limit(web, 0)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function tiny.set_swap_limit(group, limit) end

---@class tiny.set_cpu_limit.options: table<"period", any>
---@field period? tiny.duration the stretch in which the time is counted, 1ms to 1s (default: the group's own, 100ms at first)

---Limits the CPU time of a control group to so many processors' worth; beyond it the group waits for the next period (cpu.max, or v1's cpu.cfs_quota_us).
---* EINVAL: the quota is below 1 ms in a period, or a group above it has a smaller share
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_cpu_limit(web, 0.5, { period = "50ms" })
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param cpus number|"unlimited" 0.5 is half of one processor; or "unlimited"
---@param options? tiny.set_cpu_limit.options
function tiny.set_cpu_limit(group, cpus, options) end

---Limits the processes and threads of a control group; at the limit clone(2) fails with EAGAIN (pids.max).
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_pids_limit(web, 64)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param count integer|"unlimited" at least 1, or "unlimited"
function tiny.set_pids_limit(group, count) end

---@class tiny.set_device_rules.options: table<integer, any>
---@field [integer] { type?: "char"|"block", major?: integer, minor?: integer, access: string } what is allowed

---Lets the processes of a control group use these devices and no others (v1's devices controller; on v2 a program of the kernel's, bpf(2)). What they have open stays open.
---* EPERM: run as root; on v1 a group cannot allow what the group above it may not use
---* EINVAL: this kernel has no programs for devices (CONFIG_CGROUP_BPF)
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_device_rules(web, { { type = "char", major = 1, minor = 3, access = "rw" } })
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param options tiny.set_device_rules.options
function tiny.set_device_rules(group, options) end

---Tells what a control group uses and what its limits did. What happened stays readable after its processes have ended, as long as the group is there.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web", { controllers = { "memory" } })
---print(tiny.cgroup_stats(web).memory)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@return table # a table: memory, memory_peak, memory_limit, swap, swap_limit (bytes), oom_kills, pids, pids_limit, pids_refused (forks), cpu_seconds, throttled (periods), throttled_seconds, populated, frozen; what nothing counts or limits is missing
function tiny.cgroup_stats(group) end

---Reads a control file of a control group as text (cgroups(7)); the file's name begins with its controller, and is the kernel's on this host: v1 and v2 differ.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---print(tiny.cgroup_read(web, "cgroup.procs"))
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param file string "memory.stat", "cgroup.procs" …
---@return string # a string
function tiny.cgroup_read(group, file) end

---Writes control files of a control group, for what has no primitive of its own (cgroups(7)): each name with its value, as the kernel takes it.
---* ENOENT: tiny.cgroup makes a group; `tinylua doctor` shows which controllers this host offers
---* EACCES: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EPERM: run as root, or in a part of the hierarchy that was delegated to you (systemd: Delegate=yes)
---* EROFS: cgroups are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows which controllers this host offers
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version == "v2" then
---  tiny.cgroup_write(web, { ["memory.high"] = "67108864", ["cpu.weight"] = "50" })
---end
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param files table<string, string> names to values, written in the order of the names
function tiny.cgroup_write(group, files) end

-- Network

---@class tiny.links.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Lists the network links with their addresses (rtnetlink(7)).
---```lua
---for _, l in ipairs(tiny.links()) do print(l.name, l.up, table.concat(l.addrs, " ")) end
---```
---@param options? tiny.links.options
---@return table[] # a list of tables: `name`, `index`, `kind` ("bridge", "veth", …; nil for hardware and lo), `mac`, `mtu`, `queues`, `up`, `master` (the name of its bridge), `addrs` (a list, "10.10.0.1/24"); of a veth `peer` (the other end's index) and, when that is in another namespace, `peer_netns` (its number here, as `ip netns list-id` has it)
function tiny.links(options) end

---@class tiny.link_set.options: table<"netns"|"up"|"down"|"mtu"|"master"|"name"|"mac"|"move_to", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)
---@field up? boolean true brings it up
---@field down? boolean true brings it down
---@field mtu? integer the largest packet in bytes
---@field master? tiny.bridge|string|boolean the bridge to be a port of; false for none
---@field name? string the new name
---@field mac? string the hardware address, "02:00:00:00:00:01"
---@field move_to? tiny.netns the namespace to move to; `master` and `name` hold there

---Changes a link in one request: brings it up, renames it, moves it to another namespace (ip-link(8)). A link that moves is down there, unless `up` says otherwise.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EBUSY: the link is in use; bring it down first (down = true)
---* EINVAL: the link cannot take this value, or cannot move (lo and bridges never do)
---```lua
---tiny.link_set("lo", { up = true })
---```
---@param link tiny.bridge|tiny.veth|string a name or a handle
---@param options? tiny.link_set.options
function tiny.link_set(link, options) end

---@class tiny.link_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Deletes a link; a veth takes its other end along (ip-link(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EOPNOTSUPP: hardware and lo cannot be deleted; move them with link_set
---```lua
---tiny.bridge("td0"):keep()
---tiny.link_del("td0")
---```
---@param link tiny.bridge|tiny.veth|string a name or a handle
---@param options? tiny.link_del.options
function tiny.link_del(link, options) end

---@class tiny.bridge.options: table<"addr"|"nodad"|"mtu"|"mac"|"netns", any>
---@field addr? tiny.cidr|tiny.cidr[] its address, or a list, through which the caller reaches the links on it
---@field nodad? boolean use an IPv6 address at once, without asking first whether another has it (default: false)
---@field mtu? integer the largest packet in bytes (default: 1500)
---@field mac? string the hardware address; a random one changes with the links on the bridge (default: random)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Makes a bridge, a switch in the kernel, and brings it up (ip-link(8), type bridge).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EEXIST: choose another name, or remove the link of that name with link_del
---* EOPNOTSUPP: this kernel has no bridges: `modprobe bridge`, or CONFIG_BRIDGE (`tinylua doctor`)
---```lua
---local br <close> = tiny.bridge("td0", { addr = "10.10.0.1/24" })
---```
---@param name string at most 15 bytes
---@param options? tiny.bridge.options
---@return tiny.bridge # a bridge handle: `name`, `addr`; `<close>` deletes it
function tiny.bridge(name, options) end

---@class tiny.veth_pair.first: table<"name"|"netns"|"bridge"|"hairpin"|"link_local"|"pinned"|"addr"|"nodad"|"gateway"|"mac"|"mtu"|"queues", any>
---@field name string the end's name, at most 15 bytes
---@field netns? tiny.netns the network namespace it is born in (default: the caller's)
---@field bridge? tiny.bridge|string the bridge, of that namespace, that it is a port of (default: none)
---@field hairpin? boolean the bridge sends back by it what came by it, as a call of one's own published port (default: false)
---@field link_local? boolean false: no IPv6 link-local address of its own (addrgenmode none, ip-link(8)) (default: true)
---@field pinned? boolean as a bridge port it may send only what `tiny.pin` allows (default: false)
---@field addr? tiny.cidr|tiny.cidr[] its address, or a list (default: none)
---@field nodad? boolean use an IPv6 address at once, without asking first whether another has it (default: false)
---@field gateway? string|string[] the gateway of a default route through it, or a list: one for IPv4 and one for IPv6 (default: none)
---@field mac? string its hardware address (default: random)
---@field mtu? integer the largest packet in bytes (default: 1500)
---@field queues? integer transmit and receive queues, for several processors to share the work (default: 1)

---Makes two links that are the ends of one cable, wires and addresses them, and brings both up (veth(4)). When a step fails nothing stays behind.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EEXIST: choose another name, or remove the link of that name with link_del
---* EOPNOTSUPP: this kernel has no veth links: `modprobe veth`, or CONFIG_VETH (`tinylua doctor`)
---* ENETUNREACH: the gateway is not in the subnet of `addr`
---* EHOSTUNREACH: the IPv6 gateway is not in the subnet of any `addr`
---```lua
---local web <close> = tiny.netns()
---local cable <close> = tiny.veth_pair(
---  { name = "veth-web", addr = "10.10.0.1/24" },
---  { name = "eth0", netns = web, addr = "10.10.0.2/24", gateway = "10.10.0.1" })
---```
---@param first tiny.veth_pair.first one end: name, netns, bridge, hairpin, link_local, pinned, addr, nodad, gateway, mac, mtu, queues
---@param second tiny.veth_pair.first the other end, with the same keys
---@return tiny.veth # a veth handle: `name`, `peer`; `<close>` deletes both ends
function tiny.veth_pair(first, second) end

---@class tiny.addr_add.options: table<"nodad"|"netns", any>
---@field nodad? boolean use an IPv6 address at once, without asking first whether another has it (default: false)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Gives a link an address; the route to its subnet comes with it once the link is up (ip-address(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EEXIST: the link has this address already
---* EINVAL: this is no address of a host: a multicast or broadcast one
---```lua
---local addr <close> = tiny.addr_add("lo", "10.99.0.1/32")
---```
---@param link tiny.bridge|tiny.veth|string a name or a handle
---@param addr tiny.cidr the address with its prefix length
---@param options? tiny.addr_add.options
---@return tiny.addr # an addr handle; `<close>` takes the address away again
function tiny.addr_add(link, addr, options) end

---@class tiny.addr_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Takes an address from a link (ip-address(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* ENOENT: the link does not have this address with this prefix length
---```lua
---tiny.addr_add("lo", "10.99.0.2/32")
---tiny.addr_del("lo", "10.99.0.2/32")
---```
---@param link tiny.bridge|tiny.veth|string a name or a handle
---@param addr tiny.cidr the address with its prefix length
---@param options? tiny.addr_del.options
function tiny.addr_del(link, addr, options) end

---@class tiny.route_add.options: table<"via"|"dev"|"metric"|"netns", any>
---@field via? string the gateway's address (default: none: dest is on the link)
---@field dev? tiny.bridge|tiny.veth|string the link, by name or handle (default: the link of the gateway's subnet)
---@field metric? integer of two routes to one destination the smaller metric wins (default: 0)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Adds a route to the main table (ip-route(8)). It needs `via`, `dev` or both.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EEXIST: there is a route to this destination with this metric already
---* ENETUNREACH: no link that is up leads to the gateway: give the link an address of its subnet first
---* EHOSTUNREACH: no link leads to the IPv6 gateway: give the link an address of its subnet first
---* ENETDOWN: bring the link up first: link_set(name, { up = true })
---* EINVAL: the destination must be the subnet's first address (10.20.0.0/16, not 10.20.0.1/16)
---```lua
---tiny.link_set("lo", { up = true })
---local route <close> = tiny.route_add("10.20.0.0/16", { dev = "lo" })
---```
---@param dest "default"|tiny.cidr a subnet, "10.20.0.0/16", or "default"
---@param options? tiny.route_add.options
---@return tiny.route # a route handle; `<close>` removes it
function tiny.route_add(dest, options) end

---@class tiny.route_del.options: table<"via"|"dev"|"metric"|"netns", any>
---@field via? string the gateway's address (default: none: dest is on the link)
---@field dev? tiny.bridge|tiny.veth|string the link, by name or handle (default: the link of the gateway's subnet)
---@field metric? integer of two routes to one destination the smaller metric wins (default: 0)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Removes the first route of the main table that fits (ip-route(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* ESRCH: there is no such route
---```lua
---tiny.link_set("lo", { up = true })
---tiny.route_add("10.21.0.0/16", { dev = "lo" })
---tiny.route_del("10.21.0.0/16", { dev = "lo" })
---```
---@param dest "default"|tiny.cidr a subnet, "10.20.0.0/16", or "default"
---@param options? tiny.route_del.options
function tiny.route_del(dest, options) end

---@class tiny.routes.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Lists the routes of the main table, of both families (ip-route(8)).
---```lua
---for _, r in ipairs(tiny.routes()) do print(r.dst, r.via or "-", r.dev) end
---```
---@param options? tiny.routes.options
---@return table[] # a list of tables: `dst` ("10.0.0.0/8" or "default"), `dev`, `via`, `metric`, `family` ("ipv4" or "ipv6"); of a route with several ways `dev` and `via` are the first
function tiny.routes(options) end

---@class tiny.nat.options: table<"from"|"publish"|"hairpin"|"name"|"netns", any>
---@field from tiny.cidr the subnet, "10.10.0.0/24"
---@field publish? string[] ports: "8080:10.10.0.2:80", "5353:10.10.0.2:53/udp", or on one address "192.0.2.1:8080:10.10.0.2:80"; 127.0.0.1 reaches them once route_localnet is 1 for the bridge (default: none)
---@field hairpin? boolean the subnet's own members may call it by published ports, those of `tiny.publish` too (default: true with `publish`)
---@field name? string names the table, for nat_del (default: the subnet, as 10.10.0.0-24)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Gives a subnet's traffic the address of the link it leaves by (masquerading), and leads published ports into it, in an nftables table of its own, `inet tiny-NAME` (nft(8)). Packets also need forwarding: sysctl("net.ipv4.ip_forward", 1).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EEXIST: there is a nat of this name: give it another name, or remove that one with nat_del
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: this kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local nat <close> = tiny.nat { from = "10.10.0.0/24", publish = { "8080:10.10.0.2:80" } }
---```
---@param options tiny.nat.options
---@return tiny.nat # a nat handle: `name`; `<close>` removes the table
function tiny.nat(options) end

---@class tiny.nat_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Removes what `nat` made under this name, and nothing else (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: there is no nat of this name; `nft list tables` shows them as inet tiny-NAME
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.nat { from = "10.10.0.0/24", name = "web" }
---tiny.nat_del("web")
---```
---@param name string the name of the nat
---@param options? tiny.nat_del.options
function tiny.nat_del(name, options) end

---@class tiny.publish.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Leads a port of the machine to another address, as an element of a map in the nftables table `inet tiny-publish`, which is made when it is not there: a thousand ports cost a packet one lookup (nft(8)). Of a list all are published or none, in one step. 127.0.0.1 reaches an IPv4 port once route_localnet is 1 for the link that leads there. Packets also need forwarding, and callers in the same subnet `nat` with `hairpin`.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EEXIST: the port is published already: choose another, or take that one away with publish_del; tiny.published() lists them
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: this kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local port <close> = tiny.publish("8080:10.10.0.2:80")
---```
---@param port string|string[] "8080:10.10.0.2:80", "53:10.10.0.2:53/udp", "192.0.2.1:80:10.10.0.2:80", or a list of such
---@param options? tiny.publish.options
---@return tiny.published # a published handle: `port` (the string or the list); `<close>` takes the ports away
function tiny.publish(port, options) end

---@class tiny.publish_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Takes away what `publish` made of this port, when it still leads to this address (nft(8)), and ends the connections that came by it. The kernel takes some 10 ms for it, and no longer for a list; as much again where there were connections.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: a port is not published, or leads elsewhere; tiny.published() lists them; others of the list are gone
---* EINVAL: the port is gone, its connections go on: this kernel cannot list them; `modprobe nf_conntrack_netlink`, or CONFIG_NF_CT_NETLINK
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.publish("8080:10.10.0.2:80"):keep()
---tiny.publish_del("8080:10.10.0.2:80")
---```
---@param port string|string[] as `publish` took it, or a list
---@param options? tiny.publish_del.options
function tiny.publish_del(port, options) end

---@class tiny.published.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Lists the ports that `publish` made (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---for _, port in ipairs(tiny.published()) do print(port) end
---```
---@param options? tiny.published.options
---@return any[] # a list of strings as `publish` takes them, "/tcp" left out; empty without the table
function tiny.published(options) end

---@class tiny.publish_clear.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Removes the table `inet tiny-publish` when no port is published any more (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: there is no such table: nothing was published
---* EBUSY: a port is still published; tiny.published() lists them
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.publish("8080:10.10.0.2:80"):close()
---tiny.publish_clear()
---```
---@param options? tiny.publish_clear.options
function tiny.publish_clear(options) end

---@class tiny.isolate.options: table<"name"|"outbound"|"closed"|"netns", any>
---@field name? string names the table, for isolate_del; no nat may have it (default: the bridge's)
---@field outbound? boolean allow connections that start on the bridge, and those to published ports (default: false)
---@field closed? boolean also drop what the bridge sends to the machine itself, except ICMP and replies (default: false)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Drops what is forwarded between a bridge and any other link, in both directions, by an nftables table of its own, `inet tiny-NAME` (nft(8)). The machine itself still reaches the bridge, which need not be there yet. Tables of others see the packets too, and may drop what passes here.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EEXIST: there is a table of this name: give this one another, or remove that one with isolate_del or nat_del
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: this kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local br <close> = tiny.bridge("td0")
---local apart <close> = tiny.isolate(br, { outbound = true })
---```
---@param bridge tiny.bridge|string a name or a handle
---@param options? tiny.isolate.options
---@return tiny.isolation # an isolation handle: `name`, `bridge`; `<close>` removes the table
function tiny.isolate(bridge, options) end

---@class tiny.isolate_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Removes what `isolate` or `block_transit` made under this name (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: there is no isolation of this name; `nft list tables` shows them as inet tiny-NAME
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.isolate("td0"):keep()
---tiny.isolate_del("td0")
---```
---@param name string the name: the bridge's, unless another was given
---@param options? tiny.isolate_del.options
function tiny.isolate_del(name, options) end

---@class tiny.block_transit.options: table<"name"|"family"|"netns", any>
---@field name string names the table, for isolate_del; no nat may have it
---@field family string "ipv4" or "ipv6"
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Drops what is forwarded neither from nor to one of these links, by an nftables table of its own, `inet tiny-NAME` (nft(8)): a machine that forwards for its containers is then no router for its neighbours, whatever links it gets later. Replies and connections to published ports pass.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EEXIST: there is a table of this name: give this one another, or remove that one with isolate_del or nat_del
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: this kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local block <close> = tiny.block_transit({ "td" }, { name = "transit", family = "ipv4" })
---```
---@param own string[] prefixes of the names of the links that it forwards for
---@param options tiny.block_transit.options
---@return tiny.transit # a transit handle: `name`; `<close>` removes the table
function tiny.block_transit(own, options) end

---@class tiny.pin.options: table<"mac"|"addr"|"router"|"netns", any>
---@field mac string the hardware address that it sends from: that of the veth's other end
---@field addr string|string[] its address, or a list
---@field router? boolean it forwards packets: it may send from any other address too, though not claim it by ARP (default: false)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Restricts what a bridge port that veth_pair made with `pinned` may send: only frames from this hardware address and these addresses, in IPv4, IPv6, ARP and neighbour discovery. Router advertisements, redirects, VLAN tags and all other protocols are dropped. The link need not exist yet. All pins are in one nftables table, `bridge tiny-pins` (nft(8)), which the first one makes: while it exists, a `pinned` port without a pin sends nothing.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EOPNOTSUPP: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EAFNOSUPPORT: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---local pin <close> = tiny.pin("veth-web", { mac = "02:42:0a:0a:00:02", addr = "10.10.0.2" })
---```
---@param link tiny.bridge|tiny.veth|string the port, by its name or a handle
---@param options tiny.pin.options
---@return tiny.pin # a pin handle: `name`; `<close>` takes it away
function tiny.pin(link, options) end

---@class tiny.pin_del.options: table<"mac"|"addr"|"router"|"netns", any>
---@field mac string the hardware address that it sends from: that of the veth's other end
---@field addr string|string[] its address, or a list
---@field router? boolean it forwards packets: it may send from any other address too, though not claim it by ARP (default: false)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Removes what `pin` made with the same values (nft(8)). The port can then send nothing.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: it is not pinned to these; `nft list table bridge tiny-pins` shows what is
---* EOPNOTSUPP: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---tiny.pin("veth-web", { mac = "02:42:0a:0a:00:02", addr = "10.10.0.2" }):keep()
---tiny.pin_del("veth-web", { mac = "02:42:0a:0a:00:02", addr = "10.10.0.2" })
---```
---@param link tiny.bridge|tiny.veth|string the port, by its name or a handle
---@param options tiny.pin_del.options
function tiny.pin_del(link, options) end

---@class tiny.pin_clear.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Removes the table `bridge tiny-pins` when no port is pinned any more (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENOENT: there is no such table: nothing was pinned
---* EBUSY: a port is still pinned; `nft list table bridge tiny-pins` shows which
---* EOPNOTSUPP: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: this kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---tiny.pin("veth-web", { mac = "02:42:0a:0a:00:02", addr = "10.10.0.2" }):close()
---tiny.pin_clear()
---```
---@param options? tiny.pin_clear.options
function tiny.pin_clear(options) end

---@class tiny.nft_chains.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Lists the base chains of all nftables tables, also those of others (nft(8)). A packet passes all of a hook, and one that drops it has the last word.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EOPNOTSUPP: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: this kernel has no nftables, or not for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---for _, chain in ipairs(tiny.nft_chains()) do
---  if chain.policy == "drop" then print(chain.family, chain.table, chain.name) end
---end
---```
---@param options? tiny.nft_chains.options
---@return table[] # a list of tables: `table`, `family` ("ip", "ip6", "inet", "arp", "bridge", "netdev"), `name`, `type` ("filter", "nat", "route"), `hook` ("forward", …), `priority` (the smallest comes first), `policy` ("accept", "drop"); iptables-legacy has rules that are not among them
function tiny.nft_chains(options) end

---@class tiny.conntrack_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Makes the kernel forget the connections from and to an address, before or after translation (conntrack(8), -D). Those through a port that is published no longer end with it; without it they go on.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* EINVAL: this kernel cannot list its connections: `modprobe nf_conntrack_netlink`, or CONFIG_NF_CT_NETLINK
---```lua
---local cut = tiny.conntrack_del("10.10.0.2")
---```
---@param addr string the address, "10.10.0.2"
---@param options? tiny.conntrack_del.options
---@return any # how many they were
function tiny.conntrack_del(addr, options) end

---@class tiny.qdisc_set.options: table<"rate"|"burst"|"latency"|"delay"|"jitter"|"loss"|"netns", any>
---@field rate? integer|string bits per second, or "10mbit", "512kbit" (default: none)
---@field burst? tiny.size how much goes at once, at least one packet: "32k" (default: needed with `rate`)
---@field latency? tiny.duration how long a packet waits at most before it is dropped (default: needed with `rate`)
---@field delay? tiny.duration how long each packet takes (default: 0)
---@field jitter? tiny.duration by how much the delay varies (default: 0)
---@field loss? number which part of the packets is lost, 0 to 1 (default: 0)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Limits the rate of what leaves by a link (tc-tbf(8)), or makes it a bad line with delay and loss (tc-netem(8)), in place of what was set before. What arrives is limited at the link's other end.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EINVAL: the kernel does not take these values
---* EOPNOTSUPP: this kernel has none of the two: CONFIG_NET_SCHED, CONFIG_NET_SCH_TBF, CONFIG_NET_SCH_NETEM
---```lua
---local limit <close> = tiny.qdisc_set("veth-web", { rate = "10mbit", burst = "32k", latency = "50ms" })
---```
---@param link tiny.bridge|tiny.veth|string a name or a handle
---@param options? tiny.qdisc_set.options
---@return tiny.qdisc # a qdisc handle: `name` (the link's); `<close>` gives the link its first one back
function tiny.qdisc_set(link, options) end

---@class tiny.qdisc_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Takes away what `qdisc_set` made of a link (tc(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in a user namespace of your own
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* ENOENT: nothing was set for this link
---```lua
---tiny.qdisc_del("veth-web")
---```
---@param link tiny.bridge|tiny.veth|string a name or a handle
---@param options? tiny.qdisc_del.options
function tiny.qdisc_del(link, options) end

---@class tiny.reserve_port.options: table<"addr"|"netns", any>
---@field addr? string the address, "0.0.0.0", "::" (default: every IPv4 address)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Holds a port, so that no other program can take it, without using it: TCP does not listen (bind(2)). It is free again when the handle is closed or forgotten, or the process ends.
---* EADDRINUSE: another program has this port; `ss -lntup` shows which, and 0 takes any that is free
---* EACCES: ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start moves the border
---* EADDRNOTAVAIL: the address is on no link of this namespace; tiny.links() lists them
---```lua
---local port <close> = tiny.reserve_port("8080/tcp", { addr = "0.0.0.0" })
---```
---@param port string "8080/tcp", "53/udp"; without a protocol TCP; 0 for any that is free
---@param options? tiny.reserve_port.options
---@return tiny.reservation # a reservation handle: `port` (the number), `proto`
function tiny.reserve_port(port, options) end

---@class tiny.udp_bind.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Makes a socket for datagrams to and from anybody (udp(7)).
---* EADDRINUSE: another program has this port; `ss -lntup` shows which, and 0 takes any that is free
---* EACCES: ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start moves the border
---* EADDRNOTAVAIL: the address is on no link of this namespace; tiny.links() lists them
---```lua
---local udp <close> = tiny.udp_bind("127.0.0.1:0")
---```
---@param addr string "127.0.0.1:53", "[::1]:53"
---@param options? tiny.udp_bind.options
---@return tiny.udp # a udp handle: `port`; `:receive()`, `:send()`; for `poll` too
function tiny.udp_bind(addr, options) end

---Takes the next datagram, without waiting for one (recvfrom(2)).
---```lua
---local bytes, from = udp:receive()
---```
---@param udp tiny.udp what `udp_bind` returned
---@return string? # its bytes and its sender, "127.0.0.1:4242"; nil when none is there
function tiny.udp_receive(udp) end

---Sends a datagram (sendto(2)).
---* EMSGSIZE: a datagram has at most 65507 bytes
---* ENETUNREACH: no route of this namespace leads there
---* EPERM: a packet filter of this namespace refuses it
---```lua
---udp:send("hello", "127.0.0.1:4242")
---```
---@param udp tiny.udp what `udp_bind` returned
---@param data string the bytes
---@param to string the receiver, "127.0.0.1:4242"
function tiny.udp_send(udp, data, to) end

---@class tiny.tcp_listen.options: table<"backlog"|"netns", any>
---@field backlog? integer how many may wait to be taken (default: 64)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Listens for connections (listen(2)).
---* EADDRINUSE: another program has this port; `ss -lntup` shows which, and 0 takes any that is free
---* EACCES: ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start moves the border
---* EADDRNOTAVAIL: the address is on no link of this namespace; tiny.links() lists them
---```lua
---local listener <close> = tiny.tcp_listen("127.0.0.1:0")
---```
---@param addr string "127.0.0.1:53", "[::1]:53"
---@param options? tiny.tcp_listen.options
---@return tiny.listener # a listener handle: `port`; `:accept()`; ready in `poll` when somebody connects
function tiny.tcp_listen(addr, options) end

---Takes the next connection, without waiting for one (accept4(2)).
---* EMFILE: this process has too many open files
---```lua
---local client = listener:accept()
---```
---@param listener tiny.listener what `tcp_listen` returned
---@return tiny.file? # a file handle whose reads return at once, its `path` the caller's address; nil when nobody waits
function tiny.tcp_accept(listener) end

---@class tiny.tcp_connect.options: table<"timeout"|"nonblock"|"netns", any>
---@field timeout? tiny.duration how long at most (default: as long as the kernel tries)
---@field nonblock? boolean reads and writes return at once (default: false)
---@field netns? tiny.netns the network namespace to work in (default: the caller's)

---Connects to a listener (connect(2)).
---* ECONNREFUSED: nobody listens there
---* ETIMEDOUT: nothing answered: a packet filter on the way, or a machine that is off
---* ENETUNREACH: no route of this namespace leads there
---* EHOSTUNREACH: no machine on the link has this address
---```lua
---local far <close> = tiny.tcp_connect("127.0.0.1:80", { timeout = "1s" })
---```
---@param addr string "127.0.0.1:53", "[::1]:53"
---@param options? tiny.tcp_connect.options
---@return tiny.file # a file handle
function tiny.tcp_connect(addr, options) end

---Reads what a DNS query asks (RFC 1035).
---```lua
---local question = tiny.dns_question(bytes)
---```
---@param query string the bytes of a message, from anybody
---@return table? # a table: `id`, `name` (lower case, no final dot), `type` ("A", "AAAA", "PTR", …, "TYPE65280"), `recursion`, `max` (the longest answer that its sender can take by datagram, in bytes); nil for what is no query with exactly one question
function tiny.dns_question(query) end

---@class tiny.dns_answer.options: table<"addrs"|"names"|"code"|"ttl"|"max", any>
---@field addrs? string[] addresses: IPv4 for A, IPv6 for AAAA (default: none)
---@field names? string[] names, for PTR (default: none)
---@field code? "NOERROR"|"FORMERR"|"SERVFAIL"|"NXDOMAIN"|"NOTIMP"|"REFUSED" the result (default: "NOERROR")
---@field ttl? integer seconds for which the answer may be kept (default: 0)
---@field max? tiny.size the longest answer; what does not fit is left out, and the answer says so (default: 64k)

---Writes the answer to a DNS query: the addresses of the family that is asked for, names where a name is asked for, else nothing (RFC 1035).
---```lua
---local bytes = tiny.dns_answer(query, { addrs = { "10.10.0.2" }, ttl = 60, max = 512 })
---```
---@param query string the bytes of the query
---@param options? tiny.dns_answer.options
---@return any # the answer's bytes
function tiny.dns_answer(query, options) end

---@class tiny.sysctl.options: table<"netns", any>
---@field netns? tiny.netns the network namespace whose `net` keys are meant (default: the caller's)

---Reads a kernel setting below /proc/sys, or sets it when a value is given (sysctl(8), proc(5)). The keys of `net` belong to a network namespace, most others to the whole machine.
---* ENOENT: this kernel has no such setting; look below /proc/sys
---* EPERM: needs root in the user namespace that owns the setting; most belong to the machine's own
---* EACCES: needs root, or the setting can only be read (or only be written)
---* EROFS: /proc/sys is mounted read-only here, as in a container; set it from outside
---* EINVAL: the kernel does not take this value
---```lua
---local forward <close> = tiny.sysctl("net.ipv4.ip_forward", 1)
---print(tiny.sysctl("net.ipv4.ip_forward"))
---```
---@param key string "net.ipv4.ip_forward", with dots or slashes
---@param value? integer|string the new value
---@param options? tiny.sysctl.options
---@return any # without a value: the value as a string. With one: a sysctl handle with `key`, `value` and `old`; `<close>` sets the old value again
function tiny.sysctl(key, value, options) end

---Reads an address, with or without a prefix length, as its bytes in network order.
---```lua
---local bytes, prefix = tiny.parse_addr("10.10.0.0/24")
---```
---@param text string "10.10.0.2", "10.10.0.0/24" or "fd00::2"
---@return any # 4 or 16 bytes and the prefix length (32 or 128 without one); nil for what is no address
function tiny.parse_addr(text) end

---Writes the bytes of an address as text, IPv6 in its short form (RFC 5952).
---```lua
---local text = tiny.format_addr("\x0a\x0a\x00\x02")
---```
---@param bytes any 4 or 16 bytes in network order
---@return any # the address, "10.10.0.2"
function tiny.format_addr(bytes) end

-- Files

---@class tiny.read_file.options: table<"root"|"max", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field max? tiny.size refuse a larger file (default: 16m)

---Reads a whole regular file; a FIFO or device is refused (open(2), O_NONBLOCK).
---* EACCES: this user may not; tinylua's own files belong to root
---* EFBIG: the file is larger than `max`
---* EISDIR: it is a folder
---```lua
---local passwd = tiny.read_file("/etc/passwd", { root = "./rootfs" })
---```
---@param path string the file
---@param options? tiny.read_file.options
---@return string? # its bytes, or nil when it is missing
function tiny.read_file(path, options) end

---@class tiny.write_file.options: table<"root"|"mode"|"sync"|"exclusive", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field mode? integer the file's mode (default: 0o644)
---@field sync? boolean wait until file and name are on the disk (fdatasync(2), fsync(2)) (default: false)
---@field exclusive? boolean fail with EEXIST instead of replacing (default: false)

---Writes a whole file atomically: a temporary file, then rename(2); readers never see a half. A link of that name is replaced, not followed.
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---* ENOSPC: the disk is full; nothing was changed
---* EEXIST: the file is there already
---```lua
---tiny.write_file("state.json", tiny.json_encode { status = "running" }, { mode = tonumber("600", 8) })
---```
---@param path string the file
---@param data string its new bytes
---@param options? tiny.write_file.options
function tiny.write_file(path, data, options) end

---@class tiny.append_file.options: table<"mode", any>
---@field mode? integer the file's mode (default: 0o644)

---Appends to a file, made where it is missing, with one write (open(2), O_APPEND).
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---* ENOSPC: the disk is full; a part of the bytes may have been appended
---```lua
---tiny.append_file("undo.jsonl", tiny.json_encode { "link_del", "veth0" } .. "\n")
---```
---@param path string the file
---@param data string the bytes
---@param options? tiny.append_file.options
function tiny.append_file(path, data, options) end

---@class tiny.list_dir.options: table<"root"|"nofollow", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field nofollow? boolean follow no link on the way either (RESOLVE_NO_SYMLINKS): for a tree that somebody may change meanwhile (default: false)

---Lists the names in a folder, sorted (readdir(3)).
---* EACCES: this user may not; tinylua's own files belong to root
---* ENOTDIR: it is no folder
---* ELOOP: a part of the path is a link, and nofollow was asked
---```lua
---for _, name in ipairs(tiny.list_dir("/etc")) do print(name) end
---```
---@param path string the folder
---@param options? tiny.list_dir.options
---@return string[]? # a list of names, or nil when the folder is missing
function tiny.list_dir(path, options) end

---@class tiny.stat.options: table<"root"|"follow"|"nofollow", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field follow? boolean look at what a link points to (default: true)
---@field nofollow? boolean follow no link on the way either (RESOLVE_NO_SYMLINKS): for a tree that somebody may change meanwhile (default: false)

---Looks at a file (stat(2)).
---* EACCES: this user may not; tinylua's own files belong to root
---* ELOOP: a part of the path is a link, and nofollow was asked
---```lua
---local s = tiny.stat("./rootfs")
---assert(s and s.kind == "dir")
---```
---@param path string the file
---@param options? tiny.stat.options
---@return table? # a table: kind, size, mode, uid, gid, mtime, dev, ino, rdev; nil when it is missing
function tiny.stat(path, options) end

---@class tiny.mkdir.options: table<"root"|"mode"|"parents", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field mode? integer its mode (default: 0o755)
---@field parents? boolean make missing parents too; an existing folder is no error (default: false)

---Makes a folder (mkdir(2)).
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---* ENOSPC: the disk is full; nothing was changed
---* EEXIST: something of that name is there already
---```lua
---tiny.mkdir("/run/web", { parents = true })
---```
---@param path string the folder
---@param options? tiny.mkdir.options
function tiny.mkdir(path, options) end

---@class tiny.symlink.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)

---Makes a symbolic link at `path` (symlink(2)).
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---* EEXIST: something of that name is there already
---```lua
---tiny.symlink("/proc/self/fd", "/dev/fd")
---```
---@param target string what the link says
---@param path string the link
---@param options? tiny.symlink.options
function tiny.symlink(target, path, options) end

---@class tiny.readlink.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)

---Tells where a symbolic link points (readlink(2)).
---* ENOENT: the file or its folder is missing
---* EINVAL: it is no symbolic link
---```lua
---print(tiny.readlink("/proc/self/ns/net"))
---```
---@param path string the link
---@param options? tiny.readlink.options
---@return any # what the link says
function tiny.readlink(path, options) end

---@class tiny.chown.options: table<"root"|"uid"|"gid", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field uid integer the owner
---@field gid integer the group

---Changes owner and group of a file, of a link itself (chown(2)).
---* ENOENT: the file or its folder is missing
---* EPERM: needs CAP_CHOWN
---```lua
---tiny.chown("out.fifo", { uid = 1000, gid = 1000 })
---```
---@param path string the file
---@param options tiny.chown.options
function tiny.chown(path, options) end

---@class tiny.setxattr.options: table<"value", any>
---@field value string its bytes

---Sets an extended attribute of a file or folder, of a link itself (setxattr(2)).
---* ENOENT: the file or its folder is missing
---* EPERM: trusted.* needs CAP_SYS_ADMIN
---* EOPNOTSUPP: the file system has no such attributes
---```lua
---tiny.setxattr("upper/root", "trusted.overlay.opaque", { value = "y" })
---```
---@param path string the file
---@param name string the attribute, "trusted.overlay.opaque"
---@param options tiny.setxattr.options
function tiny.setxattr(path, name, options) end

---Renames a file or folder within its file system, replacing a file of the new name (rename(2)).
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---* EXDEV: the two are on different file systems
---* ENOTEMPTY: the new name is a folder that is not empty
---```lua
---tiny.rename("new", "current")
---```
---@param from string what there is
---@param to string its new name
function tiny.rename(from, to) end

---@class tiny.remove.options: table<"root"|"recursive", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean a folder with all that is in it (default: false)

---Removes a file, a link or an empty folder; with `recursive` a folder with all in it. Neither links nor mounts are followed (unlink(2), rmdir(2)).
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---* ENOTEMPTY: the folder is not empty; recursive = true takes all of it
---* EBUSY: something is mounted there
---```lua
---tiny.remove("/run/web", { recursive = true })
---```
---@param path string what to remove
---@param options? tiny.remove.options
function tiny.remove(path, options) end

---@class tiny.flock.options: table<"shared"|"wait"|"timeout", any>
---@field shared? boolean with other shared ones (default: false)
---@field wait? boolean wait for the other holder; otherwise return nil (default: true)
---@field timeout? tiny.duration how long to wait at most, by a timer whose signal is SIGALRM (default: as long as it takes)

---Takes a lock on a file, made where it is missing (flock(2)). A child that is forked meanwhile holds it too: it ends when all of them have closed it or ended, or with `unlock`.
---* ENOENT: the file or its folder is missing
---* EACCES: this user may not; tinylua's own files belong to root
---```lua
---local lock <close> = tiny.flock("/run/web.lock")
---```
---@param path string the lock file
---@param options? tiny.flock.options
---@return tiny.lock? # a lock handle, or nil when it is held still
function tiny.flock(path, options) end

---Releases a lock for all that hold it, also the children that inherited it (flock(2), LOCK_UN).
---```lua
---lock:unlock()
---```
---@param lock tiny.lock what `flock` returned
function tiny.unlock(lock) end

---@class tiny.copy_tree.options: table<"from_root"|"to_root"|"follow"|"archive"|"progress", any>
---@field from_root? tiny.dir|string the folder in which `from` is looked up (default: the caller's root)
---@field to_root? tiny.dir|string the folder in which `to` is looked up (default: the caller's root)
---@field follow? boolean where `from` is a link, copy what it points to (default: false)
---@field archive? boolean keep owners and set-id bits, and copy devices; otherwise what is made belongs to the caller (default: false)
---@field progress? function called with the bytes so far, ten times a second at most

---Copies a file, or a folder with all in it, so that the copy is what `to` names; a folder that is there is filled. In neither tree is a link followed; files appear whole or not at all, at the size that they had when they were found; holes stay holes (copy_file_range(2), openat2(2)).
---* ENOENT: the source, or the folder that is to hold the copy, is missing
---* EROFS: the target is mounted read-only
---* ENOSPC: the disk is full; no half file is left
---* EISDIR: a folder is there: name the new file in it
---* ENOTDIR: a file is there, and a folder takes no file's place
---* ELOOP: the tree was changed while it was copied
---* EFBIG: a file of the kernel's, as in /proc, has more than 64 MiB
---```lua
---tiny.copy_tree("site", "/srv/site", { to_root = "./rootfs" })
---```
---@param from string what is copied
---@param to string the copy, or a link to where it goes
---@param options? tiny.copy_tree.options
---@return table # a table: bytes, entries, sockets, which are left out, and changed, the files whose size changed meanwhile
function tiny.copy_tree(from, to, options) end

---@class tiny.copy_entries.options: table<"follow"|"max"|"total"|"redirect"|"except"|"access_as"|"keep_groups", any>
---@field follow? boolean where `from` is a link, copy what it points to (default: false)
---@field max? tiny.size leave larger files out (default: 4m)
---@field total? tiny.size the most that the copies take up together, each in full pages: a file that comes after that is not copied, and "left out" instead of its kind (default: no limit)
---@field redirect? string the lower layer of an overlay whose upper layer has the tree: each folder is made anew, and shows the original there (trusted.overlay.redirect) (default: folders are not copied)
---@field except? string[] folders that are not made
---@field access_as? integer read with the access of this user, and group: without capabilities over files and further groups (default: the caller)
---@field keep_groups? boolean with `access_as`: the caller's further groups stay (default: false)

---Copies regular files and links of some folders into a tree of the same shape, and says of each path what it is there: what is missing or may not be read is left out. The copies have the same permissions, without set-id bits, and belong to the caller; what is there already stays.
---* ENOENT: the folder that is to hold the copies is missing
---* ENOSPC: the disk is full; no half file is left
---* EPERM: `access_as` needs CAP_SETUID and CAP_SETGID
---```lua
---tiny.copy_entries({ ["/etc"] = { "passwd", "ld.so.*" } }, "./rootfs", { access_as = 65534 })
---```
---@param names table<string, string[]> by folder, names in it; a `*` stands for any part of a name
---@param to string the folder that takes the tree
---@param options? tiny.copy_entries.options
---@return table # a table: by path what `stat` calls its kind
function tiny.copy_entries(names, to, options) end

---@class tiny.mkdirs.options: table<"mode"|"opaque", any>
---@field mode? integer their mode; parents have 0755 (default: 0o755)
---@field opaque? boolean in an overlay's layer: nothing of lower ones is shown in them (trusted.overlay.opaque) (default: false)

---Makes folders below another, with their parents; those that are there stay as they are.
---* ENOENT: the source, or the folder that is to hold the copy, is missing
---* ENOSPC: the disk is full; no half file is left
---* EPERM: `opaque` needs CAP_SYS_ADMIN
---* ENOTDIR: a parent is no folder
---```lua
---tiny.mkdirs("./rootfs", { "/proc", "/sys", "/var/log" })
---```
---@param root string the folder that is to have them
---@param paths string[] what is made, seen from there
---@param options? tiny.mkdirs.options
function tiny.mkdirs(root, paths, options) end

---@class tiny.tar_pack.options: table<"root"|"to"|"name"|"follow"|"progress", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field to tiny.file the file or pipe that takes the stream
---@field name string what the packed is called in the archive
---@field follow? boolean where `from` is a link, copy what it points to (default: false)
---@field progress? function called with the bytes so far, ten times a second at most

---Packs a file, or a folder with all in it, as a tar stream in the GNU form (tar(5)). No link is followed.
---* ENOENT: the source, or the folder that is to hold the copy, is missing
---* EPIPE: whoever read the stream is gone
---* ELOOP: the tree was changed while it was copied
---* EFBIG: a file of the kernel's, as in /proc, has more than 64 MiB
---```lua
---local out <close> = tiny.open("site.tar", { write = true, create = true })
---tiny.tar_pack("site", { to = out, name = "site" })
---```
---@param from string what is packed
---@param options tiny.tar_pack.options
---@return table # a table: bytes, entries, sockets, which are left out, and changed, the files whose size changed meanwhile
function tiny.tar_pack(from, options) end

---@class tiny.tar_unpack.options: table<"root"|"from"|"archive"|"progress", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field from tiny.file the file or pipe with the stream
---@field archive? boolean keep owners and set-id bits, and copy devices; otherwise what is made belongs to the caller (default: false)
---@field progress? function called with the bytes so far, ten times a second at most

---Unpacks a tar stream into a folder. Links on the way to an entry lead within the root, or within the folder where there is none; files appear whole or not at all.
---* ENOENT: the source, or the folder that is to hold the copy, is missing
---* EROFS: the target is mounted read-only
---* ENOSPC: the disk is full; no half file is left
---* EISDIR: a folder is there: name the new file in it
---* ENOTDIR: a file is there, and a folder takes no file's place
---* EFBIG: an entry's names and extended headers have more than 1 MiB
---```lua
---local from <close> = tiny.open("site.tar")
---tiny.tar_unpack("/srv", { root = "./rootfs", from = from })
---```
---@param to string a folder that is there
---@param options tiny.tar_unpack.options
---@return table # a table: bytes, entries, sockets, which are left out, and changed, the files whose size changed meanwhile
function tiny.tar_unpack(to, options) end

---Returns random hexadecimal digits of the kernel (getrandom(2)).
---```lua
---local id = tiny.random_id()  -- "3f2a9c01b7de"
---```
---@param digits? integer how many, 2 to 128 and even; 12 when absent
---@return string # a string
function tiny.random_id(digits) end

---Reads a clock (clock_gettime(2)).
---```lua
---local start = tiny.clock("monotonic")
---```
---@param clock? "realtime"|"monotonic"|"boottime" realtime when absent
---@return number # seconds, as a float
function tiny.clock(clock) end

---Writes a moment as RFC 3339 in UTC, "2026-11-24T02:12:00.000000000Z".
---```lua
---print(tiny.timestamp())
---```
---@param seconds? number seconds since 1970; now when absent
---@return string # a string
function tiny.timestamp(seconds) end

---Reads an RFC 3339 time.
---```lua
---local age = tiny.clock() - tiny.parse_timestamp(config.created_at)
---```
---@param text string "2026-11-24T02:12:00Z"
---@return number? # seconds since 1970, or nil when it is not one
function tiny.parse_timestamp(text) end

---Returns the kernel's id of this boot: a pid of another boot means nothing (random(4)).
---```lua
---local boot = tiny.boot_id()
---```
---@return string # a string
function tiny.boot_id() end

---@class tiny.json_encode.options: table<"pretty"|"array", any>
---@field pretty? boolean with line breaks, for readers (default: false)
---@field array? boolean an empty table is a list (default: false)

---Writes a value as JSON (RFC 8259) on one line; an empty table is an object.
---```lua
---print(tiny.json_encode({ name = "web", ports = { 80, 443 } }, { pretty = true }))
---```
---@param value any what to write; what could not be read back as it was is refused
---@param options? tiny.json_encode.options
---@return string # a string
function tiny.json_encode(value, options) end

---Reads JSON (RFC 8259); null becomes nil.
---```lua
---local state = tiny.json_decode(tiny.read_file("state.json"))
---```
---@param text string the JSON
---@return any # the value, or nil and where it is wrong
function tiny.json_decode(text) end

---Computes the SHA-256 digest of a text (FIPS 180-4), as sha256sum(1) does of a file.
---```lua
---assert(tiny.sha256(""):sub(1, 8) == "e3b0c442")
---```
---@param data string the bytes
---@return any # 64 hexadecimal digits
function tiny.sha256(data) end

---@class tiny.read_json_files.options: table<"keys", any>
---@field keys? string[] of an object only these keys: sooner read, where a listing needs few (default: all)

---Reads the same few JSON files of each folder in a folder in one pass, for a store of many records. Names that begin with a dot are passed over, links are not followed.
---* EACCES: this user may not
---* ENOTDIR: it is no folder
---```lua
---for id, files in pairs(tiny.read_json_files("containers", { "state.json" })) do print(id, files["state.json"]) end
---```
---@param folder string the folder of folders
---@param names string[] the files' names
---@param options? tiny.read_json_files.options
---@return table # a table: each name in the folder with a table of its files' values; a file is absent there when it is missing or wrong (`json_decode` tells). nil when the folder is missing
function tiny.read_json_files(folder, names, options) end

-- Events

---@class tiny.open.options: table<"root"|"read"|"write"|"append"|"create"|"truncate"|"nonblock"|"nofollow"|"mode", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field read? boolean for reading (default: true without `write`)
---@field write? boolean for writing (default: false)
---@field append? boolean every write goes to the end (default: false)
---@field create? boolean make the file where it is missing (default: false)
---@field truncate? boolean empty it (default: false)
---@field nonblock? boolean reads and writes return at once (default: false)
---@field nofollow? boolean fail with ELOOP when the name is a link (default: false)
---@field mode? integer the mode of a new file (default: 0o644)

---Opens a file, FIFO or device (open(2)); always close-on-exec and never a controlling terminal.
---* ENOENT: the file is missing; create = true makes it
---* EACCES: this user may not
---* ENXIO: a FIFO without a reader, opened for writing with nonblock
---* ELOOP: it is a link, and nofollow was asked
---```lua
---local log <close> = tiny.open("web.log", { write = true, append = true, create = true })
---```
---@param path string the file
---@param options? tiny.open.options
---@return tiny.file # a file handle: `:read()`, `:write()`, `:close()`
function tiny.open(path, options) end

---@class tiny.open_device.options: table<"root"|"major"|"minor", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field major integer its number: the driver
---@field minor integer its number: which of the driver's

---Opens a character device for reading and writing, by a name that may be anybody's: only when it is the one with this number, and no link (openat2(2), fstat(2)).
---* ENODEV: something else has this name
---* ENOENT: nothing has this name
---* ELOOP: it is a link
---* EACCES: its file system has no devices (nodev), or this user may not
---* EPERM: the device rules of the control group forbid it
---```lua
---local null = tiny.open_device("/dev/null", { root = "./rootfs", major = 1, minor = 3 })
---```
---@param path string the device
---@param options tiny.open_device.options
---@return tiny.file # a file handle
function tiny.open_device(path, options) end

---Duplicates standard input, output or error into a handle (dup(2)).
---* EBADF: the caller started this process with that descriptor closed
---```lua
---local err = tiny.stdio(2)
---```
---@param number integer 0, 1 or 2
---@return tiny.file # a file handle
function tiny.stdio(number) end

---@class tiny.pipe.options: table<"nonblock"|"size", any>
---@field nonblock? "read"|"write" of which end the calls return at once (default: neither)
---@field size? tiny.size how much it is to hold, where the kernel's limits let it (pipe(7)) (default: the kernel's)

---Makes a pipe (pipe2(2)).
---```lua
---local from, into = tiny.pipe()
---```
---@param options? tiny.pipe.options
---@return tiny.file # a file handle for reading and one for writing
---@return tiny.file
function tiny.pipe(options) end

---@class tiny.read.options: table<"at", any>
---@field at? integer from this byte on, and leave that place (pread(2)) (default: the file's own place)

---Reads what is there, at most `max` bytes (read(2)).
---* EBADF: the file was not opened for reading
---* ESPIPE: a pipe has no places to read `at`
---* EIO: the far side of the terminal is gone
---```lua
---local text = file:read()
---```
---@param file tiny.file an open file
---@param max? tiny.size 64k when absent
---@param options? tiny.read.options
---@return string? # the bytes; nil at the end; false when nothing is there now (nonblock)
function tiny.read(file, max, options) end

---@class tiny.write.options: table<"wait", any>
---@field wait? boolean false: write once what fits now (a nonblock file) (default: true)

---Writes all bytes, waiting where the far side is full (write(2)).
---* EPIPE: the far side is closed
---* ENOSPC: the disk is full
---* EBADF: the file was not opened for writing
---```lua
---file:write("hello\n")
---```
---@param file tiny.file an open file
---@param data string the bytes
---@param options? tiny.write.options
---@return any # how many bytes were taken: all, or with wait = false what fitted, which may be 0
function tiny.write(file, data, options) end

---Makes an open file the process's standard input, output or error (dup2(2)).
---```lua
---tiny.dup2(tiny.open("/dev/null"), 0)
---```
---@param file tiny.file an open file
---@param number integer 0, 1 or 2
function tiny.dup2(file, number) end

---Tells whether standard input, output or error is a terminal (isatty(3)).
---```lua
---local colour = tiny.isatty(1)
---```
---@param number integer 0, 1 or 2
---@return boolean # a boolean
function tiny.isatty(number) end

---@class tiny.poll.options: table<"write"|"trim", any>
---@field write? tiny.file[] files to wait for until they take bytes (default: none)
---@field trim? boolean give memory back first, for a long sleep (MADV_DONTNEED of free pages, of the stack and the program) (default: false)

---Waits until one of the handles is ready: a file has something to read, a process has ended, a signal came, a watched file changed, a control file has news, a datagram or a caller is there, or one of `write` takes bytes (poll(2)).
---```lua
---for _, ready in ipairs(tiny.poll({ child, out }, "5s")) do handle(ready) end
---```
---@param handles (tiny.child|tiny.process|tiny.file|tiny.signals|tiny.watch|tiny.notice|tiny.udp|tiny.listener)[] what to wait for
---@param timeout? tiny.duration how long at most; absent, as long as it takes
---@param options? tiny.poll.options
---@return any # the ready ones, a list, and with `write` those that take bytes; empty when the time is over
function tiny.poll(handles, timeout, options) end

---@class tiny.signals.options: table<integer, any>
---@field [integer] tiny.signal the signals

---Takes signals as events: from now on they are read from the handle (signalfd(2)). A program executed later starts with none blocked.
---* EINVAL: SIGKILL and SIGSTOP cannot be taken
---```lua
---local signals <close> = tiny.signals { "SIGTERM", "SIGINT" }
---```
---@param options tiny.signals.options
---@return tiny.signals # a signals handle: `:next()`; `<close>` gives the signals their effect back
function tiny.signals(options) end

---@class tiny.unblock_signals.options: table<integer, any>
---@field [integer] tiny.signal the signals

---Lets signals take their effect again; one that came meanwhile takes it now (sigprocmask(2), SIG_UNBLOCK).
---* EINVAL: 0 is no signal
---```lua
---tiny.unblock_signals { "SIGTERM", "SIGINT" }
---```
---@param options tiny.unblock_signals.options
function tiny.unblock_signals(options) end

---Takes the next signal that came (signalfd(2)).
---```lua
---local name, sender = signals:next()
---```
---@param signals tiny.signals what `signals` returned
---@return any # its name and the sender's pid (0: the kernel, as for Ctrl-C); nil when none is pending
function tiny.next_signal(signals) end

---@class tiny.watch.options: table<integer, any>
---@field [integer] string the files and folders

---Watches files and folders for changes (inotify(7)).
---* ENOENT: there is no such file
---* ENOSPC: the limit in /proc/sys/fs/inotify/max_user_watches is reached
---```lua
---local watch <close> = tiny.watch { "web.log" }
---```
---@param options tiny.watch.options
---@return tiny.watch # a watch handle: `:changes()`
function tiny.watch(options) end

---Takes what changed since the last time (inotify(7)).
---```lua
---for _, name in ipairs(watch:changes()) do print(name) end
---```
---@param watch tiny.watch what `watch` returned
---@return string[] # a list of names in watched folders, "" for a watched file itself
function tiny.changes(watch) end

---@class tiny.cgroup_notice.options: table<"trigger", any>
---@field trigger? string when to tell: "some 150000 2000000" (microseconds stalled, in a window of so many) for pressure; on v1 "medium" for memory.pressure_level, bytes for memory.usage_in_bytes (default: any change)

---Asks the kernel to tell of news in a control file of a control group: on v2 of any change of a file of events, or of pressure beyond a trigger; on v1 by cgroup.event_control. The files' names are the kernel's on this host.
---* ENOENT: there is no such group or file; pressure needs a kernel that measures it (`tinylua doctor`)
---* EINVAL: the file does not tell of news, or takes no such trigger; an unprivileged one has windows of 2 s
---* EOPNOTSUPP: the kernel does not measure pressure: boot with psi=1 (`tinylua doctor`)
---* EACCES: run as root
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version ~= "v1" then
---  local news <close> = tiny.cgroup_notice(web, "cgroup.events")
---end
---```
---@param group tiny.cgroup|string a cgroup handle, or a path from the top of every hierarchy as the caller sees it mounted
---@param file string "memory.events", "cgroup.events", "memory.pressure" …; on v1 "memory.oom_control", "memory.pressure_level", "memory.usage_in_bytes"
---@param options? tiny.cgroup_notice.options
---@return tiny.notice # a notice handle for `poll`: `:take()`
function tiny.cgroup_notice(group, file, options) end

---Takes the news of a control file, so that `poll` waits for the next.
---```lua
---local text = notice:take()
---```
---@param notice tiny.notice what `cgroup_notice` returned
---@return any # what the file says now; nil when its group is gone
function tiny.take_notice(notice) end

-- Sockets

---@class tiny.socketpair.options: table<"type"|"nonblock", any>
---@field type? "stream"|"seqpacket" "seqpacket": each write is a message, which one read takes whole (default: "stream")
---@field nonblock? boolean reads and writes return at once (default: false)

---Makes two sockets that are connected with each other (socketpair(2)).
---```lua
---local mine, theirs = tiny.socketpair { type = "seqpacket" }
---```
---@param options? tiny.socketpair.options
---@return tiny.file # two file handles
---@return tiny.file
function tiny.socketpair(options) end

---@class tiny.unix_listen.options: table<"type"|"nonblock", any>
---@field type? "stream"|"seqpacket" "seqpacket": each write is a message, which one read takes whole (default: "stream")
---@field nonblock? boolean reads and writes return at once (default: false)

---Makes a socket at `path` that only its owner may connect to, and listens (unix(7)). Its name stays until `remove`.
---* EADDRINUSE: something is at that path; remove it when its owner is gone
---* ENOENT: the folder is missing
---```lua
---local listener <close> = tiny.unix_listen("/run/web/attach")
---```
---@param path string the socket's name, of any length
---@param options? tiny.unix_listen.options
---@return tiny.file # a file handle, ready in `poll` when somebody connects
function tiny.unix_listen(path, options) end

---@class tiny.unix_accept.options: table<"nonblock", any>
---@field nonblock? boolean reads and writes return at once (default: false)

---Takes the next connection (accept4(2)).
---* EINVAL: the file is no listening socket
---* EMFILE: this process has too many open files
---```lua
---local client = tiny.unix_accept(listener)
---```
---@param listener tiny.file what `unix_listen` returned
---@param options? tiny.unix_accept.options
---@return tiny.file? # a file handle; nil when nobody waits and the listener is nonblock
function tiny.unix_accept(listener, options) end

---@class tiny.unix_connect.options: table<"type"|"nonblock", any>
---@field type? "stream"|"seqpacket" "seqpacket": each write is a message, which one read takes whole (default: "stream")
---@field nonblock? boolean reads and writes return at once (default: false)

---Connects to a socket by its path (connect(2)).
---* ENOENT: there is no such socket
---* ECONNREFUSED: whoever listened there is gone
---* EPROTOTYPE: the listener's type is another
---```lua
---local far <close> = tiny.unix_connect("/run/web/attach")
---```
---@param path string the socket's name, of any length
---@param options? tiny.unix_connect.options
---@return tiny.file # a file handle
function tiny.unix_connect(path, options) end

---Sends an open file to the process at the far side of a socket (unix(7), SCM_RIGHTS).
---* EPIPE: the far side is closed
---* ENOTSOCK: the first file is no socket
---```lua
---tiny.send_fd(socket, tiny.open("web.log"))
---```
---@param socket tiny.file a socket
---@param file tiny.file what to send; the caller's own stays open
function tiny.send_fd(socket, file) end

---Receives an open file from the far side of a socket (unix(7), SCM_RIGHTS).
---* ENOMSG: a message without a file came
---* EAGAIN: nothing is there now (nonblock)
---* ENOTSOCK: the file is no socket
---```lua
---local file = tiny.recv_fd(socket)
---```
---@param socket tiny.file a socket
---@return tiny.file? # a file handle; nil when the far side is closed
function tiny.recv_fd(socket) end

-- Output

---@class tiny.pump.options: table<"dir"|"max_size"|"max_files", any>
---@field dir string the folder of the FIFOs and spools
---@field max_size? tiny.size begin a new log file at this size (default: none)
---@field max_files? integer how many log files are kept, the current one counted; 1: it is begun anew (default: 2)

---Opens the way of a container's output: the FIFOs `stdout` and `stderr` in a folder, a spool beside each, and the log, one JSON object a line (lines that come in a burst are one object). Bytes move by splice(2), so that a SIGKILL loses and doubles none: a pump opened later goes on where the log ends.
---* ENOENT: the FIFOs are missing: mknod makes them
---* ESPIPE: the spool was emptied while the log stayed
---```lua
---local pump <close> = tiny.pump("container.log", { dir = "/run/web" })
---```
---@param log string the log file
---@param options tiny.pump.options
---@return tiny.pump # a pump handle; its fields `stdout` and `stderr` are the FIFOs, to `poll` for
function tiny.pump(log, options) end

---@class tiny.pump_move.options: table<"keep", any>
---@field keep? boolean return the bytes as well (default: false)

---Moves what a stream's FIFO holds to the log, at most 1 MiB; a line without its end waits in the spool.
---* ENOSPC: the disk is full; nothing is lost, the FIFO and the spool keep it
---```lua
---local more = pump:move("stdout")
---```
---@param pump tiny.pump what `pump` returned
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_move.options
---@return boolean # whether the FIFO may hold more, the bytes where they are kept (else nil), and how many came
---@return string?
---@return integer
function tiny.pump_move(pump, stream, options) end

---@class tiny.pump_drop.options: table<"keep", any>
---@field keep? boolean return the bytes as well (default: false)

---Throws away what a stream's FIFO holds, at most 1 MiB, where the log cannot be written and the container is not to wait. The log says how many bytes were lost as soon as `pump_move` can write it again.
---```lua
---local _, _, lost = pump:drop("stdout")
---```
---@param pump tiny.pump what `pump` returned
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_drop.options
---@return boolean # whether the FIFO may hold more, the bytes where they are kept (else nil), and how many were thrown away
---@return string?
---@return integer
function tiny.pump_drop(pump, stream, options) end

---@class tiny.pump_finish.options: table<"keep", any>
---@field keep? boolean return the bytes as well (default: false)

---Moves all that is left of a stream to the log; a last line without its end is marked partial.
---* ENOSPC: the disk is full; the spool keeps what is not in the log
---```lua
---pump:finish("stdout")
---```
---@param pump tiny.pump what `pump` returned
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_finish.options
---@return any # false, the bytes where they are kept (else nil), and how many came
function tiny.pump_finish(pump, stream, options) end

---@class tiny.terminal_filter.options: table<"whole_lines", any>
---@field whole_lines? boolean let a carriage return pass only before a line's end: something else is at the line's beginning (default: false)

---Makes a filter for what a program writes, on its way to a terminal that is not the program's own. Control characters, escape sequences, bytes that are no UTF-8 and Unicode's bidi controls become visible text; line ends, tabs, carriage returns and colours (SGR sequences of at most 40 bytes) pass, and colours end with each line and each piece.
---```lua
---local filter = tiny.terminal_filter()
---io.write(filter:text("\27[2J"))
---```
---@param options? tiny.terminal_filter.options
---@return tiny.filter # a filter handle: `:text()`
function tiny.terminal_filter(options) end

---@class tiny.filter_text.options: table<"last", any>
---@field last? boolean the stream ends here: nothing waits (default: false)

---Tells what a terminal may be shown of a stream's next bytes. A character or sequence that is cut waits for its rest.
---```lua
---io.write(filter:text(bytes))
---```
---@param filter tiny.filter what `terminal_filter` returned
---@param bytes string the bytes
---@param options? tiny.filter_text.options
---@return string # the text
function tiny.filter_text(filter, bytes, options) end

---Readies a way for bytes from one file to another through this process, which neither side gets a descriptor of the other's by. What `into` does not take stays in the relay, at most 128 KiB, and nothing more is read.
---```lua
---local relay <close> = tiny.relay(tiny.stdio(0), into)
---```
---@param from tiny.file where bytes come from
---@param into tiny.file where they go
---@return tiny.relay # a relay handle; its fields are `from` and `into`
function tiny.relay(from, into) end

---@class tiny.relay_move.options: table<"rest", any>
---@field rest? boolean what `from` holds at the first such call is the last, whoever has it open for writing still (default: false)

---Moves what is there and what fits, at most about 1 MiB, and waits for nothing.
---* EPIPE: nobody reads what comes out of `into`
---* ENOSPC: the disk is full
---* EISDIR: `from` is a folder
---```lua
---if relay:move() == "into" then tiny.poll({}, 1, { write = { relay.into } }) end
---```
---@param relay tiny.relay what `relay` returned
---@param options? tiny.relay_move.options
---@return any # what to wait for before the next call: "from" (bytes), "into" (room); nil when all is moved
function tiny.relay_move(relay, options) end

-- Host

---Tells what this kernel and host offer: it only asks, nothing is made, loaded or run. A feature that comes as a module is true, "module" (it can be loaded) or false.
---```lua
---local host = tiny.probe()
---print(host.kernel.release, host.cgroup.mode, host.filesystems.overlay)
---```
---@return table # a table: kernel, euid, capabilities, cgroup, namespaces, userns, filesystems, calls, security, network
function tiny.probe() end

-- Terminal

---@class tiny.read_line.options: table<"history"|"lua"|"names"|"strings", any>
---@field history? string the file that keeps what was entered; the arrow keys recall it (default: none)
---@field lua? boolean the input is Lua: it goes on while the chunk is incomplete, Tab completes names, and Ctrl-C interrupts what is run next, which may be a call that waits; children that it forks stand in a process group of their own and read /dev/null (default: false)
---@field names? table of Lua input: the table whose names are completed (default: the globals)
---@field strings? function of Lua input: given a function's name and the beginning of a string in its call, returns a list of what the string can be, or nil for files; given "NAME {" and the beginning of a key, a list of "key: text" (default: none)

---Asks the person at the terminal for a line, which can be edited (termios(3)). Where standard input is no terminal it reads a line of it, and shows no prompt.
---* EIO: the terminal is gone
---* EBADF: standard input is closed
---```lua
---if tiny.read_line("Remove web? [y/N] ") ~= "y" then return 1 end
---```
---@param prompt string what to show before the input
---@param options? tiny.read_line.options
---@return string? # the text; nil at the end (Ctrl-D); false when it was given up (Ctrl-C)
function tiny.read_line(prompt, options) end

---@class tiny.openpty.options: table<"root"|"nonblock", any>
---@field root? tiny.dir|string resolve the path below this folder; links cannot lead out of it (default: the caller's root)
---@field nonblock? boolean reads and writes of the master return at once (default: false)

---Makes a pseudo-terminal in a mounted devpts, found by descriptor: nothing but a devpts is opened, so that a container cannot put a file of its own in the way (pts(4), TIOCGPTPEER).
---* ENOTTY: there is no devpts at that path; mount_devpts mounts one
---* EXDEV: something is mounted over its ptmx
---* ENOSPC: its ptys are used up (/proc/sys/kernel/pty/max)
---```lua
---local master, slave = tiny.openpty("/dev/pts")
---```
---@param devpts string where the devpts is mounted
---@param options? tiny.openpty.options
---@return tiny.file # two file handles: the master, and the slave, whose `path` is its name in that devpts
---@return tiny.file
function tiny.openpty(devpts, options) end

---Makes a terminal the controlling one of the caller's session: its Ctrl-C, its job control and /dev/tty are that session's (ioctl_tty(2), TIOCSCTTY).
---* ENOTTY: it is no terminal; isatty tells
---* EPERM: the caller is no session leader (setsid), or its session has a terminal
---```lua
---tiny.setsid()
---tiny.set_controlling_terminal(slave)
---```
---@param file tiny.file a terminal, such as the slave of openpty
function tiny.set_controlling_terminal(file) end

---Gives the terminal at standard input to the process group of a child, which gets one of its own where it has none: it reads the keys and gets Ctrl-C (tcsetpgrp(3)). Without a child the caller's own group gets it back, at a prompt in the mode that this found.
---* ENOTTY: standard input is no terminal, or another session's
---* EPERM: the child is in another session
---* EACCES: the child runs a program already, in the caller's own group
---* ESRCH: the child has ended
---```lua
---tiny.set_foreground(child)
---local status = child:wait()
---tiny.set_foreground()
---```
---@param child? tiny.child who reads; a child that was stopped for reading goes on
function tiny.set_foreground(child) end

---@class tiny.terminal_size.options: table<"rows"|"cols", any>
---@field rows? integer the new number of rows, up to 65535 (default: as it is)
---@field cols? integer the new number of columns, up to 65535 (default: as it is)

---Tells a terminal's size, or sets it; a change sends SIGWINCH to its foreground processes (ioctl_tty(2), TIOCGWINSZ, TIOCSWINSZ).
---* ENOTTY: it is no terminal; isatty tells
---```lua
---local rows, cols = tiny.terminal_size(tiny.stdio(1))
---```
---@param file tiny.file a terminal, either side of a pty
---@param options? tiny.terminal_size.options
---@return integer # rows and columns, as they are then
---@return integer
function tiny.terminal_size(file, options) end

---Makes a standard stream's terminal pass every byte on as it is, without echo, lines or signals (cfmakeraw(3)).
---* ENOTTY: it is no terminal; isatty tells
---* EIO: the terminal is gone, or the caller is in the background of it
---```lua
---local raw <close> = tiny.raw_mode(0)
---```
---@param number integer 0, 1 or 2
---@return tiny.terminal_mode # a terminal_mode handle; `<close>` sets the mode before
function tiny.raw_mode(number) end

---Sets the mode of a standard stream's terminal: the flags and control characters that `raw_mode` found before it (tcsetattr(3)).
---* ENOTTY: it is no terminal; isatty tells
---* EINVAL: the text is no mode
---* EIO: the terminal is gone
---```lua
---local raw = tiny.raw_mode(0)
---tiny.set_terminal_mode(0, raw.undo[3])
---```
---@param number integer 0, 1 or 2
---@param mode string hexadecimal numbers with colons between them, as `stty -g` writes them
function tiny.set_terminal_mode(number, mode) end

-- Manual

---@class tiny.manual.options: table<"format", any>
---@field format? "text"|"markdown"|"man"|"lua" for whom; an entry is text (default: text)

---Writes the manual's entry of a primitive; without a name the index by family, the whole reference (markdown), the page tinylua-primitives(7) (man) or the stubs for editors (lua).
---```lua
---print(tiny.manual("clone"))
---```
---@param name? string a primitive, "clone", or a method, "child:wait"
---@param options? tiny.manual.options
---@return string? # a string, or nil when there is no such primitive
function tiny.manual(name, options) end

---@class tiny.sources.options: table<"below", any>
---@field below? boolean also those in the folders below, as "net/bridge" (default: false)

---Lists the Lua files in a folder of the search path and of the binary, without `.lua`.
---```lua
---for _, name in ipairs(tiny.sources("scripts")) do print(name) end
---```
---@param folder string a folder below scripts or lua: commands, modules or recipes
---@param options? tiny.sources.options
---@return string[] # a list of names, sorted
function tiny.sources(folder, options) end

---@class tiny.source.options: table<"shipped", any>
---@field shipped? boolean the copy in the binary, whatever overrides it (default: false)

---Reads a Lua file as `require` and the commands find it: on the search path, or else in the binary.
---```lua
---local text = tiny.source("lua/tiny/container.lua")
---```
---@param path string the file, "scripts/run.lua"
---@param options? tiny.source.options
---@return string? # the text and the file's path (nil for the copy in the binary), or nil when there is none
function tiny.source(path, options) end

---Tells the user's folder on the search path; what lies there wins over the binary's Lua.
---```lua
---print(tiny.config_dir())  -- /root/.config/tinylua
---```
---@return string? # a string, or nil when neither XDG_CONFIG_HOME nor HOME is set
function tiny.config_dir() end

-- Control

---Calls `f` with the arguments that follow and returns its results, or nil and the error value.
---```lua
---local ok, err = tiny.try(tiny.mount_proc, "/proc")
---if err then print(err.code, err.hint) end
---```
---@param f function what to call
---@param ... any
---@return any # the results of `f`, or nil and an error value
function tiny.try(f, ...) end

---Throws an error value: a message, a format string with its arguments, or a table with `message`, `hint` and `exit`.
---```lua
---tiny.fail { message = "no rootfs given", hint = "pass a folder", exit = 2 }
---```
---@param what string|table the message or the error's fields
---@param ... any
---@return never # never: it throws
function tiny.fail(what, ...) end

---@class tiny.load_recipe.options: table<"text"|"modules"|"folder", any>
---@field text? string the recipe's text: no file is read, `path` is a name for errors (default: what the file has)
---@field modules? table<string, { path: string, text: string }> beside `text`: modules that `require` finds before all others, by their names
---@field folder? string beside `text`: an absolute path, where the other modules are looked for (default: none)

---Reads and compiles a recipe without running it; `require` then also finds modules in its folder, which is held: later, in a container's root, they are still the host's, and nothing is loaded by a path. A bare name that is no file means the shipped recipe of that name.
---* ENOENT: a path to a file, or a shipped recipe's name: `tinylua doc recipes` lists them
---* EISDIR: a recipe is a file
---* EFBIG: it has at most 16 MiB
---```lua
---local recipe = tiny.load_recipe("hello.lua")
---return recipe()
---```
---@param path string the recipe's file
---@param options? tiny.load_recipe.options
---@return fun(args?: string[]): any # the recipe as a function, and its text
---@return string
function tiny.load_recipe(path, options) end

---Lists the modules of the user's own that `require` has loaded in this process: those beside the recipe and those on the search path, but no other version of a shipped one.
---```lua
---for _, module in ipairs((tiny.loaded_modules())) do print(module.name, module.path, #module.text) end
---```
---@return any[] # a list of { name, path, text } in the order of loading, and the folder of the recipe that was loaded last
function tiny.loaded_modules() end

---Compiles a Lua text without running it, and tells which globals it uses, and which fields of `tiny`.
---```lua
---for _, use in ipairs(tiny.chunk_globals("print(x)", "x.lua")) do print(use.name, use.line) end
---```
---@param text string the text
---@param name string the file's name, for errors
---@return any[]? # a list of { name = "tiny.mount_proc", line, written }, or nil and the syntax error
function tiny.chunk_globals(text, name) end

---Tells the place in the user's file that is being executed, "web.lua:12".
---```lua
---print(tiny.caller())
---```
---@return string? # a string, or nil when no user's file is
function tiny.caller() end

---@class tiny.error_frame.options: table<"chunk"|"text"|"colours"|"width", any>
---@field chunk? string the name of a chunk that was no file, as places have it (default: none)
---@field text? string that chunk's text (default: none)
---@field colours? boolean with escape sequences for colours (default: false)
---@field width? integer the columns of the terminal (default: 80)

---Writes an error as it is shown on a terminal: its sentence, the lines of the user's file around its place with the call marked, and the hint.
---```lua
---local _, err = tiny.try(tiny.mount_proc, "/nope")
---print(tiny.error_frame(err))
---```
---@param error table an error value, as `try` returns it
---@param options? tiny.error_frame.options
---@return string # a string; the error without lines where its place is in no user's file
function tiny.error_frame(error, options) end

---Turns on or off that each primitive is printed on standard error with its time, as `--trace` does; the children that are forked meanwhile do the same.
---* EBADF: standard error is closed
---```lua
---local before = tiny.trace_calls(true)
---tiny.getpid()
---tiny.trace_calls(before)
---```
---@param on boolean whether calls are printed from now on
---@return any # whether they were before
function tiny.trace_calls(on) end

---Ends what `--trace` prints for this process, and lets go of the standard error that it had kept (dup3(2)).
---* ENOENT: there is no /dev/null to put in its place
---```lua
---tiny.stop_trace()
---```
function tiny.stop_trace() end

---Writes any value on one line as a reader would, with control bytes escaped.
---```lua
---print(tiny.show { name = "web" })
---```
---@param value? any what to write
---@return string # a string
function tiny.show(value) end

---Reads a size: bytes, or a string with k, m, g or t (binary multiples).
---```lua
---local bytes = tiny.parse_size("1.5g")
---```
---@param size any "128m" or a whole number
---@return integer? # bytes, or nil and what is wrong
function tiny.parse_size(size) end

---Reads a duration: seconds, or a string such as "1m30s" or "500ms".
---```lua
---local seconds = tiny.parse_duration("1m30s")
---```
---@param duration any "10s" or a number
---@return number? # seconds, or nil and what is wrong
function tiny.parse_duration(duration) end

---Finds the word of a list that is closest to a misspelt one.
---```lua
---print(tiny.did_you_mean("hostnme", { "hostname", "name" }))
---```
---@param word string what was written
---@param words string[] what there is
---@return any # the closest, or nil when none is close
function tiny.did_you_mean(word, words) end

---Tells what the arguments of a call say about it, without the call: why it would be refused before the kernel is asked, and which kind of handle it returns. Without a name it returns the value that stands for one that is not known, as an argument or in a table.
---```lua
---local unknown = tiny.foresee()
---print(tiny.foresee("sethostname", { 7, n = 1 }))
---```
---@param name? string a primitive, "clone", or a method, "child:wait"
---@param args? table its arguments, as table.pack makes them; `n` counts them
---@return any # the refusal or nil, and the handle's kind or nil; false when there is no such primitive
function tiny.foresee(name, args) end

return tiny
