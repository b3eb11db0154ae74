-- A container: a table of what is asked, and the list of named steps that make it. Each step is a
-- function of the context; before/after put a closure between any two, `steps` replaces one. The
-- steps up to "namespaces" run on the host, the others inside, in the forked machine.
local rootfs = require "tiny.rootfs"
local schema = require "tiny.schema"

local container = {}
local Container = {}
Container.__index = Container
Container.__name = "container"

container.steps = { "cgroup", "network", "namespaces", "rootfs", "mounts", "security", "exec" }

local KEYS = {
  name = "string", hostname = "string", rootfs = "string", command = "command", env = "table", workdir = "string",
  user = "string", memory = "size", swap = "size", cpus = "number", pids = "integer", network = "string",
  volumes = "strings", interactive = "boolean", tty = "boolean", before = "functions", after = "functions", steps = "functions",
  restart = "string", stop_signal = "string", stop_timeout = "number", labels = "table",
  on_start = "function", on_exit = "function", on_oom = "function", on_log = "function",
}

local DEFAULT_ENV = { PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container = "tinylua" }

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

local function check_steps(spec)
  for _, field in ipairs { "before", "after", "steps" } do
    for name in pairs(spec[field] or {}) do
      local known = false
      for _, step in ipairs(container.steps) do known = known or step == name end
      if not known then
        wrong(("%s: there is no step %q"):format(field, name), "the steps are " .. table.concat(container.steps, ", "))
      end
    end
  end
end

-- Puts "SOURCE:TARGET[:ro]" in parts; the source must be there.
local function volume(text)
  local source, target, mode = text:match("^([^:]+):(/[^:]*):?(.*)$")
  if not source or (mode ~= "" and mode ~= "ro" and mode ~= "rw") then
    wrong(("volumes: %q is not SOURCE:/TARGET[:ro]"):format(text))
  end
  if not tiny.stat(source) then wrong(("volumes: %s is missing on the host"):format(source)) end
  return { source = source, target = target, ro = mode == "ro" }
end

local function check_rootfs(path)
  local s = path ~= "" and tiny.stat(path)
  if not s and path == "" then wrong("the rootfs is an empty name", "leave --rootfs out for a throwaway view of the host") end
  if not s then wrong(("the rootfs %s does not exist"):format(path), "make it, or leave --rootfs out for a throwaway view of the host") end
  if s.kind ~= "dir" then wrong(("the rootfs %s is a %s, not a folder"):format(path, s.kind), "unpack an archive or image first") end
  local host = tiny.stat("/")
  if s.dev == host.dev and s.ino == host.ino then
    wrong(("the rootfs %s is the host's own root"):format(path), "leave --rootfs out for a throwaway view of the host")
  end
end

function container.check_name(name)
  if not name:match("^%w[%w_.-]*$") then
    wrong(("the name %q has other characters than letters, digits, '_', '.' and '-'"):format(name))
  end
  if #name > 128 then wrong("the name has more than 128 characters") end
end

-- The record is JSON, which holds text only.
local function check_text(what, text)
  if not utf8.len(text) then wrong(("%s is not UTF-8: %s"):format(what, tiny.show(text)), "put other bytes into a file, or encode them") end
end

