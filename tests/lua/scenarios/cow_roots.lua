-- Copy-on-write folders with each kind of root and user namespace: owners on the host are what the container saw.
local attack = require "attack"
local check = require "check"

local P, ROOT = "/tmp/project", "/tmp/root"
attack.rootfs(ROOT)
local function fresh()
  assert(os.execute(("rm -rf %s; mkdir -p %s/sub && cd %s && echo a >keep && echo b >own && chown 7:8 own && chown 9:9 sub"):format(P, P, P)))
end
local SCRIPT = [[cd /work && test $(stat -c %u:%g own) = 7:8 && echo x >>own && echo x >>keep && echo n >new && chown 5:6 new && rm -r sub && mkdir sub && echo s >sub/s && chmod 700 sub]]

local function verify(what)
  local function of(name) return tiny.stat(P .. "/" .. name) end
  check.equal(tiny.read_file(P .. "/keep"), "a\nx\n", what)
  check.equal(tiny.read_file(P .. "/own"), "b\nx\n", what)
  check.equal(of("own").uid .. ":" .. of("own").gid, "7:8", what)
  check.equal(of("new").uid .. ":" .. of("new").gid, "5:6", what)
  check.equal(of("keep").uid, 0, what)
  check.equal(of("sub").mode, tonumber("700", 8), what)
  check.equal(tiny.read_file(P .. "/sub/s"), "s\n", what)
  check.no_container()
end

local ways = { { "--rootfs", ROOT }, { "--read-only" }, { "--tmpfs", "/work/t", "--rootfs", ROOT } }
if tiny.probe().network.nftables ~= false then table.insert(ways, { "--network", "bridge" }) end
if attack.maps_ids(ROOT) then
  table.insert(ways, { "--userns", "auto", "--rootfs", ROOT })
  table.insert(ways, { "--userns", "200000:300000:65536" })
end
for _, way in ipairs(ways) do
  fresh()
  local words = { "run", "--rm", "--on-exit", "commit", "--cow", P .. ":/work" }
  table.move(way, 1, #way, #words + 1, words)
  table.move({ "sh", "-c", SCRIPT }, 1, 3, #words + 1, words)
  local result = check.run(words)
  check.equal(result.status, 0, table.concat(way, " ") .. ": " .. result.err)
  verify(table.concat(way, " "))
end

-- A container of another user in it may change what the folder's modes allow it to.
fresh()
local denied = check.run { "run", "--rm", "--on-exit", "commit", "-u", "7", "--cow", P .. ":/work", "sh", "-c", "echo x >>/work/own; echo x >>/work/keep" }
check.equal(denied.status, 2, denied.err)
check.equal(tiny.read_file(P .. "/own") .. tiny.read_file(P .. "/keep"), "b\nx\na\n")

-- cp into a stopped container reaches the copy, not the folder.
check.succeeds("create", "--name", "c", "--cow", P .. ":/work", "true")
tiny.write_file("/tmp/in", "copied")
check.succeeds("cp", "/tmp/in", "c:/work/in")
check.equal(tiny.stat(P .. "/in"), nil)
check.equal(check.succeeds("changes", "c"), ("added    %s/in\n"):format(P))
check.succeeds("apply", "-q", "c")
check.equal(tiny.read_file(P .. "/in"), "copied")
check.succeeds("rm", "c")

-- The folder was replaced by another one: nothing is applied to it, and nothing is lost.
fresh()
check.succeeds("run", "--name", "c", "--cow", P .. ":/work", "sh", "-c", "echo x >/work/x")
assert(os.execute(("mv %s %s.old && mkdir %s"):format(P, P, P)))
for _, command in ipairs { "changes", "apply", "start" } do
  local result = check.run { command, "c" }
  assert(result.status ~= 0 and result.err:find("it is not the directory that the container saw", 1, true), command .. result.err)
end
check.equal(check.run({ "rm", "c" }).status, 1)
assert(os.execute(("rmdir %s && mv %s.old %s"):format(P, P, P)))
check.succeeds("apply", "-q", "c")
check.equal(tiny.read_file(P .. "/x"), "x\n")
check.succeeds("rm", "c")
check.no_container()
