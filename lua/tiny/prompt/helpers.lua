-- What a prompt has at hand beside `tiny`: functions that look at things and explain them. They print
-- what they find; `help(inspect)` shows the comments here.
local format = require "tiny.format"

local at_hand = {}

-- Explains a primitive, a handle, a module or one of its functions, a command, or whatever has this name:
-- help(tiny.clone), help "child:wait", help "tiny.scope", help "run". Without one: where to begin.
function at_hand.help(what)
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

-- Shows what a child, a process, or a container (by its name too) is made of right now: its processes,
-- namespaces against the host's, mounts, cgroup with limits and use, rights, links. A cgroup handle shows
-- its use, a netns handle its links; without an argument it is the prompt's own process.
function at_hand.inspect(what)
  if type(what) == "string" then what = require("tiny.state").find(what) end
  local kind = type(what) == "table" and getmetatable(what) and rawget(what, "kind")
  if kind == "cgroup" then return format.line(format.pretty(tiny.cgroup_stats(what))) end
  if kind == "netns" then return print_links(what) end
  local is_record = type(what) == "table" and rawget(what, "config") and rawget(what, "state")
  if what ~= nil and not is_record and kind ~= "child" and kind ~= "process" then
    return format.line(format.pretty(what))
  end
  local anatomy = require "tiny.inspect.live"
  format.write(anatomy.text(anatomy.of(what), { width = format.columns(100), colour = format.colour("bold", "") ~= "" }))
end

-- Calls f with the arguments that follow and prints each primitive that it calls, its children's too, with
-- its process, time and result; returns what f returns.
function at_hand.trace(f, ...)
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

-- Opens a running container by its name or the beginning of its id: its record with process, cgroup, root,
-- logs(n) and exec { … }. `:in NAME` makes them names of the prompt.
function at_hand.container(ref)
  return require("tiny.prompt.container").open(ref)
end

-- Runs body in a child that has the terminal, and returns its status: foreground({ pid = true, mount = true },
-- function() tiny.exec { "sh" } end). Any other child of the prompt reads nothing. options: tiny.clone's;
-- they can be left out.
function at_hand.foreground(options, body)
  if body == nil then options, body = {}, options end
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
  if not status then error(signal, 0) end -- an error of the child's
  return table.unpack { status, signal } -- no second value without a signal
end

return at_hand
