-- The machine of tests/soak/power_cut, in two parts: `record DIR` changes the image store on a disk whose writes are logged, and
-- `check DIR CUTS SEED` cuts the power at random points of that log and checks what is left.
local check, web, layout, checks, write_log = require "check", require "web", require "image_layout", require "image_store_checks", require "write_log"

local args = ...
local how, work = args[1], args[2]
local PLACE, DISK = "127.0.0.1:5000", "/run/disk.cut"
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

local function record()
  local server <close> = registry()
  check.root = "/tmp/elsewhere"
  for _, name in ipairs { B, C } do check.succeeds("pull", "-q", name) end
  check.succeeds("save", "-o", "/tmp/saved.tar", B, C)
  check.root = "/mnt/tinylua"
  shell("DM_DISABLE_UDEV=1 dmsetup create store --table \"0 $(blockdev --getsz /dev/ubda) log-writes /dev/ubda /dev/ubdb\"")
  -- The journal is written often, so that it is ahead of the files' contents.
  shell "mount -t ext4 -o commit=1 /dev/mapper/store /mnt"
  for i, step in ipairs(STEPS) do
    check.succeeds(table.unpack(step[1]))
    shell("dmsetup message store 0 mark step-%d", i)
  end
  shell "umount /mnt && DM_DISABLE_UDEV=1 dmsetup remove store"
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

-- What is wrong with the store on a disk after a cut; done: the number of commands that had ended.
local function check_store(done)
  local problems = {}
  check_names(problems, done)
  checks.must(problems, "images")
  checks.must(problems, "image", "verify")
  for _, name in ipairs(checks.names()) do checks.must(problems, "run", "--rm", "--network", "none", name, "true") end
  -- What the disk has without a name is used by the next pulls.
  for _, name in ipairs { A, B, C } do checks.must(problems, "pull", "-q", name) end
  checks.must(problems, "image", "verify")
  checks.must(problems, "rm", "-f", table.unpack(tiny.list_dir(check.root .. "/containers") or {}))
  checks.must(problems, "gc")
  checks.surplus(problems)
  return problems
end

-- Which writes survive: none, all, or each with a chance.
local HOW = { function() return false end, function() return true end, function() return math.random(2) == 1 end }

local function check_cuts(count, seed)
  local server <close> = registry()
  local entries = write_log.read(work .. "/log")
  math.randomseed(seed)
  local points = {}
  for i = 1, count do points[i] = math.random(#entries) end
  table.sort(points)
  shell("cp --sparse=always %s/base /run/disk.sure", work)
  local disk, bad, lost, kinds = write_log.disk(entries, work .. "/log", "/run/disk.sure"), 0, 0, {}
  for i, point in ipairs(points) do
    disk:continue(point)
    shell("cp --sparse=always /run/disk.sure %s", DISK)
    lost = lost + disk:cut(DISK, HOW[(i + seed) % #HOW + 1])
    local done = 0
    for at = 1, point do done = entries[at].mark and tonumber(entries[at].mark:match "^step%-(%d+)$") or done end
    local words = STEPS[math.min(done + 1, #STEPS)][1]
    local kind = words[1] == "image" and words[2] or words[1]
    kinds[kind] = (kinds[kind] or 0) + 1
    shell("mount -t ext4 -o loop %s /mnt", DISK)
    local problems, err = tiny.try(check_store, done)
    problems = problems or { tostring(err) }
    shell "umount /mnt"
    if #problems > 0 then
      bad = bad + 1
      print(("cut after write %d, in `%s`: %s"):format(point, table.concat(words, " "), table.concat(problems, "; ")))
    end
  end
  local list = {}
  for word, number in pairs(kinds) do table.insert(list, ("%s %d"):format(word, number)) end
  table.sort(list)
  print(("power cuts: %d of %d writes (%s); %d writes lost from the disk's cache; %d damaged the store"):format(count, #entries, table.concat(list, ", "), lost, bad))
  return bad == 0 and 0 or 1
end

tiny.settings.root = "/run/settings"
if how == "record" then return record() end
return check_cuts(math.tointeger(tonumber(args[3])), math.tointeger(tonumber(args[4])))
