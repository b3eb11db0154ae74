-- The keeper of a container's egress: a process that owns its fence, from the start of its network until its end, also while it
-- has no supervisor. This file starts it and talks to it; tiny.egress.serve is what it does.
local Channel = require "tiny.egress.channel"
local fence = require "tiny.egress.fence"
local rules = require "tiny.egress.rules"
local serve = require "tiny.egress.serve"

local keeper = {}

-- In the run folder: the socket that commands connect to, and what a successor must know.
local SOCKET, STATE = "/egress.socket", "/egress.json"
-- The first NFLOG group, and how many there are.
local GROUPS, COUNT = 0x6000, 0x8000
-- Seconds that a command waits for a keeper.
local PATIENCE = 10

-- Joins an NFLOG group that no other process has; `wanted` is tried first. Returns the handle.
function keeper.join_group(id, wanted, netns)
  local start = tonumber(id:sub(-4), 16) or 0
  for try = 0, COUNT - 1 do
    local group = try == 0 and wanted or GROUPS + (start + try) % COUNT
    local log, err = tiny.try(tiny.nflog, group, { netns = netns })
    if log then return log end
    if err.code ~= "EBUSY" then error(err, 0) end
  end
  tiny.fail { message = "egress: all groups for denied packets are in use", exit = 125 }
end

-- The policy of a container.
function keeper.policy(spec)
  local policy = rules.parse(spec.egress, { verify = spec.egress_verify, ask = spec.egress_ask })
  fence.check(policy)
  return policy
end

-- What the keeper knows of a container.
local function known(ctx)
  return { id = ctx.id, name = ctx.name, run = ctx.run, record = ctx.record, networks = ctx.networks, dns = ctx.spec.dns, dns_options = ctx.spec.dns_options,
    recipe = ctx.spec.resolve ~= nil, verify_all = ctx.spec.egress_verify, ech = ctx.spec.egress_ech, links = {}, first = ctx.first_listener,
    sources = ctx.notify_sources or {}, answered = (ctx.spec.seccomp or ctx.spec.egress_ask) ~= nil }
end

-- Root: creates the fence, before the container has a link. Every connection is denied from then on.
function keeper.prepare(ctx)
  local k = known(ctx)
  k.policy, k.mark = keeper.policy(ctx.spec), fence.mark()
  k.log = keeper.join_group(ctx.id)
  k.group = k.log.group
  ctx.scope:undo("egress_fence_del", ctx.id)
  fence.set(k, k.policy)
  ctx.egress = k
end

-- Root: leads the packets of a container's port on a bridge to its fence, before the port exists.
function keeper.attach(ctx, entry, bridge)
  local addrs = require("tiny.net.pin").of(entry).addr
  ctx.scope:undo("egress_port_del", entry.link)
  tiny.egress_port(entry.link):keep()
  tiny.egress_link(ctx.id, bridge, { addr = addrs })
  -- A network that the running container joins later has no keeper to be told.
  if ctx.egress then table.insert(ctx.egress.links, { link = bridge, addrs = addrs, port = entry.link }) end
end

-- Creates the fence in the namespace that the keeper has joined, and leads the packets of its link there.
local function fence_here(k, where)
  k.policy, k.mark = k.policy or keeper.policy(where.spec), k.mark or fence.mark()
  k.log = keeper.join_group(k.id, k.group)
  k.group = k.log.group
  fence.set(k, k.policy, true)
  k.links = where.links
  for _, link in ipairs(where.links) do tiny.egress_link(k.id, link.link, { addr = link.addrs, only = link.only, never = where.never }) end
end

-- Leaves the caller's session and streams, whose readers would wait for it.
local function detach(k)
  tiny.setsid()
  local null = tiny.open("/dev/null", { read = true, write = true })
  for number = 0, 2 do tiny.dup2(null, number) end
  null:close()
  tiny.chdir "/"
  tiny.set_process_title("tinylua: egress of " .. k.name)
  tiny.set_dumpable(false)
end

-- Waits until the keeper enforces the rules and answers queries.
function keeper.ready(ctx)
  local now = ctx.egress
  if not now.starting then return end
  now.starting = nil
  local _, err = tiny.try(now.child.wait_ready, now.child)
  if not err then return end
  now.socket:close()
  tiny.try(now.child.close, now.child)
  error(err, 0)
end

