-- The namespaces of an unprivileged container's router (tiny.egress.router), as its keeper needs them.
local resolv_conf = require "tiny.net.resolv_conf"
local rootless = require "tiny.net.rootless"
local state = require "tiny.store.state"

local outer = {}

-- The link to the container, and that of pasta or slirp4netns: the same names for each container, which has namespaces of its own.
outer.LINK, outer.PROGRAM = "tl-inside", "tap0"

-- Addresses of slirp4netns that lead to the host. Those of pasta are link-local, which no rule allows.
local OF_SLIRP = { "10.0.2.2", "10.0.2.3", "fd00::2", "fd00::3" }
-- Every fence denies these already.
local ALWAYS = { "^127%.", "^169%.254%.", "^fe[89ab]%x:", "^::1?$" }

local function always(addr)
  for _, pattern in ipairs(ALWAYS) do
    if addr:find(pattern) then return true end
  end
end

-- The addresses of the host, where its services listen, and of the program. The program would connect to them; in the router's
-- namespace they are not the machine's own.
function outer.never(spec)
  local list, seen = {}, {}
  local function add(addr)
    if seen[addr] or always(addr) then return end
    seen[addr] = true
    table.insert(list, addr)
  end
  for _, link in ipairs(tiny.links()) do
    for _, cidr in ipairs(link.addrs) do add((cidr:match("^[^/]+"))) end
  end
  for _, addr in ipairs(spec.network == "slirp4netns" and OF_SLIRP or {}) do add(addr) end
  return list
end

-- The host's name servers as the router reaches them, and whether the program must lead to one. It leads to the first IPv4
-- one, which may be on the host itself, such as systemd-resolved; others there cannot be reached.
function outer.servers(spec, never)
  local own, list, first = {}, {}, nil
  for _, addr in ipairs(never) do own[addr] = true end
  for _, server in ipairs(resolv_conf.host().servers) do
    local here = own[server] or always(server)
    if not here then table.insert(list, server) end
    if first == nil and not server:find(":", 1, true) then first = here or false end
  end
  if first then table.insert(list, 1, rootless.DNS[spec.network]) end
  return list, first or false
end

-- Where the keeper works. handles: { user, net } of the router, kept until it has started.
function outer.where(netns, handles, link, more)
  local where = { netns = netns, links = { link }, keep = { handles.user, handles.net }, never = more.never, servers = more.servers }
  function where.join()
    tiny.setns(handles.user)
    tiny.setns(handles.net)
  end
  return where
end

-- The handles of a running container's router, by the process that holds it.
function outer.open(of)
  local holder <close> = state.open_process(tiny.json_decode(tiny.read_file(of.run .. rootless.HOLDER) or ""))
  if not holder then tiny.fail { message = of.name .. ": the process that holds its router has ended; its egress rules are still enforced" } end
  return { user = tiny.open_ns("user", holder), net = tiny.open_ns("net", holder) }
end

return outer
