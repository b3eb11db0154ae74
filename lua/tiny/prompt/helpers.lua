-- The prompt's helper functions, besides `tiny`. They inspect and explain objects and print the result; `help(inspect)`
-- shows the comments here.
local format = require "tiny.format"

local helpers = {}

-- Explains a primitive, a handle, a module or one of its functions, a command, or anything by name: help(tiny.clone),
-- help "child:wait", help "tiny.scope", help "run". Without an argument: an introduction.
function helpers.help(...)
  local what = ...
  if what == nil and select("#", ...) > 0 then
    tiny.fail { message = "help: the value is nil: nothing has this name", hint = 'help(tiny) lists the primitives, help "run" is a command' }
  end
  require "tiny.prompt.help"(what)
end

local function print_links(netns)
  local rows = {}
  for _, link in ipairs(tiny.links { netns = netns }) do
    local addrs = {}
    for _, addr in ipairs(link.addrs or {}) do table.insert(addrs, type(addr) == "table" and addr.addr or tostring(addr)) end
    table.insert(rows, { "  " .. format.clean(link.name), link.kind or "", link.up and "up" or "down", table.concat(addrs, " ") })
  end
  format.table({ "  LINK", "KIND", "STATE", "ADDRESSES" }, rows)
end

-- Shows the current state of a child, a process, or a container (also by name): its processes, its namespaces compared with
-- the host's, mounts, cgroup with limits and usage, privileges, links. For a cgroup handle shows its usage, for a netns
-- handle its links; without an argument shows the prompt's own process.
function helpers.inspect(what)
  if type(what) == "string" then what = require("tiny.state").find(what) end
  local kind = type(what) == "table" and getmetatable(what) and rawget(what, "kind")
  if kind == "cgroup" then return format.line(format.pretty(tiny.cgroup_stats(what))) end
  if kind == "netns" then return print_links(what) end
  local is_record = type(what) == "table" and rawget(what, "config") and rawget(what, "state")
  if what ~= nil and not is_record and kind ~= "child" and kind ~= "process" then
    return format.line(format.pretty(what))
  end
  local live = require "tiny.inspect.live"
  format.write(live.text(live.of(what), { width = format.columns(100), colour = format.colour("bold", "") ~= "" }))
end

-- Calls f with the remaining arguments and prints each primitive that it calls, in its children too, with process, time and
-- result; returns f's results.
function helpers.trace(f, ...)
  format.flush()
  local start = tiny.clock("monotonic")
  local before = tiny.trace_calls(true)
  local results = table.pack(tiny.try(f, ...))
  tiny.trace_calls(before)
  local took = tiny.clock("monotonic") - start
  io.stderr:write(("%.1f ms in all\n"):format(took * 1000))
  if results.n == 2 and results[1] == nil and results[2] ~= nil then error(results[2], 0) end
  return table.unpack(results, 1, results.n)
end

-- Opens a running container by its name or id prefix. Returns its record with process, cgroup, root, logs(n) and exec { … }.
-- `:in NAME` makes them variables of the prompt.
function helpers.container(ref)
  return require("tiny.prompt.container").open(ref)
end

-- The function that a child in the foreground runs: the function given, a command line for /bin/sh, or a list of words.
local function body_of(what)
  if type(what) == "function" then return what end
  local words = type(what) == "string" and { "/bin/sh", "-c", what } or what
  if type(words) ~= "table" or type(words[1]) ~= "string" then
    tiny.fail { at = tiny.caller(), message = "foreground: no command", hint = 'such as foreground("sh"), foreground { "ls", "-l" } or foreground(function() … end)' }
  end
  return function() tiny.exec(words) end
end

-- Runs body in a child that owns the terminal, and returns its status: foreground("sh"), foreground { "ls", "-l" },
-- foreground({ pid = true, mount = true }, function() tiny.exec { "sh" } end). Other children of the prompt cannot read from
-- the terminal. options: optional, those of tiny.clone.
function helpers.foreground(options, body)
  if body == nil then options, body = {}, options end
  body = body_of(body)
  local terminal <close> = tiny.stdio(0)
  local child <close> = tiny.clone(options, function()
    tiny.dup2(terminal, 0)
    return body()
  end)
  if not tiny.isatty(0) then return child:wait() end
  local _, failure = tiny.try(tiny.set_foreground, child)
  if failure and failure.code ~= "ESRCH" then error(failure, 0) end
  local status, signal = tiny.try(child.wait, child)
  tiny.set_foreground()
  if not status then error(signal, 0) end -- an error in the child
  return table.unpack { status, signal } -- no second result without a signal
end

return helpers
