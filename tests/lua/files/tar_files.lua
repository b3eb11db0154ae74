-- tar_files: an archive of chosen files that GNU tar reads; the same files give the same bytes.
local check = require "check"

tiny.write_file("one", ("x"):rep(100000))
local LONG = ("long/"):rep(60) .. "name"
local function pack(name)
  local out <close> = tiny.open(name, { write = true, create = true })
  return tiny.tar_files({
    { name = "etc/" }, { name = "etc/motd", data = "hello\0world\n" }, { name = "blob", path = "one" }, { name = "empty", data = "" },
    { name = LONG, data = "deep" },
  }, { to = out })
end
check.equal(pack "a.tar", 100000 + 12 + 4)
tiny.chown("one", { uid = 7, gid = 7 })
pack "b.tar"
check.equal(tiny.sha256(tiny.read_file "a.tar"), tiny.sha256(tiny.read_file "b.tar"), "reproducible")

local function output(...)
  local from, into = tiny.pipe()
  local words = { ... }
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec(words)
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  check.equal(child:wait(), 0, words[1])
  return text
end
check.equal(output("tar", "-tf", "a.tar"), "etc/\netc/motd\nblob\nempty\n" .. LONG .. "\n")
local listed = output("tar", "--numeric-owner", "--utc", "-tvf", "a.tar")
assert(listed:find("^drwxr%-xr%-x 0/0 +0 1970%-01%-01 00:00 etc/\n%-rw%-r%-%-r%-%- 0/0 +12 1970"), listed)
tiny.mkdir("out")
output("tar", "-xf", "a.tar", "-C", "out")
check.equal(tiny.read_file("out/etc/motd"), "hello\0world\n")
check.equal(tiny.read_file("out/blob"), tiny.read_file("one"))
check.equal(tiny.read_file("out/" .. LONG), "deep")

local out <close> = tiny.open("c.tar", { write = true, create = true })
check.equal(check.fails("ENOENT", tiny.tar_files, { { name = "x", path = "missing" } }, { to = out }).path, "missing")
check.refuses('"x" needs either a path or data', tiny.tar_files, { { name = "x" } }, { to = out })
check.refuses('"x" needs either a path or data', tiny.tar_files, { { name = "x", path = "one", data = "" } }, { to = out })
check.refuses('"x/" is a directory, which has no path or data', tiny.tar_files, { { name = "x/", data = "" } }, { to = out })
check.refuses("entries is missing: tar_files(entries, options)", tiny.tar_files)
