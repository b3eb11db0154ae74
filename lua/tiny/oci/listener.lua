-- The listener of a container's system call filter: it goes to the agent that the configuration names, or to a process of ours that
-- calls the recipe's functions. The process that loads the filter announces it with a word, then sends it.
local state = require "tiny.oci.state"

local listener = {}

-- Sends it to the agent (config-linux.md, "seccomp").
local function forward(one, file)
  local asked = state.config(one).linux.seccomp
  local agent <close> = tiny.unix_connect(asked.listenerPath)
  local text = tiny.json_encode {
    ociVersion = one.record.ociVersion, fds = { "seccompFd" }, pid = one.record.pid, metadata = asked.listenerMetadata or "",
    state = state.shown(one, "creating"),
  }
  tiny.send_fd(agent, file, { data = text })
end

-- The file that the process sends next. If it fails before, it sends the reason, or it has ended.
local function take(connection)
  local message = tiny.recv_fds(connection)
  local file = message and message.files[1]
  if file then return file end
  tiny.fail {
    message = message and message.data:gsub("^E", "", 1) or "the first process has ended while it loaded its system call filter", exit = 1,
  }
end

-- Handles what the process has announced; false if `said` is no such word.
function listener.hear(one, said, connection)
  if said == "L" then
    local file <close> = take(connection)
    forward(one, file)
  elseif said == "N" then
    require("tiny.oci.companion").answer(one, take(connection), take(connection))
  else
    return false
  end
  return true
end

return listener
