-- What each of the eight namespaces isolates: `tinylua run namespaces.lua`. For each kind, a child in a new
-- namespace changes a value and reads it back; then the host reads the same value.
local function line(path, pattern) return (tiny.read_file(path) or ""):match(pattern) or "?" end

-- kind, name of the value, function that reads it, and the change that the child makes first
local kinds = {
  { "uts", "hostname", function() return line("/proc/sys/kernel/hostname", "%S+") end, function() tiny.sethostname("inside") end },
  { "pid", "own pid", tiny.getpid },
  { "user", "own uid", tiny.getuid },
  { "net", "links", function() return #tiny.links() end },
  { "mount", "mounts", function() return #tiny.mounts() end, function() tiny.mount_private("/") tiny.mount_tmpfs("/mnt") end },
  { "ipc", "msgmax", function() return tiny.sysctl("kernel.msgmax") end, function() tiny.sysctl("kernel.msgmax", 4242) end },
  { "cgroup", "own cgroup", function() return line("/proc/self/cgroup", "0::(%S+)") end },
  { "time", "up since", function() return ("%.0f s"):format(tiny.clock("boottime")) end },
}

-- Without root, a user namespace gives the child the rights that it needs.
local user = tiny.getuid() ~= 0 or nil

print(("%-8s %-12s %-24s %s"):format("", "looked at", "inside", "on the host"))
for _, kind in ipairs(kinds) do
  local name, what, look, change = table.unpack(kind)
  local from, into = tiny.pipe()
  -- A time namespace needs an offset to show a different clock; the others are simply new.
  local new = name == "time" and tiny.try(tiny.timens, { boottime = "7d" }) or true
  local child <close> = tiny.clone({ user = user, [name] = new }, function()
    if change then change() end
    into:write(tostring(look()))
  end)
  child:wait()
  into:close()
  print(("%-8s %-12s %-24s %s"):format(name, what, from:read() or "", look()))
end
