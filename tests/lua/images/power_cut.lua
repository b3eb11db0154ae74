-- The power is cut while images are pulled, loaded, committed, removed and pruned (tests/soak/README.md): the store verifies, each name has
-- its image, and pulls and a collection complete what is left. A machine in User-Mode Linux runs the commands on a disk whose writes
-- dm-log-writes records; then the disk is built as a cut at a random point of that log leaves it, mounted and checked here.
local check, web, layout, checks, write_log = require "check", require "web", require "image_layout", require "image_store_checks", require "write_log"

local args = ...
-- The disk, the log of its writes, and the disk as it was before them.
local WORK, PLACE = "/tmp/work", "127.0.0.1:5000"
local CUTS, SEED = math.tointeger(tonumber(os.getenv "TINYLUA_TEST_CUTS" or 10)), math.tointeger(tonumber(os.getenv "TINYLUA_TEST_SEED" or os.time()))
check.root = "/mnt/tinylua"

local function shell(command, ...)
  command = command:format(...)
  if not os.execute(command) then error("failed: " .. command, 2) end
end

-- Files of one layer, the same in both parts.
local function files(layer)
  math.randomseed(layer)
  local list = {}
  for i = 1, 40 do
    local bytes = {}
    for at = 1, math.random(4000) do bytes[at] = string.char(math.random(0, 255)) end
    list[("d%d/f%d"):format(i % 5, i)] = table.concat(bytes)
  end
  return list
end

-- Starts a registry with the images a:1, b:1 and c:1, which share layers.
local function registry()
  function web.free_port() return 5000 end
  local server = web.registry()
  local base = layout.busybox()
  for name, layers in pairs { a = { base, files(1), files(2) }, b = { base, files(2), files(3) }, c = { base, files(4), files(5), files(6) } } do
    local made = layout.make("/tmp/" .. name, { layers = layers, compress = { "gzip", "gzip", false, "zstd" }, config = { Cmd = { "true" }, Env = { "PATH=/bin" } }, tag = "1" })
    layout.upload("/tmp/" .. name, made, ("%s/%s:1"):format(PLACE, name))
  end
  return server
end

local A, B, C, MADE = PLACE .. "/a:1", PLACE .. "/b:1", PLACE .. "/c:1", "docker.io/library/made:1"
-- The commands, and the names after each.
local STEPS = {
  { { "pull", "-q", A }, { A } },
  { { "run", "--name", "c", "--network", "none", A, "sh", "-c", "cat /d1/* >/changed; busybox rm -r /d2" }, { A } },
  { { "pull", "-q", B }, { A, B } },
  { { "commit", "c", "made:1" }, { A, B, MADE } },
  { { "rmi", B }, { A, MADE } },
  { { "load", "-q", "-i", "/tmp/saved.tar" }, { A, B, C, MADE } },
  { { "image", "prune", "-a", "-f" }, { A } },
  { { "pull", "-q", C }, { A, C } },
  { { "rm", "c" }, { A, C } },
  { { "rmi", A, C }, {} },
  { { "gc" }, {} },
  { { "pull", "-q", B }, { B } },
}

-- In User-Mode Linux: runs the commands.
local function record()
  local server <close> = registry()
  check.root = "/tmp/elsewhere"
  for _, name in ipairs { B, C } do check.succeeds("pull", "-q", name) end
  check.succeeds("save", "-o", "/tmp/saved.tar", B, C)
  check.root = "/mnt/tinylua"
  shell [[DM_DISABLE_UDEV=1 dmsetup create store --table "0 $(blockdev --getsz /dev/ubda) log-writes /dev/ubda /dev/ubdb"]]
  -- The journal is written often, so that it is ahead of the files' contents.
  shell "mount -t ext4 -o commit=1 /dev/mapper/store /mnt"
  for i, step in ipairs(STEPS) do
    check.succeeds(table.unpack(step[1]))
    shell("dmsetup message store 0 mark step-%d", i)
  end
  shell "umount /mnt && DM_DISABLE_UDEV=1 dmsetup remove store"
end

-- The plan of tests/uml/init. There, /tmp is another one: this one has the machine's files, of which nothing else is written.
local PLAN = [[
for module in ext4 dm-mod dm-log-writes; do modprobe -d /run/uml $module || exit 1; done
exec unshare -m sh -c 'mkdir /run/work /run/tests && mount --bind %s /run/work && mount --bind %s /run/tests && mount -t tmpfs tmpfs /tmp &&
  exec /run/work/tinylua --root /run/recipe --lua-path /run/tests run /run/tests/lua/images/power_cut.lua record < /dev/null'
]]

