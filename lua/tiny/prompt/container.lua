-- A running container at the prompt: its record with handles of its process, cgroup and root. They are opened through its
-- pidfd, so that a reused pid cannot be confused with it.
local format = require "tiny.format"

local prompt_container = {}

-- The container's record, with process (its PID 1), cgroup (nil if it has none of its own), root (its files), logs(n) and
-- exec { … }. ref: the name or id prefix of a running container.
function prompt_container.open(ref)
  local state = require "tiny.state"
  local container = state.ready(state.find(ref))
  local name = container.config.name
  local process = container.state.status == "running" and state.process(container)
  if not process then tiny.fail { message = name .. " is not running", hint = "tinylua start " .. name, exit = 125 } end
  container.process = process
  container.cgroup = require("tiny.pipeline.limits").reopen(container)
  container.root = require("tiny.client.copy").running_root(container)
  -- The last n lines of its output (default: 10).
  function container.logs(n) require("tiny.client.logs").of(container, { tail = n or 10 }) end
  -- Runs a program in it and returns its status: { "ls", "/" }, with user, workdir, env, tty, interactive.
  function container.exec(words)
    return require "tiny.client.exec"(state.load(container.id) or container, {
      command = { table.unpack(words) }, env = words.env or {}, user = words.user, workdir = words.workdir,
      interactive = words.interactive or words.tty, tty = words.tty,
    })
  end
  return setmetatable(container, {
    __close = function()
      for _, key in ipairs { "root", "cgroup", "process" } do
        if container[key] then container[key]:close() end
      end
    end,
    __call = function(_, other) return prompt_container.open(other) end,
  })
end

local function banner(container)
  local config = container.config
  format.line(("%s (%s) is running: %s"):format(config.name, container.id, format.clean(format.command(config.command))))
  local rows = {
    { "  container", "its record:  container.config, container.state" },
    { "  process", ("its PID 1, %d here: process:kill(\"TERM\")"):format(container.process.pid) },
    { "  cgroup", container.cgroup and "tiny.cgroup_stats(cgroup), tiny.cgroup_freeze(cgroup)" or "no cgroup of its own" },
    { "  root", 'its files: tiny.list_dir("/etc", { root = root })' },
    { "  logs(n)", "the last lines of its output" },
    { "  exec { … }", 'runs a program in it: exec { "sh", tty = true }' },
    { "  inspect(container)", "its current state" },
  }
  format.table(nil, rows)
end

-- Opens a container and replaces another's handles in `names` with its own. Lists them unless `quiet`.
function prompt_container.enter(ref, names, quiet)
  local container = prompt_container.open(ref)
  names.container = container
  for _, key in ipairs { "process", "cgroup", "root", "logs", "exec" } do names[key] = container[key] end
  if not quiet then banner(container) end
end

return prompt_container
