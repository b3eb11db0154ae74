-- A container that swaps a folder for a link while `diff` looks at what it changed: the names in a folder of the
-- host's are never listed.
local attack = require "attack"
local check = require "check"

-- The machine's own stays as it is.
tiny.mount_tmpfs("/srv")
-- A folder with so much before the last that the swap comes while it is looked at, and one of the host's like it.
local MANY = 300
local function fill(folder, canary)
  for _, name in ipairs { "/first", "/last" } do tiny.mkdir(folder .. name, { parents = true }) end
  for i = 1, MANY do tiny.write_file(("%s/first/%d"):format(folder, i), "") end
  tiny.write_file(folder .. "/last/" .. canary, "")
end
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
-- As a program in the container would, through its own root.
local inside = ("/proc/%s/root"):format(check.succeeds("inspect", "--format", "state.pid", "c"):match("%d+"))
fill("/srv/host", "canary-of-the-host")
fill(inside .. "/race", "mine")

-- Looks at the changes, and swaps the folder for a link after so many seconds; returns how that was seen.
local function swapped_after(seconds)
  local swapper <close> = tiny.fork(function()
    tiny.poll({}, seconds)
    tiny.rename(inside .. "/race", inside .. "/away")
    tiny.symlink("/srv/host", inside .. "/race")
  end)
  local done = check.run { "diff", "c" }
  swapper:wait()
  tiny.remove(inside .. "/race")
  tiny.rename(inside .. "/away", inside .. "/race")
  assert(not (done.out .. done.err):find("canary", 1, true), "a folder of the host's is listed")
  check.equal(done.status, 0, done.err)
  if done.err:find("skipped because a directory became a link: /race", 1, true) then return "in the middle" end
  return done.out:find("/race/last/mine", 1, true) and "after" or "before"
end
-- The delay closes in on the middle from both sides, however fast this kernel is.
local seen, tries, delay, step, side = { before = 0, after = 0, ["in the middle"] = 0 }, 0, 0, 0.05, "before"
repeat
  local when = swapped_after(delay)
  seen[when], tries = seen[when] + 1, tries + 1
  if when ~= "in the middle" then
    step, side = math.max(step * (when == side and 1.2 or 0.5), 0.0002), when
    delay = math.max(0, delay + (when == "before" and step or -step))
  end
until seen["in the middle"] >= 5 and tries >= 20 or tries == 300
assert(seen["in the middle"] >= 5, ("raced: %d before, %d after"):format(seen.before, seen.after))

-- A folder that is swapped as fast as possible.
local stop = attack.loop(attack.swap(inside .. "/race", "/srv/host"))
for _ = 1, 20 do
  local done = check.run { "diff", "c" }
  assert(not (done.out .. done.err):find("canary", 1, true), "a folder of the host's is listed")
  check.equal(done.status, 0, done.err)
end
assert(stop() > 200, "raced")

-- Deeper than a path can be long: told, and the rest is there.
check.succeeds("exec", "c", "sh", "-c", " d=$(printf %0250d 0); i=0; while [ $i -lt 20 ]; do mkdir $d; cd $d; i=$((i+1)); done; : >/zz")
local deep = check.run { "diff", "c" }
check.equal(deep.status, 0, deep.err)
assert(deep.out:find("A  /zz\n", 1, true) and deep.err:find("skipped because the path is too long: /0000", 1, true), deep.err)
check.succeeds("rm", "-f", "c")
check.no_container()
