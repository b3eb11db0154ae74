-- The router of an unprivileged user's container: two user namespaces, a link between two network namespaces, and pasta or
-- slirp4netns behind the outer one. The container's root changes nothing outside.
local check = require "check"
local ordinary = require "ordinary"
local rootless = require "tiny.net.rootless"
local router = require "tiny.egress.router"

ordinary.make()
ordinary.tun()
local world = tiny.netns()
tiny.link_set("lo", { netns = world, up = true })
tiny.veth_pair({ name = "up0", addr = { "192.0.2.1/24", "2001:db8:1::1/64" }, nodad = true, gateway = { "192.0.2.2", "2001:db8:1::2" } },
  { name = "w0", netns = world, addr = { "192.0.2.2/24", "2001:db8:1::2/64", "198.51.100.1/24", "2001:db8:2::1/64" }, nodad = true }):keep()
local listeners = {}
for i, addr in ipairs { "198.51.100.1:80", "[2001:db8:2::1]:80" } do listeners[i] = tiny.tcp_listen(addr, { netns = world }) end

local function names(netns)
  local list = {}
  for _, link in ipairs(tiny.links { netns = netns }) do table.insert(list, link.name) end
  return table.concat(list, " ")
end

-- The container's root has all capabilities in its own namespaces, and none in the router's.
local function powerless(ctx)
  local outer <close> = tiny.open_ns("net", ctx.holder)
  local child <close> = tiny.clone({ user = ctx.userns, net = ctx.netns, mount = true }, function()
    tiny.mount_private("/")
    tiny.link_set("lo", { up = true })
    for i, addr in ipairs { "198.51.100.1:80", "[2001:db8:2::1]:80" } do
      tiny.tcp_connect(addr, { timeout = "5s" }):close()
      assert(tiny.tcp_accept(listeners[i]), addr)
    end
    check.fails("EPERM", tiny.setns, outer)
    check.fails("EPERM", tiny.setns, ctx.outer)
    check.fails("EPERM", tiny.link_del, router.LINK, { netns = outer })
    check.fails("EPERM", tiny.nat_del, "router", { netns = outer })
    assert(os.execute("nft flush ruleset"))
  end)
  check.equal(child:wait(), 0, "the container")
end

-- In the router: nothing but port 80 of the world, from the container's own addresses.
local function fence(ctx)
  local child <close> = tiny.clone({ user = ctx.outer, net = tiny.open_ns("net", ctx.holder) }, function()
    local ranges = {}
    for i, cidr in ipairs { "198.51.100.0/24", "2001:db8:2::/64", "192.0.2.0/24" } do ranges[i] = { cidr = cidr, protocol = "tcp", first = 80, last = 80 } end
    tiny.egress_fence("web", { group = 5000, mark = 7, ranges = ranges }):keep()
    tiny.egress_link("web", router.LINK, { addr = ctx.addrs, only = true, never = { "192.0.2.2" } })
  end)
  check.equal(child:wait(), 0, "in the router")
end

-- Within the fence: a closed port, an address that is never allowed, and addresses that are not the container's.
local function fenced(ctx)
  local child <close> = tiny.clone({ user = ctx.userns, net = ctx.netns }, function()
    for i, addr in ipairs { "198.51.100.1:", "[2001:db8:2::1]:" } do
      tiny.tcp_connect(addr .. "80", { timeout = "5s" }):close()
      assert(tiny.tcp_accept(listeners[i]), addr)
      check.fails("ECONNREFUSED", tiny.tcp_connect, addr .. "81", { timeout = "5s" })
    end
    check.fails("ECONNREFUSED", tiny.tcp_connect, "192.0.2.2:80", { timeout = "5s" })
  end)
  check.equal(child:wait(), 0, "the container")
end

-- Whether a packet arrives in the world that the container sends from an address which is not its own.
local function spoofs(ctx)
  local own, other = ctx.addrs[2] .. "/126", "2001:db8:9::9/64"
  local child <close> = tiny.clone({ user = ctx.userns, net = ctx.netns }, function()
    tiny.addr_add("eth0", other, { nodad = true }):keep()
    tiny.addr_del("eth0", own)
    tiny.try(tiny.tcp_connect, "[2001:db8:2::1]:80", { timeout = "300ms" })
    tiny.addr_add("eth0", own, { nodad = true }):keep()
    tiny.addr_del("eth0", other)
  end)
  check.equal(child:wait(), 0, "the container")
  local stream <close> = tiny.tcp_accept(listeners[2]) or nil
  return stream ~= nil
end

local function try(network)
  local ctx = { name = "web", run = ordinary.home .. "/run", scope = require("tiny.scope").new() }
  ctx.spec = { egress = {}, network = network, publish = { { port = 18080, to = 80, proto = "tcp" } } }
  ctx.userns = ctx.scope:add(router.userns(ctx, (require("tiny.base.rootless").own_maps())))
  router.connect(ctx)
  for _, fd in ipairs(tiny.list_dir(("/proc/%d/fd"):format(ctx.holder.pid))) do
    local what = tiny.readlink(("/proc/%d/fd/%s"):format(ctx.holder.pid, fd))
    assert(what:match("^pipe:"), "the holder keeps open " .. what)
  end
  powerless(ctx)

  -- As the router sees it: it is between two links, and translates.
  local child <close> = tiny.clone({ user = ctx.outer, net = tiny.open_ns("net", ctx.holder) }, function()
    check.equal(names(), "lo tl-inside tap0")
    local there = {}
    for _, chain in ipairs(tiny.nft_chains()) do there[chain.table] = true end
    assert(there["tiny-router"] and there["tiny-router-6"], "no table")
  end)
  check.equal(child:wait(), 0, "in the router")

  local web <close> = tiny.clone({ user = ctx.userns, net = ctx.netns }, function()
    local listener = tiny.tcp_listen("0.0.0.0:80")
    tiny.notify_ready()
    for _ = 1, 2 do
      tiny.poll({ listener }, "5s")
      local stream <close> = tiny.tcp_accept(listener)
      tiny.poll({ stream }, "5s")
      if stream:read() then stream:write("web") end
    end
  end)
  web:wait_ready()
  for _, addr in ipairs { "127.0.0.1:18080", "192.0.2.1:18080" } do
    local stream <close> = tiny.tcp_connect(addr, { timeout = "5s" })
    stream:write("GET /\r\n")
    tiny.poll({ stream }, "5s")
    check.equal(stream:read(), "web", addr)
  end
  web:reap()
  check.equal(spoofs(ctx), true, "without a fence")
  fence(ctx)
  fenced(ctx)
  check.equal(spoofs(ctx), false, "with a fence")

  local holder = tiny.pidfd_open(ctx.holder.pid)
  rootless.stop(ctx)
  check.equal(#tiny.poll({ holder }, 0), 1, "the holder has ended")
  check.equal(tiny.stat(ctx.run .. rootless.HOLDER), nil)
  ctx.scope:clear()
end

local user <close> = tiny.fork(function()
  tiny.setuser(ordinary.uid)
  tiny.set_dumpable(true)
  tiny.mkdir(ordinary.home .. "/run")
  for _, network in ipairs(rootless.PROGRAMS) do try(network) end
end)
check.equal(user:wait(), 0, "the user's part")
