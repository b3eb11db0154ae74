-- Runs containers for a command: in the foreground, at a terminal of their own, or in the background.
local format = require "tiny.format"
local lifecycle = require "tiny.supervisor.lifecycle"
local state = require "tiny.state"

local run = {}

-- Handles a container whose supervisor was killed before it was ready.
local function recover(container)
  return require("tiny.supervisor.recovery").look_after(container)
end

-- A container with a terminal has its supervisor in the background, so that it survives a detach; the foreground process is the
-- first client, connected before there is any output.
local function terminal(record, spec, options)
  local attach = require "tiny.client.attach"
  local client
  client, options.client = tiny.socketpair { type = "seqpacket", nonblock = true }
  options.leave, options.size = client, require("tiny.client.tty_proxy").size()
  lifecycle.background(record, spec, options)
  -- The supervisor has these now: only it holds the lock, and its end closes the connection.
  record.alive:close()
  options.client:close()
  local status
  status, options.result = attach.serve(record, client, { input = spec.interactive, keys = options.keys, owner = true })
  return status
end

-- Starts a container; as in docker, one that is running is left alone.
function run.start(record)
  if lifecycle.start(record, recover) then return end
  if record.state.paused then
    tiny.fail { message = record.config.name .. " is paused", hint = "tinylua unpause " .. record.config.name }
  end
end

-- Stops a container and starts it; repeats this if another command has started it meanwhile.
function run.restart(record, seconds, signal)
  -- What could not be started again is not stopped.
  require("tiny.supervisor.recipe_code").check(record)
  local stop = require "tiny.client.stop"
  stop(record, seconds, { signal = signal })
  while not lifecycle.start(record, recover) do
    record = state.find(record.id)
    if record.damage then tiny.fail { message = record.damage, exit = 125 } end
    stop(record, seconds, { signal = signal })
  end
end

-- Runs the container of a spec; returns its exit status, or 0 once it runs in the background. options: detach, remove, where
-- (the recipe's line, for errors), recipe, earlier, keys (for detaching), silent, raw (a terminal gets the output unfiltered).
function run.run(spec, options)
  if spec.tty then -- reports errors before anything is created
    require("tiny.client.detach_keys").new(options.keys)
    if spec.interactive and not options.detach then require("tiny.client.tty_proxy").check_input() end
  end
  if options.usage then require("tiny.client.usage_report").check(options) end
  local asks = spec.cow_on_exit == "ask" or spec.cow_on_exit == nil
  if spec.cow_on_exit == "ask" and (options.detach or not require("tiny.client.review").possible()) then
    tiny.fail { message = "cow_on_exit: ask needs a terminal and a container in the foreground", hint = "--on-exit keep; then `tinylua changes` and `apply`", exit = 125 }
  end
  local record = lifecycle.create(spec, options)
  local how = {
    fresh = not options.earlier, where = options.where, keys = options.keys, cidfile = options.cidfile, raw = options.raw, recover = recover,
    throwaway = options.remove and (spec.restart or "no") == "no",
  }
  if not options.detach then
    local status = (spec.tty and terminal or lifecycle.foreground)(record, spec, how)
    if options.usage and how.result then require("tiny.client.usage_report").show(options.usage, record, how.result) end
    local cow = asks and spec.mounts and require "tiny.cow.folders"
    if cow and cow.any(spec.mounts) and require("tiny.client.review").possible() then require("tiny.client.review").after(record, not spec.tty) end
    return status
  end
  lifecycle.background(record, spec, how)
  if not options.silent then format.line(record.id) end
  return 0
end

return run
