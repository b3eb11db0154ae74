-- A container: a spec and the list of named steps that create it. Each step is a function of the context; before/after add a
-- closure between two steps, `steps` replaces one. The steps up to "namespaces" run on the host, the others inside, in the
-- forked process.
local rootfs = require "tiny.pipeline.rootfs"
local security = require "tiny.pipeline.security"
local stdio = require "tiny.pipeline.stdio"

local container = {}
local Container = {}
Container.__index = Container
Container.__name = "container"

container.steps = require "tiny.spec.steps"

local DEFAULT_ENV = { PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container = "tinylua" }

local NOTHING = {}

-- Creates the container that a recipe returns.
function container.new(asked)
  local where = tiny.caller()
  require("tiny.spec.schema").check("container.new", asked, require("tiny.spec.derived").types(), where)
  return setmetatable({ spec = asked, where = where }, Container)
end

function container.is(value)
  return getmetatable(value) == Container
end

-- The default steps.
local step = {}

function step.cgroup(ctx)
  require("tiny.pipeline.limits").apply(ctx)
end

function step.network(ctx)
  require("tiny.network").connect(ctx)
end

function step.rootfs(ctx)
  ctx.root = rootfs.mount(ctx)
  if ctx.spec.user or ctx.spec.group_add then ctx.user = require("tiny.pipeline.users").lookup(ctx.root, ctx.spec.user, ctx.spec.group_add) end
end

function step.mounts(ctx)
  require("tiny.pipeline.mounts").mount(ctx)
  tiny.pivot_root(ctx.root)
  if not ctx.spec.uts then tiny.sethostname(ctx.spec.hostname) end
  if ctx.spec.workdir then tiny.mkdir(ctx.spec.workdir, { parents = true, root = "/" }) end
  -- Only the root mount itself; mounts below it keep their own options.
  if ctx.spec.read_only then
    tiny.remount_ro("/")
    for _, dir in ipairs(ctx.writable or {}) do tiny.remount_ro(".", { root = dir }) end
  end
end

function step.security(ctx)
  if ctx.spec.workdir then tiny.chdir(ctx.spec.workdir, { root = "/" }) end
  if ctx.spec.ulimits then require("tiny.pipeline.ulimits").set(ctx.spec.ulimits) end
  if ctx.userns then require("tiny.pipeline.userns").join(ctx) end
  security.enter(ctx.security, ctx.user)
end

function step.exec(ctx)
  local env = { HOSTNAME = ctx.spec.hostname, HOME = ctx.user and ctx.user.home or "/root", TERM = ctx.spec.tty and "xterm" or nil }
  for _, vars in ipairs { DEFAULT_ENV, ctx.spec.env or {} } do
    for key, value in pairs(vars) do env[key] = value end
  end
  if not ctx.sealed then security.last(ctx.security) end
  local _, err = tiny.try(tiny.exec, { env = env, table.unpack(ctx.spec.command) })
  -- Show the command only, since a long environment would hide it.
  err.args = { tiny.show(ctx.spec.command) }
  error(err, 0)
end

-- Calls f; adds the recipe and the step to an error.
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

-- Calls the recipe's closure before or after a step, if there is one.
local function hook(ctx, when, name)
  local closures = ctx.spec[when]
  if closures and closures[name] then closures[name](ctx) end
end

local function run_step(ctx, name)
  guarded(ctx, name, function()
    hook(ctx, "before", name)
    local replaced = ctx.spec.steps and ctx.spec.steps[name]
    local body = replaced or (ctx.steps or step)[name]
    body(ctx)
    -- "namespaces" ends inside; its `after` closures are called there.
    if name ~= "namespaces" then hook(ctx, "after", name) end
  end)
end

-- For another front end, whose context has its own steps: ctx.steps.
container.run_step, container.guarded, container.hook = run_step, guarded, hook

