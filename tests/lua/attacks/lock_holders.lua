-- A supervisor that hangs is found by the lock that it holds. A process that holds a lock on a file with the same name
-- and inode number on another file system, such as another host's supervisor or a program in a container, is not
-- killed, and many of them do not delay rm -f.
local check = require "check"

local OURS <const>, THEIRS <const>, COUNT <const> = "/tmp/ours", "/tmp/theirs", 30

-- A file with this name and inode number on a tmpfs, which numbers its inodes from the start.
local function twin(name, ino)
  tiny.mkdir(THEIRS .. "/folder")
  for i = 1, ino do
    local path = ("%s/%d"):format(THEIRS, i)
    tiny.write_file(path, "")
    if tiny.stat(path).ino == ino then
      local file = THEIRS .. "/folder/" .. name
      assert(os.rename(path, file))
      return file
    end
  end
  error("no file has the inode number " .. ino)
end

-- Runs a container with its store in a directory, and removes it by force while its supervisor is stopped and other
-- processes hold a lock on a file with the same name and inode number as the supervisor's.
local function case(root, lock_of, patience)
  check.root = root
  check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
  local record = tiny.json_decode(check.succeeds("inspect", "c"))[1]
  local strangers = {}
  local lock <close> = tiny.flock(lock_of(("%s/run/%s/alive"):format(root, record.id)))
  for i = 1, COUNT do
    strangers[i] = tiny.fork(function() tiny.poll({}, 1000) end)
  end
  lock:close()
  local supervisor <close> = tiny.pidfd_open(record.state.supervisor.pid)
  tiny.kill(supervisor, "SIGSTOP")
  local began = tiny.clock("monotonic")
  check.succeeds("rm", "-f", "c")
  local took = tiny.clock("monotonic") - began
  print(("%s: %.1f s"):format(root, took))
  check.equal(#tiny.poll({ supervisor }, 0), 1, "its supervisor has ended")
  check.equal(#tiny.poll(strangers, 0), 0, "strangers that have ended")
  assert(took < patience, ("rm -f took %.1f s"):format(took))
  for _, stranger in ipairs(strangers) do
    tiny.kill(stranger, "SIGKILL")
    stranger:wait()
  end
  check.no_container()
end

-- Each host has a separate tmpfs.
tiny.mount_tmpfs(OURS, { create = true })
tiny.mount_tmpfs(THEIRS, { create = true })
case(OURS, function(alive) return twin("alive", tiny.stat(alive).ino) end, 30)
