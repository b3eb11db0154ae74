-- The text of /proc/PID/status as fields by name, each what is behind the colon (proc_pid_status(5)). A process
-- chooses its own name, which may hold "Uid: 0": a field begins a line, and the first of a name counts. The kernel
-- escapes line ends in the name.
return function(text)
  local fields = {}
  for line in (text or ""):gmatch("[^\n]+") do
    local key, value = line:match("^([%w_]+):%s*(.*)$")
    if key and not fields[key] then fields[key] = value end
  end
  return fields
end
