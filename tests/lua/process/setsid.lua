-- setsid: the caller becomes the leader of a new session and process group.
local check = require "check"

-- Process group and session, fields 5 and 6 of /proc/self/stat.
local function session()
  local group, session = tiny.read_file("/proc/self/stat"):match("^.*%) %S+ %S+ (%d+) (%d+)")
  return tonumber(group), tonumber(session)
end

check.inside({}, function()
  local before = select(2, session())
  assert(before ~= tiny.getpid())
  tiny.setsid()
  local group, now = session()
  check.equal(group, tiny.getpid(), "process group")
  check.equal(now, tiny.getpid(), "session")
  local err = check.fails("EPERM", tiny.setsid)
  check.equal(err.hint, "the process is already a process group leader; fork first")
end)
check.refuses("takes at most 0 arguments: setsid()", tiny.setsid, true)
