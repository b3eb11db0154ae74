-- The throwaway view on a host with file systems mounted on shown directories: covered files are not visible next to
-- the mounted ones, the number of files at the top of one is bounded, and below an overlay the directory is shown.
local canaries = require "canaries"
local check = require "check"

local function write(path, text, mode)
  tiny.mkdir(path:match("^(.*)/"), { parents = true })
  tiny.write_file(path, text, { mode = tonumber(mode or "644", 8) })
end

-- Files covered by a file system.
canaries.on({}, function()
  for _, path in ipairs { "/usr/local/covered", "/usr/share/deep/er/covered", "/usr/lib/automatic/covered", "/usr/lib/locked/in/covered", "/usr/lib/nothing/covered" } do write(path, "covered") end
  write("/usr/share/single", "covered")
  write("/usr/share/private", "covered")
  write("/usr/lib/locked/beside", "locked")
  os.execute("chmod 700 /usr/lib/locked")
  for _, path in ipairs { "/usr/local", "/usr/share/deep/er", "/usr/lib/locked/in", "/usr/lib/nothing" } do tiny.mount_tmpfs(path, { mode = tonumber("755", 8) }) end
  tiny.mount_proc("/usr/lib/automatic")
  write("/usr/local/own", "own")
  write("/usr/share/deep/er/own", "own")
  write("/usr/lib/locked/in/own", "own")
  write("/tmp/over", "over")
  write("/tmp/secret", "secret", "600")
  tiny.mount_bind("/tmp/over", "/usr/share/single")
  tiny.mount_bind("/tmp/secret", "/usr/share/private")
  local LOOK = [[find /usr -name covered; ls /usr/local /usr/share/deep/er /usr/lib/nothing; cat /usr/share/single; echo; cat /usr/share/private 2>/dev/null; cat /usr/lib/locked/beside 2>/dev/null; ls -d /usr/lib/locked/beside 2>/dev/null; ls /usr/lib/locked | wc -l; true]]
  local SEEN = "/usr/lib/nothing:\n\n/usr/local:\nown\n\n/usr/share/deep/er:\nown\nover\n0\n"
  check.equal(check.run({ "run", "--rm", "sh", "-c", LOOK }).out, SEEN)
  if canaries.has_idmaps() then check.equal(check.run({ "run", "--rm", "--userns", "auto", "sh", "-c", LOOK }).out, SEEN) end
end)

-- More small files at the top of a file system than are copied.
canaries.on({ "/usr/share" }, function()
  for i = 1, 20000 do tiny.write_file("/usr/share/small" .. i, ("x"):rep(3000)) end
  write("/usr/share/folder/file", "in a folder")
  local result = check.run { "run", "--rm", "sh", "-c", "cat /usr/share/folder/file" }
  check.equal(result.out, "in a folder", result.err)
  assert(result.err:find('^tinylua: the view omits %d+ files: file systems of the host such as "/usr/share" have too many at their root\n+$'), result.err)
end)

-- Overlays on shown directories; one that covers a file system is empty.
canaries.on({ "/usr/share/deep" }, function()
  write("/usr/share/deep/covered", "covered")
  write("/usr/local/beneath", "beneath")
  for _, path in ipairs { "/o/extension/bin", "/o/upper", "/o/work", "/o/etc" } do tiny.mkdir(path, { parents = true }) end
  if not tiny.try(tiny.mount_overlay, "/usr", { lower = { "/o/extension", "/usr" }, read_only = true }) then return print("no overlay here") end
  tiny.mount_overlay("/etc", { lower = { "/o/etc", "/etc" }, read_only = true })
  tiny.mount_overlay("/usr/share/deep", { lower = { "/o/extension", "/o/etc" }, read_only = true })
  local result = check.run { "run", "--rm", "sh", "-c", "cat /usr/local/beneath; ls /usr/share/deep; test -s /etc/passwd" }
  check.equal(result.status, 0, result.err)
  check.equal(result.out, "beneath")
  check.equal(result.err, 'tinylua: the view cannot show host overlays; it shows the directory beneath "/etc" and 1 more\n')
end)

-- An overlay on a separate file system: there is no suitable directory beneath it.
canaries.on({ "/usr" }, function()
  tiny.mkdir("/o/extension", { parents = true })
  if not tiny.try(tiny.mount_overlay, "/usr", { lower = { "/o/extension", "/usr" }, read_only = true }) then return print("no overlay here") end
  local result = check.run { "run", "--rm", "true" }
  check.equal(result.status, 125)
  assert(result.err:find("the host's \"/usr\" is an overlay on a mount point, and cannot be shown\n  hint: use --rootfs", 1, true), result.err)
end)
