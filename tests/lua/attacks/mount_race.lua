-- CVE-2021-30465, CVE-2019-19921, CVE-2023-27561, CVE-2025-31133, CVE-2025-52565: a process that can write to a rootfs
-- replaces mount targets with links to other places, as fast as it can, during setup.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
tiny.mkdir("/tmp/outside")
tiny.mkdir("/tmp/vol")
tiny.write_file("/tmp/vol/there", "volume")
tiny.mkdir(root .. "/mnt/in")
local masked
for _, name in ipairs { "timer_list", "keys", "interrupts" } do masked = masked or (tiny.stat("/proc/" .. name) and name) end

local ROUNDS, started, swaps = attack.slow and 8 or 25, 0, 0
local function run(volume)
  -- Its view if it could be started: its own /proc, with masked paths.
  local result = check.run { "run", "--rm", "--rootfs", root, "-v", "/tmp/vol:" .. (volume or "/mnt/v"), "sh", "-c",
    ("p=/proc; [ -e /proc/self ] || p=/proc.real; [ -e $p/%s ] && wc -c <$p/%s; (: >$p/sys/kernel/core_pattern) && echo written; true"):format(masked, masked) }
  if result.status ~= 0 then return end
  started = started + 1
  assert(not result.out:match("[1-9]"), "a masked file is seen: " .. result.out)
  assert(not result.out:match("written"), "/proc/sys is written")
end
for _, case in ipairs { { "/mnt", "/mnt/in/x" }, { "/proc" }, { "/dev" }, { "/sys" }, { "/etc" } } do
  local path, volume = case[1], case[2]
  for _, target in ipairs { "../../../../../tmp/outside", "/tmp/outside" } do
    local stop = attack.loop(attack.swap(root .. path, target))
    for _ = 1, ROUNDS // 2 do run(volume) end
    swaps = swaps + stop()
    -- And once without the race, with a permanent link.
    os.execute(("cd %s && rm -rf .%s .%s.real && ln -s %s .%s"):format(root, path, path, target, path))
    run(volume)
    os.execute(("cd %s && rm .%s && mkdir .%s"):format(root, path, path))
    check.equal(table.concat(tiny.list_dir("/tmp/outside"), " "), "", path .. ": made outside the root")
  end
end
print(("%d swaps; %d containers started all the same"):format(swaps, started))
assert(swaps > (attack.slow and 100 or 1000) and started > 0, "no race was run")
check.no_container()
