-- Parses the text of /proc/PID/status into fields by name (proc_pid_status(5)). A process chooses its own name, which may
-- contain "Uid: 0". So a field must begin a line, and the first of a name counts. The kernel escapes newlines in the name.
return function(text)
  local fields = {}
  for line in (text or ""):gmatch("[^\n]+") do
    local key, value = line:match("^([%w_]+):%s*(.*)$")
    if key and not fields[key] then fields[key] = value end
  end
  return fields
end
