-- A container replaces a directory with a link while `diff` reads its changes: the names in a directory of the host are
-- never listed.
local attack = require "attack"
local check = require "check"

-- The machine's directory stays unchanged.
tiny.mount_tmpfs("/srv")
-- A directory with so many entries before the last one that the swap happens while it is read, and one of the host with
-- the same structure.
local MANY = 300
local function fill(folder, canary)
  for _, name in ipairs { "/first", "/last" } do tiny.mkdir(folder .. name, { parents = true }) end
  for i = 1, MANY do tiny.write_file(("%s/first/%d"):format(folder, i), "") end
  tiny.write_file(folder .. "/last/" .. canary, "")
end
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
-- As a program in the container would do it, through its own root.
local inside = ("/proc/%s/root"):format(check.succeeds("inspect", "--format", "state.pid", "c"):match("%d+"))
fill("/srv/host", "canary-of-the-host")
fill(inside .. "/race", "mine")

-- Reads the changes, and replaces the directory with a link after this many seconds; returns whether the swap came too
-- early or too late.
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
-- The delay converges to the middle from both sides, at any kernel speed.
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

-- A directory that is swapped as fast as possible.
local stop = attack.loop(attack.swap(inside .. "/race", "/srv/host"))
for _ = 1, 20 do
  local done = check.run { "diff", "c" }
  assert(not (done.out .. done.err):find("canary", 1, true), "a folder of the host's is listed")
  check.equal(done.status, 0, done.err)
end
assert(stop() > 200, "raced")

-- Deeper than the maximum length of a path: this is reported, and the remaining changes are listed.
check.succeeds("exec", "c", "sh", "-c", " d=$(printf %0250d 0); i=0; while [ $i -lt 20 ]; do mkdir $d; cd $d; i=$((i+1)); done; : >/zz")
local deep = check.run { "diff", "c" }
check.equal(deep.status, 0, deep.err)
assert(deep.out:find("A  /zz\n", 1, true) and deep.err:find("skipped because the path is too long: /0000", 1, true), deep.err)
check.succeeds("rm", "-f", "c")
check.no_container()
