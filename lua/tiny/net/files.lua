-- A container's own /etc/hosts, /etc/hostname and /etc/resolv.conf. They are files in the container's directory on the host,
-- mounted over those of the root file system, which is never changed.
local resolv_conf = require "tiny.net.resolv_conf"

local files = {}

local READABLE = tonumber("644", 8)
local NAMES = { "hosts", "hostname", "resolv.conf" }

-- The address of a container's resolver, on the container's own loopback.
files.RESOLVER = "127.0.0.11"

local function hosts(ctx)
  local lines = { "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback" }
  for _, entry in ipairs(ctx.spec.add_hosts or {}) do
    local name, addr = entry:match("^([^:]+):(.+)$")
    if addr == "host-gateway" then addr = ctx.networks and ctx.networks[1] and ctx.networks[1].gateway or "127.0.0.1" end
    table.insert(lines, addr .. "\t" .. name)
  end
  local names = ctx.spec.hostname .. (ctx.name ~= ctx.spec.hostname and " " .. ctx.name or "")
  for _, entry in ipairs(ctx.networks or {}) do
    for _, addr in ipairs { entry.addr, entry.addr6 } do table.insert(lines, addr .. "\t" .. names) end
  end
  if not (ctx.networks and ctx.networks[1]) then table.insert(lines, "127.0.1.1\t" .. names) end
  return table.concat(lines, "\n") .. "\n"
end

local function resolv(ctx)
  local host, spec = resolv_conf.host(), ctx.spec
  local servers = (ctx.networks or spec.egress) and { files.RESOLVER } or spec.dns or ctx.servers or host.servers
  local lines, options = {}, table.move(spec.dns_options or host.options, 1, #(spec.dns_options or host.options), 1, {})
  for _, server in ipairs(servers) do table.insert(lines, "nameserver " .. server) end
  local search = spec.dns_search and table.concat(spec.dns_search, " ") or host.search
  if search and search ~= "" and search ~= "." then table.insert(lines, "search " .. search) end
  -- The names of containers have no dots.
  if ctx.networks and not resolv_conf.option(options, "ndots") then table.insert(options, "ndots:0") end
  if options[1] then table.insert(lines, "options " .. table.concat(options, " ")) end
  return table.concat(lines, "\n") .. "\n"
end

-- On the host: writes the files. A container that shares another's network shares its files. One without a network has only
-- /etc/hosts, for localhost and its own name.
function files.write(ctx)
  if ctx.shares then
    ctx.files = ctx.shares
    return
  end
  ctx.files = ctx.dir
  local texts = { hosts = hosts(ctx) }
  if ctx.spec.network ~= "none" or ctx.spec.dns or ctx.spec.dns_options or ctx.spec.dns_search then
    texts.hostname, texts["resolv.conf"] = ctx.spec.hostname .. "\n", resolv(ctx)
  end
  for name, text in pairs(texts) do tiny.write_file(ctx.dir .. "/" .. name, text, { mode = READABLE }) end
end

-- In the container: mounts the files into its root. As in docker, the program may change them. A file that does not exist in
-- a read-only root is skipped; so is /etc/hosts if nothing but the own name needs it and the root has no place for it. A file
-- for which the user has a mount is that.
function files.mount(ctx)
  if not ctx.files then return end
  local given = {}
  for _, mount in ipairs(ctx.spec.mounts or {}) do given[mount.target] = true end
  local optional = ctx.spec.network == "none" and not ctx.spec.add_hosts
  for _, name in ipairs(NAMES) do
    local source = ctx.files .. "/" .. name
    if not given["/etc/" .. name] and tiny.stat(source) then
      local idmap = not ctx.rootless and ctx.userns or nil
      local options = { root = ctx.root, create = true, nosuid = true, nodev = true, noexec = true, idmap = idmap }
      local _, err = tiny.try(tiny.mount_bind, source, "/etc/" .. name, options)
      if err and not optional and err.code ~= "EROFS" then error(err, 0) end
      if err and tiny.settings.log then tiny.log("debug", "not mounted", { file = name, why = tostring(err) }) end
    end
  end
end

-- Checks the add_hosts, dns, dns_options and dns_search options.
function files.check(asked)
  for i, text in ipairs(asked.add_hosts or {}) do
    -- Docker also takes NAME=ADDRESS, and an IPv6 address in brackets.
    local name, addr = text:match("^([^:=%s]+)[:=](%S+)$")
    addr = addr and addr:match("^%[(.+)%]$") or addr
    if not name or (addr ~= "host-gateway" and not tiny.parse_addr(addr)) or (addr or ""):find("/", 1, true) then
      tiny.fail { message = ("add_hosts: %s is not NAME:ADDRESS"):format(tiny.show(text)), hint = "such as db:10.0.0.5, or gw:host-gateway", exit = 125 }
    end
    asked.add_hosts[i] = name .. ":" .. addr
  end
  for _, text in ipairs(asked.dns or {}) do
    if not tiny.parse_addr(text) or text:find("/", 1, true) then
      tiny.fail { message = ("dns: %s is not an address"):format(tiny.show(text)), hint = "give the IP address of a name server", exit = 125 }
    end
  end
  for _, text in ipairs(asked.dns_options or {}) do
    if not text:match("^%l[%w_-]*$") and not text:match("^%l[%w_-]*:%d+$") then
      tiny.fail { message = ("dns_options: %s is not an option of resolv.conf"):format(tiny.show(text)), hint = "such as timeout:2, rotate or ndots:1", exit = 125 }
    end
  end
  for _, text in ipairs(asked.dns_search or {}) do
    if not text:match("^[%w_.-]+$") then tiny.fail { message = ("dns_search: %s is not a domain"):format(tiny.show(text)), exit = 125 } end
  end
end

return files
