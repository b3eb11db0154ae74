-- If the environment has the home directory of another user, as under sudo -E, root writes nothing there: links of that
-- user could redirect the writes.
local check = require "check"

local HOME = "/tmp/theirs"
for _, folder in ipairs { "/.local/state/tinylua", "/.config/tinylua" } do tiny.mkdir(HOME .. folder, { parents = true }) end
tiny.mkdir("/tmp/victim")
tiny.write_file("/tmp/victim/file", "as it was\n")
tiny.symlink("/tmp/victim/file", HOME .. "/.local/state/tinylua/history")
tiny.symlink("/tmp/victim", HOME .. "/.config/tinylua/scripts")
tiny.chown(HOME, { uid = 4242, gid = 4242 })
check.environment = { HOME = HOME, PATH = os.getenv("PATH"), TERM = "dumb" }

local refused = "tinylua: /tmp/theirs/.config/tinylua belongs to user 4242, so files in it are not run as your user\n"
  .. "  hint: use sudo -H for your own directory; --system writes to /etc/tinylua\n"
for _, words in ipairs { { "eject", "ps" }, { "init", "command", "mine" } } do
  local ran = check.run(words)
  check.equal(ran.err, refused)
  check.equal(ran.status, 125)
end

tiny.mkdir("/tmp/pts")
tiny.mount_devpts("/tmp/pts", {})
local master, slave = tiny.openpty("/tmp/pts")
local child <close> = tiny.fork(function()
  tiny.setsid()
  tiny.set_controlling_terminal(slave)
  for number = 0, 2 do tiny.dup2(slave, number) end
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "repl" }
end)
slave:close()
master:write("answer = 6 * 7\nprint('is', answer)\n\4")
local said = ""
for bytes in function() return (tiny.try(master.read, master)) end do said = said .. bytes end
check.equal(child:wait(), 0)
assert(said:find("is\t42", 1, true) or said:find("is +42"), said)
check.equal(tiny.read_file("/tmp/victim/file"), "as it was\n")
check.equal(#tiny.list_dir("/tmp/victim"), 1)