-- Boots a machine that runs the commands.
local function record_there()
  for program, package in pairs { ["linux.uml"] = "user-mode-linux", modprobe = "kmod", mke2fs = "e2fsprogs", dmsetup = "dmsetup" } do web.need(program, package) end
  local tests = tiny.settings.lua_path
  tiny.mkdir(WORK)
  check.copy_program(WORK .. "/tinylua")
  shell("cd %s && truncate -s 256M disk && mke2fs -q -t ext4 -F disk && cp --sparse=always disk before && truncate -s 1G log", WORK)
  tiny.write_file(WORK .. "/plan", PLAN:format(WORK, tests))
  os.execute(("cd %s && timeout -k 5 240 linux.uml mem=2G root=/dev/root rootfstype=hostfs rootflags=/ rw init=%s/uml/init PLAN=%s/plan uml_dir=%s ubd0=%s/disk ubd1=%s/log con=null con0=fd:0,fd:1 quiet < /dev/null > console 2>&1")
    :format(WORK, tests, WORK, WORK, WORK, WORK))
  if tiny.read_file(WORK .. "/plan.status") ~= "0\n" then
    error(("the machine: %s\n%s"):format(tiny.read_file(WORK .. "/plan.output") or "no start", tiny.read_file(WORK .. "/console")))
  end
end

local function set(list)
  local all = {}
  for _, name in ipairs(list or {}) do all[name] = true end
  return all
end

-- A name that a finished command has stored is there, and one that it has removed is not.
local function check_names(problems, done)
  local before, after, now = set(done > 0 and STEPS[done][2]), set((STEPS[done + 1] or STEPS[done])[2]), set(checks.names())
  for name in pairs(before) do
    if after[name] and not now[name] then table.insert(problems, name .. " is gone") end
  end
  for name in pairs(now) do
    if not before[name] and not after[name] then table.insert(problems, name .. " is there") end
  end
end

-- As `image verify`, which also collects what has no name.
local function verify(problems)
  local images, damaged = require("tiny.images.store").refs()
  for _, one in ipairs(damaged) do table.insert(problems, one.damage) end
  local seen = {}
  for _, image in ipairs(images) do
    require("tiny.images.verify").image(image, {}, seen, function(text) table.insert(problems, text) end)
  end
end

-- What is wrong with the store on a disk after a cut; done: the number of commands that had ended.
local function check_store(done)
  local problems = {}
  check_names(problems, done)
  checks.must(problems, "images")
  verify(problems)
  for _, name in ipairs(checks.names()) do checks.must(problems, "run", "--rm", "--network", "none", name, "true") end
  -- What the disk has without a name is used by the next pulls.
  for _, name in ipairs { A, B, C } do checks.must(problems, "pull", "-q", name) end
  verify(problems)
  for _, id in ipairs(tiny.list_dir(check.root .. "/containers") or {}) do checks.must(problems, "rm", "-f", id) end
  checks.must(problems, "gc")
  checks.surplus(problems, "before")
  return problems
end

-- Which writes survive: none, all, or each with a chance.
local HOW = { function() return false end, function() return true end, function() return math.random(2) == 1 end }

-- The command during which entry `point` was written: its number, after those that had ended.
local function command_at(entries, point)
  local done = 0
  for at = 1, point do done = entries[at].mark and tonumber(entries[at].mark:match "^step%-(%d+)$") or done end
  return done
end

local function check_cuts()
  local server <close> = registry()
  local entries = write_log.read(WORK .. "/log")
  math.randomseed(SEED)
  -- Between any two flushes alike, however much was written there.
  local flushes, points = { 1 }, {}
  for at, entry in ipairs(entries) do
    if entry.flush then table.insert(flushes, at) end
  end
  for i = 1, CUTS do
    local at = math.random(#flushes)
    points[i] = math.random(flushes[at], (flushes[at + 1] or #entries + 1) - 1)
  end
  table.sort(points)
  local disk, broken, lost, during = write_log.disk(entries, WORK .. "/log", WORK .. "/before"), {}, 0, {}
  for i, point in ipairs(points) do
    disk:continue(point)
    shell("cd %s && cp --sparse=always before cut", WORK)
    lost = lost + disk:cut(WORK .. "/cut", HOW[(i + SEED) % #HOW + 1])
    local done = command_at(entries, point)
    local words = table.concat(STEPS[math.min(done + 1, #STEPS)][1], " ")
    during[words] = (during[words] or 0) + 1
    shell("mount -t ext4 -o loop %s/cut /mnt", WORK)
    local problems, err = tiny.try(check_store, done)
    problems = problems or { tostring(err) }
    shell "umount /mnt"
    if #problems > 0 then table.insert(broken, ("cut after write %d, in `%s`: %s"):format(point, words, table.concat(problems, "; "))) end
  end
  print("fault points walked: " .. CUTS)
  local list = {}
  for words, number in pairs(during) do table.insert(list, ("%d in `%s`"):format(number, words)) end
  table.sort(list)
  print(("%d cuts in %d writes with %d flushes; %d writes were lost; %s"):format(CUTS, #entries, #flushes, lost, table.concat(list, ", ")))
  for _, text in ipairs(broken) do io.stderr:write(text, "\n") end
  assert(#broken == 0, ("%d of %d cuts damage the store; the seed is %d"):format(#broken, CUTS, SEED))
end

if args[1] == "record" then
  tiny.settings.root = "/run/settings"
  return record()
end
if not tiny.stat "/dev/loop-control" then check.skip "this kernel has no loop devices" end
record_there()
tiny.settings.root = check.root
check_cuts()
