-- The prompt of `run --step`: shows the call with its values, the recipe's line in a code frame, and what was done so far, and
-- reads the answer. It uses the terminal that was opened at the start, since a child's standard streams are not ours.
local effects = require "tiny.dev.effects"
local callsite = require "tiny.base.callsite"

local HELP = [[
  n, Enter   execute it, and stop before the next
  c          continue, to the next break_before if there is one
  u NAME     continue until this primitive
  i          inspect the child, or this process
  l          list the calls of this process so far
  s          a shell in the child, with its current privileges. In an untrusted rootfs it is
             an untrusted program. Exit the shell to return here
  a, Ctrl-D  abort, and undo everything so far
]]

local function clean(text) return (require("tiny.format").clean(text)) end

local function colour(code, text)
  local plain = os.getenv("NO_COLOR") or os.getenv("TERM") == "dumb"
  return plain and text or ("\27[%dm%s\27[0m"):format(code, text)
end

local function say(self, ...)
  self.terminal:write(table.concat { ... })
end

-- The code frame of a position in the recipe or in the shipped Lua.
local function frame(self, place)
  local file, line = place:match("^(.+):(%d+)$")
  local text = file == self.path and self.text or file and tiny.try(tiny.source, file) or ""
  for _, one in ipairs(line and callsite.frame(text, tonumber(line), 1) or {}) do
    say(self, "  ", one:sub(1, 1) == ">" and one or colour(2, one), "\n")
  end
end

local function show(self, call)
  say(self, "\n", colour(36, ("── %s%s ── %s"):format(self.lane, call.step and ", step " .. call.step or "", clean(call.at or "?"))), "\n")
  if call.at then frame(self, call.at) end
  local target = call.op:find("^mount_") and (call.args:match('^"[^"]*", "(/[^"]*)"') or call.args:match('^"(/[^"]*)"')) or nil
  local asked = not call.own and effects.line(call.op, target, self.asker)
  if asked then say(self, colour(2, ("  requested at %s: %s"):format(clean(asked.place), clean(asked.code))), "\n") end
  say(self, "  ", colour(1, call.op .. "(" .. clean(call.args) .. ")"), "\n")
  local alive = {}
  for child in pairs(self.children) do table.insert(alive, tostring(child)) end
  say(self, colour(2, ("  done so far: %d%s"):format(self.count, #alive > 0 and "; alive: " .. table.concat(alive, ", ") or "")), "\n")
end

local function list(self)
  if self.count > #self.done then say(self, ("  … %d earlier\n"):format(self.count - #self.done)) end
  for _, call in ipairs(self.done) do
    say(self, ("  %s(%s)%s\n"):format(call.op, clean(call.args), call.result ~= "" and " = " .. clean(call.result) or ""))
  end
  if #self.done == 0 then say(self, "  none yet\n") end
end

local function newest(self)
  local found
  for child in pairs(self.children) do
    if not child.closed and (not found or child.pid > found.pid) then found = child end
  end
  return found
end

local function inspect(self)
  local live, subject = require "tiny.inspect.live", newest(self)
  local found, err = tiny.try(live.of, subject, self.host)
  if not found then return say(self, "  ", clean(err.message), "\n") end
  local columns = select(2, tiny.terminal_size(self.terminal))
  say(self, subject and ("  %s, seen from this process\n"):format(tostring(subject)) or "  this process\n", live.text(found, { width = columns > 0 and columns or 80 }))
end

-- The child's namespaces that differ from this process's.
local function others(child)
  local found = {}
  for kind, file in pairs { mount = "mnt", uts = "uts", ipc = "ipc", net = "net", cgroup = "cgroup" } do
    local mine, theirs = tiny.try(tiny.readlink, "/proc/self/ns/" .. file), tiny.try(tiny.readlink, ("/proc/%d/ns/%s"):format(child.pid, file))
    if theirs and mine ~= theirs then found[kind] = true end
  end
  return next(found) and found or nil
end

-- Runs a shell in this process's namespaces, or in those of its newest child.
local function shell(self)
  local child = newest(self)
  local function become()
    for number = 0, 2 do tiny.dup2(self.terminal, number) end
    local home = { PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TERM = os.getenv("TERM") or "xterm", PS1 = "(stepping) # " }
    -- Without job control, which would give the terminal to a process group that no longer exists.
    tiny.exec { env = home, "/bin/sh", "-i", "+m" }
  end
  local started, err = tiny.try(function()
    if not child then return tiny.fork(become) end
    local pid <close> = tiny.open_ns("pid", child)
    return tiny.clone({ pid = pid }, function()
      local kinds = others(child)
      if kinds then tiny.setns(child, kinds) end
      become()
    end)
  end)
  if started then
    local _, failed = tiny.try(started.wait, started)
    err = failed
  end
  if err then say(self, "  ", clean(tostring(err)), "\n") end
end

-- Reads one word of input; nil at end-of-file or for Ctrl-C.
local function answer(self)
  say(self, colour(33, "(step) "))
  for _, ready in ipairs(tiny.poll { self.terminal, self.signals }) do
    if ready == self.signals then
      while self.signals:next() do end
      return nil
    end
  end
  local line = self.terminal:read()
  return line and line ~= "" and line:gsub("[\r\n]+$", "") or nil
end

-- Asks until there is an answer; returns the mode.
return function(self, call)
  -- An earlier Ctrl-C, for another process or a shell, is not an answer.
  while self.signals:next() do end
  show(self, call)
  while true do
    local line = answer(self)
    local word, rest = (line or "a"):match("^%s*(%S*)%s*(.-)%s*$")
    if word == "" or word == "n" or word == "next" then return "step"
    elseif word == "c" or word == "continue" then return "go"
    elseif word == "a" or word == "abort" or word == "q" then return "abort"
    elseif word == "u" or word == "until" then
      rest = effects.now(rest)
      if tiny[rest] and #rest < 60 then return "to " .. rest end
      local near = tiny.did_you_mean(rest, require "tiny.base.sorted_keys"(tiny))
      say(self, ("  no such primitive: %s%s\n"):format(clean(rest), near and "; did you mean " .. near .. "?" or ""))
    elseif word == "i" or word == "inspect" then inspect(self)
    elseif word == "l" or word == "list" then list(self)
    elseif word == "s" or word == "shell" then
      shell(self)
      while self.signals:next() do end
    else say(self, HELP) end
  end
end
