-- Saves the body of a registry's response in a child process that can do nothing else: it has this connection and this file, no
-- capability, no way to open a file or another connection, and few system calls. Its caller has sent the request, with credentials.
local keep_capabilities = require "tiny.base.keep_capabilities"

local save_body = {}

-- The system calls of moving bytes from a connection to a file. None takes a path, an address or a process.
save_body.calls = {
  "brk", "clock_gettime", "close", "dup", "exit", "exit_group", "fcntl", "fstat", "ftruncate", "futex", "getpid", "getrandom", "gettid",
  "lseek", "madvise", "mmap", "mprotect", "mremap", "munmap", "poll", "ppoll", "read", "readv", "recvfrom", "restart_syscall",
  "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "sendto", "setitimer", "sigaltstack", "write", "writev",
}

-- The longest message of the child: a number of bytes, and a digest.
local LONGEST = 256

-- In the child: gives everything else up.
function save_body.confine(kept)
  local filter = tiny.seccomp_compile {
    defaultAction = "SCMP_ACT_ERRNO", syscalls = { { names = save_body.calls, action = "SCMP_ACT_ALLOW" } },
  }
  tiny.withdraw_fds { keep = kept }
  tiny.no_new_privs()
  tiny.landlock { paths = {}, tcp_bind = {}, tcp_connect = {}, scopes = { "abstract_unix", "signal" }, strict = false }
  keep_capabilities {}
  tiny.set_parent_death_signal "SIGKILL"
  tiny.seccomp(filter)
end

-- Calls f with each complete line, and returns the rest.
local function each_line(text, f)
  for line in text:gmatch "([^\n]*)\n" do f(line) end
  return text:match "[^\n]*$"
end

-- Saves the body of a response in the file with this path, and returns its size and digest as `response:save` does, with the same
-- options, and errors.
function save_body.save(response, path, options)
  local file <close> = tiny.open(path, { read = true, write = true, create = true, mode = options.mode })
  local reader, into = tiny.pipe()
  local from <close> = reader
  local child <close> = tiny.fork(function()
    save_body.confine { response, file, into }
    local saved = response:save(file, {
      resume = options.resume, limit = options.limit, progress = function(bytes) into:write(("%d\n"):format(bytes)) end,
    })
    into:write(("%d %s\n"):format(saved.bytes, saved.digest))
  end)
  into:close()
  local rest, saved = "", nil
  local function take(line)
    local bytes, digest = line:match "^(%d+) ?(.*)$"
    if digest and digest ~= "" then saved = { bytes = tonumber(bytes), digest = digest }
    elseif bytes and options.progress then options.progress(tonumber(bytes)) end
  end
  for bytes in function() return from:read() end do
    rest = each_line(rest .. bytes, take)
    if #rest > LONGEST then tiny.fail { message = "the child process that saves a download sends what is no report", exit = 125 } end
  end
  local status, signal = child:wait()
  if status ~= 0 or not saved then
    tiny.fail { message = ("the child process that saves a download ended with %s"):format(signal or "status " .. tostring(status)), exit = 125 }
  end
  return saved
end

return save_body
