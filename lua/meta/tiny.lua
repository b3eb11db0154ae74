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

---Moves a process with all its threads into a cgroup (cgroup.procs, cgroups(7)). Its children are not moved. To start a child in a cgroup, pass the cgroup to `clone`: clone({ cgroup = group }, …).
---* EBUSY: a v2 cgroup that enables controllers for its children takes no processes: attach to one of its children
---* ESRCH: the process has ended
---* EOPNOTSUPP: the cgroup has become threaded, because a cgroup above it has both processes and controllers
---* ENOSPC: the cgroup's cpuset has no CPUs or no memory nodes: write cpuset.cpus and cpuset.mems first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---local child <close> = tiny.fork(function() tiny.exec { "sleep", "1" } end)
---tiny.cgroup_attach(web, child)
---child:reap()
---```
---@param process? tiny.child|tiny.process a child or process handle; the caller when absent
function cgroup:attach(process) end

---Kills every process in a cgroup and below it with SIGKILL, and waits until none is left. It freezes the cgroup and uses pidfd_send_signal(2); a frozen cgroup is thawed. The file cgroup.kill is used only when the cgroup is removed (cgroup_del with kill), since Linux 6.18 also kills what `clone` later puts into such a cgroup.
---* EDEADLK: move the caller out of the cgroup first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.cgroup_kill(web)
---```
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires
function cgroup:kill(timeout) end

---Freezes every process in a cgroup and below it, and waits until all are frozen (cgroup.freeze; on v1 freezer.state). The processes are not notified; SIGKILL still ends them.
---* EDEADLK: move the caller out of the cgroup first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires: the remaining processes freeze later
function cgroup:freeze(timeout) end

---Resumes the processes of a frozen cgroup.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires or a cgroup above it is frozen
function cgroup:thaw(timeout) end

---Limits the memory of a cgroup; at the limit the kernel reclaims pages and then kills a process (memory.max; on v1 memory.limit_in_bytes). The kernel rounds the limit down to whole pages. If the cgroup already uses more, v2 kills and v1 fails with EBUSY.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---```
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function cgroup:set_memory_limit(limit) end

---Limits the swap that a cgroup uses in addition to its memory (memory.swap.max). On v1 the limit is the sum of both (memory.memsw.limit_in_bytes), so call set_memory_limit first. 0 disables swap.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---tiny.set_swap_limit(web, 0)
---```
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function cgroup:set_swap_limit(limit) end

---Limits the CPU time of a cgroup to a number of processors; above it the processes are throttled until the next period (cpu.max; on v1 cpu.cfs_quota_us).
---* EINVAL: the quota is below 1 ms per period, or a parent cgroup has a smaller share
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_cpu_limit(web, 0.5, { period = "50ms" })
---```
---@param cpus number|"unlimited" the number of processors, for example 0.5; or "unlimited"
---@param options? tiny.set_cpu_limit.options
function cgroup:set_cpu_limit(cpus, options) end

---Limits the number of processes and threads in a cgroup; at the limit clone(2) fails with EAGAIN (pids.max).
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_pids_limit(web, 64)
---```
---@param count integer|"unlimited" at least 1, or "unlimited"
function cgroup:set_pids_limit(count) end

---Lets the processes of a cgroup use only the given devices: all are denied, and the last rule that matches decides. On v1 this is the devices controller; on v2 it is a BPF program attached to the cgroup (bpf(2)). Device files that are already open stay usable.
---* EPERM: run as root; on v1 a cgroup cannot allow a device that its parent denies
---* EINVAL: the kernel has no BPF programs for device access (CONFIG_CGROUP_BPF)
---* EOPNOTSUPP: v1 ignores a rule for a part of the devices of an earlier one; write rules that do not overlap
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_device_rules(web, { { type = "char", major = 1, minor = 3, access = "rw" } })
---```
---@param options tiny.set_device_rules.options
function cgroup:set_device_rules(options) end

---Returns the resource usage of a cgroup and how often its limits took effect. The figures stay readable after its processes have ended, until the cgroup is removed.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web", { controllers = { "memory" } })
---print(tiny.cgroup_stats(web).memory)
---```
---@param options? tiny.cgroup_stats.options
---@return table # a table: memory, memory_peak, memory_limit, swap, swap_limit (bytes), oom_kills, pids, pids_peak, pids_limit, pids_refused (failed forks), cpu_seconds, user_seconds, system_seconds, throttled (periods), throttled_seconds, read_bytes, write_bytes, reads, writes (of block devices), populated, frozen; a field is absent where no controller counts it or no limit is set
function cgroup:stats(options) end

---Reads a control file of a cgroup as text (cgroups(7)). The file name starts with its controller and is the one of this host: v1 and v2 differ.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---print(tiny.cgroup_read(web, "cgroup.procs"))
---```
---@param file string "memory.stat", "cgroup.procs" …
---@return string # a string
function cgroup:read(file) end

---Writes control files of a cgroup that have no specific primitive (cgroups(7)). Each value is written as it is.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version == "v2" then
---  tiny.cgroup_write(web, { ["memory.high"] = "67108864", ["cpu.weight"] = "50" })
---end
---```
---@param files table<string, string> file names and their values, written in the order of the names
function cgroup:write(files) end

---Asks the kernel for notifications from a control file of a cgroup (cgroups(7)). On v2 these are changes of an event file, or pressure above a trigger; on v1 they come through cgroup.event_control. The file names are those of this host.
---* ENOENT: there is no such cgroup or file; pressure files need a kernel that measures pressure (`tinylua doctor`)
---* EINVAL: the file has no notifications, or does not accept this trigger; without privilege the window must be a multiple of 2 s
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
---@return tiny.notice # a notice handle for `poll`: `:read()`
function cgroup:notice(file, options) end

---@class tiny.child: tiny.handle
local child = {}

---Waits for a child to end, reaps it, and throws the error that its function threw, if any (waitid(2)).
---* ECHILD: it is not a child of this process, or was already waited for
---```lua
---local status, signal = child:wait()
---```
---@param timeout? tiny.duration the longest time to wait
---@param options? tiny.wait.options
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing when the timeout expires. With `usage`, a third result: a table with user_seconds, system_seconds, rss_peak (bytes, of the largest process), voluntary_switches, involuntary_switches
---@return string?
function child:wait(timeout, options) end

---Waits until a child runs its program, calls `notify_ready` or ends. An error that it threw before is thrown here.
---```lua
---child:wait_ready()  -- now the program runs
---```
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires
function child:wait_ready(timeout) end

---Kills a child with SIGKILL and waits for its end, like `<close>`. A child that has ended is only reaped.
---```lua
---tiny.reap(child)
---```
function child:reap() end

---Sends a signal through a pidfd, which never reaches another process with the same pid (pidfd_send_signal(2)).
---* ESRCH: the process has ended
---* EPERM: the process belongs to another user
---```lua
---tiny.kill(child, "SIGTERM")
---```
---@param signal? tiny.signal the signal; SIGTERM when absent; 0 only checks whether the process exists
---@param options? tiny.kill.options
function child:kill(signal, options) end

---@class tiny.closed_port: tiny.handle
local closed_port = {}

---@class tiny.dir: tiny.handle
local dir = {}

---@class tiny.fence: tiny.handle
local fence = {}

---@class tiny.file: tiny.handle
local file = {}

---Reads the available bytes, at most `max` (read(2)).
---* EBADF: the file was not opened for reading
---* ESPIPE: a pipe has no offset; read it without `at`
---* EIO: the other end of the terminal is closed
---```lua
---local text = file:read()
---```
---@param max? tiny.size 64k when absent
---@param options? tiny.read.options
---@return string? # the bytes; nil at the end of the file; false when nothing is available now (nonblock)
function file:read(max, options) end

---Writes all bytes; blocks while the pipe or socket is full (write(2)).
---* EPIPE: the reading end is closed
---* ENOSPC: the disk is full
---* EBADF: the file was not opened for writing
---```lua
---file:write("hello\n")
---```
---@param data string the bytes
---@param options? tiny.write.options
---@return any # the number of bytes written: all of them, or with wait = false as many as fitted, possibly 0
function file:write(data, options) end

---@class tiny.filter: tiny.handle
local filter = {}

---Filters the next bytes of a stream. An incomplete character or sequence is kept until the rest arrives.
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

---Accepts the next connection without blocking (accept4(2)).
---* EMFILE: this process has too many open files
---```lua
---local client = listener:accept()
---```
---@return any # a nonblocking file handle whose `path` is the peer's address; nil when no connection is waiting
function listener:accept() end

---@class tiny.lock: tiny.handle
local lock = {}

---Releases a lock for all processes that share it, including children that inherited it (flock(2), LOCK_UN).
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

---@class tiny.nflog: tiny.handle
local nflog = {}

---Reads the next reports without blocking. Their contents come from the sender of the packet: they need not be true.
---* EBADF: the handle is not open
---```lua
---local packets = log:receive()
---```
---@return any[] # a list of packets: `prefix` (of the rule), `from`, `to`, `protocol` (its number), `from_port`, `to_port`, `link` (the index of the link that it arrived on), `uid`; fields that a packet does not have are absent. The list has `lost` = true if the kernel has dropped reports. nil when there are none
function nflog:receive() end

---@class tiny.nft_watch: tiny.handle
local nft_watch = {}

---Whether something was removed from nftables since the last call, by any program including this one.
---* EBADF: the handle is not open
---```lua
---if watch:changed() then print(#tiny.nft_chains()) end
---```
---@return boolean # a boolean
function nft_watch:changed() end

---@class tiny.notice: tiny.handle
local notice = {}

---Reads the control file of a notice, which clears the notification: `poll` then waits for the next one.
---```lua
---local text = notice:read()
---```
---@return any # the content of the file; nil when its cgroup has been removed
function notice:read() end

---Reads the control file of a notice, which clears the notification: `poll` then waits for the next one.
---```lua
---local text = notice:read()
---```
---@return any # the content of the file; nil when its cgroup has been removed
---@deprecated notice:take is now notice:read; the old name goes in version 0.2
function notice:take() end

---@class tiny.ns: tiny.namespace
local ns = {}

---@class tiny.pin: tiny.handle
local pin = {}

---@class tiny.process: tiny.handle
local process = {}

---Waits for the end of a process that is not a child, and returns its exit status (pidfd_open(2)). The status is read from /proc while the process is a zombie, and with PIDFD_GET_INFO afterwards.
---```lua
---local status, signal = process:exit_status()
---```
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing if it was reaped on a kernel older than 6.15
---@return string?
function process:exit_status() end

---Waits for the end of a process that is not a child, and returns its exit status (pidfd_open(2)). The status is read from /proc while the process is a zombie, and with PIDFD_GET_INFO afterwards.
---```lua
---local status, signal = process:exit_status()
---```
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing if it was reaped on a kernel older than 6.15
---@return string?
---@deprecated process:exit is now process:exit_status; the old name goes in version 0.2
function process:exit() end

---@class tiny.published: tiny.handle
local published = {}

---@class tiny.pump: tiny.handle
local pump = {}

---Moves the content of a stream's FIFO to the log, at most 1 MiB. An incomplete line waits in the spool.
---* ENOSPC: the disk is full; no bytes are lost, they stay in the FIFO and the spool
---```lua
---local more = pump:move("stdout")
---```
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_move.options
---@return boolean # whether the FIFO may hold more, the bytes with `keep` (else nil), and the number of bytes moved
---@return string?
---@return integer
function pump:move(stream, options) end

---Discards the content of a stream's FIFO, at most 1 MiB, for a log that cannot be written while the container must not block. The number of lost bytes is logged as soon as `pump_move` can write again.
---```lua
---local _, _, lost = pump:drop("stdout")
---```
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_drop.options
---@return boolean # whether the FIFO may hold more, the bytes with `keep` (else nil), and the number of bytes discarded
---@return string?
---@return integer
function pump:drop(stream, options) end

---Moves the rest of a stream to the log; an incomplete last line is marked as partial.
---* ENOSPC: the disk is full; the spool keeps the rest
---```lua
---pump:finish("stdout")
---```
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_finish.options
---@return any # false, the bytes with `keep` (else nil), and the number of bytes moved
function pump:finish(stream, options) end

---@class tiny.qdisc: tiny.handle
local qdisc = {}

---@class tiny.relay: tiny.handle
local relay = {}

---Moves the available bytes, at most about 1 MiB, without blocking.
---* EPIPE: the reading end of `into` is closed
---* ENOSPC: the disk is full
---* EISDIR: `from` is a directory
---```lua
---if relay:move() == "into" then tiny.poll({}, 1, { write = { relay.into } }) end
---```
---@param options? tiny.relay_move.options
---@return any # what to wait for before the next call: "from" (bytes to read) or "into" (space to write); nil when all is moved
function relay:move(options) end

---@class tiny.reservation: tiny.handle
local reservation = {}

---@class tiny.response: tiny.handle
local response = {}

---Reads the whole body of a response.
---* EMSGSIZE: the body is larger than `limit`
---* ETIMEDOUT: the server or a firewall does not reply; `timeout` and `stall` are limits
---* ECONNRESET: the server closed the connection; try again
---* EPROTO: the server does not speak HTTP, or TLS for https; check the URL's scheme and port
---```lua
---local text = response:read("4m")
---```
---@param limit tiny.size the most bytes to accept
---@return any # the body
function response:read(limit) end

---Writes the body of a response to a file while it arrives, and hashes it. After an error the file keeps what has arrived.
---* EFBIG: the file would be larger than `limit`
---* ENOSPC: the disk is full
---* ETIMEDOUT: the server or a firewall does not reply; `timeout` and `stall` are limits
---* ECONNRESET: the server closed the connection; try again
---* EPROTO: the server does not speak HTTP, or TLS for https; check the URL's scheme and port
---```lua
---local saved = response:save("layer.tar.gz", { limit = "1g" })
---```
---@param file string|tiny.file a path, or a file that is open for reading and writing
---@param options? tiny.http_save.options
---@return table # a table: `bytes` (the size of the file), `digest` ("sha256:" and 64 hexadecimal digits)
function response:save(file, options) end

---@class tiny.route: tiny.handle
local route = {}

---@class tiny.signals: tiny.handle
local signals = {}

---Takes the next pending signal (signalfd(2)).
---```lua
---local name, sender = signals:next()
---```
---@return any # its name and the sender's pid (0: sent by the kernel, as for Ctrl-C); nil when none is pending
function signals:next() end

---@class tiny.splicer: tiny.handle
local splicer = {}

---Adds a connection to a splicer. With `tls` or `http` the client's bytes are checked before they pass: the ClientHello, also a second one, and each request must name this host. HTTP to another protocol (Upgrade, CONNECT) must be the first request, and is not checked once the server has agreed.
---* EOPNOTSUPP: a side is not a TCP socket
---* ENOTSOCK: a side is not a socket
---```lua
---local server = tiny.tcp_connect("192.0.2.1:443", { wait = false })
---local number, why = splicer:add(client, server, { data = bytes, tls = hello.name })
---```
---@param client tiny.file one side; the handle is closed
---@param server tiny.file the other side, which may still be connecting (`wait = false`); the handle is closed
---@param options? tiny.splicer_add.options
---@return any # the number of the connection; nil and the reason if `data` is refused: both sides are reset
function splicer:add(client, server, options) end

---Moves what can be moved now, without blocking. Call it when the splicer is ready in `poll`.
---```lua
---for _, ended in ipairs(splicer:turn()) do print(ended.number, ended.received) end
---```
---@return any[] # a list of the connections that have ended, and how many are left. Each has `number`, `sent` and `received` (bytes that went to the server and to the client), `reset` (a side or a check reset it), `refused` (why the check did)
function splicer:turn() end

---Resets all connections of a splicer.
---```lua
---splicer:reset()
---```
---@return any[] # a list of them, as from `splicer_turn`, and 0
function splicer:reset() end

---@class tiny.terminal_mode: tiny.handle
local terminal_mode = {}

---@class tiny.timens: tiny.namespace
local timens = {}

---@class tiny.transit: tiny.handle
local transit = {}

---@class tiny.udp: tiny.handle
local udp = {}

---Receives the next datagram without blocking (recvfrom(2)).
---```lua
---local bytes, from = udp:receive()
---```
---@return string? # its bytes and its sender, such as "127.0.0.1:4242"; nil when none is waiting
function udp:receive() end

---Sends a datagram (sendto(2)).
---* EMSGSIZE: a datagram has at most 65507 bytes; send a shorter one
---* ENETUNREACH: this namespace has no route to the address
---* EPERM: a packet filter of this namespace rejects it
---```lua
---udp:send("hello", "127.0.0.1:4242")
---```
---@param data string the bytes
---@param to string the receiver, such as "127.0.0.1:4242"
function udp:send(data, to) end

---@class tiny.userns: tiny.namespace
local userns = {}

---@class tiny.utsns: tiny.namespace
local utsns = {}

---@class tiny.veth: tiny.handle
local veth = {}

---@class tiny.watch: tiny.handle
local watch = {}

---Returns what has changed since the last call (inotify(7)).
---```lua
---for _, name in ipairs(watch:changes()) do print(name) end
---```
---@return any[] # a list of the names changed in watched directories, and "" for a watched file itself
function watch:changes() end

-- Processes

---@class tiny.clone.options: table<"user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"cgroupns"|"time"|"oom_score_adj"|"outlives", any>
---@field user? boolean|tiny.namespace user namespace: true (new, with the caller as its root) or a userns handle (join; `userns` sets other maps)
---@field pid? boolean|tiny.namespace pid namespace; the child of a new one is its PID 1
---@field net? boolean|tiny.namespace network namespace
---@field mount? boolean|tiny.namespace mount namespace
---@field uts? boolean|tiny.namespace UTS namespace: hostname and domain name
---@field ipc? boolean|tiny.namespace IPC namespace: System V IPC and POSIX message queues
---@field cgroup? boolean|tiny.namespace|tiny.cgroup true: a new cgroup namespace; a cgroup handle: the child starts in that cgroup
---@field cgroupns? boolean with a cgroup handle: a new cgroup namespace whose root is that cgroup
---@field time? boolean|tiny.namespace time namespace; a timens handle sets offsets
---@field oom_score_adj? integer the OOM killer's adjustment for the child, set from its start (proc_pid_oom_score_adj(5)) (default: the caller's)
---@field outlives? boolean the child of a recipe may outlive the recipe's process; by default it ends by SIGKILL with it (`unwind_on_signals`) (default: false)

