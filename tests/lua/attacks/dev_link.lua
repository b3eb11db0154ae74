-- CVE-2026-41579 and CVE-2026-47766: in a rootfs, /dev or an entry in it is a link to a directory of the host, where
-- devices, links and mounts would then be created and entries with their names removed.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
local NAMES = { "ptmx", "null", "tty", "console", "fd", "stdin", "stdout", "stderr", "core" }
local FOLDERS = { "pts", "shm", "mqueue" }
local function decoys(folder)
  tiny.mkdir(folder)
  for _, name in ipairs(NAMES) do tiny.write_file(folder .. "/" .. name, "decoy " .. name) end
  for _, name in ipairs(FOLDERS) do tiny.mkdir(folder .. "/" .. name) end
end
local function untouched(folder)
  local found = 0
  for _, name in ipairs(tiny.list_dir(folder)) do
    local path = folder .. "/" .. name
    found = found + 1
    if tiny.stat(path, { follow = false }).kind == "dir" then
      check.equal(#tiny.list_dir(path), 0, path)
    else
      check.equal(tiny.read_file(path), "decoy " .. name)
    end
  end
  check.equal(found, #NAMES + #FOLDERS, "nothing gone, nothing new")
end
decoys("/tmp/outside")
decoys("/tmp/root/inside")

local started = 0
local function run(option, link)
  local words = { "run", "--rm", "--rootfs", root, "sh", "-c", "echo decoy >/dev/null && stat -c %F /dev/null" }
  if option then table.insert(words, 3, option) end
  local ran = check.run(words)
  ran.out = ran.out:gsub("\r", "")
  -- Either the container has its own /dev wherever the link leads below the root, or the start is refused. In a race,
  -- its name may no longer exist.
  assert(not link or ran.out == "character special file\n" or ran.status == 125, (link or "") .. ": " .. ran.out .. ran.err)
  started = started + (ran.status == 0 and 1 or 0)
  untouched("/tmp/outside")
  check.equal(tiny.read_file("/tmp/root/inside/ptmx", { root = "/" }), "decoy ptmx")
end
local function remake(prepare)
  os.execute("rm -rf /tmp/root/dev")
  prepare()
end
local LINKS = { "/tmp/outside", "../outside", "/inside", "../../../tmp/outside", "inside", "/proc/1/root/tmp/outside", "/proc/self/cwd", "/nowhere", "dev" }
for i, link in ipairs(LINKS) do
  if attack.slow and i > 3 then break end
  remake(function() tiny.symlink(link, root .. "/dev") end)
  run(nil, link)
  run("-t", link)
  run("--read-only", link)
end
-- A /dev that is a directory, with links in place of the entries that tinylua creates.
remake(function()
  tiny.mkdir(root .. "/dev")
  for _, name in ipairs(NAMES) do tiny.symlink("/tmp/outside/" .. name, root .. "/dev/" .. name) end
  for _, name in ipairs(FOLDERS) do tiny.symlink("../../outside/" .. name, root .. "/dev/" .. name) end
end)
run(nil, "below /dev")
run("-t", "below /dev")
run("--privileged", "below /dev")
assert(started >= 6, "most of these can start: " .. started)

-- As a race: alternately a directory and the link.
os.execute("rm -rf /tmp/root/dev; mkdir /tmp/root/dev")
local stop = attack.loop(attack.swap(root .. "/dev", "/tmp/outside"))
for _ = 1, attack.slow and 12 or 40 do run() end
local swaps = stop()
assert(swaps > 100, swaps)
print(swaps .. " swaps")
check.no_container()