-- Checks a whole spec before anything acts, and puts it in its final form.
function container.check(spec)
  if spec.rootfs then check_rootfs(spec.rootfs) end
  if type(spec.command) == "string" then spec.command = { "/bin/sh", "-c", spec.command } end
  if #(spec.command or {}) == 0 or spec.command[1] == "" then wrong("no command is given", "say what to run: tinylua run CMD…") end
  if spec.name then container.check_name(spec.name) end
  if spec.hostname and (#spec.hostname > 64 or not spec.hostname:match("^%w[%w.-]*$")) then
    wrong(("the hostname %q is not made of letters, digits, '.' and '-', 64 at most"):format(spec.hostname))
  end
  if spec.workdir and not spec.workdir:match("^/") then wrong(("the working directory %q does not begin with /"):format(spec.workdir)) end
  for key, value in pairs(spec.env or {}) do
    if type(key) ~= "string" or key == "" or key:find("[=%z]") then wrong(("env: %s is not a variable's name"):format(tiny.show(key))) end
    if type(value) ~= "string" then wrong(("env: %s is not a string: %s"):format(key, tiny.show(value))) end
  end
  for i, word in ipairs(spec.command) do check_text(("command: word %d"):format(i), word) end
  for key, value in pairs(spec.env or {}) do check_text("env: " .. tiny.show(key), key .. "=" .. value) end
  check_steps(spec)
  require("tiny.restart").parse(spec.restart)
  spec.mounts = {}
  for _, text in ipairs(spec.volumes or {}) do table.insert(spec.mounts, volume(text)) end
  require("tiny.limits").check(spec)
  require("tiny.network").check(spec)
  return spec
end

-- The container that a recipe returns.
function container.new(spec)
  local where = tiny.caller()
  schema.check("container.new", spec, KEYS, where)
  return setmetatable({ spec = spec, where = where }, Container)
end

function container.is(value)
  return getmetatable(value) == Container
end

-- The shipped steps.
local step = {}

function step.cgroup(ctx)
  require("tiny.limits").apply(ctx)
end

function step.network(ctx)
  require("tiny.network").connect(ctx)
end

function step.rootfs(ctx)
  ctx.root = rootfs.mount(ctx)
  if ctx.spec.user then ctx.user = require("tiny.users").lookup(ctx.root, ctx.spec.user) end
end

function step.mounts(ctx)
  require("tiny.mounts").mount(ctx)
  tiny.pivot_root(ctx.root)
  tiny.sethostname(ctx.spec.hostname)
end

function step.security(ctx)
  if ctx.spec.workdir then
    tiny.mkdir(ctx.spec.workdir, { parents = true })
    tiny.chdir(ctx.spec.workdir)
  end
  if ctx.user then tiny.setuser(ctx.user.uid, { gid = ctx.user.gid, groups = ctx.user.groups }) end
  tiny.no_new_privs()
end

function step.exec(ctx)
  local env = { HOSTNAME = ctx.spec.hostname, HOME = ctx.user and ctx.user.home or "/root" }
  for _, vars in ipairs { DEFAULT_ENV, ctx.spec.env or {} } do
    for key, value in pairs(vars) do env[key] = value end
  end
  tiny.exec { env = env, table.unpack(ctx.spec.command) }
end

-- Calls f; an error says in which step of which recipe it happened.
local function guarded(ctx, name, f)
  local _, err = tiny.try(f)
  if not err then return end
  if not err.step then
    err.step = name
    local place = err.at
    if not place or place:match("^lua/tiny/") or place:match("^scripts/") then place = ctx.where or ctx.name end
    err.at = ("%s: step %s"):format(place, name)
  end
  error(err, 0)
end

-- The recipe's closure for this moment, if there is one.
local function hook(ctx, moment, name)
  local closures = ctx.spec[moment]
  if closures and closures[name] then closures[name](ctx) end
end

local function run_step(ctx, name)
  guarded(ctx, name, function()
    hook(ctx, "before", name)
    local replaced = ctx.spec.steps and ctx.spec.steps[name]
    local body = replaced or step[name]
    body(ctx)
    -- "namespaces" ends inside: what comes after it is called there.
    if name ~= "namespaces" then hook(ctx, "after", name) end
  end)
end

-- The child's side of "namespaces": standard streams, then every later step.
local function inside(ctx)
  ctx.go_into:close()
  -- The supervisor's lock is not this process's to hold: it tells whether the supervisor lives.
  ctx.record.alive:close()
  guarded(ctx, "namespaces", function()
    tiny.setsid()
    require("tiny.network").inside(ctx)
    for number, file in pairs(ctx.stdio) do tiny.dup2(file, number) end
    hook(ctx, "after", "namespaces")
  end)
  for _, name in ipairs { "rootfs", "mounts" } do run_step(ctx, name) end
  if ctx.spec.tty then guarded(ctx, "mounts", function() require("tiny.terminal").enter(ctx) end) end
  run_step(ctx, "security")
  -- The end of the pipe without its byte means that the maker is dead: then so is this.
  if ctx.go_from:read() ~= "go" then tiny.fail("the supervisor ended before the container was on record") end
  run_step(ctx, "exec")
end

function step.namespaces(ctx)
  local options = { pid = true, mount = true, uts = true, ipc = true, net = ctx.netns }
  if ctx.cgroup then options.cgroup, options.cgroupns = ctx.cgroup, true else options.cgroup = true end
  ctx.child = tiny.clone(options, ctx.inside)
end

-- Makes the container that `ctx` describes; returns when its program runs. What the steps make is
-- undone by ctx.scope. A step that replaces "namespaces" clones with ctx.inside and sets ctx.child.
function container.make(ctx)
  ctx.inside = function() inside(ctx) end
  ctx.go_from, ctx.go_into = tiny.pipe()
  for _, name in ipairs { "cgroup", "network", "namespaces" } do run_step(ctx, name) end
  if not ctx.child then
    wrong((ctx.where or ctx.name) .. ": step namespaces: no container was made", "it sets ctx.child = tiny.clone({ … }, ctx.inside)")
  end
  ctx.go_from:close()
  ctx.born(ctx)
  tiny.try(ctx.go_into.write, ctx.go_into, "go") -- it may have failed already; wait_ready tells
  ctx.go_into:close()
  ctx.child:wait_ready()
end

return container
