-- env, labels, ulimits and sysctls of a recipe: each as a list of "NAME=value" and as a table, with options added.
local check = require "check"

local SHOW = [[ 'echo "$A $B $(ulimit -Sn):$(ulimit -Hn) $(cat /proc/sys/net/ipv4/ip_forward) $(cat /proc/sys/net/ipv4/ip_default_ttl)"' ]]
local function recipe(path, asked)
  tiny.write_file(path, ('return require("tiny.container").new { command = { "sh", "-c", %s }, %s }'):format(SHOW, asked))
end
recipe("/tmp/lists.lua", [[env = { "A=1", "B=2=3" }, labels = { "x=y", "empty=" }, ulimits = { "nofile=100:200" },
  sysctls = { "net.ipv4.ip_forward=1", "net.ipv4.ip_default_ttl=70" }]])
recipe("/tmp/maps.lua", [[env = { A = "1", B = "2=3" }, labels = { x = "y", empty = "" }, ulimits = { nofile = "100:200" },
  sysctls = { ["net.ipv4.ip_forward"] = 1, ["net.ipv4.ip_default_ttl"] = "70" }]])
for _, path in ipairs { "/tmp/lists.lua", "/tmp/maps.lua" } do
  check.equal(check.succeeds("run", "--rm", path), "1 2=3 100:200 1 70\n", path)
  local more = check.succeeds("run", "--name", "a", "-e", "B=4", "--ulimit", "core=0", "--sysctl", "net.ipv4.ip_default_ttl=80", "-l", "z=w", path)
  check.equal(more, "1 4 100:200 1 80\n", path)
  local config = tiny.json_decode(check.succeeds("inspect", "a"))[1].config
  check.equal(config.env.B, "4")
  check.equal(config.labels.x .. config.labels.empty .. config.labels.z, "yw")
  check.equal(table.concat(config.ulimits, " "), "nofile=100:200 core=0")
  -- A restart uses the recorded values.
  check.succeeds("start", "a")
  check.succeeds("wait", "a")
  assert(check.succeeds("logs", "a"):find("1 4 100:200 1 80\n1 4 100:200 1 80\n", 1, true))
  check.succeeds("rm", "a")
end

-- Values that are neither.
for asked, said in pairs {
  ['env = { "A" }'] = 'env: "A" is not NAME=VALUE',
  ["env = { A = true }"] = "env: A is not a string: true",
  ["labels = { 1, 2 }"] = "container.new: labels: expected",
  ["ulimits = { nofile = true }"] = "ulimits: nofile is not a string or a number: true",
  ["sysctls = { [true] = 1 }"] = "container.new: sysctls: expected",
} do
  recipe("/tmp/wrong.lua", asked)
  local done = check.run { "run", "--rm", "/tmp/wrong.lua" }
  check.equal(done.status, 125, asked)
  assert(done.err:find(said, 1, true), asked .. ": " .. done.err)
end
check.no_container()

-- Numbers as values, and a time with its unit.
tiny.write_file("/tmp/numbers.lua", [[return require("tiny.container").new { env = { FOO = 5 }, labels = { n = 1 }, stop_timeout = "5s", command = "echo $FOO" }]])
check.equal(check.succeeds("run", "--name", "n", "/tmp/numbers.lua"), "5\n")
local config = tiny.json_decode(check.succeeds("inspect", "n"))[1].config
check.equal(config.labels.n, "1")
check.equal(config.stop_timeout, 5)
check.succeeds("rm", "n")
