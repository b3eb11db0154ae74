-- Egress options that cannot apply are refused before anything is created, and no network mode ignores them.
local check = require "check"
local net = require "networked"
net.needs()

local function refused(text, ...) net.refused({ "run", ... }, text .. "\n") end
local HINT = '\n  hint: such as "api.github.com:443", "*.pypi.org" or "10.0.0.0/8:5432/tcp"'
refused('egress: "*": it would allow every name\n  hint: such as "*.example.com"', "--egress", "*", "true")
refused('egress: "api.github.com:https": "https" is not a port\n  hint: ports are 443, 80,443, 8000-8010 or *', "--egress", "api.github.com:https", "true")
refused('egress: "api.github.com:443/tpc": unknown protocol "tpc"; did you mean "tcp"?\n  hint: the protocols are tcp and udp', "--egress", "api.github.com:443/tpc", "true")
refused('egress: "": it has no name' .. HINT, "--egress", "", "true")
refused('egress: "none" allows nothing, so it has no rules beside it\n  hint: remove it, or the rules', "--egress", "none", "--egress", "a.example", "true")
refused("egress: the host's network has no rules of a container\n  hint: use --network bridge", "--egress", "a.example", "--network", "host", "true")
refused("egress: the container has no network\n  hint: add --network bridge", "--egress", "a.example", "--network", "none", "true")
refused("egress: a privileged container can leave its network\n  hint: use --cap-add instead of --privileged", "--egress", "a.example", "--privileged", "true")
refused("egress: a router sends from addresses that are not its own, so its rules cannot be enforced (network bridge)", "--egress", "a.example", "--network", "bridge:router", "true")
refused("egress_verify: the container has no egress rules\n  hint: add --egress RULE", "--egress-verify", "sni", "true")
local ns <close> = tiny.netns()
tiny.write_file("/tmp/ns", "")
tiny.mount_bind("/proc/self/ns/net", "/tmp/ns"):keep()
refused("egress: an existing network namespace may have links that tinylua does not know\n  hint: use --network bridge", "--egress", "a.example", "--network", "ns:/tmp/ns", "true")
check.succeeds("run", "-d", "--name", "base", "--network", "bridge", "--egress", "none", "sleep", "100")
refused("egress: the container uses the network of another, whose rules apply\n  hint: give the rules to that container", "--egress", "a.example", "--network", "container:base", "true")
-- One that shares it has its rules too.
local shares = check.succeeds("run", "--rm", "--network", "container:base", "sh", "-c", "busybox timeout 5 busybox nc -w 2 10.10.0.1 22 2>&1 || echo no")
assert(shares:find("no", 1, true), shares)
check.succeeds("rm", "-f", "base")

local function recipe(text)
  tiny.write_file("/tmp/r.lua", 'return require("tiny.container").new { network = "bridge", command = { "true" }, ' .. text .. " }")
  return "/tmp/r.lua"
end
refused('/tmp/r.lua: egress: the list is empty\n  hint: write { "none" } to allow nothing', recipe "egress = {}")
local function says(text, code)
  local result = check.run { "run", recipe(code) }
  assert(result.status ~= 0 and result.err:find(text, 1, true), code .. ": " .. result.err)
end
says("egress: expected a list of strings and tables", 'egress = "a.example"')
says('unknown key "port"; did you mean "ports"?', 'egress = { { name = "a.example", port = 443 } }')
says("the recipe replaces the step network", 'egress = { "a.example" }, steps = { network = function() end }')
says('egress_ech: "maybe" is neither "allow" nor "refuse"', 'egress = { "a.example" }, egress_ech = "maybe"')

-- Nothing at all: with a network and without one; the loopback works.
for _, words in ipairs { { "--network", "bridge" }, { "--network", "none" }, {} } do
  local args = { "run", "--rm", "--egress", "none", table.unpack(words) }
  table.move({ "sh", "-c", "busybox nc -w 1 10.10.0.1 22 && echo reached; exit 0" }, 1, 3, #args + 1, args)
  check.equal(check.succeeds(table.unpack(args)), "", table.concat(words, " "))
end
check.no_container()
check.equal(require("sockets").ruleset(), "", "nothing is left")
net.nothing_left()
