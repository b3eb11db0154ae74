-- System calls answered by the recipe: `tinylua run --rm policy.lua COMMAND…`. Directories can be created only in /srv;
-- a program that opens /etc/resolv.conf gets another file; each program that is started is reported.
local args = ...

-- A file without a path: the read end of a pipe that holds a text. The program gets this descriptor, whatever the
-- path refers to by then.
local function resolv()
  local from, into = tiny.pipe()
  into:write("nameserver 192.0.2.53\n")
  into:close()
  return from
end

local function mkdir(i)
  return function(call)
    local path = call.path(i)
    if path:match("^/srv/") then return call.continue() end
    print("denied: mkdir " .. path)
    return call.deny("EACCES")
  end
end

local function open(i)
  return function(call)
    if call.path(i) == "/etc/resolv.conf" then return call.file(resolv()) end
    return call.continue()
  end
end

local function execve(call)
  print("starts: " .. call.path(1))
  return call.continue()
end

return require("tiny.container").new {
  command = #args > 0 and args or { "/bin/sh", "-c", "mkdir /srv/a && mkdir /opt/b; cat /etc/resolv.conf" },
  -- Several system calls do the same thing; list each of them. Arguments count from 1.
  seccomp = { notify = { mkdir = mkdir(1), mkdirat = mkdir(2), open = open(1), openat = open(2), execve = execve } },
}