-- The child's side of "namespaces": standard streams, then all later steps.
local function inside(ctx)
  ctx.go_into:close()
  -- The supervisor's lock shows whether the supervisor lives, so this process must not hold it.
  ctx.record.alive:close()
  guarded(ctx, "namespaces", function()
    -- Before a step or closure can mount something: on most hosts, mounts are shared.
    tiny.mount_private("/")
    tiny.setsid()
    if ctx.userns then require("tiny.pipeline.userns").enter(ctx) end
    if ctx.spec.oom_score_adj then require("tiny.pipeline.limits").set_oom_score(ctx.spec.oom_score_adj) end
    require("tiny.network").inside(ctx)
    stdio.fifos(ctx.stdio, ctx.run, ctx.fifos)
    stdio.enter(ctx.stdio)
    hook(ctx, "after", "namespaces")
  end)
  for _, name in ipairs { "rootfs", "mounts" } do run_step(ctx, name) end
  stdio.null(ctx.stdio, "/")
  if ctx.spec.tty then guarded(ctx, "mounts", function() require("tiny.pipeline.terminal").enter(ctx) end) end
  run_step(ctx, "security")
  -- End-of-file without the message means that the supervisor is dead; then exit.
  if ctx.go_from:read() ~= "go" then tiny.fail("the supervisor exited before the container was recorded") end
  if ctx.await then ctx.await(ctx) end
  if not ctx.spec.init then return run_step(ctx, "exec") end
  guarded(ctx, "exec", function() require "tiny.pipeline.init"(ctx, function() run_step(ctx, "exec") end) end)
end

function step.namespaces(ctx)
  local options = { pid = true, mount = true, uts = true, ipc = true, net = ctx.netns }
  if ctx.rootless then options.user = ctx.userns end
  if ctx.cgroup then options.cgroup, options.cgroupns = ctx.cgroup, true else options.cgroup = true end
  local spec = ctx.spec
  local shared = (spec.pid or spec.ipc or spec.uts or spec.cgroupns) and require("tiny.pipeline.namespaces").open(ctx, options) or NOTHING
  ctx.child = tiny.clone(options, ctx.inside)
  for _, handle in ipairs(shared) do handle:close() end
end

-- The socket that receives the listener of the container's system calls; nil if no function answers them.
local function answering(ctx)
  if not ctx.security.listener then return nil end
  local mine
  mine, ctx.security.socket = tiny.socketpair()
  -- With egress rules, it goes to their keeper, which the network step starts.
  if ctx.spec.egress and require("tiny.egress.connect").watched(ctx.spec) then ctx.first_listener = mine else require("tiny.pipeline.seccomp_notify").open(ctx) end
  return mine
end

-- Starts to create the container that `ctx` describes; ctx.child then works through the steps. ctx.scope undoes what the steps create. A step
-- that replaces "namespaces" must clone with ctx.inside and set ctx.child. ctx.await, if set, is called inside right before the program: it may wait, and
-- choose the command.
function container.prepare(ctx)
  ctx.inside = function() inside(ctx) end
  -- Load now what is needed after the pivot: no file of the container's tree may be run.
  if ctx.spec.init then require "tiny.pipeline.init" end
  if ctx.spec.ulimits then require "tiny.pipeline.ulimits" end
  guarded(ctx, "security", function() ctx.security = security.of(ctx.spec, ctx.dir) end)
  if ctx.spec.userns then guarded(ctx, "namespaces", function() require("tiny.pipeline.userns").open(ctx) end) end
  ctx.go_from, ctx.go_into = tiny.pipe()
  local listening = answering(ctx)
  for _, name in ipairs { "cgroup", "network", "namespaces" } do run_step(ctx, name) end
  if not ctx.child then
    require("tiny.spec.values").wrong((ctx.where or ctx.name) .. ": step namespaces: no container was created", "set ctx.child = tiny.clone({ … }, ctx.inside)")
  end
  ctx.go_from:close()
  if ctx.egress then guarded(ctx, "network", function() require("tiny.egress.keeper").ready(ctx) end) end
  ctx.born(ctx)
  tiny.try(ctx.go_into.write, ctx.go_into, "go") -- it may have failed; wait_ready reports the error
  ctx.go_into:close()
  if listening then
    ctx.security.socket:close()
    if ctx.first_listener then require("tiny.pipeline.seccomp_notify").open(ctx) end
    if ctx.answer then ctx.answer(ctx, listening) end
    listening:close()
    ctx.first_listener = nil
  end
end

-- Creates a container; returns when its program runs.
function container.make(ctx)
  container.prepare(ctx)
  ctx.child:wait_ready()
end

return container
