-- Packs the changes of a container into a layer, or a whole tree into an archive. A child process does it, which can read that
-- tree and write to one file, and nothing else.
local keep_capabilities = require "tiny.base.keep_capabilities"
local rootless = require "tiny.base.rootless"

local pack = {}

-- Reading any file, and the marks of an overlay in trusted.*.
pack.capabilities = { "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN" }

-- The system calls of reading a tree and writing one file.
pack.calls = {
  "brk", "clock_gettime", "close", "close_range", "dup", "exit", "exit_group", "fcntl", "fstat", "fstatfs", "futex", "getdents64",
  "getpid", "getrandom", "gettid", "getxattr", "listxattr", "lseek", "madvise", "mmap", "mprotect", "mremap", "munmap", "newfstatat",
  "open", "openat", "openat2", "poll", "ppoll", "pread64", "prlimit64", "read", "readlinkat", "readv", "restart_syscall", "rt_sigaction",
  "rt_sigprocmask", "rt_sigreturn", "sched_yield", "setitimer", "sigaltstack", "statx", "tgkill", "write", "writev",
}

local function confine(directory, filter, kept)
  tiny.withdraw_fds { keep = kept }
  tiny.no_new_privs()
  tiny.landlock { paths = { [directory] = "r", ["/proc"] = "r" }, strict = false }
  keep_capabilities(pack.capabilities)
  tiny.set_parent_death_signal "SIGKILL"
  tiny.seccomp(filter)
end

-- Packs a directory into an open file. options: compress ("gzip" or "zstd") and level; progress(bytes). Returns the
-- report of `layer_pack`. A container's changes have the ids of its own namespace.
function pack.directory(directory, file, options)
  options = options or {}
  local own <close> = rootless.is() and tiny.userns((rootless.own_maps())) or nil
  local filter = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ERRNO", syscalls = { { names = pack.calls, action = "SCMP_ACT_ALLOW" } } }
  local from, into = tiny.pipe()
  local reader <close> = from
  local child <close> = tiny.clone({ user = own, mount = true, net = true, ipc = true }, function()
    confine(directory, filter, { file, into })
    local report = tiny.layer_pack(directory, {
      to = file, compress = options.compress, level = options.level,
      progress = function(bytes) into:write(("%d\n"):format(bytes)) end,
    })
    into:write(tiny.json_encode(report) .. "\n")
    return 0
  end)
  into:close()
  local rest, report = "", nil
  for bytes in function() return reader:read() end do
    rest = rest .. bytes
    for line in rest:gmatch "([^\n]*)\n" do
      local value = tiny.json_decode(line)
      if type(value) == "table" then report = value elseif options.progress then options.progress(value) end
    end
    rest = rest:match "[^\n]*$"
  end
  local status, signal = child:wait()
  if status ~= 0 or not report then
    tiny.fail { message = ("%s was not packed: its child process ended with %s"):format(directory, signal or "status " .. tostring(status)), exit = 125 }
  end
  return report
end

return pack
