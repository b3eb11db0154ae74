-- Runs an untrusted program: `tinylua run judge.lua PROGRAM…`. It gets three seconds, 64 MiB of memory, 16
-- processes, 64 KiB of output, no network and no writable file. One line of JSON reports the result.
local args = ...
if #args == 0 then tiny.fail { message = "what shall be run?", exit = 2 } end

local SECONDS, MEMORY, PROCESSES, OUTPUT = 3, "64m", 16, 64 * 1024
local NOBODY = 65534

local group <close> = tiny.cgroup("judge-" .. tiny.random_id(), { controllers = { "memory", "pids" } })
tiny.set_memory_limit(group, MEMORY)
tiny.set_pids_limit(group, PROCESSES)

-- Everything that needs /etc, /usr or a module is read before access is restricted.
local filter = tiny.seccomp_compile(require "tiny.seccomp_default", { caps = {} })

local function inside(into)
  tiny.mount_private("/")
  tiny.mount_bind("/", "/mnt", { read_only = true, nosuid = true })
  local root <close> = tiny.open_root("/mnt")
  for _, path in ipairs { "/tmp", "/run", "/root", "/home", "/var/lib" } do tiny.mount_tmpfs(path, { root = root, read_only = true, size = "4k" }) end
  tiny.mount_proc("/proc", { root = root, read_only = true, hidepid = "invisible" })
  tiny.mount_tmpfs("/sys", { root = root, read_only = true, size = "4k" })
  tiny.pivot_root(root)
  for number, file in pairs { [0] = tiny.open("/dev/null"), into, into } do tiny.dup2(file, number) end
  tiny.setrlimit("nofile", 64)
  tiny.setrlimit("core", 0)
  tiny.set_caps { bounding = {}, inheritable = {}, ambient = {} }
  tiny.setuser(NOBODY)
  tiny.no_new_privs()
  tiny.landlock { paths = { ["/"] = "rx", ["/dev/null"] = "rw" }, strict = false }
  tiny.seccomp(filter)
  tiny.exec { env = { PATH = "/usr/bin:/bin", LANG = "C.UTF-8" }, table.unpack(args) }
end

local from, into = tiny.pipe()
local namespaces = { pid = true, mount = true, uts = true, ipc = true, net = true, cgroup = group }
local child <close> = tiny.clone(namespaces, function() inside(into) end)
into:close()
child:wait_ready()

-- Reads until the end, the output limit or the time limit; `verdict` is what came first.
local text, verdict, deadline = "", nil, tiny.clock("monotonic") + SECONDS
while not verdict do
  local left = deadline - tiny.clock("monotonic")
  local bytes = left > 0 and #tiny.poll({ from }, left) > 0 and from:read()
  if bytes then text = text .. bytes end
  if bytes == nil then verdict = "ended" elseif not bytes then verdict = "out of time" elseif #text > OUTPUT then verdict = "too much output" end
end
if verdict ~= "ended" then tiny.cgroup_kill(group) end
local status = child:wait()
local use = tiny.cgroup_stats(group)
if use.oom_kills > 0 then verdict = "out of memory" end

print(tiny.json_encode { verdict = verdict, status = status, output = utf8.len(text:sub(1, OUTPUT)) and text:sub(1, OUTPUT) or nil })
