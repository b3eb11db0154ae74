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

-- A download that receives fewer than this many bytes in this many seconds has stalled, though something arrives now and then.
save_body.LEAST, save_body.SECONDS = 60000, 60

-- A function that is told the size of a file from time to time, and returns the error of a download that has stalled.
local function new_stall_check()
  local start, before
  return function(bytes)
    local now = tiny.clock "monotonic"
    start, before = start or now, before or bytes
    if now - start < save_body.SECONDS then return end
    if bytes - before < save_body.LEAST then
      local detail = ("only %d bytes were received in %.0f s"):format(bytes - before, now - start)
      return { message = detail, detail = detail, code = "ETIMEDOUT", exit = 125 }
    end
    start, before = now, bytes
  end
end

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
    local stall_of, stalled = new_stall_check(), nil
    local saved, err = tiny.try(response.save, response, file, {
      resume = options.resume, limit = options.limit, progress = function(bytes)
        stalled = stall_of(bytes)
        if stalled then error "stalled" end
        into:write(("%d\n"):format(bytes))
      end,
    })
    if stalled then tiny.fail(stalled) end
    if err then error(err, 0) end
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
