-- Learning mode: allows and observes every system call of a container, and writes what it needed as a policy
-- (tiny.spec.policy). It observes calls, the files they name, and ports; capabilities are inferred from these
-- (tiny.supervisor.learn_caps). It does not see what the program would do with other input, nor what it does with files that it
-- inherited open.
local calls = require "tiny.supervisor.learn_calls"
local notified = require "tiny.supervisor.syscall_view"

-- A policy with more paths is unreadable, and the container chooses the names.
local MOST = 20000

local Learner = {}
Learner.__index = Learner

local learn = {}

function learn.new(ctx)
  local process = ctx.process or ctx.child
  local self = setmetatable({
    ctx = ctx, file = ctx.spec.seccomp.learn, root = tiny.open_root(("/proc/%d/root"):format(process.pid)),
    calls = {}, paths = {}, count = 0, made = {}, made_count = 0, run_count = 0, caps = {}, bind = {}, connect = {}, programs = {}, held = {},
  }, Learner)
  for _, name in ipairs(tiny.caps(process).bounding) do self.held[name] = true end
  return self
end

-- Observes a call. Before the container's program begins, our own process makes the calls: only its execve counts.
function Learner:see(listener, call, began)
  -- A number without a name is not a system call of this machine.
  if began and not call.call:match("^%d") then self.calls[call.call] = true end
  local look = calls[call.call]
  if look and (began or call.call:match("^execve")) then
    look(self, notified(listener, call))
  end
end

local function parent(path)
  return path:match("^(.+)/[^/]*$") or "/"
end

-- The part of a path that exists before the program begins: what it creates itself does not exist when the policy is applied.
function Learner:lasting(path)
  local found = path
  while path ~= "/" do
    local above = parent(path)
    if self.made[path] then found = above end
    path = above
  end
  return found
end

-- Grants a right on a path: r, w or x, or "list" for the names in a folder.
function Learner:grant(path, right)
  path = self:lasting(path)
  if path:match("^/proc/") then path = "/proc" elseif path:match("^/dev/pts/") then path = "/dev/pts" end
  local rights = self.paths[path]
  if not rights then
    if self.count >= MOST then return end
    rights, self.count = {}, self.count + 1
  end
  self.paths[path] = rights
  rights[right] = true
end

function Learner:stat(path, follow)
  return (tiny.try(tiny.stat, path, { root = self.root, follow = follow }))
end

-- Records that the program creates this path itself.
function Learner:makes(path)
  if self.made[path] or self.made_count >= MOST then return end
  self.made[path], self.made_count = true, self.made_count + 1
end

-- Records that names are created or removed below a folder.
function Learner:changed(path, made)
  self:grant(parent(path), "w")
  if made then self:makes(path) end
end

-- Records a used capability, if the container had it.
function Learner:used(name)
  if self.held[name] then self.caps[name] = true end
end

-- The interpreter that the kernel opens to run a program.
local function interpreter(text)
  local line = text:match("^#!%s*([^%s]+)")
  if line then return line end
  if text:sub(1, 5) ~= "\x7fELF\2" then return nil end
  local at, size, count = string.unpack("<I8", text, 33), string.unpack("<I2", text, 55), string.unpack("<I2", text, 57)
  for i = 0, count - 1 do
    local kind, _, offset, _, _, length = string.unpack("<I4I4I8I8I8I8", text, at + i * size + 1)
    if kind == 3 then return text:sub(offset + 1, offset + length - 1) end -- PT_INTERP
  end
end

function Learner:run(path)
  for _ = 1, 4 do
    if self.programs[path] or self.run_count >= MOST then return end
    local s = self:stat(path)
    if not s or s.kind ~= "file" then return end
    self.programs[path], self.run_count = true, self.run_count + 1
    -- Landlock requires both rights to execute a file.
    self:grant(path, "r")
    self:grant(path, "x")
    local text = tiny.try(tiny.read_file, path, { root = self.root, max = "64m" })
    local next = text and (tiny.try(interpreter, text))
    if not next then return end
    path = next
  end
end

function Learner:write()
  require("tiny.spec.policy").write(self.file, self)
  self.root:close()
end

return learn
