-- Helpers of the completion tests: names to complete, and a shell on a pty that returns the completed line.
local check = require "check"

local shells = {}

local ENV = { PATH = "/tmp/bin:" .. os.getenv("PATH"), HOME = "/tmp", TERM = "xterm", LC_ALL = "C.UTF-8", PS1 = "> " }
shells.environment = ENV

-- Containers and networks by name, a user's own command, and tinylua in PATH.
function shells.prepare()
  tiny.mkdir("/tmp/state/names", { parents = true })
  tiny.mkdir("/tmp/state/networks/backend", { parents = true })
  for _, name in ipairs { "web", "webster", "db" } do tiny.write_file("/tmp/state/names/" .. name, "id") end
  tiny.mkdir("/tmp/.config/tinylua/scripts", { parents = true })
  tiny.write_file("/tmp/.config/tinylua/scripts/greet.lua", [[return { summary = "Say hello",
    options = { { "loud", type = "flag", help = "Loudly" } }, args = { { "who", choices = { "you", "me" } } }, run = function() end }]])
  tiny.mkdir("/tmp/bin")
  tiny.symlink(("/proc/%d/exe"):format(tiny.getpid()), "/tmp/bin/tinylua")
  tiny.mount_devpts("/dev/pts", {})
end

function shells.need(shell)
  if not (tiny.stat("/usr/bin/" .. shell) or tiny.stat("/bin/" .. shell)) then check.skip("needs " .. shell) end
end

local R = "tinylua --root /tmp/state "
-- The typed text, and the resulting line.
shells.tries = {
  { "tinylua comp", "tinylua completion " },
  { R .. "stop d", "stop db " },
  { R .. "run --network=bac", "--network=backend" },
  { "tinylua gree", "tinylua greet " },
  { "tinylua run sand", "run sandbox.lua " },
  { R .. "cp webs", "cp webster:" },
  { "tinylua run /etc/hostna", "run /etc/hostname" },
}

-- Without bells, backspaces and colors.
local function plain(shown) return (shown:gsub("\27%[[%d;?]*%a", ""):gsub("[\7\8]", "")) end

-- Reads the terminal until this text appears after `from`; returns all of it, and the position after the text.
local function wait_for(master, shown, text, from)
  local deadline = tiny.clock("monotonic") + 60
  while not plain(shown):find(text, from, true) do
    local left = deadline - tiny.clock("monotonic")
    local bytes = left > 0 and #tiny.poll({ master }, left) > 0 and tiny.try(master.read, master)
    if not bytes then error(("%q did not come: %q"):format(text, shown), 2) end
    shown = shown .. bytes
  end
  return shown, #plain(shown) + 1
end

-- words: the shell's command; setup: its first input; each try is { typed, shown }.
function shells.at_terminal(words, setup, tries)
  local master, slave = tiny.openpty("/dev/pts")
  local child <close> = tiny.fork(function()
    tiny.setsid()
    tiny.set_controlling_terminal(slave)
    for number = 0, 2 do tiny.dup2(slave, number) end
    tiny.exec { env = ENV, table.unpack(words) }
  end)
  slave:close()
  -- The answer differs from the typed text, so the echo is not mistaken for it.
  master:write(setup .. "; echo rea''dy\n")
  local shown, from = wait_for(master, "", "ready", 1)
  for _, try in ipairs(tries) do
    master:write(try[1] .. "\t")
    shown, from = wait_for(master, shown, try[2], from)
    -- Ctrl-U clears the line.
    master:write("\21echo ne''xt\n")
    shown, from = wait_for(master, shown, "next", from)
  end
end

return shells
