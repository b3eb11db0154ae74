-- reset_process: the state that the process inherited is replaced, and its children inherit the new one.
local check = require "check"

local function line(key) return (tiny.read_file("/proc/self/status"):match("\n" .. key .. ":%s+(%S+)")) end
local function limit(name) return tiny.read_file("/proc/self/limits"):match("\n" .. name .. "%s+(%S+)%s+(%S+)") end

check.inside({}, function()
  tiny.setrlimit("nofile", 50, { hard = 60 })
  tiny.reset_process { umask = tonumber("27", 8), limits = { nofile = { soft = 40, hard = 55 }, core = { soft = 0, hard = 0 } } }
  check.equal(line "Umask", "0027")
  check.equal(line "SigIgn", "0000000000001000", "only SIGPIPE, which tinylua ignores")
  check.equal(table.concat({ limit "Max open files" }, " "), "40 55")
  check.equal(table.concat({ limit "Max core file size" }, " "), "0 0")
  check.inside({}, function() check.equal(line "Umask", "0027", "in a child") end)
end)

-- The session keyring is a new one, where perl knows the number of keyctl(2).
local KEYCTL = { x86_64 = 250, aarch64 = 219 }
local machine = io.popen("uname -m"):read("l")
if KEYCTL[machine] and os.execute("command -v perl >/dev/null") then
  local function keyring()
    local pipe <close> = io.popen(("perl -e 'print syscall(%d, 0, -3, 0)'"):format(KEYCTL[machine]))
    return pipe:read("a")
  end
  local before = keyring()
  check.inside({}, function()
    tiny.reset_process { umask = 0 }
    local now = keyring()
    if now ~= "-1" then assert(now ~= before, "the keyring is the caller's: " .. now) end
    tiny.reset_process { umask = 0 }
    if now ~= "-1" then assert(keyring() ~= now, "each call makes one") end
  end)
  check.equal(keyring(), before, "that of the caller is unchanged")
end

-- A user without the privilege keeps a lower hard limit.
check.inside({}, function()
  tiny.setrlimit("nofile", 50, { hard = 60 })
  tiny.setuser(1234)
  tiny.reset_process { umask = 0, limits = { nofile = { soft = 100, hard = 200 } } }
  check.equal(table.concat({ limit "Max open files" }, " "), "60 60")
end)

-- Files that the process opened itself stay open.
check.inside({}, function()
  local own = io.open("/proc/self/comm")
  tiny.reset_process { umask = 0, close_fds = true }
  assert(own:read("a"), "closed")
end)

check.refuses('option "umask" is missing: the mode bits that new files do not get (umask(2))', tiny.reset_process, {})
check.refuses('option "limits": "files" is not a resource limit', tiny.reset_process, { umask = 0, limits = { files = { soft = 1, hard = 1 } } })
