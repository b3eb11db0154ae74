-- Files of another user on the search path: opening a FIFO blocks forever before its owner is known, opening a device
-- may have side effects, and an endless file exhausts memory. Also links there that the user created.
local check = require "check"

local OTHER = { uid = 1000, gid = 1000 }
for _, folder in ipairs { "/tmp/over/scripts", "/tmp/over/lua/tiny", "/tmp/recipe", "/tmp/dotfiles" } do tiny.mkdir(folder, { parents = true }) end
tiny.write_file("/tmp/recipe/web.lua", 'print((require "helper"))')
-- A copy, because the program of this process may have no path.
local program = "/tmp/tinylua"
check.copy_program(program)

-- A command that hangs is ended after a while, without output.
local function said(words)
  local pipe = io.popen(("timeout -s KILL 10 %s --root %s --lua-path /tmp/over %s 2>&1"):format(program, check.root, words))
  local text = pipe:read("a")
  pipe:close()
  return text
end

local PLACES = {
  ["/tmp/over/scripts/ps.lua"] = "ps", ["/tmp/over/lua/tiny/format.lua"] = "ps", ["/tmp/recipe/helper.lua"] = "run /tmp/recipe/web.lua",
  ["/tmp/over/scripts/mine.lua"] = "mine", ["/tmp/over/lua/helper.lua"] = "run /tmp/recipe/web.lua",
}
local MAKE = {
  ["a FIFO"] = { function(path) os.execute("mkfifo -m 600 " .. path) end, "is refused: it is not a regular file" },
  ["another's FIFO"] = { function(path) os.execute("mkfifo -m 600 " .. path) tiny.chown(path, OTHER) end, "is refused: it belongs to user 1000" },
  ["a file without end"] = { function(path) os.execute("truncate -s 1T " .. path) end, "File too large" },
  ["an endless device"] = { function(path) tiny.symlink("/dev/zero", path) end, "is refused: its mode 666" },
  ["a socket"] = { function(path) tiny.unix_listen(path) end, "No such device or address" },
}
local count = 0
for path, words in pairs(PLACES) do
  for what, how in pairs(MAKE) do
    local make, want = table.unpack(how)
    make(path)
    local text = said(words)
    tiny.remove(path)
    assert(text:find(path, 1, true) and text:find(want, 1, true), ("%s as %s: %q"):format(path, what, text))
    count = count + 1
  end
end
print(count .. " files")

-- Nothing is opened in a directory that another user may write to.
tiny.mknod("/tmp/recipe/helper.lua", "fifo")
tiny.chown("/tmp/recipe", OTHER)
assert(said("run /tmp/recipe/web.lua"):find("/tmp/recipe is refused: it belongs to user 1000", 1, true))
tiny.chown("/tmp/recipe", { uid = 0, gid = 0 })
tiny.remove("/tmp/recipe/helper.lua")

-- Dotfiles in a repository, and links to them: a file, a directory, everything. The target of the link is checked too.
tiny.write_file("/tmp/dotfiles/helper.lua", 'return "linked"')
tiny.symlink("/tmp/dotfiles/helper.lua", "/tmp/over/lua/helper.lua")
check.equal(said("run /tmp/recipe/web.lua"), "linked\n")
tiny.chown("/tmp/dotfiles", OTHER)
assert(said("run /tmp/recipe/web.lua"):find("/tmp/dotfiles is refused: it belongs to user 1000", 1, true))
tiny.chown("/tmp/dotfiles", { uid = 0, gid = 0 })
os.execute("rm -r /tmp/over/lua; ln -s /tmp/dotfiles /tmp/over/lua")
check.equal(said("run /tmp/recipe/web.lua"), "linked\n")
tiny.chown("/tmp/dotfiles", OTHER)
assert(said("run /tmp/recipe/web.lua"):find("is refused: it belongs to user 1000", 1, true))
tiny.chown("/tmp/dotfiles", { uid = 0, gid = 0 })
os.execute("rm -r /tmp/over; mkdir /tmp/dotfiles/lua; cp /tmp/dotfiles/helper.lua /tmp/dotfiles/lua; ln -s /tmp/dotfiles /tmp/over")
check.equal(said("run /tmp/recipe/web.lua"), "linked\n")
-- A link to itself, and one to a missing file.
os.execute("rm /tmp/dotfiles/lua/helper.lua; ln -s helper.lua /tmp/dotfiles/lua/helper.lua")
assert(said("run /tmp/recipe/web.lua"):find("Too many levels of symbolic links", 1, true))
os.execute("rm /tmp/dotfiles/lua/helper.lua; ln -s nowhere.lua /tmp/dotfiles/lua/helper.lua")
assert(said("run /tmp/recipe/web.lua"):find('no such module: helper', 1, true))

-- A file named by the user may be a pipe; its size is bounded.
check.equal(tonumber(io.popen(("bash -c 'cd /tmp; mkfifo r.lua; (echo \"print(7)\" > r.lua &) ; timeout 10 %s --root %s run r.lua'"):format(program, check.root)):read("a")), 7)
tiny.symlink("/dev/zero", "/tmp/zero.lua")
assert(said("run /tmp/zero.lua"):find("EFBIG", 1, true))