-- Starts the keeper of a container; returns when it is ready, or with where.later at once: `ready` waits then. where: { netns = the container's
-- namespace; and for rules in another namespace than this one: join = a function that enters it, keep = what that needs, links =
-- the container's links there as { link, addrs, only }, never = addresses that are not to be reached, servers = its name
-- servers }. Without `links`, the fence exists already (`prepare`).
function keeper.start(ctx, where)
  local k = ctx.egress or known(ctx)
  k.networks, k.where, k.servers = ctx.networks, where, where.servers
  if where.never then fence.deny(where.never) end
  where.spec = ctx.spec
  local ours, theirs = tiny.socketpair { nonblock = true }
  tiny.try(tiny.remove, ctx.run .. SOCKET)
  local child = tiny.fork(function()
    local kept = table.move(where.keep or {}, 1, #(where.keep or {}), 2, { theirs })
    for _, file in pairs { k.log or false, where.netns or false, k.first or false } do table.insert(kept, file or nil) end
    for _, source in pairs(k.sources) do table.move({ source.started, source.listener }, 1, 2, #kept + 1, kept) end
    tiny.withdraw_fds { keep = kept }
    detach(k)
    if where.join then where.join() end
    if where.links then fence_here(k, where) end
    serve.prepare(k, where.netns)
    if where.netns then where.netns:close() end
    k.listener = tiny.unix_listen(ctx.run .. SOCKET, { nonblock = true })
    serve.save(k)
    serve.run(k, theirs)
  end)
  theirs:close()
  if k.log then k.log:close() end
  ctx.egress = { socket = ours, child = child, starting = true }
  if not where.later then keeper.ready(ctx) end
  ctx.scope:add(child)
end

-- The container's first process exists: from now on the keeper lives as long as it.
function keeper.born(ctx, pid)
  ctx.egress.socket:write(tiny.json_encode { op = "born", pid = pid, start = tiny.process_start_time(pid) } .. "\n")
end

-- An unprivileged container's keeper joins the namespaces of its router.
local function by_router(ctx, k, netns)
  local outer = require "tiny.egress.outer"
  local handles, never = outer.open(ctx), outer.never(ctx.spec)
  ctx.egress = k
  local _, err = tiny.try(keeper.start, ctx, outer.where(netns, handles, k.links[1], { never = never, servers = (outer.servers(ctx.spec, never)) }))
  for _, handle in pairs(handles) do handle:close() end
  if err then error(err, 0) end
  keeper.born(ctx, ctx.process.pid)
end

-- Starts it again, after it or its supervisor was killed. The rules were enforced meanwhile.
local function again(ctx)
  local netns <close> = tiny.open_ns("net", ctx.process)
  local text = tiny.read_file(ctx.run .. STATE)
  local old = text and tiny.json_decode(text)
  if not old then tiny.fail { message = ctx.name .. ": the state of its egress rules is lost; they are still enforced" } end
  local k = known(ctx)
  k.policy, k.mark, k.links, k.group = rules.parse(old.rules, { verify = ctx.spec.egress_verify, ask = ctx.spec.egress_ask }), old.mark, old.links, old.group
  if ctx.rootless then return by_router(ctx, k, netns) end
  k.log = keeper.join_group(ctx.id, old.group)
  k.group = k.log.group
  fence.set(k, k.policy, true)
  ctx.egress = k
  keeper.start(ctx, { netns = netns })
  keeper.born(ctx, ctx.process.pid)
end

-- Sends a request and waits for its answer; returns it, and what came after it.
local function ask(socket, message)
  message.n = 1
  socket:write(tiny.json_encode(message) .. "\n")
  local text, limit = "", tiny.clock("monotonic") + PATIENCE
  while not text:find("\n", 1, true) do
    local left = limit - tiny.clock("monotonic")
    if left <= 0 or #tiny.poll({ socket }, left) == 0 then tiny.fail { message = "the keeper of its egress rules does not answer", exit = 125 } end
    local bytes = socket:read()
    if not bytes then tiny.fail { message = "the keeper of its egress rules has ended", exit = 125 } end
    text = text .. bytes
  end
  local line, rest = text:match("^([^\n]*)\n(.*)$")
  return tiny.json_decode(line), rest
end

-- A new supervisor finds the keeper, or starts another one.
function keeper.recover(ctx)
  local socket = tiny.try(tiny.unix_connect, ctx.run .. SOCKET, { nonblock = true })
  local answer, rest = nil, nil
  if socket then answer, rest = tiny.try(ask, socket, { op = "supervisor" }) end
  if not answer then return again(ctx) end
  ctx.egress = { socket = socket, rest = rest }
end

-- The answer of the recipe's function to a query; nil after an error.
local function of_recipe(ctx, name, kind)
  local time_limit = require "tiny.base.time_limit"
  local result, err = time_limit.call(time_limit.USUAL, function() return (ctx.spec.resolve(ctx, name, kind)) end)
  if err then require("tiny.format").note("%s: resolve: %s", ctx.name, tostring(err)) end
  return result
end

-- Answers what the keeper asks the supervisor, and replaces a keeper that was killed.
function keeper.watch(ctx, loop)
  local function on_request(message, reply)
    if message.op == "resolve" then reply { answer = of_recipe(ctx, message.name, message.type) } end
  end
  local function on_end()
    -- The container has ended, or will be looked after at once.
    if #tiny.poll({ ctx.process }, 0) > 0 then return end
    if ctx.egress.child then tiny.try(ctx.egress.child.close, ctx.egress.child) end
    local _, err = tiny.try(again, ctx)
    if err then return require("tiny.format").note("%s: its egress rules cannot be changed any more: %s", ctx.name, tostring(err)) end
    if ctx.keeper_renewed then ctx.keeper_renewed() end
    keeper.watch(ctx, loop)
  end
  Channel.new(loop, ctx.egress.socket, on_request, on_end, ctx.egress.rest)
end

-- Sends a request to a container's keeper and returns the reply. of: a context or record, with `run`.
function keeper.request(of, message)
  local socket <close> = tiny.unix_connect(of.run .. SOCKET)
  local reply = ask(socket, message)
  if reply.error then tiny.fail { message = reply.error, exit = 125 } end
  return reply
end

return keeper
