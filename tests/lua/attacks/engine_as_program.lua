-- CVE-2019-5736, second variant: the container's program is a script whose interpreter is /proc/self/exe. The kernel
-- resolves this in the process that executes it, which is tinylua, so PID 1 is the engine and runs a command that the
-- container chose. Nothing that it holds may be writable, with any option and any recipe.
local attack = require "attack"
local check = require "check"

local EXECUTABLE = tonumber("755", 8)
local before = check.digest "/proc/self/exe"

-- Keeps the engine open, changes its mode, and writes to it when no process runs it any more.
local COMMAND = [[return { summary = "x", args = { { "path", trailing = true } }, run = function()
  local held = tiny.open("/proc/self/exe")
  os.execute("chmod 4777 /proc/$PPID/exe 2>/dev/null; echo ran >> /proof")
  tiny.exec { "/bin/sh", "-c", "i=0; while [ $i -lt 40 ] && [ ! -e /stop ]; do for f in /proc/self/fd/[3-9]; do echo '#!/bin/sh' 2>/dev/null > $f; done; i=$((i+1)); sleep 0.05; done", keep_fds = 7 }
end }]]

local function poisoned(path)
  local rootfs = attack.rootfs(path)
  tiny.mkdir(rootfs .. "/etc/tinylua/scripts", { parents = true })
  tiny.write_file(rootfs .. "/etc/tinylua/scripts/x.lua", COMMAND)
  tiny.write_file(rootfs .. "/entry", "#!/proc/self/exe x\n", { mode = EXECUTABLE })
  return rootfs
end

-- The engine as installed: a file that root may write.
local ENGINE = "/tmp/engine"
local function run(words)
  local child <close> = tiny.fork(function()
    tiny.dup2(tiny.open("/dev/null"), 0)
    tiny.exec { ENGINE, "--root", check.root, table.unpack(words) }
  end)
  return child:wait("60s")
end

-- A subset where all combinations would take minutes.
local FEW = { foreground = true, ["an init"] = true, ["a recipe by hand"] = true, ["a recipe's container"] = true }

-- Runs the command with a fresh engine; `attacked` is the container's evidence that it got that far.
local function try(what, rootfs, words, lives)
  if attack.slow and not FEW[what] then return end
  check.copy_program(ENGINE)
  tiny.try(tiny.remove, rootfs .. "/proof")
  tiny.try(tiny.remove, rootfs .. "/stop")
  run(words)
  local deadline = tiny.clock("monotonic") + 60
  local function proofs() return select(2, (tiny.read_file(rootfs .. "/proof") or ""):gsub("ran", "")) end
  while proofs() < (lives or 1) and tiny.clock("monotonic") < deadline do tiny.poll({}, 0.05) end
  local count = proofs()
  -- Without a supervisor, no process runs the engine, and it can be written to.
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local pid = math.tointeger(name)
    local words = pid and pid > 1 and tiny.try(tiny.read_file, "/proc/" .. name .. "/cmdline")
    if words and words:find(ENGINE, 1, true) and pid ~= tiny.getpid() then
      local process = tiny.pidfd_open(pid)
      if process then tiny.try(tiny.kill, process, "SIGKILL") end
    end
  end
  tiny.poll({}, 0.3)
  tiny.write_file(rootfs .. "/stop", "")
  local s = tiny.stat(ENGINE)
  local changed = s.mode & tonumber("7777", 8) ~= EXECUTABLE or check.digest(ENGINE) ~= before
  print(("%s: the container's code ran %d times as the engine: %s"):format(what, count, changed and "CHANGED" or "unchanged"))
  assert(count >= (lives or 1), what .. ": the attack did not get as far as it can")
  assert(not changed, what .. ": the engine was changed")
  -- Remaining containers are ended with the engine under test.
  for _, id in ipairs(tiny.list_dir(check.root .. "/containers") or {}) do check.run { "rm", "-f", id } end
  check.run { "gc" }
end

local rootfs = poisoned("/tmp/rootfs")
local from = "--rootfs=" .. rootfs
try("foreground", rootfs, { "run", "--rm", from, "/entry" })
try("detached", rootfs, { "run", "-d", from, "/entry" })
-- The loop in it ends by itself, so that the container runs twice.
try("a second life", rootfs, { "run", "-d", "--restart", "always", from, "/entry" }, 2)
try("no capabilities", rootfs, { "run", "-d", "--cap-drop", "ALL", from, "/entry" })
try("privileged", rootfs, { "run", "-d", "--privileged", from, "/entry" })
try("an init", rootfs, { "run", "-d", "--init", from, "/entry" })

-- Recipes that do the work themselves, with and without a clone, and in a file that does not mention containers.
tiny.write_file("/tmp/by_hand.lua", ([[
local child <close> = tiny.clone({ pid = true, mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_bind(%q, %q)
  tiny.pivot_root(%q)
  tiny.mount_proc("/proc")
  tiny.exec { "/entry" }
end)
return child:wait()]]):format(rootfs, rootfs, rootfs))
try("a recipe by hand", rootfs, { "run", "/tmp/by_hand.lua" })
tiny.write_file("/tmp/chroot.lua", ([[
tiny.unshare { mount = true, pid = true }
local child <close> = tiny.fork(function()
  tiny.chroot(%q)
  tiny.mount_proc("/proc")
  tiny.exec { "/entry" }
end)
return child:wait()]]):format(rootfs))
try("unshare and chroot", rootfs, { "run", "/tmp/chroot.lua" })
-- Without a word that could reveal what is created.
tiny.write_file("/tmp/hidden.lua", ([[return require("tiny" .. ".container").new { rootfs = %q, command = { "/entry" } }]]):format(rootfs))
try("a recipe's container", rootfs, { "run", "/tmp/hidden.lua" })

-- A user's command: its effects cannot be known before it runs.
tiny.mkdir("/tmp/more/scripts", { parents = true })
tiny.write_file("/tmp/more/scripts/mine.lua", "return { summary = 'mine', run = function() return loadfile('/tmp/by_hand.lua')() end }")
try("a command of one's own", rootfs, { "--lua-path", "/tmp/more", "mine" })
check.no_container()

