-- While changes are applied, others write the folder: what they write is never overwritten, and a directory that becomes a link
-- leads nowhere.
local attack = require "attack"
local check = require "check"
local maker = require "cow_maker"

-- Applies in a child; calls f once a temporary file is in the directory, which is while the content is copied. Returns what the
-- call reports.
local function meanwhile(place, folder, where, f)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    into:write(tiny.json_encode(tiny.cow_apply(place, folder)))
  end)
  into:close()
  local seen
  repeat
    for _, name in ipairs(tiny.list_dir(where)) do seen = seen or name:match("^%.tinylua%-%x+$") end
  until seen or #tiny.poll({ from }, 0) > 0
  assert(seen, "the copy was seen")
  -- It waits meanwhile, so that a fast copy does not end before a slow shell has begun.
  tiny.kill(child, "SIGSTOP")
  f()
  tiny.kill(child, "SIGCONT")
  local text = ""
  for part in function() return from:read() end do text = text .. part end
  check.equal(child:wait(), 0)
  return tiny.json_decode(text)
end
-- So large that its copy takes some time.
local LARGE = "dd if=/dev/zero of=large bs=1M count=96 status=none"

-- A file that is replaced, written to, or removed during the copy.
for name, act in pairs {
  replaced = function() maker.run "echo host >f/t && mv f/t f/large" end,
  written = function() maker.run "echo host >f/large" end,
  touched = function() maker.run "chmod 640 f/large; echo host >f/large" end,
  removed = function() maker.run "rm f/large" end,
} do
  maker.run "rm -rf f p && mkdir f && echo old >f/large"
  maker.change("f", "p", LARGE, true)
  local done = meanwhile("p", "f", "f", act)
  check.equal(done.applied, 0, name)
  check.equal(#done.conflicts, 1, name)
  check.equal(tiny.read_file "f/large", name ~= "removed" and "host\n" or nil, name)
  check.equal(#tiny.list_dir "f", name == "removed" and 0 or 1, "temporary files")
  check.equal(tiny.stat("p/upper/large").size, 96 << 20, name)
end

-- A new file whose name appears during the copy; a file that becomes a directory, and the other way round.
for name, case in pairs {
  file = { "true", "echo host >f/large" }, dir = { "true", "mkdir -p f/large/in" }, link = { "true", "ln -s /etc/passwd f/large" },
  grown = { "echo old >f/large", "rm f/large && mkdir -p f/large/in" }, type = { "mkdir f/large", "rmdir f/large && echo host >f/large" },
  filled = { "mkdir f/large", "echo host >f/large/precious" },
} do
  maker.run("rm -rf f p && mkdir f && " .. case[1])
  maker.change("f", "p", "rm -rf large; " .. LARGE, true)
  local before
  local done = meanwhile("p", "f", "f", function()
    maker.run(case[2])
    before = maker.shown "f"
  end)
  check.equal(done.applied, 0, name)
  check.equal(#done.conflicts, 1, name)
  check.equal(maker.shown "f", before, name)
  for _, left in ipairs(tiny.list_dir "f") do assert(not left:find("^%.tinylua"), left) end
end

-- A directory that is swapped with a link as fast as possible: nothing appears or vanishes where it leads.
maker.run "mkdir -p away/dir f2/dir/sub && echo precious | tee away/dir/old away/dir/gone >away/old"
local outside = maker.shown "away"
maker.run "for i in $(seq 100); do echo a >f2/dir/$i; echo a >f2/dir/sub/$i; done; echo o | tee f2/dir/old >f2/dir/gone"
local tried, swaps = 0, 0
for round = 1, 8 do
  maker.change("f2", "p2", "mkdir -p dir/sub && for i in $(seq 100); do echo " .. round .. " >>dir/$i; echo b >dir/sub/n$i; done; rm -f dir/gone; echo x >>dir/old", true)
  local stop = attack.loop(attack.swap("f2/dir", tiny.readlink "/proc/self/cwd" .. "/away"))
  for _ = 1, 5 do
    local done, failed = tiny.try(tiny.cow_apply, "p2", "f2")
    if not done then error(failed, 0) end
    tried = tried + done.applied + #done.conflicts + #done.failed
  end
  swaps = swaps + stop()
  check.equal(maker.shown "away", outside)
  tiny.cow_discard("p2", "f2")
  maker.run "! find . -name '.tinylua-*' | grep ."
end
assert(swaps > 200 and tried > 0, "raced")
check.equal(tiny.stat("f2/dir", { follow = false }).kind, "dir")