---Forks a child into new or existing namespaces and runs `body` there (clone3(2)). The function does not return into the parent: its integer result is the exit status, and an error that it throws is thrown by the parent's `wait`.
---* EPERM: needs CAP_SYS_ADMIN: run as root, or also create a user namespace (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---* EAGAIN: the process limit (setrlimit nproc, or the cgroup's pids.max) is reached
---* EDEADLK: the process has another thread, and only a single-threaded process can fork here
---* EACCES: a lower OOM score needs CAP_SYS_RESOURCE; an unsealed program must call tiny.seal() first
---```lua
---local child <close> = tiny.clone({ pid = true, uts = true }, function()
---  tiny.sethostname("tiny")
---  tiny.exec { "hostname" }
---end)
---return child:wait()
---```
---@param options tiny.clone.options
---@param body function runs in the child; `tiny.exec` replaces it by a program
---@return tiny.child # a child handle: `pid`, `:wait()`, `:wait_ready()`, `:kill()`; `<close>` kills and reaps it
function tiny.clone(options, body) end

---Forks a child in the caller's own namespaces and runs `body` there (fork(2)). It is `clone` with only the option `outlives`.
---* EAGAIN: the limit of processes is reached (setrlimit nproc, or the cgroup's pids.max)
---```lua
---local child <close> = tiny.fork(function() return 7 end)
---assert(child:wait() == 7)
---```
---@param body function runs in the child
---@return tiny.child # a child handle
function tiny.fork(body) end

---@class tiny.exec.options: table<integer|"env"|"file"|"keep_fds"|"last", any>
---@field [integer] string the program, looked up in PATH unless it contains a slash, and its arguments
---@field env? table<string, string> the complete environment of the program (default: the caller's environment)
---@field file? string the file to execute, if the first word is only the name that the program sees (argv[0]) (default: the first word)
---@field keep_fds? integer how many descriptors after standard error stay open (like LISTEN_FDS), if the caller passed them (`inherited_fds`) (default: 0)
---@field last? function called when nothing but execve(2) is left to do: to install a system call filter

---Replaces the process by a program (execve(2)). Only descriptors 0, 1 and 2, and those set by `dup2`, stay open, and signals have their default actions.
---* EINVAL: a descriptor set by `dup2` must be below the limit of open files (setrlimit nofile)
---* ENOENT: check the name and PATH inside the container's root; a script also needs its interpreter there
---* EACCES: the file is not executable, or its file system is mounted noexec
---* ENOEXEC: the file is not an executable; a script needs a first line such as #!/bin/sh
---```lua
---tiny.exec { "/bin/sh", "-c", "echo $GREETING", env = { GREETING = "hello" } }
---```
---@param options tiny.exec.options
---@return any # does not return; an error when the program cannot be run
function tiny.exec(options) end

---Returns the descriptors above standard error that this process got from its caller and has kept open. `exec` passes them on with `keep_fds`.
---```lua
---for _, number in ipairs(tiny.inherited_fds()) do print(number) end
---```
---@return any[] # a list of numbers in ascending order
function tiny.inherited_fds() end

---@class tiny.wait.options: table<"usage", any>
---@field usage? boolean also return what it used, with its descendants that were waited for (getrusage(2)) (default: false)

---Waits for a child to end, reaps it, and throws the error that its function threw, if any (waitid(2)).
---* ECHILD: it is not a child of this process, or was already waited for
---```lua
---local status, signal = child:wait()
---```
---@param child tiny.child a handle returned by `clone` or `fork`
---@param timeout? tiny.duration the longest time to wait
---@param options? tiny.wait.options
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing when the timeout expires. With `usage`, a third result: a table with user_seconds, system_seconds, rss_peak (bytes, of the largest process), voluntary_switches, involuntary_switches
---@return string?
function tiny.wait(child, timeout, options) end

---Waits until a child runs its program, calls `notify_ready` or ends. An error that it threw before is thrown here.
---```lua
---child:wait_ready()  -- now the program runs
---```
---@param child tiny.child a handle returned by `clone` or `fork`
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires
function tiny.wait_ready(child, timeout) end

---In a child: reports to the parent's `wait_ready` that the setup is complete. Later errors are not passed to the parent.
---```lua
---local child = tiny.fork(function() tiny.notify_ready(); serve() end)
---```
function tiny.notify_ready() end

---Kills a child with SIGKILL and waits for its end, like `<close>`. A child that has ended is only reaped.
---```lua
---tiny.reap(child)
---```
---@param child tiny.child a handle returned by `clone` or `fork`
function tiny.reap(child) end

---Runs as the init process (PID 1) of a pid namespace for one child (pid_namespaces(7)). It forwards every signal, reaps orphans, and exits with the child's status. An error that the child throws is thrown by the caller's own `wait`. To lose no signals, block them before the fork (`signals`). The caller's environment is erased, then all descriptors above standard error are closed, so that other processes of the namespace cannot find them; a child can wait for this on a pipe.
---* EINVAL: call it in the function of a clone with pid = true
---```lua
---tiny.clone({ pid = true }, function()
---  local child = tiny.fork(function() tiny.exec { "sh" } end)
---  tiny.become_init(child)
---end)
---```
---@param child tiny.child a handle returned by `fork`
---@return any # does not return; an error when the caller is not PID 1
function tiny.become_init(child) end

---Sets the command line that ps(1) shows for this process (setproctitle(3)). The title replaces the arguments in /proc/PID/cmdline. /proc/PID/environ becomes empty, so that secrets in the environment cannot be read there. The part before the colon becomes the process name (/proc/PID/comm, 15 bytes). The process and the programs it executes keep their environment. Commands start with the title `tinylua: COMMAND`.
---```lua
---tiny.set_process_title("tinylua: supervisor of web")
---```
---@param title string the title, such as "tinylua: supervisor of web"
function tiny.set_process_title(title) end

---@class tiny.kill.options: table<"group", any>
---@field group? boolean signal the whole process group of a child that leads it and was not waited for (kill(2)) (default: false)

---Sends a signal through a pidfd, which never reaches another process with the same pid (pidfd_send_signal(2)).
---* ESRCH: the process has ended
---* EPERM: the process belongs to another user
---```lua
---tiny.kill(child, "SIGTERM")
---```
---@param process tiny.child|tiny.process a child or process handle
---@param signal? tiny.signal the signal; SIGTERM when absent; 0 only checks whether the process exists
---@param options? tiny.kill.options
function tiny.kill(process, signal, options) end

---Returns the number of a signal on this architecture (signal(7)).
---```lua
---assert(tiny.signal_number("KILL") == 9)
---```
---@param signal tiny.signal "SIGTERM", "term" or a number
---@return integer # an integer
function tiny.signal_number(signal) end

---@class tiny.pidfd_open.options: table<"start_time", any>
---@field start_time? integer its start time as returned by `process_start_time`, in clock ticks since boot

---Opens a process by its pid (pidfd_open(2)). With `start_time`, only if it is still the same process.
---```lua
---local p = tiny.pidfd_open(state.pid, { start_time = state.pid_start })
---```
---@param pid integer a pid in the caller's pid namespace
---@param options? tiny.pidfd_open.options
---@return tiny.process? # a process handle, or nil when there is no such process
function tiny.pidfd_open(pid, options) end

---Waits for the end of a process that is not a child, and returns its exit status (pidfd_open(2)). The status is read from /proc while the process is a zombie, and with PIDFD_GET_INFO afterwards.
---```lua
---local status, signal = process:exit_status()
---```
---@param process tiny.process a handle returned by `pidfd_open`
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing if it was reaped on a kernel older than 6.15
---@return string?
function tiny.process_exit_status(process) end

---Waits for the end of a process that is not a child, and returns its exit status (pidfd_open(2)). The status is read from /proc while the process is a zombie, and with PIDFD_GET_INFO afterwards.
---```lua
---local status, signal = process:exit_status()
---```
---@param process tiny.process a handle returned by `pidfd_open`
---@return integer # the exit status (128 + n after signal n) and the signal's name or nil; nothing if it was reaped on a kernel older than 6.15
---@return string?
---@deprecated tiny.process_exit is now tiny.process_exit_status; the old name goes in version 0.2
function tiny.process_exit(process) end

---Returns the start time of a process in clock ticks since boot (proc(5), stat field 22). The pid, the start time and the boot id identify a process uniquely.
---```lua
---local started = tiny.process_start_time(tiny.getpid())
---```
---@param pid integer a pid in the caller's pid namespace
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
---* EPERM: the process is already a process group leader; fork first
---```lua
---tiny.fork(function() tiny.setsid() end)
---```
function tiny.setsid() end

---Leaves the session keyring for that with this name, which is created if it is missing (keyctl(2), session-keyring(7)). A process inherits the keyring of its parent, with all keys in it.
---* EDQUOT: this user has too many keys (/proc/sys/kernel/keys/maxkeys)
---* ENOSYS: the kernel has no keyrings (CONFIG_KEYS)
---* EPERM: a name that begins with a dot is the kernel's; or a system call filter forbids keyctl(2)
---```lua
---tiny.join_session_keyring("web")
---```
---@param name string the name; one that begins with a dot is refused
function tiny.join_session_keyring(name) end

---Sets the hostname of the caller's UTS namespace (sethostname(2)). In the initial namespace this renames the host.
---* EPERM: needs CAP_SYS_ADMIN over the UTS namespace: clone with uts = true
---```lua
---tiny.sethostname("web")
---```
---@param name string the name
function tiny.sethostname(name) end

---@class tiny.setrlimit.options: table<"hard", any>
---@field hard? tiny.size|"unlimited" the hard limit (default: the same as the soft limit)

---Sets a resource limit of the calling process (setrlimit(2)).
---* EPERM: raising a hard limit needs CAP_SYS_RESOURCE
---* EINVAL: the soft limit is above the hard limit; raise `hard` too
---```lua
---tiny.setrlimit("nofile", 1024, { hard = 4096 })
---```
---@param resource "as"|"core"|"cpu"|"data"|"fsize"|"locks"|"memlock"|"msgqueue"|"nice"|"nofile"|"nproc"|"rss"|"rtprio"|"rttime"|"sigpending"|"stack" the resource
---@param soft tiny.size|"unlimited" the soft limit, in the resource's unit
---@param options? tiny.setrlimit.options
function tiny.setrlimit(resource, soft, options) end

---Sets the mode bits that files which this process creates do not get (umask(2)). `write_file`, `mkdir` and others that take a mode set exactly that mode.
---```lua
---tiny.umask(tonumber("22", 8))
---```
---@param mask integer the bits as an integer: tonumber("22", 8)
---@return any # the previous mask
function tiny.umask(mask) end

---@class tiny.reset_process.options: table<"umask"|"limits"|"close_fds", any>
---@field umask integer the mode bits that new files do not get (umask(2))
---@field limits? table<string, { soft: tiny.size|"unlimited", hard: tiny.size|"unlimited" }> resource limits by name, as { soft = …, hard = … } (default: none)
---@field close_fds? boolean also close the caller's descriptors above standard error (default: false)

---Replaces what the process has inherited from its caller by the state of a service; its children inherit that. Ignored signals get their default actions, except SIGPIPE, which tinylua ignores and `exec` resets. The umask and the given resource limits are set. The scheduling policy, the nice value and the I/O priority are the usual ones (sched(7)), the CPUs are those of PID 1, the personality is that of Linux, the OOM score adjustment is 0, and the session keyring is new and empty. Without the privilege for it a lower priority, a higher OOM score and lower hard limits stay.
---* EDQUOT: the user has too many keyrings; raise kernel.keys.maxkeys (sysctl)
---```lua
---tiny.reset_process { umask = tonumber("22", 8), limits = { core = { soft = 0, hard = 0 } } }
---```
---@param options tiny.reset_process.options
function tiny.reset_process(options) end

---@class tiny.setuser.options: table<"gid"|"groups"|"keep_caps", any>
---@field gid? integer the group id (default: the same number as the uid)
---@field groups? integer[] the supplementary group ids (default: none)
---@field keep_caps? boolean keep the permitted capabilities for set_caps; execve(2) drops them (default: false)

---Changes the user of the process permanently: supplementary groups, group and user, in this order (setgroups(2), setresgid(2), setresuid(2)).
---* EPERM: needs CAP_SETUID and CAP_SETGID: run as root, or in a user namespace that maps the ids
---* EINVAL: the id is not mapped in this user namespace
---```lua
---tiny.setuser(65534, { gid = 65534 })
---```
---@param uid integer the user id
---@param options? tiny.setuser.options
function tiny.setuser(uid, options) end

---Prevents this process and its descendants from gaining privileges by execve(2): set-user-ID bits and file capabilities have no effect (prctl(2), PR_SET_NO_NEW_PRIVS).
---```lua
---tiny.no_new_privs()
---```
function tiny.no_new_privs() end

---Sets whether processes of the same user may trace this process and read its memory, files and program through /proc (prctl(2), PR_SET_DUMPABLE). execve(2) allows it again.
---```lua
---tiny.set_dumpable(false)
---```
---@param dumpable boolean false: only processes with CAP_SYS_PTRACE may
function tiny.set_dumpable(dumpable) end

---Sets the signal that this process receives when its parent ends (prctl(2), PR_SET_PDEATHSIG).
---* ESRCH: the parent has already ended, so the signal would never come; only a child in the same pid namespace sees this
---```lua
---tiny.set_parent_death_signal("SIGKILL")
---```
---@param signal tiny.signal the signal; 0 for none
function tiny.set_parent_death_signal(signal) end

---@class tiny.set_scheduler.options: table<"policy"|"nice"|"priority"|"flags"|"runtime"|"deadline"|"period", any>
---@field policy "other"|"fifo"|"rr"|"batch"|"iso"|"idle"|"deadline" the policy; Linux reserves "iso" and has not got it
---@field nice? integer the nice value of "other" and "batch" (default: 0)
---@field priority? integer the priority of "fifo" and "rr", from 1 to 99 (default: 0)
---@field flags? ("reset-on-fork"|"reclaim"|"dl-overrun"|"keep-policy"|"keep-params"|"util-clamp-min"|"util-clamp-max")[] flags of sched_setattr(2) (default: none)
---@field runtime? integer nanoseconds of CPU time in each period of "deadline" (default: 0)
---@field deadline? integer nanoseconds in which the process gets `runtime` (default: 0)
---@field period? integer nanoseconds from one period to the next (default: `deadline`)

---Sets the scheduling policy of the calling process (sched_setattr(2), sched(7)).
---* EPERM: a higher priority needs CAP_SYS_NICE, or the limits `rtprio` and `nice` (setrlimit); "deadline" also needs all CPUs of the cpuset
---* EINVAL: the policy does not exist, or not with these values (sched_setattr(2))
---* EBUSY: the CPUs have no such bandwidth left for "deadline"
---```lua
---tiny.set_scheduler { policy = "batch", nice = 10 }
---```
---@param options tiny.set_scheduler.options
function tiny.set_scheduler(options) end

---@class tiny.set_io_priority.options: table<"class"|"priority", any>
---@field class "realtime"|"best-effort"|"idle" the class
---@field priority? integer the priority in this class; 0 is the highest (default: 0)

---Sets the I/O scheduling class and priority of the calling process (ioprio_set(2)).
---* EPERM: "realtime" needs CAP_SYS_NICE
---```lua
---tiny.set_io_priority { class = "best-effort", priority = 7 }
---```
---@param options tiny.set_io_priority.options
function tiny.set_io_priority(options) end

---Limits the calling process to the given CPUs (sched_setaffinity(2)). CPUs that do not exist or are not in the cpuset of the cgroup are left out.
---* EINVAL: the process may use none of these CPUs
---```lua
---tiny.set_cpu_affinity("0")
---```
---@param cpus string numbers and ranges, such as "0-3,7"
function tiny.set_cpu_affinity(cpus) end

---@class tiny.personality.options: table<"domain", any>
---@field domain "LINUX"|"LINUX32" "LINUX32": uname(2) shows a 32-bit machine

---Sets the execution domain of the calling process (personality(2)).
---```lua
---tiny.personality { domain = "LINUX32" }
---```
---@param options tiny.personality.options
function tiny.personality(options) end

---@class tiny.set_memory_policy.options: table<"mode"|"nodes"|"flags", any>
---@field mode "default"|"preferred"|"bind"|"interleave"|"local"|"preferred-many"|"weighted-interleave" the mode
---@field nodes? string numbers and ranges of nodes, such as "0-1" (default: none)
---@field flags? ("numa-balancing"|"relative-nodes"|"static-nodes")[] how the nodes are read, and balanced (default: none)

---Sets from which NUMA nodes the calling process gets its memory (set_mempolicy(2)).
---* EINVAL: the nodes do not exist, the mode needs or takes none, or this kernel lacks the mode or a flag
---* ENOSYS: the kernel has no NUMA support (CONFIG_NUMA)
---```lua
---tiny.set_memory_policy { mode = "bind", nodes = "0" }
---```
---@param options tiny.set_memory_policy.options
function tiny.set_memory_policy(options) end

-- Security

---Returns the five capability sets of a process (capabilities(7)).
---* ESRCH: the process has ended
---* ENOENT: the process has ended, or /proc does not show it
---```lua
---for _, name in ipairs(tiny.caps().effective) do print(name) end
---```
---@param process? tiny.child|tiny.process a child or process handle; the caller when absent
---@return table # a table of lists of names: effective, permitted, inheritable, bounding, ambient
function tiny.caps(process) end

---@class tiny.set_caps.options: table<"effective"|"permitted"|"inheritable"|"bounding"|"ambient", any>
---@field effective? string[] the capabilities that the kernel checks (default: unchanged)
---@field permitted? string[] the capabilities that can be made effective (default: unchanged)
---@field inheritable? string[] the capabilities that programs with file capabilities may keep across execve(2) (default: unchanged)
---@field bounding? string[] the upper bound on what execve(2) can grant (default: unchanged)
---@field ambient? string[] the capabilities that every program keeps across execve(2); must also be permitted and inheritable (default: unchanged)

---Sets the capability sets of the caller: the bounding set, then effective, permitted and inheritable (capset(2)), then the ambient set. Sets that are not given stay unchanged. If one of them cannot be set, none is changed.
---* EPERM: capabilities can be dropped, not added: give a subset of what tiny.caps() returns
---```lua
---tiny.set_caps { bounding = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" }, effective = { "CAP_CHOWN" } }
---```
---@param options? tiny.set_caps.options
function tiny.set_caps(options) end

---Returns the full name of a capability, given in any case and with or without CAP_ (capabilities(7)).
---```lua
---print(tiny.capability_name("net_raw"))
---```
---@param name string such as "net_raw" or "CAP_NET_RAW"
---@return string # a string such as "CAP_NET_RAW"
function tiny.capability_name(name) end

---Returns the names of all capabilities that this kernel knows, whether or not the caller has them (capabilities(7)).
---```lua
---print(#tiny.capability_names())
---```
---@return any[] # a list of strings such as "CAP_CHOWN", in the order of their numbers
function tiny.capability_names() end

---@class tiny.seccomp.options: table<"caps"|"kernel"|"strict"|"send"|"flags", any>
---@field caps? string[] the capabilities with which the profile's `caps` conditions are evaluated (default: the caller's bounding set)
---@field kernel? string the kernel version for `minKernel` conditions, such as "6.1" (default: this kernel)
---@field strict? boolean refuse names of system calls that this machine does not have (default: false)
---@field send? tiny.file a socket that the listener is sent to at once, for `recv_fd` (SCM_RIGHTS) (default: the listener is returned)
---@field flags? string[] flags besides those of the profile, such as "SECCOMP_FILTER_FLAG_LOG" (seccomp(2)); `seccomp_names` lists them (default: none)

---Installs a system call filter for the caller and all processes it starts (seccomp(2)). It cannot be removed. System calls of architectures that the profile does not list, and of the x32 ABI, fail. If the default action is an errno, calls newer than all calls in the profile fail with ENOSYS. Calls with the action SCMP_ACT_NOTIFY wait for an answer (seccomp_unotify(2)). The flags of the profile are set. Arguments that the kernel takes as int are compared by their low 32 bits, unsigned. Use `send` when the filter may block any call of this process except sendmsg.
---* EBUSY: a process can have one listener: put all rules with SCMP_ACT_NOTIFY into one filter
---* EACCES: call tiny.no_new_privs() first, or run with CAP_SYS_ADMIN
---* EINVAL: the bytes are not a filter: compile one with tiny.seccomp_compile; or this kernel does not have a flag (tiny.seccomp_names)
---* ESRCH: SECCOMP_FILTER_FLAG_TSYNC: another thread has a filter that this thread does not have
---```lua
---tiny.fork(function()
---  tiny.no_new_privs()
---  tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW",
---    syscalls = { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_ERRNO", errnoRet = 1 } } }
---end)
---```
---@param filter table|string a profile, or the result of seccomp_compile
---@param options? tiny.seccomp.options
---@return any # nothing; with SCMP_ACT_NOTIFY the listener, a file handle that is ready in `poll` when a call waits
function tiny.seccomp(filter, options) end

---@class tiny.seccomp_compile.options: table<"caps"|"kernel"|"strict"|"notify"|"allow_flags", any>
---@field caps? string[] the capabilities with which the profile's `caps` conditions are evaluated (default: the caller's bounding set)
---@field kernel? string the kernel version for `minKernel` conditions, such as "6.1" (default: this kernel)
---@field strict? boolean refuse names of system calls that this machine does not have (default: false)
---@field notify? boolean allow SCMP_ACT_NOTIFY: a supervisor will answer the calls (default: false)
---@field allow_flags? boolean accept a profile with flags, which its filter does not contain: the caller gives them to `seccomp` (default: false)

---Compiles a system call profile with the layout of Docker's JSON into a filter for `seccomp` (seccomp(2)). The result can be stored. Names that this machine does not have are ignored unless `strict` is set. The keys `listenerPath` and `listenerMetadata` of the profile are for the caller.
---```lua
---local filter = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW" }
---```
---@param profile table { defaultAction, defaultErrnoRet, architectures or archMap, syscalls = { { names, action, errnoRet, args = { { index, value, valueTwo, op } }, includes, excludes }, … }, flags }
---@param options? tiny.seccomp_compile.options
---@return string # a string of bytes
function tiny.seccomp_compile(profile, options) end

---Returns the names that a system call profile may have, and the flags that this kernel has (seccomp(2)).
---```lua
---print(table.concat(tiny.seccomp_names().actions, " "))
---```
---@return table # a table of lists: actions, operators, archs, flags, supported_flags
function tiny.seccomp_names() end

---Receives the next system call that waits for an answer (seccomp_unotify(2)). The calling thread is blocked until the call is answered.
---* ENOTTY: the file is not a seccomp listener
---```lua
---tiny.poll({ listener })
---local call = tiny.seccomp_notify_receive(listener)
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@return table? # a table: id, call ("mkdirat", or a number as text), args (six integers; of an int the 32 bits that the kernel uses, unsigned), arch ("amd64"), pid (of the calling thread; 0 if it is not in this pid namespace); false when no call waits; nil when no process has the filter any more
function tiny.seccomp_notify_receive(listener) end

---Receives the next system call that waits for an answer (seccomp_unotify(2)). The calling thread is blocked until the call is answered.
---* ENOTTY: the file is not a seccomp listener
---```lua
---tiny.poll({ listener })
---local call = tiny.seccomp_notify_receive(listener)
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@return table? # a table: id, call ("mkdirat", or a number as text), args (six integers; of an int the 32 bits that the kernel uses, unsigned), arch ("amd64"), pid (of the calling thread; 0 if it is not in this pid namespace); false when no call waits; nil when no process has the filter any more
---@deprecated tiny.notify_receive is now tiny.seccomp_notify_receive; the old name goes in version 0.2
function tiny.notify_receive(listener) end

---@class tiny.seccomp_notify_respond.options: table<"value"|"error"|"continue"|"fd"|"cloexec", any>
---@field value? integer the return value of the call; the kernel does not execute it
---@field error? string the errno with which the call fails, such as "EPERM"
---@field continue? boolean true: the kernel executes the call
---@field fd? tiny.file an open file: the caller receives a descriptor of it, which the call returns
---@field cloexec? boolean with `fd`: the descriptor is closed when the caller executes a program (default: false)

---Answers a system call with exactly one of the options (seccomp_unotify(2)). `continue` is not a security boundary when an argument is a pointer: another thread can change the memory between the check and the system call. To decide on a file, open it here and answer with `fd`.
---* ENOTTY: the file is not a seccomp listener
---* EINPROGRESS: the call has already been answered
---* EMFILE: the caller has too many open files
---* EINVAL: the kernel cannot pass a descriptor in an answer (5.14 or newer)
---```lua
---tiny.seccomp_notify_respond(listener, call.id, { error = "EPERM" })
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@param id integer the call's id from `seccomp_notify_receive`
---@param options? tiny.seccomp_notify_respond.options
---@return boolean # true; false when the call no longer waits
function tiny.seccomp_notify_respond(listener, id, options) end

---Answers a system call with exactly one of the options (seccomp_unotify(2)). `continue` is not a security boundary when an argument is a pointer: another thread can change the memory between the check and the system call. To decide on a file, open it here and answer with `fd`.
---* ENOTTY: the file is not a seccomp listener
---* EINPROGRESS: the call has already been answered
---* EMFILE: the caller has too many open files
---* EINVAL: the kernel cannot pass a descriptor in an answer (5.14 or newer)
---```lua
---tiny.seccomp_notify_respond(listener, call.id, { error = "EPERM" })
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@param id integer the call's id from `seccomp_notify_receive`
---@param options? tiny.seccomp_notify_respond.options
---@return boolean # true; false when the call no longer waits
---@deprecated tiny.notify_respond is now tiny.seccomp_notify_respond; the old name goes in version 0.2
function tiny.notify_respond(listener, id, options) end

---Returns whether a system call still waits for its answer (seccomp_unotify(2)). If it does, what was read through its pid before belongs to this call.
---* ENOTTY: the file is not a seccomp listener
---```lua
---local cwd = tiny.readlink(("/proc/%d/cwd"):format(call.pid))
---if not tiny.seccomp_notify_valid(listener, call.id) then cwd = nil end
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@param id integer the call's id from `seccomp_notify_receive`
---@return boolean # a boolean
function tiny.seccomp_notify_valid(listener, id) end

---Returns whether a system call still waits for its answer (seccomp_unotify(2)). If it does, what was read through its pid before belongs to this call.
---* ENOTTY: the file is not a seccomp listener
---```lua
---local cwd = tiny.readlink(("/proc/%d/cwd"):format(call.pid))
---if not tiny.seccomp_notify_valid(listener, call.id) then cwd = nil end
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@param id integer the call's id from `seccomp_notify_receive`
---@return boolean # a boolean
---@deprecated tiny.notify_valid is now tiny.seccomp_notify_valid; the old name goes in version 0.2
function tiny.notify_valid(listener, id) end

---@class tiny.seccomp_notify_read.options: table<"pid"|"address"|"length"|"max", any>
---@field pid integer the pid of the call
---@field address integer the address: one of the call's args
---@field length? tiny.size the number of bytes, at most 1m; when absent, a string up to its NUL byte
---@field max? tiny.size the longest string (default: 4k)

---Reads the memory that an argument of a waiting system call points to (proc_pid_mem(5)). It checks before and after that the call still waits.
---* ENOTTY: the file is not a seccomp listener
---* EFAULT: the address is invalid: answer with EFAULT as the kernel would
---* ENAMETOOLONG: the string is too long: answer with ENAMETOOLONG as the kernel would, or raise `max`
---* EACCES: needs CAP_SYS_PTRACE over the caller
---```lua
---local path = tiny.seccomp_notify_read(listener, call.id, { pid = call.pid, address = call.args[2] })
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@param id integer the call's id from `seccomp_notify_receive`
---@param options tiny.seccomp_notify_read.options
---@return string? # a string; nil when the call no longer waits
function tiny.seccomp_notify_read(listener, id, options) end

---Reads the memory that an argument of a waiting system call points to (proc_pid_mem(5)). It checks before and after that the call still waits.
---* ENOTTY: the file is not a seccomp listener
---* EFAULT: the address is invalid: answer with EFAULT as the kernel would
---* ENAMETOOLONG: the string is too long: answer with ENAMETOOLONG as the kernel would, or raise `max`
---* EACCES: needs CAP_SYS_PTRACE over the caller
---```lua
---local path = tiny.seccomp_notify_read(listener, call.id, { pid = call.pid, address = call.args[2] })
---```
---@param listener tiny.file the handle that `seccomp` returned, here or in the process that sent it
---@param id integer the call's id from `seccomp_notify_receive`
---@param options tiny.seccomp_notify_read.options
---@return string? # a string; nil when the call no longer waits
---@deprecated tiny.notify_read is now tiny.seccomp_notify_read; the old name goes in version 0.2
function tiny.notify_read(listener, id, options) end

---@class tiny.landlock.options: table<"paths"|"tcp_bind"|"tcp_connect"|"scopes"|"strict"|"check"|"abi", any>
---@field paths? table<string, string|string[]> the allowed files and directories with their rights (default: no restriction)
---@field tcp_bind? integer[] the TCP ports that may be bound; 0 allows an ephemeral port (default: no restriction)
---@field tcp_connect? integer[] the TCP ports that may be connected to (default: no restriction)
---@field scopes? string[] block access to processes outside the restriction: "abstract_unix" sockets, "signal" (default: none)
---@field strict? boolean false: skip restrictions that this kernel does not support, and list them in `left_out` (default: true)
---@field check? boolean only validate the options and report what would be enforced (default: false)
---@field abi? integer the highest version of the Landlock ABI to use, to behave like an older kernel (default: the kernel's)

---Restricts the caller and all processes it starts to the given files and TCP ports, and optionally limits signals and abstract sockets (landlock(7)). The restriction cannot be removed; files that are already open stay usable. Rights are letters: "r" reads files and directories; "w" changes, creates and removes files (but not devices) and calls ioctl on devices; "rx" also executes. They can also be a list of the kernel's names, such as { "read_file", "make_sock" }. The rights of a directory apply to everything below it.
---* EOPNOTSUPP: strict = false skips unsupported restrictions; `tinylua doctor` shows what this kernel supports
---* EPERM: call tiny.no_new_privs() first, or run with CAP_SYS_ADMIN
---* ENOENT: a path in `paths` is missing
---* E2BIG: a process can be restricted at most 16 times
---```lua
---tiny.fork(function()
---  tiny.no_new_privs()
---  tiny.landlock { paths = { ["/usr"] = "rx", ["/tmp"] = "rw" }, tcp_connect = { 443 } }
---  tiny.exec { "/usr/bin/env" }
---end)
---```
---@param options? tiny.landlock.options
---@return table # a table: abi (0 without Landlock), enforced and left_out, which are lists of "paths", "tcp_bind", "tcp_connect", "abstract_unix" and "signal"; left_out also names single rights
function tiny.landlock(options) end

---Ensures that no process can write to this program's file: a program that it runs as root could do so through /proc/PID/exe (CVE-2019-5736). It re-executes the command from a read-only mount of the file, or from a sealed copy in memory (memfd_create(2)). Call it before anything that must not run twice.
---* ENOENT: /proc is not mounted
---* EACCES: the program is on a file system that is mounted noexec
---```lua
---tiny.seal()  -- the first line of a recipe that runs untrusted programs
---```
function tiny.seal() end

-- Namespaces

---@class tiny.unshare.options: table<"user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"time", any>
---@field user? boolean a new user namespace, whose root is the caller; setgroups(2) is denied
---@field pid? boolean a new pid namespace for future children
---@field net? boolean a new network namespace
---@field mount? boolean a new mount namespace
---@field uts? boolean a new UTS namespace: hostname and domain name
---@field ipc? boolean a new IPC namespace: System V IPC and POSIX message queues
---@field cgroup? boolean a new cgroup namespace
---@field time? boolean a new time namespace for future children

---Moves the calling process into new namespaces; new `pid` and `time` namespaces are entered only by children forked later (unshare(2)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---* EACCES: call tiny.seal() first; the commands that run recipes do so themselves
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

---Joins one namespace, or several namespaces of one process at once (setns(2)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)
---* EINVAL: this process cannot join a namespace of this kind, or it is its own user namespace
---* ESRCH: the process has ended
---* EACCES: call tiny.seal() first; the commands that run recipes do so themselves
---```lua
---local web <close> = tiny.netns()
---tiny.setns(web)
---```
---@param target tiny.namespace|tiny.child|tiny.process a namespace handle; or a process handle, with the namespaces as options
---@param options? tiny.setns.options
function tiny.setns(target, options) end

---@class tiny.netns.options: table<"user", any>
---@field user? tiny.userns the user namespace that owns it (default: the caller's own)

---Creates a network namespace as a handle, before any process is in it (network_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---```lua
---local web <close> = tiny.netns()
---tiny.link_set("lo", { netns = web, up = true })
---```
---@param options? tiny.netns.options
---@return tiny.netns # a netns handle
function tiny.netns(options) end

---Creates a UTS namespace (hostname and domain name) as a handle (uts_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---```lua
---local names <close> = tiny.utsns()
---```
---@return tiny.utsns # a utsns handle
function tiny.utsns() end

---Creates an IPC namespace (System V IPC, POSIX message queues) as a handle (ipc_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---```lua
---local shared <close> = tiny.ipcns()
---```
---@return tiny.ipcns # an ipcns handle
function tiny.ipcns() end

---@class tiny.timens.options: table<"monotonic"|"boottime", any>
---@field monotonic? tiny.duration offset of CLOCK_MONOTONIC (default: 0)
---@field boottime? tiny.duration offset of CLOCK_BOOTTIME (default: 0)

---Creates a time namespace as a handle, with the given clock offsets (time_namespaces(7)).
---* EPERM: needs CAP_SYS_ADMIN: run as root, or create a user namespace first (user = true)
---* ENOSPC: a limit in /proc/sys/user/max_*_namespaces is reached or is 0 (`tinylua doctor`)
---* EINVAL: the kernel has no time namespaces (5.6 or newer, CONFIG_TIME_NS)
---```lua
---local later <close> = tiny.timens { boottime = "7d" }
---```
---@param options? tiny.timens.options
---@return tiny.timens # a timens handle
function tiny.timens(options) end

---Opens an existing namespace, by its file or of a process (namespaces(7)).
---* ENOENT: there is no such file; `ip netns list` shows the named network namespaces
---* EINVAL: the path is not a namespace file of this kind
---* ESRCH: the process has ended
---```lua
---local host <close> = tiny.open_ns("net")
---```
---@param kind "user"|"pid"|"net"|"mount"|"uts"|"ipc"|"cgroup"|"time" the kind of namespace
---@param of? string|tiny.child|tiny.process a path such as /run/netns/web, or a process handle; the caller's own namespace when absent
---@return tiny.namespace # a namespace handle: netns, mountns, …
function tiny.open_ns(kind, of) end

---@class tiny.userns.options: table<"uid_map"|"gid_map"|"parent", any>
---@field uid_map integer[][] the user id map: { { 0, 1000, 1 }, { 1, 100000, 65536 } }
---@field gid_map integer[][] the group id map
---@field parent? tiny.userns the user namespace in which it is created, with ids of that one as the outside ids; the caller needs privileges over it, as its creator has (default: the caller's own)

---Creates a user namespace as a handle, with its id maps (user_namespaces(7)). Each entry of a map is { inside, outside, count }. A map is written directly if the caller has CAP_SETUID and CAP_SETGID, or if it maps only the caller's own id; for the group, setgroups(2) is then denied first. Any other map is written by newuidmap(1) and newgidmap(1), which allow the ranges in /etc/subuid and /etc/subgid. They are searched in PATH and checked.
---* EPERM: the kernel or a helper refuses the map; `tiny.subids` returns the ranges of the user
---* ENOSPC: a limit in /proc/sys/user/max_user_namespaces is reached or is 0, or user namespaces are nested 32 deep
---* EINVAL: an outside id is not mapped in the parent user namespace
---* ENOENT: install the package uidmap, which contains newuidmap and newgidmap
---```lua
---local own <close> = tiny.userns { uid_map = { { 0, tiny.getuid(), 1 } }, gid_map = { { 0, tiny.getgid(), 1 } } }
---local child <close> = tiny.clone({ user = own, mount = true }, function() tiny.mount_private("/") end)
---```
---@param options tiny.userns.options
---@return tiny.userns # a userns handle
function tiny.userns(options) end

---Returns the id ranges of a user, or of all users, from /etc/subuid and /etc/subgid (subuid(5)).
---* EACCES: this user may not read the files
---```lua
---for _, range in ipairs(tiny.subids("web").uids) do print(range[1], range[2]) end
---```
---@param user? string|integer a name or a uid; all users when absent
---@return any # { uids = { { first, count }, … }, gids = { … } }, in the order of the files; empty lists when there is no range
function tiny.subids(user) end

---Finds newuidmap(1) or newgidmap(1) in PATH and checks that it can map ranges. It must belong to root, be writable by root only, and have the set-user-ID bit or file capabilities.
---* ENOENT: install the package uidmap
---* EPERM: the file's owner, mode or privilege is wrong
---```lua
---assert(tiny.try(tiny.userns_helper, "newuidmap"))
---```
---@param name "newuidmap"|"newgidmap" which
---@return boolean # true; otherwise it throws an error with the reason
function tiny.userns_helper(name) end

-- Mounts

---@class tiny.open_root.options: table<"root"|"ro_mount", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field ro_mount? boolean as a detached read-only mount of its own (open_tree(2)): a FIFO or device opened below it can be read and written, but its mode, owner and attributes cannot be changed (default: false)

---Opens a directory as a root for the `root` option of the mount and file primitives (open(2), O_PATH).
---* ENOENT: there is no such directory
---* ENOTDIR: a rootfs is a directory; unpack an archive first
---* EPERM: ro_mount needs CAP_SYS_ADMIN over the mount namespace
---```lua
---local root <close> = tiny.open_root("./rootfs")
---tiny.mount_proc("/proc", { root = root })
---```
---@param path string the directory
---@param options? tiny.open_root.options
---@return tiny.dir # a dir handle
function tiny.open_root(path, options) end

---Changes the root directory of the calling process and enters it (chroot(2)). This does not confine the process: use `pivot_root` for that.
---* EPERM: needs CAP_SYS_CHROOT: run as root, or clone with user = true
---* ENOENT: there is no such directory
---* ENOTDIR: the root must be a directory
---* EACCES: call tiny.seal() first; the commands that run recipes do so themselves
---```lua
---tiny.chroot("./rootfs")
---```
---@param path string the new root
function tiny.chroot(path) end

---Makes a mount the root of the mount namespace, unmounts the old root and changes to `/` (pivot_root(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the new root must be a mount point (mount_bind it onto itself) and not shared (mount_private("/") first)
---* EBUSY: it is already the root
---* EACCES: call tiny.seal() first; the commands that run recipes do so themselves
---```lua
---tiny.mount_private("/")
---tiny.mount_bind("./rootfs", "./rootfs")
---tiny.pivot_root("./rootfs")
---```
---@param root tiny.dir|string a mount point: its path, or a dir handle opened after it was mounted
function tiny.pivot_root(root) end

---@class tiny.chdir.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)

---Changes the working directory (chdir(2)).
---* ELOOP: below a root, the links in /proc that lead out of it are not followed
---* ENOENT: there is no such directory in this root
---* ENOTDIR: it is not a directory
---* EACCES: this user may not search a directory in the path
---```lua
---tiny.chdir("/srv")
---```
---@param path string the directory
---@param options? tiny.chdir.options
function tiny.chdir(path, options) end

---@class tiny.mknod.options: table<"root"|"major"|"minor"|"mode", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field major? integer the device's major number (default: 0)
---@field minor? integer the device's minor number (default: 0)
---@field mode? integer its mode (default: 0o666)

---Creates a device node or FIFO with exactly this mode, regardless of the umask (mknod(2)).
---* EPERM: device nodes need CAP_MKNOD in the initial user namespace; bind-mount the host's node instead
---* EEXIST: a file of that name already exists
---* ENOENT: its directory is missing
---```lua
---tiny.mknod("/dev/null", "char", { major = 1, minor = 3 })
---```
---@param path string the node
---@param kind "char"|"block"|"fifo" the type of the node
---@param options? tiny.mknod.options
function tiny.mknod(path, kind, options) end

---@class tiny.mount_propagation.options: table<"root"|"recursive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean include the mounts below it (default: true)

---Sets the propagation type of a mount and the mounts below it (mount_namespaces(7)): which mount events other mount namespaces see, and which of theirs are seen.
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the path is not a mount point
---```lua
---tiny.mount_propagation("/", "slave")
---```
---@param target string the mount point, usually "/"
---@param propagation "private"|"slave"|"shared"|"unbindable" the propagation type
---@param options? tiny.mount_propagation.options
function tiny.mount_propagation(target, propagation, options) end

---@class tiny.mount_private.options: table<"root"|"recursive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean include the mounts below it (default: true)

---Makes a mount and the mounts below it private: mount events do not propagate to other mount namespaces or from them (mount_namespaces(7)). It is short for `mount_propagation(target, "private")`.
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the path is not a mount point
---```lua
---tiny.mount_private("/")
---```
---@param target string the mount point, usually "/"
---@param options? tiny.mount_private.options
function tiny.mount_private(target, options) end

---@class tiny.mount_bind.options: table<"root"|"create"|"open"|"read_only"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"nodiratime"|"strictatime"|"relatime"|"recursive"|"source_root"|"device"|"idmap"|"idmap_recursive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)
---@field read_only? boolean read-only (default: false)
---@field nosuid? boolean ignore set-user-ID bits and file capabilities (default: false)
---@field nodev? boolean device nodes cannot be opened (default: false)
---@field noexec? boolean no file can be executed (default: false)
---@field noatime? boolean do not update access times (default: false)
---@field nosymfollow? boolean do not follow symbolic links (default: false)
---@field nodiratime? boolean do not update access times of directories (default: false)
---@field strictatime? boolean update access times at every access (default: false)
---@field relatime? boolean update an access time only if it is older than a day or than the last change, as new mounts do (default: false)
---@field recursive? boolean include the mounts below the source (default: true)
---@field source_root? tiny.dir|string resolve the source below this directory (default: the caller's root)
---@field device? boolean no `nodev` if the source itself is a device node, checked once it is open (default: false)
---@field idmap? tiny.userns map the owners of its files through this user namespace (an idmapped mount): files of uid 0 appear as owned by its root, and files that its root creates belong to uid 0
---@field idmap_recursive? boolean with `idmap`: map the owners in the mounts below it too (default: as `recursive`)

---Bind-mounts a file or directory at another path. The flags are set before the mount becomes visible (open_tree(2), mount_setattr(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EBUSY: the file system is mounted with other settings, or the mount point is in use
---```lua
---tiny.mount_bind("/usr", "./rootfs/usr", { read_only = true, create = true })
---```
---@param source string a file or directory of the host
---@param target string the mount point: a file for a file, a directory for a directory
---@param options? tiny.mount_bind.options
---@return tiny.mount # a mount handle
function tiny.mount_bind(source, target, options) end

---@class tiny.mount_copy.options: table<"root"|"recursive"|"slave"|"idmap"|"idmap_recursive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean include the mounts below the source (default: true)
---@field slave? boolean what is mounted in the copy does not appear at the source (default: false)
---@field idmap? tiny.userns map the owners of its files through this user namespace (an idmapped mount): files of uid 0 appear as owned by its root, and files that its root creates belong to uid 0
---@field idmap_recursive? boolean with `idmap`: map the owners in the mounts below it too (default: as `recursive`)

---Copies a mount, from a file or directory in it on, without attaching the copy anywhere (open_tree(2)): `mount_attach` does that, possibly in a child that could not reach the source, or could not map its owners. The copy is gone when the handle is closed, unless it was attached.
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the source is missing
---```lua
---local data <close> = tiny.mount_copy("/srv/data")
---local child <close> = tiny.clone({ mount = true }, function() tiny.mount_attach(data, "/mnt") end)
---```
---@param source string a file or directory
---@param options? tiny.mount_copy.options
---@return tiny.dir # a dir handle
function tiny.mount_copy(source, options) end

---@class tiny.mount_attach.options: table<"root"|"create"|"open", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)

---Attaches a copy of a mount that `mount_copy` has made, which is then the mount at `target` (move_mount(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EINVAL: the handle is not a copy, or was attached already
---```lua
---local data <close> = tiny.mount_copy("/srv/data")
---tiny.mount_attach(data, "/mnt")
---```
---@param copy tiny.dir the copy
---@param target string the mount point: a file for a file, a directory for a directory
---@param options? tiny.mount_attach.options
---@return tiny.mount # a mount handle
function tiny.mount_attach(copy, target, options) end

---@class tiny.mount_proc.options: table<"root"|"create"|"open"|"read_only"|"hidepid"|"subset", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)
---@field read_only? boolean read-only (default: false)
---@field hidepid? "off"|"noaccess"|"invisible"|"ptraceable" which processes a user can see (default: off)
---@field subset? "pid" show only the directories of processes

---Mounts proc for the caller's pid namespace at `target`, always nosuid, nodev and noexec (proc(5)).
---* EPERM: needs CAP_SYS_ADMIN over the pid namespace; in a user namespace no mount may cover parts of the host's /proc
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---```lua
---tiny.mount_proc("/proc")
---```
---@param target string the mount point
---@param options? tiny.mount_proc.options
---@return tiny.mount # a mount handle
function tiny.mount_proc(target, options) end

---@class tiny.mount_sysfs.options: table<"root"|"create"|"open"|"read_only", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)
---@field read_only? boolean read-only (default: false)

---Mounts sysfs for the caller's network namespace at `target` (sysfs(5)).
---* EPERM: needs CAP_SYS_ADMIN over the network namespace: clone with net = true
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---```lua
---tiny.mount_sysfs("/sys", { read_only = true })
---```
---@param target string the mount point
---@param options? tiny.mount_sysfs.options
---@return tiny.mount # a mount handle
function tiny.mount_sysfs(target, options) end

---@class tiny.mount_tmpfs.options: table<"root"|"create"|"open"|"read_only"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"nodiratime"|"strictatime"|"relatime"|"size"|"inodes"|"uid"|"gid"|"mode", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)
---@field read_only? boolean read-only (default: false)
---@field nosuid? boolean ignore set-user-ID bits and file capabilities (default: false)
---@field nodev? boolean device nodes cannot be opened (default: false)
---@field noexec? boolean no file can be executed (default: false)
---@field noatime? boolean do not update access times (default: false)
---@field nosymfollow? boolean do not follow symbolic links (default: false)
---@field nodiratime? boolean do not update access times of directories (default: false)
---@field strictatime? boolean update access times at every access (default: false)
---@field relatime? boolean update an access time only if it is older than a day or than the last change, as new mounts do (default: false)
---@field size? tiny.size the largest total size (default: half of the memory)
---@field inodes? integer the largest number of files (default: the kernel's)
---@field uid? integer the owner of its root directory (default: the caller)
---@field gid? integer the group of its root directory (default: the caller's)
---@field mode? integer the mode of its root directory as an integer: tonumber("755", 8) (default: 0o1777)

---Mounts an empty tmpfs at `target` (tmpfs(5)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EBUSY: the file system is mounted with other settings, or the mount point is in use
---```lua
---tiny.mount_tmpfs("/tmp", { size = "64m", nosuid = true, nodev = true })
---```
---@param target string the mount point
---@param options? tiny.mount_tmpfs.options
---@return tiny.mount # a mount handle
function tiny.mount_tmpfs(target, options) end

---@class tiny.mount_devpts.options: table<"root"|"create"|"mode"|"ptmxmode"|"gid", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field mode? integer the mode of new terminals (default: 0o620)
---@field ptmxmode? integer the mode of /dev/pts/ptmx (default: 0o666)
---@field gid? integer the group of new terminals; 5 is tty on Debian (default: the opener's)

---Mounts a new devpts instance at `target`, without the host's terminals; always nosuid and noexec (pts(4)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EBUSY: the file system is mounted with other settings, or the mount point is in use
---```lua
---tiny.mount_devpts("/dev/pts", { create = true })
---```
---@param target string the mount point, usually /dev/pts
---@param options? tiny.mount_devpts.options
---@return tiny.mount # a mount handle
function tiny.mount_devpts(target, options) end

---@class tiny.mount_mqueue.options: table<"root"|"create", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)

---Mounts the POSIX message queues of the caller's IPC namespace at `target` (mq_overview(7)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EBUSY: the file system is mounted with other settings, or the mount point is in use
---```lua
---tiny.mount_mqueue("/dev/mqueue", { create = true })
---```
---@param target string the mount point, usually /dev/mqueue
---@param options? tiny.mount_mqueue.options
---@return tiny.mount # a mount handle
function tiny.mount_mqueue(target, options) end

---@class tiny.mount_cgroup.options: table<"root"|"create"|"read_only"|"controllers", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field read_only? boolean read-only (default: false)
---@field controllers? string[] the v1 hierarchy with exactly these controllers; cgroup2 when absent

---Mounts the cgroup2 hierarchy, or the v1 hierarchy of the given controllers, at `target` (cgroups(7)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EBUSY: the controllers are mounted together with others, or belong to cgroup2
---```lua
---tiny.mount_cgroup("/sys/fs/cgroup", { read_only = true })
---```
---@param target string the mount point
---@param options? tiny.mount_cgroup.options
---@return tiny.mount # a mount handle
function tiny.mount_cgroup(target, options) end

---@class tiny.mount_filesystem.options: table<"root"|"create"|"open"|"read_only"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"nodiratime"|"strictatime"|"relatime"|"type"|"source"|"settings", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)
---@field read_only? boolean read-only (default: false)
---@field nosuid? boolean ignore set-user-ID bits and file capabilities (default: false)
---@field nodev? boolean device nodes cannot be opened (default: false)
---@field noexec? boolean no file can be executed (default: false)
---@field noatime? boolean do not update access times (default: false)
---@field nosymfollow? boolean do not follow symbolic links (default: false)
---@field nodiratime? boolean do not update access times of directories (default: false)
---@field strictatime? boolean update access times at every access (default: false)
---@field relatime? boolean update an access time only if it is older than a day or than the last change, as new mounts do (default: false)
---@field type string the type, as in /proc/filesystems
---@field source? string the device or another source (default: the type)
---@field settings? string[] settings of the file system as "K" or "K=V", such as "size=64k" (default: none)

---Mounts a file system of any type at `target` (fsopen(2)). Use the primitive for its type where there is one, such as `mount_proc`, which sets the flags that are usual for it.
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EINVAL: the file system does not have this setting or value
---* EBUSY: the file system is mounted with other settings, or the mount point is in use
---* ENODEV: the kernel does not have this file system (`tinylua doctor`)
---```lua
---tiny.mount_filesystem("/run", { type = "tmpfs", settings = { "size=64k", "mode=755" }, nosuid = true })
---```
---@param target string the mount point
---@param options tiny.mount_filesystem.options
---@return tiny.mount # a mount handle
function tiny.mount_filesystem(target, options) end

---@class tiny.mount_overlay.options: table<"root"|"create"|"open"|"read_only"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"nodiratime"|"strictatime"|"relatime"|"lower"|"upper"|"work"|"volatile"|"userxattr"|"redirect"|"whole"|"access_as"|"keep_groups", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field create? boolean create the mount point if it is missing (default: false)
---@field open? boolean also return a dir handle of the mount, which stays valid if the path is mounted over or renamed (default: false)
---@field read_only? boolean read-only (default: false)
---@field nosuid? boolean ignore set-user-ID bits and file capabilities (default: false)
---@field nodev? boolean device nodes cannot be opened (default: false)
---@field noexec? boolean no file can be executed (default: false)
---@field noatime? boolean do not update access times (default: false)
---@field nosymfollow? boolean do not follow symbolic links (default: false)
---@field nodiratime? boolean do not update access times of directories (default: false)
---@field strictatime? boolean update access times at every access (default: false)
---@field relatime? boolean update an access time only if it is older than a day or than the last change, as new mounts do (default: false)
---@field lower string[] the lower directories, topmost first; they are not changed
---@field upper? string the directory that receives the changes (default: none: read-only)
---@field work? string an empty directory for the overlay itself, on the file system of `upper`
---@field volatile? boolean never sync: for an upper directory that will be discarded (default: false)
---@field userxattr? boolean record removals and replaced directories in user.overlay.* attributes instead of trusted.overlay.*: for a user namespace (kernel 5.11) (default: false)
---@field redirect? boolean follow the attribute trusted.overlay.redirect, by which a directory of an upper layer shows a directory of another name in a lower one (default: false)
---@field whole? boolean have every change as a whole file in `upper`, whatever the kernel's defaults are: no renamed directories and no files of which only the metadata was copied (redirect_dir=nofollow, metacopy=off, index=off) (default: false)
---@field access_as? integer access the layers with the permissions of this user and group, regardless of which process opens the file, without capabilities and supplementary groups (default: the caller)
---@field keep_groups? boolean with `access_as`: keep the caller's supplementary groups (default: false)

---Mounts an overlay at `target`: the lower directories, topmost first, and an upper directory that receives the changes (mount(2), file system type overlay).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: the mount point or the source is missing; create = true creates the mount point
---* EINVAL: `upper` must be on a file system that supports it (not overlay or NFS), and `work` on the same one
---* ELOOP: a lower directory is inside another layer
---* ENODEV: the kernel has no overlay file system: `modprobe overlay` (`tinylua doctor`)
---```lua
---tiny.mount_overlay("./merged", { lower = { "./rootfs" }, upper = "./upper", work = "./work" })
---```
---@param target string the mount point
---@param options tiny.mount_overlay.options
---@return tiny.mount # a mount handle
function tiny.mount_overlay(target, options) end

---@class tiny.remount_ro.options: table<"root"|"recursive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean include the mounts below it (default: false)

---Makes a mount read-only in this mount namespace (mount_setattr(2), MOUNT_ATTR_RDONLY).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* EINVAL: the path is not a mount point; mount_bind it onto itself first
---* EBUSY: a file on it is open for writing
---```lua
---tiny.mount_bind("/usr", "/usr")
---tiny.remount_ro("/usr")
---```
---@param target string the mount point
---@param options? tiny.remount_ro.options
function tiny.remount_ro(target, options) end

---@class tiny.mount_attributes.options: table<"root"|"recursive"|"read_only"|"nosuid"|"nodev"|"noexec"|"noatime"|"nosymfollow"|"nodiratime"|"strictatime"|"relatime"|"propagation", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean include the mounts below it: all are changed, or none (default: false)
---@field read_only? boolean read-only (default: unchanged)
---@field nosuid? boolean ignore set-user-ID bits and file capabilities (default: unchanged)
---@field nodev? boolean device nodes cannot be opened (default: unchanged)
---@field noexec? boolean no file can be executed (default: unchanged)
---@field noatime? boolean do not update access times (default: unchanged)
---@field nosymfollow? boolean do not follow symbolic links (default: unchanged)
---@field nodiratime? boolean do not update access times of directories (default: unchanged)
---@field strictatime? boolean update access times at every access (default: unchanged)
---@field relatime? boolean update an access time only if it is older than a day or than the last change, as new mounts do (default: unchanged)
---@field propagation? "private"|"slave"|"shared"|"unbindable" the propagation type (mount_namespaces(7)) (default: unchanged)

---Changes the flags and the propagation type of a mount in this mount namespace (mount_setattr(2)): `true` sets a flag and `false` clears it. The access times of a mount are updated in one of the ways `noatime`, `strictatime` and `relatime`; clearing the first two sets the last, and clearing that has no effect.
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace; a flag that a more privileged one has set cannot be cleared
---* EINVAL: the path is not a mount point
---* EBUSY: a file on it is open for writing
---```lua
---tiny.mount_bind("/usr", "/usr")
---tiny.mount_attributes("/usr", { read_only = true, nosuid = true })
---```
---@param target string the mount point; with the mount itself as `root`, "."
---@param options? tiny.mount_attributes.options
function tiny.mount_attributes(target, options) end

---@class tiny.umount.options: table<"root"|"detach", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field detach? boolean detach it now and release it when it is no longer busy (MNT_DETACH) (default: false)

---Unmounts the topmost mount at `target` (umount2(2)).
---* EPERM: needs CAP_SYS_ADMIN over the mount namespace: clone with mount = true (and user = true without root)
---* ENOENT: `tiny.mounts()` lists all mounts
---* EBUSY: the mount is busy; detach = true unmounts it lazily
---* EINVAL: the mount comes from a more privileged mount namespace and is locked together with others
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
---@param process? tiny.child|tiny.process a child or process handle; the caller when absent
---@return table[] # a list of tables: id, parent, dev ("254:0"), root, target, options, propagation, fstype, source, super_options; targets are relative to the process's root
function tiny.mounts(process) end

-- Control groups

---@class tiny.cgroup.options: table<"parent"|"controllers", any>
---@field parent? tiny.cgroup|string the cgroup to which the path is relative (default: the root)
---@field controllers? string[] controllers to enable from the start: "memory", "pids", "cpu", "io", "cpuset" … (default: none; each limit adds its own)

---Creates a cgroup (cgroups(7)). This works alike on v1, v2 and hybrid hosts. The path is relative to the root of each hierarchy as the caller sees it mounted, with or without a leading slash; in a cgroup namespace that is the namespace's root. Missing parents are created and are not removed with it. On v1 the cgroup has a directory only in the hierarchies of its controllers; a limit set later adds the controller and moves the processes there.
---* EBUSY: a v2 cgroup that has processes cannot enable controllers for its children: choose another parent
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web", { controllers = { "memory", "pids" } })
---```
---@param path string the new cgroup: "web", "tinylua/web"
---@param options? tiny.cgroup.options
---@return tiny.cgroup # a cgroup handle: `path`, `version` ("v1", "v2" or "hybrid"), `folders` (directories by controller, "unified" for v2); `<close>` removes the cgroup, and fails with EBUSY while it has a process
function tiny.cgroup(path, options) end

---Opens an existing cgroup. Closing the handle does not remove it.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web = tiny.cgroup("web"):keep()
---tiny.open_cgroup("web"):set_pids_limit(64)
---tiny.cgroup_del("web")
---```
---@param path string a path relative to the root of each hierarchy
---@return tiny.cgroup # a cgroup handle
function tiny.open_cgroup(path) end

---@class tiny.cgroup_del.options: table<"recursive"|"kill", any>
---@field recursive? boolean also remove the cgroups below it (default: false)
---@field kill? boolean first kill every process in it and below it; implies `recursive` (default: false)

---Removes a cgroup from every hierarchy (rmdir(2)). It kills no process unless `kill` is set, and waits for processes that are already exiting.
---* EBUSY: end its processes first (tiny.cgroup_kill), or remove it with { kill = true }
---* ENOENT: there is no such cgroup; it may have been removed already
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---```lua
---tiny.cgroup("web"):keep()
---tiny.cgroup_del("web", { kill = true })
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param options? tiny.cgroup_del.options
function tiny.cgroup_del(group, options) end

---Returns the cgroup of a process in each hierarchy (/proc/PID/cgroup, cgroups(7)).
---* ESRCH: the process has ended
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---print(tiny.cgroup_of().unified)
---```
---@param process? tiny.child|tiny.process a child or process handle; the caller when absent
---@return table # a table that maps controllers to paths, "unified" for v2; hierarchies that are not mounted here are left out
function tiny.cgroup_of(process) end

---Moves a process with all its threads into a cgroup (cgroup.procs, cgroups(7)). Its children are not moved. To start a child in a cgroup, pass the cgroup to `clone`: clone({ cgroup = group }, …).
---* EBUSY: a v2 cgroup that enables controllers for its children takes no processes: attach to one of its children
---* ESRCH: the process has ended
---* EOPNOTSUPP: the cgroup has become threaded, because a cgroup above it has both processes and controllers
---* ENOSPC: the cgroup's cpuset has no CPUs or no memory nodes: write cpuset.cpus and cpuset.mems first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---local child <close> = tiny.fork(function() tiny.exec { "sleep", "1" } end)
---tiny.cgroup_attach(web, child)
---child:reap()
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param process? tiny.child|tiny.process a child or process handle; the caller when absent
function tiny.cgroup_attach(group, process) end

---Kills every process in a cgroup and below it with SIGKILL, and waits until none is left. It freezes the cgroup and uses pidfd_send_signal(2); a frozen cgroup is thawed. The file cgroup.kill is used only when the cgroup is removed (cgroup_del with kill), since Linux 6.18 also kills what `clone` later puts into such a cgroup.
---* EDEADLK: move the caller out of the cgroup first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.cgroup_kill(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires
function tiny.cgroup_kill(group, timeout) end

---Freezes every process in a cgroup and below it, and waits until all are frozen (cgroup.freeze; on v1 freezer.state). The processes are not notified; SIGKILL still ends them.
---* EDEADLK: move the caller out of the cgroup first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires: the remaining processes freeze later
function tiny.cgroup_freeze(group, timeout) end

---Freezes every process in a cgroup and below it, and waits until all are frozen (cgroup.freeze; on v1 freezer.state). The processes are not notified; SIGKILL still ends them.
---* EDEADLK: move the caller out of the cgroup first
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires: the remaining processes freeze later
---@deprecated tiny.freeze is now tiny.cgroup_freeze; the old name goes in version 0.2
function tiny.freeze(group, timeout) end

---Resumes the processes of a frozen cgroup.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires or a cgroup above it is frozen
function tiny.cgroup_thaw(group, timeout) end

---Resumes the processes of a frozen cgroup.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.freeze(web)
---tiny.thaw(web)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param timeout? tiny.duration the longest time to wait
---@return boolean # true; false when the timeout expires or a cgroup above it is frozen
---@deprecated tiny.thaw is now tiny.cgroup_thaw; the old name goes in version 0.2
function tiny.thaw(group, timeout) end

---Limits the memory of a cgroup; at the limit the kernel reclaims pages and then kills a process (memory.max; on v1 memory.limit_in_bytes). The kernel rounds the limit down to whole pages. If the cgroup already uses more, v2 kills and v1 fails with EBUSY.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function tiny.set_memory_limit(group, limit) end

---Limits the swap that a cgroup uses in addition to its memory (memory.swap.max). On v1 the limit is the sum of both (memory.memsw.limit_in_bytes), so call set_memory_limit first. 0 disables swap.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_memory_limit(web, "128m")
---tiny.set_swap_limit(web, 0)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param limit tiny.size|"unlimited" bytes, or "unlimited"
function tiny.set_swap_limit(group, limit) end

---@class tiny.set_cpu_limit.options: table<"period", any>
---@field period? tiny.duration the period over which CPU time is counted, 1ms to 1s (default: the current period, 100ms at first)

---Limits the CPU time of a cgroup to a number of processors; above it the processes are throttled until the next period (cpu.max; on v1 cpu.cfs_quota_us).
---* EINVAL: the quota is below 1 ms per period, or a parent cgroup has a smaller share
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_cpu_limit(web, 0.5, { period = "50ms" })
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param cpus number|"unlimited" the number of processors, for example 0.5; or "unlimited"
---@param options? tiny.set_cpu_limit.options
function tiny.set_cpu_limit(group, cpus, options) end

---Limits the number of processes and threads in a cgroup; at the limit clone(2) fails with EAGAIN (pids.max).
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_pids_limit(web, 64)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param count integer|"unlimited" at least 1, or "unlimited"
function tiny.set_pids_limit(group, count) end

---@class tiny.set_device_rules.options: table<integer, any>
---@field [integer] { allow?: boolean, type?: "char"|"block", major?: integer, minor?: integer, access: string } the devices that are allowed, or denied

---Lets the processes of a cgroup use only the given devices: all are denied, and the last rule that matches decides. On v1 this is the devices controller; on v2 it is a BPF program attached to the cgroup (bpf(2)). Device files that are already open stay usable.
---* EPERM: run as root; on v1 a cgroup cannot allow a device that its parent denies
---* EINVAL: the kernel has no BPF programs for device access (CONFIG_CGROUP_BPF)
---* EOPNOTSUPP: v1 ignores a rule for a part of the devices of an earlier one; write rules that do not overlap
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---tiny.set_device_rules(web, { { type = "char", major = 1, minor = 3, access = "rw" } })
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param options tiny.set_device_rules.options
function tiny.set_device_rules(group, options) end

---@class tiny.cgroup_stats.options: table<"totals", any>
---@field totals? boolean only what accumulates and stays to the end: memory_peak, oom_kills, pids_peak, CPU time and I/O (default: false)

---Returns the resource usage of a cgroup and how often its limits took effect. The figures stay readable after its processes have ended, until the cgroup is removed.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web", { controllers = { "memory" } })
---print(tiny.cgroup_stats(web).memory)
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param options? tiny.cgroup_stats.options
---@return table # a table: memory, memory_peak, memory_limit, swap, swap_limit (bytes), oom_kills, pids, pids_peak, pids_limit, pids_refused (failed forks), cpu_seconds, user_seconds, system_seconds, throttled (periods), throttled_seconds, read_bytes, write_bytes, reads, writes (of block devices), populated, frozen; a field is absent where no controller counts it or no limit is set
function tiny.cgroup_stats(group, options) end

---Reads a control file of a cgroup as text (cgroups(7)). The file name starts with its controller and is the one of this host: v1 and v2 differ.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---print(tiny.cgroup_read(web, "cgroup.procs"))
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param file string "memory.stat", "cgroup.procs" …
---@return string # a string
function tiny.cgroup_read(group, file) end

---Writes control files of a cgroup that have no specific primitive (cgroups(7)). Each value is written as it is.
---* ENOENT: create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host
---* EACCES: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EPERM: run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)
---* EROFS: the cgroup file systems are mounted read-only here: mount a writable one first
---* ENODEV: `tinylua doctor` shows the controllers of this host
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version == "v2" then
---  tiny.cgroup_write(web, { ["memory.high"] = "67108864", ["cpu.weight"] = "50" })
---end
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param files table<string, string> file names and their values, written in the order of the names
function tiny.cgroup_write(group, files) end

-- Network

---@class tiny.links.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Lists the network links with their addresses (rtnetlink(7)).
---```lua
---for _, l in ipairs(tiny.links()) do print(l.name, l.up, table.concat(l.addrs, " ")) end
---```
---@param options? tiny.links.options
---@return table[] # a list of tables: `name`, `index`, `kind` ("bridge", "veth", …; nil for hardware and lo), `mac_address`, `mtu`, `queues`, `up`, `master` (the name of its bridge), `addrs` (a list, such as "10.10.0.1/24"), `permanent_addrs` (those of them that are permanent and of global scope); for a veth link `peer` (the index of the other end) and, if that is in another namespace, `peer_netns` (its id here, as in `ip netns list-id`)
function tiny.links(options) end

---@class tiny.link_set.options: table<"netns"|"up"|"mtu"|"master"|"name"|"mac_address"|"move_to", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)
---@field up? boolean true brings the link up, false down
---@field mtu? integer the MTU in bytes
---@field master? tiny.bridge|string|boolean the bridge that it becomes a port of; false for none
---@field name? string the new name
---@field mac_address? string the MAC address, such as "02:00:00:00:00:01"
---@field move_to? tiny.netns the network namespace to move to; `master` and `name` apply there

---Changes a link in one request: brings it up, renames it, moves it to another namespace (ip-link(8)). A link that moves is down afterwards unless `up` is true.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EBUSY: the link is in use; bring it down first (up = false)
---* EINVAL: the link does not accept this value, or cannot move (lo and bridges cannot)
---```lua
---tiny.link_set("lo", { up = true })
---```
---@param link tiny.bridge|tiny.veth|string its name or a handle
---@param options? tiny.link_set.options
function tiny.link_set(link, options) end

---@class tiny.link_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Deletes a link; for a veth link, both ends (ip-link(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EOPNOTSUPP: hardware links and lo cannot be deleted; move them with link_set
---```lua
---tiny.bridge("td0"):keep()
---tiny.link_del("td0")
---```
---@param link tiny.bridge|tiny.veth|string its name or a handle
---@param options? tiny.link_del.options
function tiny.link_del(link, options) end

---@class tiny.bridge.options: table<"addr"|"nodad"|"mtu"|"mac_address"|"netns", any>
---@field addr? tiny.cidr|tiny.cidr[] its address or a list of addresses, through which the caller reaches the links on it
---@field nodad? boolean use an IPv6 address at once, without duplicate address detection (default: false)
---@field mtu? integer the MTU in bytes (default: 1500)
---@field mac_address? string the MAC address; a random one changes with the links on the bridge (default: random)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Creates a bridge and brings it up (ip-link(8), type bridge).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EEXIST: choose another name, or remove the link of that name with link_del
---* EOPNOTSUPP: the kernel has no bridges: `modprobe bridge`, or CONFIG_BRIDGE (`tinylua doctor`)
---```lua
---local br <close> = tiny.bridge("td0", { addr = "10.10.0.1/24" })
---```
---@param name string at most 15 bytes
---@param options? tiny.bridge.options
---@return tiny.bridge # a bridge handle: `name`, `addr`; `<close>` deletes it
function tiny.bridge(name, options) end

---@class tiny.veth_pair.first: table<"name"|"netns"|"bridge"|"hairpin"|"link_local"|"pinned"|"addr"|"nodad"|"gateway"|"mac_address"|"mtu"|"queues", any>
---@field name string the end's name, at most 15 bytes
---@field netns? tiny.netns the network namespace in which it is created (default: the caller's)
---@field bridge? tiny.bridge|string the bridge of that namespace to attach it to (default: none)
---@field hairpin? boolean the bridge may send packets back through the port on which they came in, as needed to reach one's own published port (default: false)
---@field link_local? boolean false: no IPv6 link-local address of its own (addrgenmode none, ip-link(8)) (default: true)
---@field pinned? boolean as a bridge port it may only send what `tiny.pin` allows (default: false)
---@field addr? tiny.cidr|tiny.cidr[] its address or a list of addresses (default: none)
---@field nodad? boolean use an IPv6 address at once, without duplicate address detection (default: false)
---@field gateway? string|string[] the gateway of a default route through it, or a list with one for IPv4 and one for IPv6 (default: none)
---@field mac_address? string its MAC address (default: random)
---@field mtu? integer the MTU in bytes (default: 1500)
---@field queues? integer the number of transmit and receive queues, to spread the work over several processors (default: 1)

---Creates a pair of veth links, configures them and brings both up (veth(4)). If a step fails, the pair is removed.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EEXIST: choose another name, or remove the link of that name with link_del
---* EOPNOTSUPP: this kernel has no veth links: `modprobe veth`, or CONFIG_VETH (`tinylua doctor`)
---* ENETUNREACH: the gateway is not in the subnet of `addr`
---* EHOSTUNREACH: the IPv6 gateway is not in the subnet of any `addr`
---```lua
---local web <close> = tiny.netns()
---local veth <close> = tiny.veth_pair(
---  { name = "veth-web", addr = "10.10.0.1/24" },
---  { name = "eth0", netns = web, addr = "10.10.0.2/24", gateway = "10.10.0.1" })
---```
---@param first tiny.veth_pair.first one end: name, netns, bridge, hairpin, link_local, pinned, addr, nodad, gateway, mac_address, mtu, queues
---@param second tiny.veth_pair.first the other end, with the same keys
---@return tiny.veth # a veth handle: `name`, `peer`; `<close>` deletes both ends
function tiny.veth_pair(first, second) end

---@class tiny.addr_add.options: table<"nodad"|"netns", any>
---@field nodad? boolean use an IPv6 address at once, without duplicate address detection (default: false)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Adds an address to a link; the kernel adds the route to its subnet when the link is up (ip-address(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EEXIST: the link already has this address
---* EINVAL: it is a multicast or broadcast address; a link needs a unicast address
---```lua
---local addr <close> = tiny.addr_add("lo", "10.99.0.1/32")
---```
---@param link tiny.bridge|tiny.veth|string its name or a handle
---@param addr tiny.cidr the address with its prefix length
---@param options? tiny.addr_add.options
---@return tiny.addr # an addr handle; `<close>` removes the address
function tiny.addr_add(link, addr, options) end

---@class tiny.addr_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes an address from a link (ip-address(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* ENOENT: the link does not have this address with this prefix length; tiny.links() lists its addresses
---```lua
---tiny.addr_add("lo", "10.99.0.2/32")
---tiny.addr_del("lo", "10.99.0.2/32")
---```
---@param link tiny.bridge|tiny.veth|string its name or a handle
---@param addr tiny.cidr the address with its prefix length
---@param options? tiny.addr_del.options
function tiny.addr_del(link, addr, options) end

---@class tiny.route_add.options: table<"via"|"dev"|"metric"|"netns", any>
---@field via? string the gateway's address (default: none: dest is on the link)
---@field dev? tiny.bridge|tiny.veth|string the link: its name or a handle (default: the link of the gateway's subnet)
---@field metric? integer the priority among routes to one destination: the lowest is used (default: 0)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Adds a route to the main table (ip-route(8)). It needs `via`, `dev` or both.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EEXIST: a route to this destination with this metric already exists
---* ENETUNREACH: no link that is up reaches the gateway: give a link an address of its subnet first
---* EHOSTUNREACH: no link reaches the IPv6 gateway: give a link an address of its subnet first
---* ENETDOWN: the link is down; bring it up first: link_set(name, { up = true })
---* EINVAL: the destination must be the subnet's first address (10.20.0.0/16, not 10.20.0.1/16)
---```lua
---tiny.link_set("lo", { up = true })
---local route <close> = tiny.route_add("10.20.0.0/16", { dev = "lo" })
---```
---@param dest "default"|tiny.cidr the destination: a subnet such as "10.20.0.0/16", or "default"
---@param options? tiny.route_add.options
---@return tiny.route # a route handle; `<close>` removes it
function tiny.route_add(dest, options) end

---@class tiny.route_del.options: table<"via"|"dev"|"metric"|"netns", any>
---@field via? string the gateway's address (default: none: dest is on the link)
---@field dev? tiny.bridge|tiny.veth|string the link: its name or a handle (default: the link of the gateway's subnet)
---@field metric? integer the priority among routes to one destination: the lowest is used (default: 0)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the first matching route of the main table (ip-route(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* ESRCH: there is no such route; tiny.routes() lists them
---```lua
---tiny.link_set("lo", { up = true })
---tiny.route_add("10.21.0.0/16", { dev = "lo" })
---tiny.route_del("10.21.0.0/16", { dev = "lo" })
---```
---@param dest "default"|tiny.cidr the destination: a subnet such as "10.20.0.0/16", or "default"
---@param options? tiny.route_del.options
function tiny.route_del(dest, options) end

---@class tiny.routes.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Lists the routes of the main table, of both families (ip-route(8)).
---```lua
---for _, r in ipairs(tiny.routes()) do print(r.dst, r.via or "-", r.dev) end
---```
---@param options? tiny.routes.options
---@return table[] # a list of tables: `dst` ("10.0.0.0/8" or "default"), `dev`, `via`, `metric`, `family` ("ipv4" or "ipv6"); for a multipath route `dev` and `via` are those of the first next hop
function tiny.routes(options) end

---@class tiny.nat.options: table<"from"|"publish"|"hairpin"|"drop_invalid"|"name"|"netns", any>
---@field from tiny.cidr the subnet, such as "10.10.0.0/24"
---@field publish? (string|{ port: integer, addr: string, to: integer, host?: string, proto?: "tcp"|"udp" })[] ports: "8080:10.10.0.2:80", "5353:10.10.0.2:53/udp", or on one address "192.0.2.1:8080:10.10.0.2:80", or tables like those of `publish`; for 127.0.0.1, set route_localnet of the bridge to 1 (default: none)
---@field hairpin? boolean members of the subnet can reach each other through published ports, including those of `tiny.publish` (default: true with `publish`)
---@field drop_invalid? boolean ignore packets to this machine that fit no connection (`ct state invalid`). Otherwise it answers a packet of a member's connection that could not be translated back with a reset, which ends the connection (default: false)
---@field name? string the name for the table and for nat_del (default: the subnet, such as 10.10.0.0-24)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Masquerades the traffic of a subnet, and publishes ports of its members on the host. The rules are in a separate nftables table, `inet tiny-NAME` (nft(8)). Forwarding must be enabled too: sysctl("net.ipv4.ip_forward", 1).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EEXIST: a nat of this name exists: choose another name, or remove it with nat_del
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: the kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local nat <close> = tiny.nat { from = "10.10.0.0/24", publish = { "8080:10.10.0.2:80" } }
---```
---@param options tiny.nat.options
---@return tiny.nat # a nat handle: `name`; `<close>` removes the table
function tiny.nat(options) end

---@class tiny.nat_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the table that `nat` created under this name (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: there is no nat of this name; `nft list tables` shows them as inet tiny-NAME
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.nat { from = "10.10.0.0/24", name = "web" }
---tiny.nat_del("web")
---```
---@param name string the name of the nat
---@param options? tiny.nat_del.options
function tiny.nat_del(name, options) end

---@class tiny.publish.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Publishes ports on the host: connections to a host port are translated to another address. Each port is an element of a map in the nftables table `inet tiny-publish`, which is created if it is missing, so that a packet needs one lookup for any number of ports (nft(8)). A list is published as a whole or not at all. For 127.0.0.1, set route_localnet of the outgoing link to 1. Forwarding must be enabled too, and callers in the same subnet need `nat` with `hairpin`.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EEXIST: the port is already published: choose another, or unpublish it with publish_del; tiny.published() lists them
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: the kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local port <close> = tiny.publish("8080:10.10.0.2:80")
---```
---@param port string|(string|{ port: integer, addr: string, to: integer, host?: string, proto?: "tcp"|"udp" })[]|{ port: integer, addr: string, to: integer, host?: string, proto?: "tcp"|"udp" } "8080:10.10.0.2:80", "53:10.10.0.2:53/udp", "192.0.2.1:80:10.10.0.2:80", or { port = 8080, addr = "10.10.0.2", to = 80 } with `host` and `proto` if needed, or a list of these
---@param options? tiny.publish.options
---@return tiny.published # a published handle: `port` (as given); `<close>` unpublishes the ports
function tiny.publish(port, options) end

---@class tiny.publish_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Unpublishes a port that still leads to this address, and ends its connections (nft(8)). The call takes about 10 ms, also for a list, and twice as long when there were connections.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: a port is not published or leads to another address; tiny.published() lists them; the others of the list are removed
---* EINVAL: the port is removed, but its connections continue, since the kernel cannot list them: `modprobe nf_conntrack_netlink`, or CONFIG_NF_CT_NETLINK
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.publish("8080:10.10.0.2:80"):keep()
---tiny.publish_del("8080:10.10.0.2:80")
---```
---@param port string|(string|{ port: integer, addr: string, to: integer, host?: string, proto?: "tcp"|"udp" })[]|{ port: integer, addr: string, to: integer, host?: string, proto?: "tcp"|"udp" } the port as given to `publish`, or a list
---@param options? tiny.publish_del.options
function tiny.publish_del(port, options) end

---@class tiny.published.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Lists the ports published by `publish` (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---for _, port in ipairs(tiny.published()) do print(port) end
---```
---@param options? tiny.published.options
---@return any[] # a list of strings in the syntax of `publish`, without "/tcp"; empty if there is no table
function tiny.published(options) end

---@class tiny.publish_clear.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the table `inet tiny-publish` when no ports are published (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: there is no such table: no port was published
---* EBUSY: a port is still published; tiny.published() lists them
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.publish("8080:10.10.0.2:80"):close()
---tiny.publish_clear()
---```
---@param options? tiny.publish_clear.options
function tiny.publish_clear(options) end

---@class tiny.isolate.options: table<"name"|"outbound"|"closed"|"netns", any>
---@field name? string the name for the table and for isolate_del; no nat may have the same (default: the bridge's)
---@field outbound? boolean allow connections that start on the bridge, and connections to published ports (default: false)
---@field closed? boolean also drop packets from the bridge to the host itself, except ICMP and replies (default: false)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Drops packets that are forwarded between a bridge and any other link, in both directions. The rules are in a separate nftables table, `inet tiny-NAME` (nft(8)). The host itself can still reach the bridge, which need not exist yet. Tables of other programs see the packets too and may drop what this one accepts.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EEXIST: a table of this name exists: choose another name, or remove it with isolate_del or nat_del
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: the kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local br <close> = tiny.bridge("td0")
---local apart <close> = tiny.isolate(br, { outbound = true })
---```
---@param bridge tiny.bridge|string its name or a handle
---@param options? tiny.isolate.options
---@return tiny.isolation # an isolation handle: `name`, `bridge`; `<close>` removes the table
function tiny.isolate(bridge, options) end

---@class tiny.isolate_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the table that `isolate` or `block_transit` created under this name (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: there is no isolation of this name; `nft list tables` shows them as inet tiny-NAME
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.isolate("td0"):keep()
---tiny.isolate_del("td0")
---```
---@param name string the name: the bridge's, unless `name` was given
---@param options? tiny.isolate_del.options
function tiny.isolate_del(name, options) end

---@class tiny.block_transit.options: table<"name"|"family"|"netns", any>
---@field name string the name for the table and for isolate_del; no nat may have the same
---@field family string "ipv4" or "ipv6"
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Drops packets that are forwarded neither from nor to one of the given links. The rules are in a separate nftables table, `inet tiny-NAME` (nft(8)). A host that forwards for its containers then does not route for its neighbors, whichever links are added later. Replies and connections to published ports pass.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EEXIST: a table of this name exists: choose another name, or remove it with isolate_del or nat_del
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* ENOENT: the kernel lacks a part of nftables: CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT or CONFIG_NFT_FIB_INET (modules nft_chain_nat, nft_masq, nft_ct, nft_fib_inet)
---```lua
---local block <close> = tiny.block_transit({ "td" }, { name = "transit", family = "ipv4" })
---```
---@param own string[] name prefixes of the links that the host forwards for
---@param options tiny.block_transit.options
---@return tiny.transit # a transit handle: `name`; `<close>` removes the table
function tiny.block_transit(own, options) end

---@class tiny.pin.options: table<"mac_address"|"addr"|"router"|"netns", any>
---@field mac_address string the MAC address that it sends from: that of the veth's other end
---@field addr string|string[] its address or a list of addresses
---@field router? boolean it forwards packets: it may send from any other address too, but not claim it by ARP (default: false)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Restricts the frames that a bridge port may send. The port must have been created by veth_pair with `pinned`; the link need not exist yet. Only frames from this MAC address and these addresses pass, in IPv4, IPv6, ARP and neighbor discovery. Router advertisements, redirects, VLAN tags and all other protocols are dropped. All pins are in one nftables table, `bridge tiny-pins` (nft(8)), which the first call creates: while it exists, a `pinned` port without a pin cannot send.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EOPNOTSUPP: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EAFNOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---local pin <close> = tiny.pin("veth-web", { mac_address = "02:42:0a:0a:00:02", addr = "10.10.0.2" })
---```
---@param link tiny.bridge|tiny.veth|string the port: its name or a handle
---@param options tiny.pin.options
---@return tiny.pin # a pin handle: `name`; `<close>` removes the pin
function tiny.pin(link, options) end

---@class tiny.pin_del.options: table<"mac_address"|"addr"|"router"|"netns", any>
---@field mac_address string the MAC address that it sends from: that of the veth's other end
---@field addr string|string[] its address or a list of addresses
---@field router? boolean it forwards packets: it may send from any other address too, but not claim it by ARP (default: false)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the pin with the same values (nft(8)). The port cannot send afterwards.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: there is no pin with these values; `nft list table bridge tiny-pins` lists all
---* EOPNOTSUPP: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---tiny.pin("veth-web", { mac_address = "02:42:0a:0a:00:02", addr = "10.10.0.2" }):keep()
---tiny.pin_del("veth-web", { mac_address = "02:42:0a:0a:00:02", addr = "10.10.0.2" })
---```
---@param link tiny.bridge|tiny.veth|string the port: its name or a handle
---@param options tiny.pin_del.options
function tiny.pin_del(link, options) end

---@class tiny.pin_clear.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the table `bridge tiny-pins` when no pins are left (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: there is no such table: no port was pinned
---* EBUSY: a port is still pinned; `nft list table bridge tiny-pins` shows which
---* EOPNOTSUPP: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---tiny.pin("veth-web", { mac_address = "02:42:0a:0a:00:02", addr = "10.10.0.2" }):close()
---tiny.pin_clear()
---```
---@param options? tiny.pin_clear.options
function tiny.pin_clear(options) end

---@class tiny.egress_fence.options: table<"group"|"mark"|"wide"|"ranges"|"relay"|"keep_pins"|"netns", any>
---@field group integer the NFLOG group of its denied packets
---@field mark integer the mark of allowed connections (conntrack(8)): after a change, existing connections need a pin again
---@field wide? ({ protocol: "tcp"|"udp", first: integer, last: integer })[] ranges of ports for `egress_pin`, at most 64 (default: none)
---@field ranges? ({ cidr: tiny.cidr, protocol: "tcp"|"udp", first: integer, last: integer })[] addresses that are always allowed; they must not overlap (default: none)
---@field relay? integer the TCP port of this machine to which connections to pins with `verify` are redirected. Only they reach it (default: none)
---@field keep_pins? boolean existing pins stay (default: false)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---@class tiny.egress_fence.wide: table<"protocol"|"first"|"last", any>
---@field protocol "tcp"|"udp" the protocol
---@field first integer the first port
---@field last integer the last port

---@class tiny.egress_fence.ranges: table<"cidr"|"protocol"|"first"|"last", any>
---@field cidr tiny.cidr the addresses
---@field protocol "tcp"|"udp" the protocol
---@field first integer the first port
---@field last integer the last port

---Creates the chains and sets that decide what a container may connect to, or replaces their content in one step. Nothing is allowed but its pins (`egress_pin`) and the given ranges; packets reach it once `egress_link` leads them there. Denied packets go to an NFLOG group (at most 50 in a second) and are rejected: TCP by a reset, others by ICMP. Loopback, link-local, multicast and reserved addresses are always denied, and so are this machine's own addresses, except for replies and neighbor discovery. All fences are in one nftables table, `inet tiny-egress` (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EEXIST: two of the ranges overlap
---* ENOENT: the kernel lacks a part of nftables: CONFIG_NFT_CT, CONFIG_NFT_LOG, CONFIG_NFT_LIMIT, CONFIG_NFT_REJECT_INET, CONFIG_NFT_REDIR or CONFIG_NFT_MASQ
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EAFNOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7, ranges = {
---  { cidr = "10.0.0.0/8", protocol = "tcp", first = 5432, last = 5432 } } })
---```
---@param id string the container: letters, digits and hyphens
---@param options tiny.egress_fence.options
---@return tiny.fence # a fence handle: `name`; `<close>` removes the fence
function tiny.egress_fence(id, options) end

---@class tiny.egress_fence_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the fence of a container, with its pins and links (nft(8)). The table is removed with the last fence.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: this container has no fence; `nft list table inet tiny-egress` lists all
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---tiny.egress_fence("web", { group = 5000, mark = 7 }):keep()
---tiny.egress_fence_del("web")
---```
---@param id string the container: letters, digits and hyphens
---@param options? tiny.egress_fence_del.options
function tiny.egress_fence_del(id, options) end

---@class tiny.egress_link.options: table<"addr"|"only"|"never"|"netns", any>
---@field addr string|string[] its address or a list of addresses
---@field only? boolean its packets with other source addresses are dropped, except neighbor discovery: for a container's own link (default: false)
---@field never? string[] further addresses that no fence in this network namespace allows; none that is already always denied (default: none)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Leads the packets that arrive on a link from these addresses to the fence of a container (nft(8)). On a bridge, the sender's address must be enforced (`pin`), and its port closed (`egress_port`).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: this container has no fence: call egress_fence first
---* EBUSY: an address on this link already leads to another fence
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
---tiny.egress_link("web", "td0", { addr = "10.10.0.2" })
---```
---@param id string the container: letters, digits and hyphens
---@param link tiny.bridge|tiny.veth|string the bridge, or the container's own link: its name or a handle
---@param options tiny.egress_link.options
function tiny.egress_link(id, link, options) end

---@class tiny.egress_port.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Drops all frames from a port of a bridge to other ports: its packets reach other containers only through this machine, and so through its fence. All closed ports are in one nftables table, `bridge tiny-egress` (nft(8)). The link need not exist yet.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EOPNOTSUPP: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EAFNOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---local port <close> = tiny.egress_port("veth-web")
---```
---@param link tiny.bridge|tiny.veth|string the port: its name or a handle
---@param options? tiny.egress_port.options
---@return tiny.closed_port # a closed_port handle: `name`; `<close>` opens the port
function tiny.egress_port(link, options) end

---@class tiny.egress_port_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Opens a port that `egress_port` has closed (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: the port is not closed; `nft list table bridge tiny-egress` lists all
---* EOPNOTSUPP: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---* EPROTONOSUPPORT: the kernel has no nftables for bridges: CONFIG_NF_TABLES and CONFIG_NF_TABLES_BRIDGE (`modprobe nf_tables`)
---```lua
---tiny.egress_port("veth-web"):keep()
---tiny.egress_port_del("veth-web")
---```
---@param link tiny.bridge|tiny.veth|string the port: its name or a handle
---@param options? tiny.egress_port_del.options
function tiny.egress_port_del(link, options) end

---@class tiny.egress_pin.options: table<"seconds"|"netns", any>
---@field seconds tiny.duration how long new connections are allowed
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---@class tiny.egress_pin.pins: table<"addr"|"protocol"|"port"|"wide"|"verify", any>
---@field addr string the address
---@field protocol "tcp"|"udp" the protocol
---@field port? integer the port
---@field wide? integer instead of a port: the place of a range of ports in `wide`
---@field verify? boolean redirect the connections to the port `relay` of the fence; without one they are denied (default: false)

---Allows a container to connect to destinations for a limited time, or extends that time: a list of up to 1000 as a whole or not at all (nft(8)). Connections that exist at its end continue.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: this container has no fence: call egress_fence first
---* ENFILE: a container has at most 65536 pins of each family
---```lua
---local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
---tiny.egress_pin("web", { { addr = "198.51.100.7", protocol = "tcp", port = 443 } }, { seconds = "60s" })
---```
---@param id string the container: letters, digits and hyphens
---@param pins ({ addr: string, protocol: "tcp"|"udp", port?: integer, wide?: integer, verify?: boolean })[] the destinations
---@param options tiny.egress_pin.options
function tiny.egress_pin(id, pins, options) end

---@class tiny.egress_unpin.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---@class tiny.egress_unpin.pins: table<"addr"|"protocol"|"port"|"wide"|"verify", any>
---@field addr string the address
---@field protocol "tcp"|"udp" the protocol
---@field port? integer the port
---@field wide? integer instead of a port: the place of a range of ports in `wide`
---@field verify? boolean redirect the connections to the port `relay` of the fence; without one they are denied (default: false)

---Removes pins of a container before their time; those that do not exist are skipped (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: this container has no fence: call egress_fence first
---```lua
---local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
---local pins = { { addr = "198.51.100.7", protocol = "tcp", port = 443 } }
---tiny.egress_pin("web", pins, { seconds = 60 })
---tiny.egress_unpin("web", pins)
---```
---@param id string the container: letters, digits and hyphens
---@param pins ({ addr: string, protocol: "tcp"|"udp", port?: integer, wide?: integer, verify?: boolean })[] the destinations
---@param options? tiny.egress_unpin.options
function tiny.egress_unpin(id, pins, options) end

---@class tiny.egress_pins.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Lists the pins of a container (nft(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENOENT: this container has no fence: call egress_fence first
---```lua
---local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
---print(#tiny.egress_pins("web"))
---```
---@param id string the container: letters, digits and hyphens
---@param options? tiny.egress_pins.options
---@return table[] # a list of tables like those of `egress_pin`, with `seconds`, the time that is left
function tiny.egress_pins(id, options) end

---@class tiny.nft_chains.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Lists the base chains of all nftables tables, including those of other programs (nft(8)). A packet passes all chains of a hook; a drop by any of them is final.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EOPNOTSUPP: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---* EPROTONOSUPPORT: the kernel has no nftables, or none for the inet family: `modprobe nf_tables`, or CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET
---```lua
---for _, chain in ipairs(tiny.nft_chains()) do
---  if chain.policy == "drop" then print(chain.family, chain.table, chain.name) end
---end
---```
---@param options? tiny.nft_chains.options
---@return table[] # a list of tables: `table`, `family` ("ip", "ip6", "inet", "arp", "bridge", "netdev"), `name`, `type` ("filter", "nat", "route"), `hook` ("forward", …), `priority` (the lowest comes first), `policy` ("accept", "drop"); rules of iptables-legacy are not included
function tiny.nft_chains(options) end

---@class tiny.conntrack_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Deletes the connection tracking entries from and to an address, before or after translation (conntrack(8), -D). Otherwise connections through a port that is no longer published continue.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EINVAL: the kernel cannot list its connections: `modprobe nf_conntrack_netlink`, or CONFIG_NF_CT_NETLINK
---```lua
---local cut = tiny.conntrack_del("10.10.0.2")
---```
---@param addr string the address, such as "10.10.0.2"
---@param options? tiny.conntrack_del.options
---@return any # the number of deleted entries
function tiny.conntrack_del(addr, options) end

---@class tiny.qdisc_set.options: table<"rate"|"burst"|"latency"|"delay"|"jitter"|"loss"|"netns", any>
---@field rate? integer|string bits per second, or "10mbit", "512kbit" (default: none)
---@field burst? tiny.size how many bytes may be sent at once, at least one packet: "32k" (default: needed with `rate` alone)
---@field latency? tiny.duration how long a packet may wait before it is dropped (default: needed with `rate` alone)
---@field delay? tiny.duration the delay of each packet (default: 0)
---@field jitter? tiny.duration the variation of the delay (default: 0)
---@field loss? number the fraction of packets to drop, 0 to 1 (default: 0)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Limits the rate of outgoing packets of a link (tc-tbf(8)), or adds delay and loss to them, with a rate if one is given (tc-netem(8)). It replaces the previous setting. To limit incoming packets, set the other end of the link.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* EINVAL: the kernel does not accept these values
---* EOPNOTSUPP: the kernel has neither of the two: CONFIG_NET_SCHED, CONFIG_NET_SCH_TBF, CONFIG_NET_SCH_NETEM
---```lua
---local limit <close> = tiny.qdisc_set("veth-web", { rate = "10mbit", burst = "32k", latency = "50ms" })
---```
---@param link tiny.bridge|tiny.veth|string its name or a handle
---@param options? tiny.qdisc_set.options
---@return tiny.qdisc # a qdisc handle: `name` (the link's); `<close>` restores the default qdisc
function tiny.qdisc_set(link, options) end

---@class tiny.qdisc_del.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Removes the setting of `qdisc_set` from a link (tc(8)).
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* ENODEV: there is no such link in this network namespace; tiny.links() lists them
---* ENOENT: this link has no such setting
---```lua
---tiny.qdisc_del("veth-web")
---```
---@param link tiny.bridge|tiny.veth|string its name or a handle
---@param options? tiny.qdisc_del.options
function tiny.qdisc_del(link, options) end

---@class tiny.reserve_port.options: table<"addr"|"netns", any>
---@field addr? string the address, such as "0.0.0.0" or "::" (default: every IPv4 address)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Reserves a port: it is bound, but TCP does not listen (bind(2)). The port is free again when the handle is closed or collected, or when the process ends.
---* EADDRINUSE: another program uses this port; `ss -lntup` shows which, and port 0 takes any free one
---* EACCES: ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start changes this limit
---* EADDRNOTAVAIL: no link of this namespace has this address; tiny.links() lists them
---```lua
---local port <close> = tiny.reserve_port("8080/tcp", { addr = "0.0.0.0" })
---```
---@param port string "8080/tcp", "53/udp"; TCP without a protocol; 0 for any free port
---@param options? tiny.reserve_port.options
---@return tiny.reservation # a reservation handle: `port` (the number), `proto`
function tiny.reserve_port(port, options) end

---@class tiny.udp_bind.options: table<"peer"|"netns", any>
---@field peer? string connect(2) to this address: receive only from there, and fail with ECONNREFUSED if no program listens there (default: none)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Creates a UDP socket and binds it to a port (udp(7)).
---* EADDRINUSE: another program uses this port; `ss -lntup` shows which, and port 0 takes any free one
---* EACCES: ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start changes this limit
---* EADDRNOTAVAIL: no link of this namespace has this address; tiny.links() lists them
---* ENETUNREACH: this namespace has no route to the peer
---```lua
---local udp <close> = tiny.udp_bind("127.0.0.1:0")
---```
---@param addr string "127.0.0.1:53", "[::1]:53"
---@param options? tiny.udp_bind.options
---@return tiny.udp # a udp handle: `port`; `:receive()`, `:send()`; can be passed to `poll`
function tiny.udp_bind(addr, options) end

---Receives the next datagram without blocking (recvfrom(2)).
---```lua
---local bytes, from = udp:receive()
---```
---@param udp tiny.udp a handle returned by `udp_bind`
---@return string? # its bytes and its sender, such as "127.0.0.1:4242"; nil when none is waiting
function tiny.udp_receive(udp) end

---Sends a datagram (sendto(2)).
---* EMSGSIZE: a datagram has at most 65507 bytes; send a shorter one
---* ENETUNREACH: this namespace has no route to the address
---* EPERM: a packet filter of this namespace rejects it
---```lua
---udp:send("hello", "127.0.0.1:4242")
---```
---@param udp tiny.udp a handle returned by `udp_bind`
---@param data string the bytes
---@param to string the receiver, such as "127.0.0.1:4242"
function tiny.udp_send(udp, data, to) end

---@class tiny.tcp_listen.options: table<"backlog"|"link"|"netns", any>
---@field backlog? integer the largest number of connections that wait to be accepted (default: 64)
---@field link? string accept only connections that arrive on this link (SO_BINDTODEVICE) (default: every link)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Listens for TCP connections (listen(2)).
---* EADDRINUSE: another program uses this port; `ss -lntup` shows which, and port 0 takes any free one
---* EACCES: ports below 1024 need CAP_NET_BIND_SERVICE; net.ipv4.ip_unprivileged_port_start changes this limit
---* EADDRNOTAVAIL: no link of this namespace has this address; tiny.links() lists them
---* ENODEV: this namespace has no such link; tiny.links() lists them
---```lua
---local listener <close> = tiny.tcp_listen("127.0.0.1:0")
---```
---@param addr string "127.0.0.1:53", "[::1]:53"
---@param options? tiny.tcp_listen.options
---@return tiny.listener # a listener handle: `port`; `:accept()`; ready in `poll` when a connection is waiting
function tiny.tcp_listen(addr, options) end

---Accepts the next connection without blocking (accept4(2)).
---* EMFILE: this process has too many open files
---```lua
---local client = listener:accept()
---```
---@param listener tiny.listener a handle returned by `tcp_listen`
---@return any # a nonblocking file handle whose `path` is the peer's address; nil when no connection is waiting
function tiny.tcp_accept(listener) end

---@class tiny.tcp_connect.options: table<"timeout"|"nonblock"|"wait"|"netns", any>
---@field timeout? tiny.duration the longest time to wait (default: the kernel's)
---@field nonblock? boolean reads and writes do not block (default: false)
---@field wait? boolean false: return at once, with nonblock; the handle is writable once it is connected, and its first read or write reports a failure (default: true)
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Connects to a TCP listener (connect(2)).
---* ECONNREFUSED: no program listens on this port
---* ETIMEDOUT: no reply: a packet filter drops the packets, or the machine is down
---* ENETUNREACH: this namespace has no route to the address
---* EHOSTUNREACH: no machine on the link has this address
---```lua
---local far <close> = tiny.tcp_connect("127.0.0.1:80", { timeout = "1s" })
---```
---@param addr string "127.0.0.1:53", "[::1]:53"
---@param options? tiny.tcp_connect.options
---@return tiny.file # a file handle
function tiny.tcp_connect(addr, options) end

---@class tiny.nflog.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Binds a log group of a network namespace (nfnetlink_log): rules with `log group N` report the start of each matching packet to the handle. The kernel drops reports while nobody reads them.
---* EBUSY: another program has bound this group; leave `group` out to take a free one
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EINVAL: the kernel has no packet log: `modprobe nfnetlink_log`, or CONFIG_NETFILTER_NETLINK_LOG
---```lua
---local log <close> = tiny.nflog()
---```
---@param group? integer the number of the group; the first free one when absent
---@param options? tiny.nflog.options
---@return tiny.nflog # an nflog handle: `group`; `:receive()`; ready in `poll` when a packet was reported
function tiny.nflog(group, options) end

---Reads the next reports without blocking. Their contents come from the sender of the packet: they need not be true.
---* EBADF: the handle is not open
---```lua
---local packets = log:receive()
---```
---@param log tiny.nflog a handle returned by `nflog`
---@return any[] # a list of packets: `prefix` (of the rule), `from`, `to`, `protocol` (its number), `from_port`, `to_port`, `link` (the index of the link that it arrived on), `uid`; fields that a packet does not have are absent. The list has `lost` = true if the kernel has dropped reports. nil when there are none
function tiny.nflog_receive(log) end

---@class tiny.nft_watch.options: table<"netns", any>
---@field netns? tiny.netns the network namespace to use (default: the caller's)

---Watches a network namespace for programs that remove rules, chains, sets or tables of nftables, such as `nft flush ruleset`, which removes those of every program (nft(8)). Changes of elements are not reported.
---* EPERM: needs CAP_NET_ADMIN over the network namespace: run as root, or in your own user namespace
---* EPROTONOSUPPORT: the kernel has no nftables: `modprobe nf_tables`, or CONFIG_NF_TABLES
---```lua
---local watch <close> = tiny.nft_watch()
---```
---@param options? tiny.nft_watch.options
---@return tiny.nft_watch # an nft_watch handle: `:changed()`; ready in `poll` when something was removed
function tiny.nft_watch(options) end

---Whether something was removed from nftables since the last call, by any program including this one.
---* EBADF: the handle is not open
---```lua
---if watch:changed() then print(#tiny.nft_chains()) end
---```
---@param watch tiny.nft_watch a handle returned by `nft_watch`
---@return boolean # a boolean
function tiny.nft_watch_changed(watch) end

---Returns where an accepted TCP connection was going before a redirect rule of this namespace translated it (SO_ORIGINAL_DST).
---* ENOTCONN: the connection has ended, or this is a listener
---* EOPNOTSUPP: the file is not a TCP socket
---* ENOTSOCK: the file is not a socket
---```lua
---local addr, port = tiny.original_destination(client)
---```
---@param socket tiny.file an accepted connection
---@return any # an address and a port, such as "192.0.2.1" and 443; nil for a connection that was made to this socket itself
function tiny.original_destination(socket) end

---Closes a TCP connection with a reset (RST), which its peer sees as an error at once (SO_LINGER of 0).
---* ENOTSOCK: the file is not a socket
---```lua
---tiny.tcp_reset(client)
---```
---@param socket tiny.file a connection; the handle is closed
function tiny.tcp_reset(socket) end

---Parses the first message of a TLS client (RFC 8446), also in several records, up to 64 KiB. What two parsers could read differently is refused: an extension twice, several names, a name that is not a host name.
---```lua
---local hello, more = tiny.tls_client_hello(bytes)
---```
---@param bytes string what the client has sent; it need not be trusted
---@return table # a table: `name` (the server name in lower case; nil if there is none), `ech` (it has encrypted ClientHello, or its grease), or `refused` (why it is refused). nil and a number while it is incomplete: fewer bytes than this tell nothing new
function tiny.tls_client_hello(bytes) end

---Parses the head of an HTTP/1 request (RFC 9112), up to 32 KiB. What two parsers could read differently (request smuggling) is refused, such as two Host fields, both Content-Length and Transfer-Encoding, or a line that ends with LF alone.
---```lua
---local request, more = tiny.http_request(bytes)
---```
---@param bytes string what the client has sent; it need not be trusted
---@return table? # a table: `method`, `host` (in lower case), `port` (nil if the request has none), `length` (of the body; nil for chunks), `switch` ("connect", "upgrade" or nil), or `refused` (why it is refused). nil and a number while it is incomplete: fewer bytes than this tell nothing new
function tiny.http_request(bytes) end

---Creates a splicer, which moves the bytes of many TCP connections without copying them (splice(2), epoll(7)). The end of one side is passed to the other, a failure of one resets both, and what one does not accept is not read from the other.
---* EMFILE: this process has too many open files
---```lua
---local splicer <close> = tiny.splicer()
---```
---@return tiny.splicer # a splicer handle: `:add()`, `:turn()`, `:reset()`; can be passed to `poll`
function tiny.splicer() end

---@class tiny.splicer_add.options: table<"data"|"tls"|"http"|"port", any>
---@field data? string bytes that were already received from the client (default: none)
---@field tls? string the server name, in lower case (default: no check)
---@field http? string the host, in lower case (default: no check)
---@field port? integer the port that a Host field may have, for `http` (default: 80)

---Adds a connection to a splicer. With `tls` or `http` the client's bytes are checked before they pass: the ClientHello, also a second one, and each request must name this host. HTTP to another protocol (Upgrade, CONNECT) must be the first request, and is not checked once the server has agreed.
---* EOPNOTSUPP: a side is not a TCP socket
---* ENOTSOCK: a side is not a socket
---```lua
---local server = tiny.tcp_connect("192.0.2.1:443", { wait = false })
---local number, why = splicer:add(client, server, { data = bytes, tls = hello.name })
---```
---@param splicer tiny.splicer a handle returned by `splicer`
---@param client tiny.file one side; the handle is closed
---@param server tiny.file the other side, which may still be connecting (`wait = false`); the handle is closed
---@param options? tiny.splicer_add.options
---@return any # the number of the connection; nil and the reason if `data` is refused: both sides are reset
function tiny.splicer_add(splicer, client, server, options) end

---Moves what can be moved now, without blocking. Call it when the splicer is ready in `poll`.
---```lua
---for _, ended in ipairs(splicer:turn()) do print(ended.number, ended.received) end
---```
---@param splicer tiny.splicer a handle returned by `splicer`
---@return any[] # a list of the connections that have ended, and how many are left. Each has `number`, `sent` and `received` (bytes that went to the server and to the client), `reset` (a side or a check reset it), `refused` (why the check did)
function tiny.splicer_turn(splicer) end

---Resets all connections of a splicer.
---```lua
---splicer:reset()
---```
---@param splicer tiny.splicer a handle returned by `splicer`
---@return any[] # a list of them, as from `splicer_turn`, and 0
function tiny.splicer_reset(splicer) end

---Returns what kind of socket a descriptor of another process is (pidfd_getfd(2)).
---* ESRCH: there is no such process
---* EBADF: the process has no open file with this number
---* ENOTSOCK: the open file is not a socket
---* EPERM: needs CAP_SYS_PTRACE over the process
---* EINVAL: the pid is that of a thread; the Tgid in /proc/PID/status is its process
---```lua
---local kind = tiny.process_socket(process.pid, 3)
---```
---@param pid integer the process; not one of its threads
---@param number integer the number of the descriptor
---@return table # a table: `family` ("inet", "inet6", "unix", or a number as text) and `protocol` ("tcp", "udp", "icmp", "icmpv6", "sctp", or a number as text; multipath TCP is "tcp")
function tiny.process_socket(pid, number) end

---Parses the question of a DNS query (RFC 1035).
---```lua
---local question = tiny.dns_question(bytes)
---```
---@param query string a message in wire format; it need not be trusted
---@return table # a table: `id`, `name` (lower case, without the final dot), `type` ("A", "AAAA", "PTR", …, "TYPE65280"), `recursion`, `max` (the largest reply by UDP that the sender accepts, in bytes); nil if it is not a query with exactly one question
function tiny.dns_question(query) end

---@class tiny.dns_answer.options: table<"addrs"|"names"|"code"|"ttl"|"max", any>
---@field addrs? string[] IPv4 addresses for A, IPv6 addresses for AAAA (default: none)
---@field names? string[] domain names for PTR (default: none)
---@field code? "NOERROR"|"FORMERR"|"SERVFAIL"|"NXDOMAIN"|"NOTIMP"|"REFUSED" the response code (default: "NOERROR")
---@field ttl? integer the time in seconds for which the reply may be cached (default: 0)
---@field max? tiny.size the largest reply in bytes; records that do not fit are left out and the reply is marked as truncated (default: 64k)

---Builds the reply to a DNS query (RFC 1035). A and AAAA queries are answered with the addresses of that family, PTR queries with the names, and others with an empty answer.
---```lua
---local bytes = tiny.dns_answer(query, { addrs = { "10.10.0.2" }, ttl = 60, max = 512 })
---```
---@param query string the query in wire format
---@param options? tiny.dns_answer.options
---@return any # the reply in wire format
function tiny.dns_answer(query, options) end

---@class tiny.dns_reply.options: table<"name"|"type", any>
---@field name string the name in the question, in lower case and without the final dot
---@field type "A"|"AAAA" the type in the question

---Parses the reply of a name server to a question for addresses (RFC 1035): the addresses at the end of the chain of aliases (CNAME) that begins with the asked name.
---```lua
---local reply, why = tiny.dns_reply(bytes, { name = "www.example.com", type = "AAAA" })
---```
---@param reply string a message in wire format; it need not be trusted
---@param options tiny.dns_reply.options
---@return table # a table: `code` ("NOERROR", "NXDOMAIN", …), `addrs`, `ttl` (the smallest of the chain), `next` (the alias that the chain leads to, if the reply has no address of it), `truncated`; nil and the reason if it is no reply to this question
function tiny.dns_reply(reply, options) end

---@class tiny.sysctl.options: table<"netns", any>
---@field netns? tiny.netns the network namespace for keys below `net` (default: the caller's)

---Reads a kernel setting below /proc/sys, or sets it if a value is given (sysctl(8), proc(5)). The keys below `net` belong to a network namespace, most others to the whole machine.
---* ENOENT: the kernel has no such setting; `sysctl -a` lists them
---* EPERM: needs root in the user namespace that owns the setting; most belong to the initial one
---* EACCES: needs root, or the setting is read-only (or write-only)
---* EROFS: /proc/sys is mounted read-only, as in a container; change the setting from outside
---* EINVAL: the kernel does not accept this value
---```lua
---local forward <close> = tiny.sysctl("net.ipv4.ip_forward", 1)
---print(tiny.sysctl("net.ipv4.ip_forward"))
---```
---@param key string such as "net.ipv4.ip_forward", with dots or slashes
---@param value? integer|string the new value
---@param options? tiny.sysctl.options
---@return any # without a value: the value as a string. With one: a sysctl handle with `key`, `value` and `old`; `<close>` restores the old value
function tiny.sysctl(key, value, options) end

---Parses an address, with or without a prefix length, to its bytes in network order.
---```lua
---local bytes, prefix = tiny.parse_addr("10.10.0.0/24")
---```
---@param text string such as "10.10.0.2", "10.10.0.0/24" or "fd00::2"
---@return any # 4 or 16 bytes and the prefix length (32 or 128 if absent); nil if it is not an address
function tiny.parse_addr(text) end

---Formats the bytes of an address as text, IPv6 in its short form (RFC 5952).
---```lua
---local text = tiny.format_addr("\x0a\x0a\x00\x02")
---```
---@param bytes any 4 or 16 bytes in network order
---@return any # the address, such as "10.10.0.2"
function tiny.format_addr(bytes) end

-- Files

---@class tiny.read_file.options: table<"root"|"max", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field max? tiny.size the largest file that is read (default: 16m)

---Reads a whole regular file; FIFOs and devices are refused (open(2), O_NONBLOCK).
---* EACCES: this user has no permission; tinylua's own files belong to root
---* EFBIG: the file is larger than `max`; raise it
---* EISDIR: it is a directory
---```lua
---local passwd = tiny.read_file("/etc/passwd", { root = "./rootfs" })
---```
---@param path string the file
---@param options? tiny.read_file.options
---@return any # the file's bytes, or nil when it is missing
function tiny.read_file(path, options) end

---@class tiny.access.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)

---Returns whether this process may use a file, with its effective ids and capabilities (faccessat2(2), AT_EACCESS).
---```lua
---if not tiny.access("/usr/bin/env", "x", { root = "./rootfs" }) then print("no env") end
---```
---@param path string the file; symbolic links are followed
---@param mode string letters: r to read, w to write, x to execute, or to search a directory; "": it exists
---@param options? tiny.access.options
---@return boolean # true; or false and the code of the reason, such as "EACCES" or "ENOENT"
function tiny.access(path, mode, options) end

---@class tiny.write_file.options: table<"root"|"mode"|"sync"|"exclusive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field mode? integer the file's mode (default: 0o644)
---@field sync? boolean wait until the file and its name are on disk (fdatasync(2), fsync(2)) (default: false)
---@field exclusive? boolean fail with EEXIST instead of replacing a file (default: false)

---Writes a whole file atomically, through a temporary file and rename(2): readers never see a partial file. A symbolic link of that name is replaced, not followed.
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* ENOSPC: the disk is full; nothing was changed
---* EEXIST: the file already exists
---```lua
---tiny.write_file("state.json", tiny.json_encode { status = "running" }, { mode = tonumber("600", 8) })
---```
---@param path string the file
---@param data string the new content
---@param options? tiny.write_file.options
function tiny.write_file(path, data, options) end

---@class tiny.append_file.options: table<"mode", any>
---@field mode? integer the file's mode (default: 0o644)

---Appends to a file with one write and creates the file if it is missing (open(2), O_APPEND).
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* ENOSPC: the disk is full; some of the bytes may have been appended
---```lua
---tiny.append_file("undo.jsonl", tiny.json_encode { "link_del", "veth0" } .. "\n")
---```
---@param path string the file
---@param data string the bytes
---@param options? tiny.append_file.options
function tiny.append_file(path, data, options) end

---@class tiny.list_dir.options: table<"root"|"nofollow", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field nofollow? boolean do not follow symbolic links in any component of the path (RESOLVE_NO_SYMLINKS): for a tree that another process may change (default: false)

---Lists the names in a directory, sorted (readdir(3)).
---* EACCES: this user has no permission; tinylua's own files belong to root
---* ENOTDIR: it is not a directory
---* ELOOP: a component of the path is a symbolic link, and `nofollow` was set
---```lua
---for _, name in ipairs(tiny.list_dir("/etc")) do print(name) end
---```
---@param path string the directory
---@param options? tiny.list_dir.options
---@return string[]? # a list of names, or nil when the directory is missing
function tiny.list_dir(path, options) end

---@class tiny.stat.options: table<"root"|"follow"|"nofollow", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field follow? boolean follow a symbolic link to its target (default: true)
---@field nofollow? boolean do not follow symbolic links in any component of the path (RESOLVE_NO_SYMLINKS): for a tree that another process may change (default: false)

---Returns the attributes of a file (stat(2)).
---* EACCES: this user has no permission; tinylua's own files belong to root
---* ELOOP: a component of the path is a symbolic link, and `nofollow` was set
---```lua
---local s = tiny.stat("./rootfs")
---assert(s and s.kind == "dir")
---```
---@param path string the file
---@param options? tiny.stat.options
---@return table? # a table: kind, size, mode, uid, gid, mtime, dev, ino, rdev; nil when it is missing
function tiny.stat(path, options) end

---@class tiny.mkdir.options: table<"root"|"mode"|"parents", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field mode? integer its mode (default: 0o755)
---@field parents? boolean also create missing parents; an existing directory is not an error (default: false)

---Creates a directory (mkdir(2)).
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* ENOSPC: the disk is full; nothing was changed
---* EEXIST: a file of that name already exists
---```lua
---tiny.mkdir("/run/web", { parents = true })
---```
---@param path string the directory
---@param options? tiny.mkdir.options
function tiny.mkdir(path, options) end

---@class tiny.symlink.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)

---Creates a symbolic link at `path` (symlink(2)).
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* EEXIST: a file of that name already exists
---```lua
---tiny.symlink("/proc/self/fd", "/dev/fd")
---```
---@param target string the target of the link
---@param path string the link
---@param options? tiny.symlink.options
function tiny.symlink(target, path, options) end

---@class tiny.readlink.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)

---Returns the target of a symbolic link (readlink(2)).
---* ENOENT: the file or its directory is missing
---* EINVAL: it is not a symbolic link
---```lua
---print(tiny.readlink("/proc/self/ns/net"))
---```
---@param path string the link
---@param options? tiny.readlink.options
---@return any # the target of the link
function tiny.readlink(path, options) end

---@class tiny.chown.options: table<"root"|"uid"|"gid", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field uid integer the owner
---@field gid integer the group

---Changes the owner and group of a file; a symbolic link itself is changed, not its target (chown(2)).
---* ENOENT: the file or its directory is missing
---* EPERM: needs CAP_CHOWN
---```lua
---tiny.chown("out.fifo", { uid = 1000, gid = 1000 })
---```
---@param path string the file
---@param options tiny.chown.options
function tiny.chown(path, options) end

---@class tiny.rename.options: table<"exclusive", any>
---@field exclusive? boolean fail with EEXIST instead of replacing a file (RENAME_NOREPLACE) (default: false)

---Renames a file or directory within its file system; an existing file of the new name is replaced (renameat2(2)).
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* EEXIST: the new name exists, and `exclusive` was set
---* EXDEV: the two paths are on different file systems; copy the file instead
---* ENOTEMPTY: the new path is a directory that is not empty
---```lua
---tiny.rename("new", "current")
---```
---@param from string the current path
---@param to string the new path
---@param options? tiny.rename.options
function tiny.rename(from, to, options) end

---@class tiny.remove.options: table<"root"|"recursive", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field recursive? boolean remove a directory with its content (default: false)

---Removes a file, a symbolic link or an empty directory; with `recursive`, a directory tree. Symbolic links and mounts are not followed (unlink(2), rmdir(2)).
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* ENOTEMPTY: the directory is not empty; recursive = true removes its contents
---* EBUSY: a file system is mounted there; unmount it first
---```lua
---tiny.remove("/run/web", { recursive = true })
---```
---@param path string the file or directory
---@param options? tiny.remove.options
function tiny.remove(path, options) end

---@class tiny.flock.options: table<"shared"|"wait"|"timeout", any>
---@field shared? boolean a shared lock; others can hold shared locks at the same time (default: false)
---@field wait? boolean wait for the lock; otherwise return nil at once (default: true)
---@field timeout? tiny.duration the longest time to wait, measured by a timer that sends SIGALRM (default: as long as it takes)

---Locks a file, and creates it if it is missing (flock(2)). Children that are forked later share the lock: it is released when all of them have closed it or ended, or by `unlock`.
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---```lua
---local lock <close> = tiny.flock("/run/web.lock")
---```
---@param path string the lock file
---@param options? tiny.flock.options
---@return tiny.lock? # a lock handle, or nil when another process holds the lock
function tiny.flock(path, options) end

---Releases a lock for all processes that share it, including children that inherited it (flock(2), LOCK_UN).
---```lua
---lock:unlock()
---```
---@param lock tiny.lock a handle returned by `flock`
function tiny.unlock(lock) end

---@class tiny.setxattr.options: table<"value"|"root", any>
---@field value string its bytes
---@field root? tiny.dir|string resolve the path below this directory, and follow no links (default: the caller's root)

---Sets an extended attribute of a file or directory; a symbolic link itself is changed, not its target (setxattr(2)).
---* ENOENT: the file or its directory is missing
---* EPERM: trusted.* needs CAP_SYS_ADMIN
---* EOPNOTSUPP: the file system does not support this attribute
---```lua
---tiny.setxattr("upper/root", "trusted.overlay.opaque", { value = "y" })
---```
---@param path string the file
---@param name string the attribute, such as "trusted.overlay.opaque"
---@param options tiny.setxattr.options
function tiny.setxattr(path, name, options) end

---@class tiny.getxattr.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this directory, and follow no links (default: the caller's root)

---Returns an extended attribute of a file or directory; of a symbolic link itself, not of its target (getxattr(2)).
---* ENOENT: the file or its directory is missing
---* EACCES: this user may not search its directory, or read this attribute
---```lua
---assert(not tiny.getxattr("/bin/ls", "security.capability"))
---```
---@param path string the file
---@param name string the attribute, such as "security.capability"
---@param options? tiny.getxattr.options
---@return string? # its bytes, or nil when the file has no such attribute
function tiny.getxattr(path, name, options) end

---@class tiny.fsync.options: table<"root", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)

---Waits until the contents of a file, or the entries of a directory, are on the disk (fsync(2)).
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* EINVAL: a FIFO, a socket or a device without storage cannot be synced
---* EIO: the disk failed: written data may be lost
---```lua
---tiny.append_file("journal", "one line\n")
---tiny.fsync("journal")
---```
---@param path string the file or directory
---@param options? tiny.fsync.options
function tiny.fsync(path, options) end

---Waits until everything written to the file system of this path is on the disk (syncfs(2)): one call for thousands of new files.
---* ENOENT: the file or its directory is missing
---* EACCES: this user has no permission; tinylua's own files belong to root
---* EIO: the disk failed: written data may be lost
---```lua
---tiny.syncfs("/var/lib/tinylua")
---```
---@param path string any file or directory of the file system
function tiny.syncfs(path) end

---@class tiny.copy_tree.options: table<"from_root"|"to_root"|"follow"|"archive"|"capabilities"|"progress", any>
---@field from_root? tiny.dir|string the root directory for `from` (default: the caller's root)
---@field to_root? tiny.dir|string the root directory for `to` (default: the caller's root)
---@field follow? boolean if `from` is a symbolic link, copy its target (default: false)
---@field archive? boolean keep owners, set-user-ID bits and file capabilities, and copy devices; otherwise the copies belong to the caller (default: false)
---@field capabilities? boolean keep file capabilities (capabilities(7)) (default: as `archive`)
---@field progress? function called with the number of bytes so far, at most ten times a second

---Copies a file or a directory tree to `to`; an existing directory is merged into. Symbolic links in either tree are copied or replaced, not followed. Each file appears complete or not at all, with the size it had when it was found. Holes, hard links and user attributes are kept (copy_file_range(2), openat2(2), xattr(7)).
---* ENOENT: the source or the parent directory of the copy is missing
---* EROFS: the target is on a read-only mount
---* ENOSPC: the disk is full; no partial file is left
---* EISDIR: the target is a directory: give the name of the new file in it
---* ENOTDIR: the target is a file, and a directory does not replace a file
---* ELOOP: the tree was changed during the copy
---* EFBIG: a file that the kernel generates, as in /proc, has more than 64 MiB
---```lua
---tiny.copy_tree("site", "/srv/site", { to_root = "./rootfs" })
---```
---@param from string the source
---@param to string the path of the copy, or a link to it
---@param options? tiny.copy_tree.options
---@return table # a table: bytes, entries, sockets and devices (how many were skipped), attributes (how many could not be set) and changed (the files whose size changed during the copy)
function tiny.copy_tree(from, to, options) end

---@class tiny.copy_entries.options: table<"follow"|"max"|"total"|"redirect"|"except"|"access_as"|"keep_groups", any>
---@field follow? boolean if `from` is a symbolic link, copy its target (default: false)
---@field max? tiny.size skip larger files (default: 4m)
---@field total? tiny.size the most space that the copies take up, each rounded up to whole pages: files beyond it are not copied and have the type "left out" (default: no limit)
---@field redirect? string the lower layer of the overlay whose upper layer receives the tree: each directory is created again and shows the original there (trusted.overlay.redirect) (default: directories are not copied)
---@field except? string[] directories that are not created
---@field access_as? integer read with the permissions of this user and group, without capabilities and supplementary groups (default: the caller)
---@field keep_groups? boolean with `access_as`: keep the caller's supplementary groups (default: false)

---Copies regular files and symbolic links of some directories into a tree of the same layout, and returns the type of each path. Files that are missing or unreadable are skipped. The copies keep their permissions without set-user-ID bits, and belong to the caller. Existing files are kept.
---* ENOENT: the directory for the copies is missing
---* ENOSPC: the disk is full; no partial file is left
---* EPERM: `access_as` needs CAP_SETUID and CAP_SETGID
---```lua
---tiny.copy_entries({ ["/etc"] = { "passwd", "ld.so.*" } }, "./rootfs", { access_as = 65534 })
---```
---@param names table<string, string[]> directories, each with the names to copy; `*` matches any part of a name
---@param to string the directory that receives the tree
---@param options? tiny.copy_entries.options
---@return table # a table that maps each path to its type, as in `stat`
function tiny.copy_entries(names, to, options) end

---@class tiny.mkdirs.options: table<"mode"|"opaque", any>
---@field mode? integer the mode of the directories; parents get 0755 (default: 0o755)
---@field opaque? boolean in an overlay layer: hide the content of lower layers (trusted.overlay.opaque) (default: false)

---Creates directories below another, with their parents. Existing directories are not changed.
---* ENOENT: the source or the parent directory of the copy is missing
---* ENOSPC: the disk is full; no partial file is left
---* EPERM: `opaque` needs CAP_SYS_ADMIN
---* ENOTDIR: a parent is not a directory
---```lua
---tiny.mkdirs("./rootfs", { "/proc", "/sys", "/var/log" })
---```
---@param root string the directory below which they are created
---@param paths string[] the directories, relative to it
---@param options? tiny.mkdirs.options
function tiny.mkdirs(root, paths, options) end

---@class tiny.tar_pack.options: table<"root"|"to"|"name"|"follow"|"progress", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field to tiny.file the file or pipe that receives the stream
---@field name string the name of the source in the archive
---@field follow? boolean if `from` is a symbolic link, copy its target (default: false)
---@field progress? function called with the number of bytes so far, at most ten times a second

---Packs a file or a directory tree into a tar stream in GNU format (tar(5)). Symbolic links are not followed.
---* ENOENT: the source or the parent directory of the copy is missing
---* EPIPE: the reader of the stream has closed it
---* ELOOP: the tree was changed during the copy
---* EFBIG: a file that the kernel generates, as in /proc, has more than 64 MiB
---```lua
---local out <close> = tiny.open("site.tar", { write = true, create = true })
---tiny.tar_pack("site", { to = out, name = "site" })
---```
---@param from string the source
---@param options tiny.tar_pack.options
---@return table # a table: bytes, entries, sockets and devices (how many were skipped), attributes (how many could not be set) and changed (the files whose size changed during the copy)
function tiny.tar_pack(from, options) end

---@class tiny.tar_unpack.options: table<"root"|"from"|"archive"|"progress", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field from tiny.file the file or pipe to read the stream from
---@field archive? boolean keep owners, set-user-ID bits and file capabilities, and copy devices; otherwise the copies belong to the caller (default: false)
---@field progress? function called with the number of bytes so far, at most ten times a second

---Unpacks a tar stream into a directory. Symbolic links in the path of an entry are resolved within `root`, or within the directory if no root is given. Each file appears complete or not at all.
---* ENOENT: the source or the parent directory of the copy is missing
---* EROFS: the target is on a read-only mount
---* ENOSPC: the disk is full; no partial file is left
---* EISDIR: the target is a directory: give the name of the new file in it
---* ENOTDIR: the target is a file, and a directory does not replace a file
---* EFBIG: the names and extended headers of an entry have more than 1 MiB
---```lua
---local from <close> = tiny.open("site.tar")
---tiny.tar_unpack("/srv", { root = "./rootfs", from = from })
---```
---@param to string an existing directory
---@param options tiny.tar_unpack.options
---@return table # a table: bytes, entries, sockets and devices (how many were skipped), attributes (how many could not be set) and sparse (how many files have holes, which are in no byte of the stream)
function tiny.tar_unpack(to, options) end

---@class tiny.cow_make.options: table<"userxattr", any>
---@field userxattr? boolean whether the overlay is mounted with `userxattr` (default: false)

---Prepares a copy-on-write folder: creates `upper` and `work` in the directory `place`, for an overlay over the folder. `upper` gets the owner, mode and attributes of the folder. If it has no changes of an earlier run, what changes in the folder from now on can conflict with those of the container.
---* ENOENT: one of the directories does not exist
---* ESTALE: the folder was replaced by another directory since the container started
---* EINVAL: a record of the directory is damaged
---* ENOSPC: the disk is full; the call can be repeated
---* EACCES: this user may not read the folder
---```lua
---tiny.mkdir("changes")
---tiny.cow_make("changes", "/srv/project")
---```
---@param place string the directory that has `upper` and `work`, prepared by `cow_make`
---@param folder string the lower directory, a folder of the host
---@param options? tiny.cow_make.options
function tiny.cow_make(place, folder, options) end

---@class tiny.cow_changes.options: table<"max", any>
---@field max? integer end after so many changes that can be applied (default: all)

---Lists the changes in the upper directory of a copy-on-write folder, parents before their content. No link is followed, and the content of equal files is compared. The container may run meanwhile.
---* ENOENT: one of the directories does not exist
---* ESTALE: the folder was replaced by another directory since the container started
---* EINVAL: a record of the directory is damaged
---```lua
---for _, row in ipairs(tiny.cow_changes("changes", "/srv/project")) do print(row.change, row.path) end
---```
---@param place string the directory that has `upper` and `work`, prepared by `cow_make`
---@param folder string the lower directory, a folder of the host
---@param options? tiny.cow_changes.options
---@return table[] # a list of tables: path (below the folder), change ("added", "changed", "deleted", "replaced" by a file of another type, or "skipped"), kind (as in `stat`; of a deleted file, its old one), was (the kind of a replaced file), mode, old_mode (on the host), size (of a file), target (of a link), capable (whether it has file capabilities), links (the names of the file on the host), and conflict: why it is not applied
function tiny.cow_changes(place, folder, options) end

---@class tiny.cow_apply.options: table<"paths", any>
---@field paths? string[] the changes to apply, each path as `cow_changes` lists it (default: all)

---Applies changes of a copy-on-write folder to the folder, and removes them from the upper directory, which must not be mounted. Owners, modes, times, hard links, attributes and holes are kept; no link is followed (openat2(2)). Each file is made under a temporary name and exchanged with the old one (renameat2(2)), which is kept if it is not the one that the container saw. The call can be killed and repeated.
---* ENOENT: one of the directories does not exist
---* ESTALE: the folder was replaced by another directory since the container started
---* EINVAL: a record of the directory is damaged
---* ENOSPC: the disk is full; the call can be repeated
---* EROFS: the folder is on a read-only mount
---```lua
---print(tiny.cow_apply("changes", "/srv/project").applied)
---```
---@param place string the directory that has `upper` and `work`, prepared by `cow_make`
---@param folder string the lower directory, a folder of the host
---@param options? tiny.cow_apply.options
---@return table # a table: applied (how many), bytes (of content), attributes (how many could not be set), and lists of { path, reason }: conflicts (they changed on the host meanwhile), skipped (devices, sockets, FIFOs) and failed (the kernel refused them)
function tiny.cow_apply(place, folder, options) end

---@class tiny.cow_discard.options: table<"paths", any>
---@field paths? string[] the changes, with all that is below them (default: all)

---Discards changes of a copy-on-write folder: removes them from the upper directory, which must not be mounted.
---* ENOENT: one of the directories does not exist
---* ESTALE: the folder was replaced by another directory since the container started
---* EINVAL: a record of the directory is damaged
---* EBUSY: a file system is mounted in the upper directory
---```lua
---tiny.cow_discard("changes", "/srv/project", { paths = { "README.md" } })
---```
---@param place string the directory that has `upper` and `work`, prepared by `cow_make`
---@param folder string the lower directory, a folder of the host
---@param options? tiny.cow_discard.options
function tiny.cow_discard(place, folder, options) end

---@class tiny.tar_files.options: table<"to", any>
---@field to tiny.file the file or pipe that receives the stream

---@class tiny.tar_files.entries: table<"name"|"path"|"data", any>
---@field name string its name in the archive; a name that ends with a slash is a directory
---@field path? string the file whose content it has
---@field data? string its content

---Packs chosen files under chosen names into a tar stream in GNU format (tar(5)). Owners are 0 and times 1970, so that the same files give the same bytes.
---* ENOENT: a file of `path` is missing
---* EPIPE: the reader of the stream has closed it
---* ENOSPC: the disk is full
---```lua
---local out <close> = tiny.open("a.tar", { write = true, create = true })
---tiny.tar_files({ { name = "etc/" }, { name = "etc/motd", data = "hello" } }, { to = out })
---```
---@param entries { name: string, path?: string, data?: string }[] the entries, in their order
---@param options tiny.tar_files.options
---@return any # the number of bytes of the files' content
function tiny.tar_files(entries, options) end

---@class tiny.layer_unpack.options: table<"into"|"xattr"|"squash_ids"|"max_entries"|"max_bytes"|"max_ratio"|"progress", any>
---@field into tiny.dir|string the directory: its path or handle
---@field xattr? "trusted"|"user" where opaque directories are marked: trusted.overlay.opaque, which needs CAP_SYS_ADMIN, or user.overlay.opaque (default: they are only reported)
---@field squash_ids? boolean files of ids that do not exist in this user namespace stay the caller's (default: false)
---@field max_entries? integer the most entries (default: no limit)
---@field max_bytes? tiny.size the largest size of the tar stream (default: no limit)
---@field max_ratio? integer how many times as large as the compressed layer the tar stream may be, if it is larger than 1 GiB (default: no limit)
---@field progress? function called with the number of bytes so far, at most ten times a second

---Unpacks a layer of an image (OCI image specification) into an empty directory that nothing else changes: a tar stream, plain or compressed with gzip or zstd. Whiteouts become those of overlayfs, wherever in the layer they are; a file of the layer is kept. Links in the path of an entry are resolved within the directory. Attributes of overlays in the layer are dropped. After a failure the directory is incomplete, and the caller removes it. Nothing is verified: compare the digests.
---* EINVAL: the layer is damaged, programs would read it in different ways, or an id cannot be used
---* EFBIG: the layer exceeds a limit, or the names and records of an entry have more than 1 MiB
---* ENOSPC: the disk is full
---* ENOTDIR: the layer has a file and a directory of the same name
---* EPERM: owners, devices and file capabilities need privileges
---```lua
---local from <close> = tiny.open("layer.tar.gz")
---tiny.mkdir("fs")
---print(tiny.layer_unpack(from, { into = "fs", xattr = "trusted" }).diff_id)
---```
---@param from tiny.file the layer, from its current position
---@param options tiny.layer_unpack.options
---@return table # a table: diff_id (the digest of the tar stream) and stream (its bytes), digest (of the file as it is) and size, bytes (of files' content), entries, whiteouts, devices (skipped, since nobody can create them in a user namespace), squashed (files of ids that do not exist), attributes (how many could not be set), links (hard links whose target is in a lower layer: { { name, target }, … }) and opaque (the opaque directories; an empty name is the root of the layer, which hides all lower layers)
function tiny.layer_unpack(from, options) end

---@class tiny.layer_link.options: table<"root"|"max_bytes", any>
---@field root tiny.dir|string where the overlay is mounted: its path or handle
---@field max_bytes? tiny.size the most bytes of the files that are copied, each counted once (default: no limit)

---Makes hard links of a layer to files of lower layers, as `layer_unpack` reports them. They are made in an overlay that has the layer as its upper directory and the lower layers below: the kernel copies the files into the layer, as it does in a container. Links in the paths are resolved within the directory. Lower files with the new names are hidden, and directories keep their times.
---* ENOENT: no layer has the target
---* EFBIG: the files have more bytes than the limit
---* EPERM: the target is a directory
---* EROFS: the overlay has no upper directory
---* ENOSPC: the disk is full
---```lua
---tiny.layer_link({ { "usr/bin/vi", "usr/bin/vim" } }, { root = "merged" })
---```
---@param links string[][] the links: { { name, target }, … }
---@param options tiny.layer_link.options
function tiny.layer_link(links, options) end

---@class tiny.layer_pack.options: table<"root"|"to"|"compress"|"level"|"progress", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field to tiny.file the file or pipe that receives the layer
---@field compress? "gzip"|"zstd" how it is compressed (default: not at all)
---@field level? integer how much time compression takes; gzip has at most 9 (default: 6 (gzip), 3 (zstd))
---@field progress? function called with the number of bytes so far, at most ten times a second

---Packs a directory tree into a layer of an image: a tar stream in pax format, in the order of names and with times in seconds, so that the same tree gives the same bytes. In the upper directory of an overlay, whiteouts and opaque directories become those of the image format. Sockets are skipped.
---* EOPNOTSUPP: the overlay has content in lower layers: mount it with redirect_dir=off,metacopy=off
---* EINVAL: a file's name begins with .wh., which means a whiteout
---* EPIPE: the reader of the stream has closed it
---* ENOSPC: the disk is full
---```lua
---local out <close> = tiny.open("layer.tar.gz", { write = true, create = true })
---print(tiny.layer_pack("upper", { to = out, compress = "gzip" }).diff_id)
---```
---@param from string the directory
---@param options tiny.layer_pack.options
---@return table # a table: diff_id, stream, digest and size as those of `layer_unpack`; bytes, entries, sockets (how many were skipped), whiteouts (whiteouts and opaque marks) and changed (the files whose size changed meanwhile)
function tiny.layer_pack(from, options) end

---Computes the SHA-256 digest of the rest of an open file, as images write it (FIPS 180-4).
---* EISDIR: it is a directory
---```lua
---local file <close> = tiny.open("layer.tar.gz")
---print(tiny.sha256_file(file))
---```
---@param file tiny.file the file, from its current position
---@return any # "sha256:" and 64 hexadecimal digits, and the number of bytes
function tiny.sha256_file(file) end

---Returns the space of the file system that has this path (statvfs(3)).
---* ENOENT: there is no such file or directory
---* EACCES: this user may not search the path
---```lua
---print(tiny.statvfs("/var/lib/tinylua").available)
---```
---@param path string any file or directory of the file system
---@return table # a table, in bytes: size, free, and available (free for users other than root)
function tiny.statvfs(path) end

---@class tiny.project_quota.options: table<"project", any>
---@field project? integer the project (default: the directory's)

---Reads a project quota (quotactl(2)) of the file system of a directory: the limit for all files of a project, whoever owns them.
---* ENOENT: there is no such directory
---* EOPNOTSUPP: the file system enforces no project quotas: ext4 and XFS can
---* EPERM: quotas need CAP_SYS_ADMIN over the host
---```lua
---print(tiny.project_quota("upper").used)
---```
---@param path string the directory
---@param options? tiny.project_quota.options
---@return table # a table: project (0 if none was set), limit (bytes; 0 without a limit) and used (bytes)
function tiny.project_quota(path, options) end

---@class tiny.set_project_quota.options: table<"size"|"project", any>
---@field size tiny.size the limit; 0 removes it
---@field project? integer the project; files of one tree have the same (default: the directory's)

---Limits the size of all files of a project (quotactl(2)). With `project`, the directory is given to it, and so are files and directories that are created there later; otherwise the project is the directory's. A write beyond the limit fails with EDQUOT, and with ENOSPC on XFS.
---* ENOENT: there is no such directory
---* EOPNOTSUPP: the file system enforces no project quotas: ext4 and XFS can
---* EPERM: quotas need CAP_SYS_ADMIN over the host
---* EINVAL: the directory has no project, or this user namespace may not set one
---```lua
---tiny.set_project_quota("upper", { project = 7001, size = "10g" })
---```
---@param path string the directory
---@param options tiny.set_project_quota.options
function tiny.set_project_quota(path, options) end

---Returns random hexadecimal digits (getrandom(2)).
---```lua
---local id = tiny.random_id()  -- "3f2a9c01b7de"
---```
---@param digits? integer how many: an even number from 2 to 128; 12 when absent
---@return string # a string
function tiny.random_id(digits) end

---Reads a clock (clock_gettime(2)).
---```lua
---local start = tiny.clock("monotonic")
---```
---@param clock? "realtime"|"monotonic"|"boottime" the clock; realtime when absent
---@return number # seconds, as a float
function tiny.clock(clock) end

---Formats a time as RFC 3339 in UTC, such as "2026-11-24T02:12:00.000000000Z".
---```lua
---print(tiny.timestamp())
---```
---@param seconds? number seconds since 1970; the current time when absent
---@return string # a string
function tiny.timestamp(seconds) end

---Parses an RFC 3339 time.
---```lua
---local age = tiny.clock() - tiny.parse_timestamp(config.created_at)
---```
---@param text string "2026-11-24T02:12:00Z"
---@return number? # seconds since 1970, or nil when the text is not such a time
function tiny.parse_timestamp(text) end

---Returns the kernel's boot id (random(4)). It differs after each boot; a pid recorded under another boot id is meaningless.
---```lua
---local boot = tiny.boot_id()
---```
---@return string # a string
function tiny.boot_id() end

---@class tiny.json_encode.options: table<"pretty"|"array", any>
---@field pretty? boolean use line breaks and indentation (default: false)
---@field array? boolean an empty table becomes an array (default: false)

---Encodes a value as JSON (RFC 8259) on one line. An empty table becomes an object.
---```lua
---print(tiny.json_encode({ name = "web", ports = { 80, 443 } }, { pretty = true }))
---```
---@param value any the value; values that decode to something else are refused
---@param options? tiny.json_encode.options
---@return string # a string
function tiny.json_encode(value, options) end

---@class tiny.json_decode.options: table<"unique", any>
---@field unique? boolean a key that an object has twice is an error: for text of others, which another program may read differently (default: false: the last one counts)

---Decodes JSON (RFC 8259). null becomes nil.
---```lua
---local state = tiny.json_decode(tiny.read_file("state.json"))
---```
---@param text string the JSON text
---@param options? tiny.json_decode.options
---@return any # the value, or nil and the reason with its position
function tiny.json_decode(text, options) end

---Computes the SHA-256 digest of a string (FIPS 180-4), like sha256sum(1) for files.
---```lua
---assert(tiny.sha256(""):sub(1, 8) == "e3b0c442")
---```
---@param data string the bytes
---@return any # 64 hexadecimal digits
function tiny.sha256(data) end

---@class tiny.read_json_files.options: table<"keys", any>
---@field keys? string[] decode only these keys of an object: faster where a listing needs few of them (default: all)

---Reads the same JSON files from each subdirectory of a directory, for stores of many records. Names that start with a dot are skipped; symbolic links are not followed.
---* EACCES: this user may not read it
---* ENOTDIR: it is not a directory
---```lua
---for id, files in pairs(tiny.read_json_files("containers", { "state.json" })) do print(id, files["state.json"]) end
---```
---@param folder string the parent directory
---@param names string[] the file names
---@param options? tiny.read_json_files.options
---@return table # a table that maps each subdirectory's name to a table of its files' values; a file that is missing or invalid is absent (`json_decode` gives the reason). nil when the directory is missing
function tiny.read_json_files(folder, names, options) end

-- Events

---@class tiny.open.options: table<"root"|"read"|"write"|"append"|"create"|"truncate"|"nonblock"|"nofollow"|"mode", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field read? boolean open for reading (default: true without `write`)
---@field write? boolean open for writing (default: false)
---@field append? boolean append each write to the end (default: false)
---@field create? boolean create the file if it is missing (default: false)
---@field truncate? boolean truncate it to length 0 (default: false)
---@field nonblock? boolean reads and writes do not block (default: false)
---@field nofollow? boolean fail with ELOOP if the last component is a symbolic link (default: false)
---@field mode? integer the mode of a newly created file (default: 0o644)

---Opens a file, FIFO or device (open(2)). The descriptor is close-on-exec, and a terminal does not become the controlling terminal.
---* ENOENT: the file is missing; create = true creates it
---* EACCES: this user has no permission
---* ENXIO: `nonblock` was set, and the FIFO has no reader
---* ELOOP: it is a symbolic link, and `nofollow` was set
---```lua
---local log <close> = tiny.open("web.log", { write = true, append = true, create = true })
---```
---@param path string the file
---@param options? tiny.open.options
---@return tiny.file # a file handle: `:read()`, `:write()`, `:close()`
function tiny.open(path, options) end

---@class tiny.open_device.options: table<"root"|"major"|"minor", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field major integer the major number: the driver
---@field minor integer the minor number: the device of that driver

---Opens a character device for reading and writing if it has the given number. Use it for paths that others control: another file or a symbolic link under this name is refused (openat2(2), fstat(2)).
---* ENODEV: the file under this name is not this device
---* ENOENT: there is no file with this name
---* ELOOP: it is a symbolic link
---* EACCES: the file system is mounted with nodev, or this user has no permission
---* EPERM: the device rules of the cgroup forbid it
---```lua
---local null = tiny.open_device("/dev/null", { root = "./rootfs", major = 1, minor = 3 })
---```
---@param path string the device
---@param options tiny.open_device.options
---@return tiny.file # a file handle
function tiny.open_device(path, options) end

---Duplicates standard input, output or error into a handle (dup(2)).
---* EBADF: the descriptor was closed when this process started
---```lua
---local err = tiny.stdio(2)
---```
---@param number integer 0, 1 or 2
---@return tiny.file # a file handle
function tiny.stdio(number) end

---@class tiny.pipe.options: table<"nonblock"|"size", any>
---@field nonblock? "read"|"write" the end whose calls do not block (default: neither)
---@field size? tiny.size the capacity, up to the kernel's limit (pipe(7)) (default: the kernel's)

---Creates a pipe (pipe2(2)).
---```lua
---local from, into = tiny.pipe()
---```
---@param options? tiny.pipe.options
---@return tiny.file # a file handle for reading and one for writing
---@return tiny.file
function tiny.pipe(options) end

---@class tiny.read.options: table<"at", any>
---@field at? integer read from this byte on, without changing the file offset (pread(2)) (default: the file offset)

---Reads the available bytes, at most `max` (read(2)).
---* EBADF: the file was not opened for reading
---* ESPIPE: a pipe has no offset; read it without `at`
---* EIO: the other end of the terminal is closed
---```lua
---local text = file:read()
---```
---@param file tiny.file an open file
---@param max? tiny.size 64k when absent
---@param options? tiny.read.options
---@return string? # the bytes; nil at the end of the file; false when nothing is available now (nonblock)
function tiny.read(file, max, options) end

---@class tiny.write.options: table<"wait", any>
---@field wait? boolean false: write once, as much as fits now (for a nonblock file) (default: true)

---Writes all bytes; blocks while the pipe or socket is full (write(2)).
---* EPIPE: the reading end is closed
---* ENOSPC: the disk is full
---* EBADF: the file was not opened for writing
---```lua
---file:write("hello\n")
---```
---@param file tiny.file an open file
---@param data string the bytes
---@param options? tiny.write.options
---@return any # the number of bytes written: all of them, or with wait = false as many as fitted, possibly 0
function tiny.write(file, data, options) end

---Makes an open file the standard input, output or error of the process, or a descriptor of a higher number of the program that it executes (dup2(2)). Higher numbers are set by `exec`, which passes them in addition to those of `keep_fds`.
---```lua
---tiny.dup2(tiny.open("/dev/null"), 0)
---```
---@param file tiny.file an open file, pipe or socket
---@param number integer 0, 1 or 2; or a higher number, for `exec`
function tiny.dup2(file, number) end

---Returns whether standard input, output or error is a terminal (isatty(3)).
---```lua
---local color = tiny.isatty(1)
---```
---@param number integer 0, 1 or 2
---@return boolean # a boolean
function tiny.isatty(number) end

---@class tiny.withdraw_fds.options: table<"keep", any>
---@field keep? (tiny.file|tiny.response|tiny.udp|tiny.listener|tiny.nflog|tiny.netns|tiny.userns|tiny.ns|tiny.process)[] the files, sockets and namespaces that stay open, and responses with their connections (default: none)

---In a child that reads untrusted input: takes away every open file, also standard input, output and error, except those given. Their handles stay valid, and read as an empty file (dup3(2)). An error that the child throws still reaches its parent.
---* ENOENT: /proc is not mounted
---```lua
---local from <close> = tiny.open("untrusted")
---local child <close> = tiny.fork(function()
---  tiny.withdraw_fds { keep = { from } }
---  return #from:read()
---end)
---```
---@param options? tiny.withdraw_fds.options
function tiny.withdraw_fds(options) end

---@class tiny.poll.options: table<"write"|"trim", any>
---@field write? tiny.file[] files to wait for until they can be written (default: none)
---@field trim? boolean release memory before a long wait (MADV_DONTNEED on free pages, stack and program) (default: false)

---Waits until a handle is ready (poll(2)): a file can be read, a process has ended, a signal is pending, a watched file or control file has changed, a datagram or connection has arrived, or a file in `write` can be written.
---```lua
---for _, ready in ipairs(tiny.poll({ child, out }, "5s")) do handle(ready) end
---```
---@param handles (tiny.child|tiny.process|tiny.file|tiny.signals|tiny.watch|tiny.notice|tiny.udp|tiny.listener|tiny.splicer|tiny.nflog|tiny.nft_watch)[] the handles to wait for
---@param timeout? tiny.duration the longest time to wait; no limit when absent
---@param options? tiny.poll.options
---@return any[] # a list of the ready handles, and with `write` a list of the writable files; empty when the timeout expires
function tiny.poll(handles, timeout, options) end

---@class tiny.signals.options: table<integer, any>
---@field [integer] tiny.signal the signals

---Blocks signals and reads them from a handle instead (signalfd(2)). Programs executed later start with these signals unblocked.
---* EINVAL: SIGKILL and SIGSTOP cannot be blocked
---```lua
---local signals <close> = tiny.signals { "SIGTERM", "SIGINT" }
---```
---@param options tiny.signals.options
---@return tiny.signals # a signals handle: `:next()`; `<close>` unblocks the signals
function tiny.signals(options) end

---@class tiny.unblock_signals.options: table<integer, any>
---@field [integer] tiny.signal the signals

---Unblocks signals; a pending signal is delivered at once (sigprocmask(2), SIG_UNBLOCK).
---* EINVAL: 0 is not a signal
---```lua
---tiny.unblock_signals { "SIGTERM", "SIGINT" }
---```
---@param options tiny.unblock_signals.options
function tiny.unblock_signals(options) end

---Takes the next pending signal (signalfd(2)).
---```lua
---local name, sender = signals:next()
---```
---@param signals tiny.signals a handle returned by `signals`
---@return any # its name and the sender's pid (0: sent by the kernel, as for Ctrl-C); nil when none is pending
function tiny.next_signal(signals) end

---@class tiny.watch.options: table<integer, any>
---@field [integer] string the files and directories

---Watches files and directories for changes (inotify(7)).
---* ENOENT: there is no such file; create it first
---* ENOSPC: the limit in /proc/sys/fs/inotify/max_user_watches is reached: raise it
---```lua
---local watch <close> = tiny.watch { "web.log" }
---```
---@param options tiny.watch.options
---@return tiny.watch # a watch handle: `:changes()`
function tiny.watch(options) end

---Returns what has changed since the last call (inotify(7)).
---```lua
---for _, name in ipairs(watch:changes()) do print(name) end
---```
---@param watch tiny.watch a handle returned by `watch`
---@return any[] # a list of the names changed in watched directories, and "" for a watched file itself
function tiny.changes(watch) end

---@class tiny.cgroup_notice.options: table<"trigger", any>
---@field trigger? string the threshold: for pressure "some 150000 2000000" (microseconds of stall, per window in microseconds); on v1 "medium" for memory.pressure_level, bytes for memory.usage_in_bytes (default: any change)

---Asks the kernel for notifications from a control file of a cgroup (cgroups(7)). On v2 these are changes of an event file, or pressure above a trigger; on v1 they come through cgroup.event_control. The file names are those of this host.
---* ENOENT: there is no such cgroup or file; pressure files need a kernel that measures pressure (`tinylua doctor`)
---* EINVAL: the file has no notifications, or does not accept this trigger; without privilege the window must be a multiple of 2 s
---* EOPNOTSUPP: the kernel does not measure pressure: boot with psi=1 (`tinylua doctor`)
---* EACCES: run as root
---```lua
---local web <close> = tiny.cgroup("web")
---if web.version ~= "v1" then
---  local news <close> = tiny.cgroup_notice(web, "cgroup.events")
---end
---```
---@param group tiny.cgroup|string a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted
---@param file string "memory.events", "cgroup.events", "memory.pressure" …; on v1 "memory.oom_control", "memory.pressure_level", "memory.usage_in_bytes"
---@param options? tiny.cgroup_notice.options
---@return tiny.notice # a notice handle for `poll`: `:read()`
function tiny.cgroup_notice(group, file, options) end

---Reads the control file of a notice, which clears the notification: `poll` then waits for the next one.
---```lua
---local text = notice:read()
---```
---@param notice tiny.notice a handle returned by `cgroup_notice`
---@return any # the content of the file; nil when its cgroup has been removed
function tiny.cgroup_notice_read(notice) end

---Reads the control file of a notice, which clears the notification: `poll` then waits for the next one.
---```lua
---local text = notice:read()
---```
---@param notice tiny.notice a handle returned by `cgroup_notice`
---@return any # the content of the file; nil when its cgroup has been removed
---@deprecated tiny.take_notice is now tiny.cgroup_notice_read; the old name goes in version 0.2
function tiny.take_notice(notice) end

-- Sockets

---@class tiny.socketpair.options: table<"type"|"nonblock", any>
---@field type? "stream"|"seqpacket" "seqpacket": each write is a message, and one read returns it whole (default: "stream")
---@field nonblock? boolean reads and writes do not block (default: false)

---Creates a pair of connected sockets (socketpair(2)).
---```lua
---local mine, theirs = tiny.socketpair { type = "seqpacket" }
---```
---@param options? tiny.socketpair.options
---@return tiny.file # two file handles
---@return tiny.file
function tiny.socketpair(options) end

---@class tiny.unix_listen.options: table<"type"|"nonblock", any>
---@field type? "stream"|"seqpacket" "seqpacket": each write is a message, and one read returns it whole (default: "stream")
---@field nonblock? boolean reads and writes do not block (default: false)

---Creates a socket at `path` that only its owner may connect to, and listens on it (unix(7)). The socket file remains until it is removed.
---* EADDRINUSE: a file already exists at this path; remove it if no process listens there
---* ENOENT: the directory is missing
---```lua
---local listener <close> = tiny.unix_listen("/run/web/attach")
---```
---@param path string the path of the socket, of any length
---@param options? tiny.unix_listen.options
---@return tiny.file # a file handle that is ready in `poll` when a connection is waiting
function tiny.unix_listen(path, options) end

---@class tiny.unix_accept.options: table<"nonblock", any>
---@field nonblock? boolean reads and writes do not block (default: false)

---Accepts the next connection (accept4(2)).
---* EINVAL: the file is not a listening socket
---* EMFILE: this process has too many open files
---```lua
---local client = tiny.unix_accept(listener)
---```
---@param listener tiny.file a handle returned by `unix_listen`
---@param options? tiny.unix_accept.options
---@return tiny.file? # a file handle; nil when the listener is nonblock and no connection is waiting
function tiny.unix_accept(listener, options) end

---@class tiny.unix_connect.options: table<"type"|"nonblock", any>
---@field type? "stream"|"seqpacket" "seqpacket": each write is a message, and one read returns it whole (default: "stream")
---@field nonblock? boolean reads and writes do not block (default: false)

---Connects to a socket by its path (connect(2)).
---* ENOENT: there is no such socket
---* ECONNREFUSED: no process listens on this socket any more
---* EPROTOTYPE: the listener has another type; set `type`
---```lua
---local far <close> = tiny.unix_connect("/run/web/attach")
---```
---@param path string the path of the socket, of any length
---@param options? tiny.unix_connect.options
---@return tiny.file # a file handle
function tiny.unix_connect(path, options) end

---@class tiny.send_fd.options: table<"data"|"more", any>
---@field data? string the bytes of the message (default: one zero byte)
---@field more? tiny.file[] files to send in the same message, after the first (default: none)

---Sends an open file to the peer of a socket (unix(7), SCM_RIGHTS).
---* EMSGSIZE: the message is too long for a seqpacket socket
---* EINVAL: a message has at most 253 files
---* EPIPE: the peer has closed the socket
---* ENOTSOCK: the first file is not a socket
---```lua
---tiny.send_fd(socket, tiny.open("web.log"))
---```
---@param socket tiny.file a socket
---@param file tiny.file the file to send; it stays open in the caller
---@param options? tiny.send_fd.options
function tiny.send_fd(socket, file, options) end

---Receives an open file from the peer of a socket (unix(7), SCM_RIGHTS).
---* ENOMSG: the message contains no file
---* EAGAIN: no message is available now (nonblock)
---* ENOTSOCK: the file is not a socket
---```lua
---local file = tiny.recv_fd(socket)
---```
---@param socket tiny.file a socket
---@return tiny.file? # a file handle; nil when the peer has closed the socket
function tiny.recv_fd(socket) end

---@class tiny.recv_fds.options: table<"max", any>
---@field max? integer the largest number of bytes that are received (default: 65536)

---Receives a message with all its open files from the peer of a socket (unix(7), SCM_RIGHTS). On a stream, bytes without files may follow in further messages.
---* EMSGSIZE: the message is longer than `max`, or contains more files than this process may open
---* EAGAIN: no message is available now (nonblock)
---* ENOTSOCK: the file is not a socket
---```lua
---local message = tiny.recv_fds(socket)
---if message then print(message.data, #message.files) end
---```
---@param socket tiny.file a socket
---@param options? tiny.recv_fds.options
---@return table? # a table { data = the bytes, files = a list of file handles }; nil when the peer has closed the socket
function tiny.recv_fds(socket, options) end

-- Http

---@class tiny.http.options: table<"method"|"headers"|"body"|"progress"|"timeout"|"stall"|"ca"|"cert"|"key"|"insecure"|"proxy", any>
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE" the request's method (default: "GET")
---@field headers? table<string, string> header fields by name (default: none)
---@field body? string|tiny.file the body: a string, or an open file, from its offset to its end (default: none)
---@field progress? function called with the bytes sent so far of a file as the body, at most ten times a second
---@field timeout? tiny.duration the limit for each of: resolving the name, connecting with TLS, and waiting for the headers (default: no limit)
---@field stall? tiny.duration the longest time without a byte, also in the body (default: no limit)
---@field ca? string[] PEM files with the authorities that https accepts (default: none)
---@field cert? string a PEM file with this client's certificate; needs `key` (default: none)
---@field key? string a PEM file with the certificate's private key (default: none)
---@field insecure? boolean accept any certificate (default: false)
---@field proxy? string the URL of an HTTP proxy; it is asked to CONNECT, also for http (default: none)

---Sends an HTTP or HTTPS request and returns the response, whose body is still to be read (RFC 9110). Redirects are returned, not followed. Names are resolved by /etc/hosts and the servers in /etc/resolv.conf (resolv.conf(5)). A connection is kept for later requests with the same options.
---* ECONNREFUSED: no program listens on this port
---* EHOSTUNREACH: the name is unknown, or no machine has its address
---* ENETUNREACH: this network namespace has no route to the address
---* ETIMEDOUT: the server or a firewall does not reply; `timeout` and `stall` are limits
---* ECONNRESET: the server closed the connection; try again
---* EPROTO: the server does not speak HTTP, or TLS for https; check the URL's scheme and port
---* EKEYEXPIRED: renew the server's certificate
---* EKEYREJECTED: `ca` accepts a private authority; `insecure = true` accepts any certificate
---```lua
---local response <close> = tiny.http("http://127.0.0.1:5000/v2/", { timeout = "10s", stall = "30s" })
---```
---@param url string "https://host:port/path?query"; an IPv6 address has brackets
---@param options? tiny.http.options
---@return tiny.response # a response handle: `status`, `headers` (by name in lower case; several values of one name are joined by commas); `:read()` or `:save()` take its body
function tiny.http(url, options) end

---Reads the whole body of a response.
---* EMSGSIZE: the body is larger than `limit`
---* ETIMEDOUT: the server or a firewall does not reply; `timeout` and `stall` are limits
---* ECONNRESET: the server closed the connection; try again
---* EPROTO: the server does not speak HTTP, or TLS for https; check the URL's scheme and port
---```lua
---local text = response:read("4m")
---```
---@param response tiny.response a handle returned by `http`
---@param limit tiny.size the most bytes to accept
---@return any # the body
function tiny.http_read(response, limit) end

---@class tiny.http_save.options: table<"resume"|"limit"|"mode"|"progress", any>
---@field resume? boolean append to what the file has, which is hashed first; otherwise it is replaced. Ask for the rest with a Range header (default: false)
---@field limit? tiny.size the largest size of the file (default: no limit)
---@field mode? integer the mode of a newly created file (default: 0o644)
---@field progress? function called with the number of bytes so far, at most ten times a second

---Writes the body of a response to a file while it arrives, and hashes it. After an error the file keeps what has arrived.
---* EFBIG: the file would be larger than `limit`
---* ENOSPC: the disk is full
---* ETIMEDOUT: the server or a firewall does not reply; `timeout` and `stall` are limits
---* ECONNRESET: the server closed the connection; try again
---* EPROTO: the server does not speak HTTP, or TLS for https; check the URL's scheme and port
---```lua
---local saved = response:save("layer.tar.gz", { limit = "1g" })
---```
---@param response tiny.response a handle returned by `http`
---@param file string|tiny.file a path, or a file that is open for reading and writing
---@param options? tiny.http_save.options
---@return table # a table: `bytes` (the size of the file), `digest` ("sha256:" and 64 hexadecimal digits)
function tiny.http_save(response, file, options) end

-- Output

---@class tiny.pump.options: table<"dir"|"max_size"|"max_files"|"keep_free", any>
---@field dir string the directory of the FIFOs and spools
---@field max_size? tiny.size start a new log file at this size (default: none)
---@field max_files? integer how many log files are kept, including the current one; with 1 it is truncated (default: 2)
---@field keep_free? tiny.size fail with ENOSPC rather than leave less free space on the file system, at most 1/64 of its size; `pump_finish` uses all of it (default: 0)

---Opens the output path of a container: the FIFOs `stdout` and `stderr` in a directory, a spool file for each, and the log with one JSON object per line (lines that arrive together form one object). Bytes move by splice(2): SIGKILL neither loses nor duplicates any, and a pump opened later continues where the log ends.
---* ENOENT: the FIFOs are missing: create them with mknod
---* ESPIPE: the spool was truncated, but the log was not
---```lua
---local pump <close> = tiny.pump("container.log", { dir = "/run/web" })
---```
---@param log string the log file
---@param options tiny.pump.options
---@return tiny.pump # a pump handle; its fields `stdout` and `stderr` are the FIFOs, for `poll`, and `taken` is the number of bytes that were moved before, by this and earlier runs
function tiny.pump(log, options) end

---@class tiny.pump_move.options: table<"keep"|"most", any>
---@field keep? boolean also return the bytes (default: false)
---@field most? tiny.size move at most this many bytes (default: 1m)

---Moves the content of a stream's FIFO to the log, at most 1 MiB. An incomplete line waits in the spool.
---* ENOSPC: the disk is full; no bytes are lost, they stay in the FIFO and the spool
---```lua
---local more = pump:move("stdout")
---```
---@param pump tiny.pump a handle returned by `pump`
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_move.options
---@return boolean # whether the FIFO may hold more, the bytes with `keep` (else nil), and the number of bytes moved
---@return string?
---@return integer
function tiny.pump_move(pump, stream, options) end

---@class tiny.pump_drop.options: table<"keep"|"excess", any>
---@field keep? boolean also return the bytes (default: false)
---@field excess? boolean the log says that the limit of the output was reached (default: false)

---Discards the content of a stream's FIFO, at most 1 MiB, for a log that cannot be written while the container must not block. The number of lost bytes is logged as soon as `pump_move` can write again.
---```lua
---local _, _, lost = pump:drop("stdout")
---```
---@param pump tiny.pump a handle returned by `pump`
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_drop.options
---@return boolean # whether the FIFO may hold more, the bytes with `keep` (else nil), and the number of bytes discarded
---@return string?
---@return integer
function tiny.pump_drop(pump, stream, options) end

---@class tiny.pump_finish.options: table<"keep", any>
---@field keep? boolean also return the bytes (default: false)

---Moves the rest of a stream to the log; an incomplete last line is marked as partial.
---* ENOSPC: the disk is full; the spool keeps the rest
---```lua
---pump:finish("stdout")
---```
---@param pump tiny.pump a handle returned by `pump`
---@param stream "stdout"|"stderr" which stream
---@param options? tiny.pump_finish.options
---@return any # false, the bytes with `keep` (else nil), and the number of bytes moved
function tiny.pump_finish(pump, stream, options) end

---@class tiny.terminal_filter.options: table<"whole_lines", any>
---@field whole_lines? boolean pass a carriage return only before a newline, because the line starts with other text (default: false)

---Creates a filter for untrusted program output that is shown on another terminal. Control characters, escape sequences, invalid UTF-8 and Unicode bidi controls become visible text. Newlines, tabs, carriage returns and colors (SGR sequences of at most 40 bytes) pass; colors are reset at the end of each line and each piece.
---```lua
---local filter = tiny.terminal_filter()
---io.write(filter:text("\27[2J"))
---```
---@param options? tiny.terminal_filter.options
---@return tiny.filter # a filter handle: `:text()`
function tiny.terminal_filter(options) end

---@class tiny.filter_text.options: table<"last", any>
---@field last? boolean the stream ends here: return incomplete sequences too (default: false)

---Filters the next bytes of a stream. An incomplete character or sequence is kept until the rest arrives.
---```lua
---io.write(filter:text(bytes))
---```
---@param filter tiny.filter a handle returned by `terminal_filter`
---@param bytes string the bytes
---@param options? tiny.filter_text.options
---@return string # the text
function tiny.filter_text(filter, bytes, options) end

---Creates a relay that copies bytes from one file to another through this process. Neither side gets a descriptor of the other. Bytes that `into` does not accept stay in the relay, at most 128 KiB, and reading stops until they are written.
---```lua
---local relay <close> = tiny.relay(tiny.stdio(0), into)
---```
---@param from tiny.file the file to read from
---@param into tiny.file the file to write to
---@return tiny.relay # a relay handle; its fields are `from` and `into`
function tiny.relay(from, into) end

---@class tiny.relay_move.options: table<"rest", any>
---@field rest? boolean treat the content of `from` at the first such call as the last, even if it is still open for writing (default: false)

---Moves the available bytes, at most about 1 MiB, without blocking.
---* EPIPE: the reading end of `into` is closed
---* ENOSPC: the disk is full
---* EISDIR: `from` is a directory
---```lua
---if relay:move() == "into" then tiny.poll({}, 1, { write = { relay.into } }) end
---```
---@param relay tiny.relay what `relay` returned
---@param options? tiny.relay_move.options
---@return any # what to wait for before the next call: "from" (bytes to read) or "into" (space to write); nil when all is moved
function tiny.relay_move(relay, options) end

-- Host

---Returns the features of this kernel and host. It only queries them: nothing is created, loaded or run. A feature that is a kernel module is true (loaded), "module" (can be loaded) or false.
---```lua
---local host = tiny.probe()
---print(host.kernel.release, host.cgroup.mode, host.filesystems.overlay)
---```
---@return table # a table: kernel, euid, capabilities, cgroup, namespaces, userns, filesystems, calls, security, network
function tiny.probe() end

-- Terminal

---@class tiny.read_line.options: table<"history"|"lua"|"names"|"strings", any>
---@field history? string the file for the input history, which the arrow keys recall (default: none)
---@field lua? boolean the input is Lua: it continues while the chunk is incomplete, Tab completes names, and Ctrl-C interrupts the code that runs next, including blocking calls; children that it forks are in their own process group and read /dev/null (default: false)
---@field names? table for Lua input: the table whose names are completed (default: the globals)
---@field strings? function for Lua input: completes strings. Given a function's name and the start of a string in its call, it returns a list of candidates, or nil for file names; given "NAME {" and the start of a key, a list of "key: text" (default: none)

---Reads a line from the user with a prompt and line editing (termios(3)). If standard input is not a terminal, it reads a line from it without a prompt.
---* EIO: the terminal was closed
---* EBADF: standard input is closed
---```lua
---if tiny.read_line("Remove web? [y/N] ") ~= "y" then return 1 end
---```
---@param prompt string the text before the input
---@param options? tiny.read_line.options
---@return string? # the text; nil at the end of input (Ctrl-D); false when the user cancels (Ctrl-C)
function tiny.read_line(prompt, options) end

---@class tiny.openpty.options: table<"root"|"nonblock", any>
---@field root? tiny.dir|string resolve the path below this directory; links cannot lead out of it (default: the caller's root)
---@field nonblock? boolean reads and writes of the master do not block (default: false)

---Opens a new pseudoterminal in a mounted devpts (pts(4), TIOCGPTPEER). It is opened by descriptor and only in a devpts, so that a container cannot substitute a file of its own.
---* ENOTTY: there is no devpts at this path; mount one with mount_devpts
---* EXDEV: another file is mounted over its ptmx
---* ENOSPC: the limit of pseudoterminals is reached (/proc/sys/kernel/pty/max)
---```lua
---local master, slave = tiny.openpty("/dev/pts")
---```
---@param devpts string the mount point of the devpts
---@param options? tiny.openpty.options
---@return tiny.file # two file handles: the master, and the slave, whose `path` is its name in that devpts
---@return tiny.file
function tiny.openpty(devpts, options) end

---Makes a terminal the controlling terminal of the caller's session: Ctrl-C, job control and /dev/tty then apply to that session (ioctl_tty(2), TIOCSCTTY).
---* ENOTTY: it is not a terminal; check with isatty
---* EPERM: the caller is not a session leader (call setsid), or its session already has a terminal
---```lua
---tiny.setsid()
---tiny.set_controlling_terminal(slave)
---```
---@param file tiny.file a terminal, such as the slave of openpty
function tiny.set_controlling_terminal(file) end

---Moves a child to the foreground of the terminal at standard input, so that it can read keys and receives Ctrl-C (tcsetpgrp(3)). The child gets its own process group if it has none. Without a child, the caller's group returns to the foreground; at a prompt, the terminal mode found by this call is restored.
---* ENOTTY: standard input is not a terminal, or it belongs to another session
---* EPERM: the child is in another session
---* EACCES: the child already runs a program in the caller's own group
---* ESRCH: the child has ended
---```lua
---tiny.set_foreground(child)
---local status = child:wait()
---tiny.set_foreground()
---```
---@param child? tiny.child the child; if it was stopped for reading it is continued
function tiny.set_foreground(child) end

---@class tiny.terminal_size.options: table<"rows"|"cols", any>
---@field rows? integer the new number of rows, up to 65535 (default: unchanged)
---@field cols? integer the new number of columns, up to 65535 (default: unchanged)

---Returns the size of a terminal, or sets it. A change sends SIGWINCH to the foreground processes (ioctl_tty(2), TIOCGWINSZ, TIOCSWINSZ).
---* ENOTTY: it is not a terminal; check with isatty
---```lua
---local rows, cols = tiny.terminal_size(tiny.stdio(1))
---```
---@param file tiny.file a terminal: either end of a pty
---@param options? tiny.terminal_size.options
---@return any # the resulting rows and columns
function tiny.terminal_size(file, options) end

---Sets the terminal of a standard stream to raw mode: no echo, line editing or signals (cfmakeraw(3)).
---* ENOTTY: it is not a terminal; check with isatty
---* EIO: the terminal was closed, or the caller is a background process of it
---```lua
---local raw <close> = tiny.raw_mode(0)
---```
---@param number integer 0, 1 or 2
---@return tiny.terminal_mode # a terminal_mode handle; `<close>` restores the previous mode
function tiny.raw_mode(number) end

---Sets the mode of a standard stream's terminal, for example the mode saved by `raw_mode` (tcsetattr(3)).
---* ENOTTY: it is not a terminal; check with isatty
---* EINVAL: the text is not a terminal mode
---* EIO: the terminal was closed
---```lua
---local raw = tiny.raw_mode(0)
---tiny.set_terminal_mode(0, raw.undo[3])
---```
---@param number integer 0, 1 or 2
---@param mode string the flags and control characters as hexadecimal numbers with colons between them, in the format of `stty -g`
function tiny.set_terminal_mode(number, mode) end

-- Manual

---Reads the registry's entry of a primitive: what `tiny.primitives` lists, and the rest of its documentation. A type is a table: `is` names its sort, `text` describes it, and `of`, `keys`, `words` or `kind` is what it consists of.
---```lua
---print(tiny.manual("clone").doc)
---```
---@param name string a primitive such as "clone", or a method such as "child:wait"
---@return table? # a table { signature, args, options, list, result, errors, example, since, in_lua, … }, or nil when there is no such primitive
function tiny.manual(name) end

---Lists the primitives: the name, family and description of each, its effect, whether it undoes another call or mostly waits, the kind of handle that it returns, the handle and name of its method, and the old names of itself and of its options, each with a sentence that has the new name.
---```lua
---for _, p in ipairs(tiny.primitives()) do print(p.name, p.effect) end
---```
---@return any[] # a list of { name, family, doc, effect = "acts"|"reads"|"plumbing", undoes, waits, returns, handle, method, formerly, renamed_options }
function tiny.primitives() end

---@class tiny.sources.options: table<"below", any>
---@field below? boolean include subdirectories, as in "net/bridge" (default: false)

---Lists the Lua files in a directory of the search path and of the binary, without `.lua`.
---```lua
---for _, name in ipairs(tiny.sources("scripts")) do print(name) end
---```
---@param folder string a directory below scripts or lua: commands, modules or recipes
---@param options? tiny.sources.options
---@return string[] # a list of names, sorted
function tiny.sources(folder, options) end

---@class tiny.source.options: table<"shipped", any>
---@field shipped? boolean read the copy in the binary, even if another file overrides it (default: false)

---Reads a Lua file as `require` and the commands find it: first on the search path, then in the binary.
---```lua
---local text = tiny.source("lua/tiny/container.lua")
---```
---@param path string the file, such as "scripts/run.lua"
---@param options? tiny.source.options
---@return string? # the text and the file's path (nil for the copy in the binary), or nil when the file is missing
function tiny.source(path, options) end

---Returns the user's directory on the search path; its files override the Lua files in the binary.
---```lua
---print(tiny.config_dir())  -- /root/.config/tinylua
---```
---@return string? # a string, or nil when neither XDG_CONFIG_HOME nor HOME is set
function tiny.config_dir() end

-- Control

---Calls `f` with the given arguments and returns its results, or nil and the error value.
---```lua
---local ok, err = tiny.try(tiny.mount_proc, "/proc")
---if err then print(err.code, err.hint) end
---```
---@param f function the function to call
---@param ... any
---@return any # the results of `f`, or nil and an error value
function tiny.try(f, ...) end

---Throws an error value. It is built from a message, from a format string with its arguments, or from a table with `message`, `hint` and `exit`.
---```lua
---tiny.fail { message = "no rootfs given", hint = "pass a directory", exit = 2 }
---```
---@param what string|table the message, or a table of the error's fields
---@param ... any
---@return any # does not return
function tiny.fail(what, ...) end

---@class tiny.load_recipe.options: table<"text"|"modules"|"folder", any>
---@field text? string the text of the recipe: no file is read, and `path` is a name for errors (default: the content of the file)
---@field modules? table<string, { path: string, text: string }> with `text`: modules by name, which `require` finds before all others
---@field folder? string with `text`: the absolute path of the directory with the other modules (default: none)

---Reads and compiles a recipe without running it. `require` then also finds the modules of its directory. That directory is kept open: after pivot_root(2) into a container, modules still come from the host. A bare name that is not a file is the name of a shipped recipe.
---* ENOENT: give the path of a file, or the name of a shipped recipe: `tinylua doc recipes` lists them
---* EISDIR: a recipe is a file, not a directory
---* EFBIG: a recipe has at most 16 MiB
---```lua
---local recipe = tiny.load_recipe("hello.lua")
---return recipe()
---```
---@param path string the recipe file
---@param options? tiny.load_recipe.options
---@return fun(args?: string[]): any # the recipe as a function, and its source text
---@return string
function tiny.load_recipe(path, options) end

---Lists the user modules that `require` has loaded in this process: those in the directory of the recipe and on the search path, except overrides of shipped modules.
---```lua
---for _, module in ipairs((tiny.loaded_modules())) do print(module.name, module.path, #module.text) end
---```
---@return any[] # a list of { name, path, text } in the order of loading, and the directory of the last loaded recipe
function tiny.loaded_modules() end

---Returns the position in the user's file that is being executed, such as "web.lua:12".
---```lua
---print(tiny.caller())
---```
---@return string? # a string, or nil when no file of the user is running
function tiny.caller() end

---@class tiny.error_frame.options: table<"chunk"|"text"|"colours"|"width", any>
---@field chunk? string the name of a chunk that was not loaded from a file, as error positions show it (default: none)
---@field text? string the source text of that chunk (default: none)
---@field colours? boolean add escape sequences for colors (default: false)
---@field width? integer the width of the terminal in columns (default: 80)

---Formats an error for a terminal: its message, the lines around its position in the user's file with the call marked, and the hint.
---```lua
---local _, err = tiny.try(tiny.mount_proc, "/nope")
---print(tiny.error_frame(err))
---```
---@param error table an error value, as returned by `try`
---@param options? tiny.error_frame.options
---@return string # a string; without source lines when the position is not in a file of the user
function tiny.error_frame(error, options) end

---Turns the trace of primitives on or off: each call is printed on standard error with its duration, like `--trace`. Children forked while it is on are traced too.
---* EBADF: standard error is closed
---```lua
---local before = tiny.trace_calls(true)
---tiny.getpid()
---tiny.trace_calls(before)
---```
---@param on boolean whether to print calls from now on
---@return any # whether the trace was on before
function tiny.trace_calls(on) end

---Ends the trace of this process and closes its duplicate of standard error (dup3(2)).
---* ENOENT: /dev/null, which replaces the duplicate, is missing
---```lua
---tiny.stop_trace()
---```
function tiny.stop_trace() end

---Writes a diagnostic message to standard error, or to the file of `--log`, with the time, the level and the fields. `--log-level` sets the least severe level that is written; the default is `warn`.
---```lua
---tiny.log("info", "the cache is warm", { entries = 42 })
---```
---@param level "error"|"warn"|"info"|"debug"|"trace" the severity
---@param message string the message
---@param fields? table names and values, as in JSON; the names time, level, msg, pid and from are reserved
function tiny.log(level, message, fields) end

---Redirects diagnostics to the present standard error, unless `--log` names a file; warnings and errors go there in any case. A background supervisor calls it when its standard error has become supervisor.log.
---* EBADF: standard error is closed
---```lua
---tiny.log_reopen()
---```
function tiny.log_reopen() end

---Formats any value on one line, with control characters escaped.
---```lua
---print(tiny.show { name = "web" })
---```
---@param value? any the value
---@return string # a string
function tiny.show(value) end

---Parses a size: a number of bytes, or a string with the suffix k, m, g or t (powers of 1024).
---```lua
---local bytes = tiny.parse_size("1.5g")
---```
---@param size any "128m" or an integer
---@return any # the size in bytes, or nil and the reason why it is invalid
function tiny.parse_size(size) end

---Parses a duration: a number of seconds, or a string such as "1m30s" or "500ms".
---```lua
---local seconds = tiny.parse_duration("1m30s")
---```
---@param duration any "10s" or a number
---@return any # the duration in seconds, or nil and the reason why it is invalid
function tiny.parse_duration(duration) end

---Finds the word of a list that is closest to a misspelled word.
---```lua
---print(tiny.did_you_mean("hostnme", { "hostname", "name" }))
---```
---@param word string the misspelled word
---@param words string[] the valid words
---@return any # the closest word, or nil when none is similar
function tiny.did_you_mean(word, words) end

---@class tiny.unwind_on_signals.options: table<"created", any>
---@field created? function called with each handle that would outlive this process if it were killed, such as a bridge

---From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT throw an error in this process, in a loop and in a call that waits, so that every `<close>` runs; the exit status is 128 + n. A second signal of the same kind ends the process as usual; one that the caller ignores stays ignored. Children of `clone` then end by SIGKILL with this process. `run` does this for a recipe that acts itself.
---```lua
---tiny.unwind_on_signals(true)
---```
---@param on boolean false: the default actions again, and later children outlive this process
---@param options? tiny.unwind_on_signals.options
function tiny.unwind_on_signals(on, options) end

---@class tiny.set_time_limit.options: table<"grace", any>
---@field grace? tiny.duration the time from the error to SIGKILL (default: 10s)

---Sets a time limit for what follows in this process: when it expires, an error is thrown, in a loop and in a call that waits. If the limit is still set after another `grace`, the process ends by SIGKILL.
---```lua
---tiny.set_time_limit("10s")
---tiny.try(f)
---tiny.set_time_limit(0)
---```
---@param seconds tiny.duration the time limit; 0 removes it
---@param options? tiny.set_time_limit.options
function tiny.set_time_limit(seconds, options) end

---Checks the arguments of a call without making the call. It returns the argument error, if any, and the kind of handle that the call would return. Without a name it returns the placeholder for an unknown value, to be used as an argument or in a table.
---```lua
---local unknown = tiny.foresee()
---print(tiny.foresee("sethostname", { 7, n = 1 }))
---```
---@param name? string a primitive such as "clone", or a method such as "child:wait"
---@param args? table its arguments, as packed by table.pack; `n` is their number
---@return any # the argument error or nil, and the handle's kind or nil; false when there is no such primitive
function tiny.foresee(name, args) end

return tiny
