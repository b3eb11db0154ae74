-- mount_tmpfs: mounts an empty file system whose limits are effective; mounting and closing leaks no descriptor.
local check = require "check"

tiny.mkdir("t")
do
  local t <close> = tiny.mount_tmpfs("t", { size = "64k", inodes = 4, mode = tonumber("750", 8), nosuid = true, nodev = true, noexec = true })
  check.equal(tiny.stat("t").mode, tonumber("750", 8))
  check.equal(check.mount_at("/tmp/t").options, "rw,nosuid,nodev,noexec,relatime")
  check.fails("ENOSPC", tiny.write_file, "t/big", ("x"):rep(65537))
  tiny.write_file("t/fits", ("x"):rep(65536))
  tiny.remove("t/fits")
  tiny.mkdir("t/1")
  tiny.mkdir("t/2")
  tiny.mkdir("t/3")
  check.fails("ENOSPC", tiny.mkdir, "t/4")
  tiny.mknod("/tmp/t/../zero", "char", { major = 1, minor = 5 })
  -- The node is on /tmp, which is nodev in this host.
  check.fails("EACCES", tiny.open, "zero")
end
check.equal(check.mount_at("/tmp/t"), nil, "after <close>")

-- nosuid: a setuid program runs as its caller.
local function uid_of(path)
  local out, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.setuser(12345)
    tiny.dup2(into, 1)
    tiny.exec { path, "-u" }
  end)
  into:close()
  local text = out:read()
  child:wait()
  return text
end
for _, nosuid in ipairs { false, true } do
  local t <close> = tiny.mount_tmpfs("t", { nosuid = nosuid, mode = tonumber("755", 8) })
  tiny.write_file("t/id", tiny.read_file("/usr/bin/id"), { mode = tonumber("4755", 8) })
  check.equal(uid_of("/tmp/t/id"), nosuid and "12345\n" or "0\n", "nosuid = " .. tostring(nosuid))
end

local ro <close> = tiny.mount_tmpfs("below/made", { read_only = true, create = true })
check.fails("EROFS", tiny.mkdir, "below/made/x")

local err = check.fails("ENOENT", tiny.mount_tmpfs, "nowhere")
check.equal(err.path, "nowhere")
check.refuses([[option "size": "64q" is not a size; write bytes or a number with k, m, g or t: "128m"]], tiny.mount_tmpfs, "t", { size = "64q" })
check.refuses([[option "mode": -1 is not an integer from 0 to 4095]], tiny.mount_tmpfs, "t", { mode = -1 })
check.refuses([[unknown option "nosiud"; did you mean "nosuid"?]], tiny.mount_tmpfs, "t", { nosiud = true })
tiny.try(function()
  local t <close> = tiny.mount_tmpfs("t")
  error("x")
end)
check.equal(check.mount_at("/tmp/t"), nil)

-- Nothing stays open.
local function open_files()
  collectgarbage()
  collectgarbage()
  return #tiny.list_dir("/proc/self/fd")
end
local before = open_files()
for _ = 1, 1000 do
  local t <close> = tiny.mount_tmpfs("t")
end
check.equal(open_files(), before, "open descriptors after 1000 rounds")
check.equal(check.mount_at("/tmp/t"), nil)

-- open: the mount itself as a root, wherever its path leads later.
do
  local first <close>, dir = tiny.mount_tmpfs("/tmp/held", { create = true, open = true })
  local second <close> = tiny.mount_tmpfs("/tmp/held")
  tiny.mkdir("of-the-first", { root = dir })
  check.equal(#tiny.list_dir("/tmp/held"), 0)
  check.equal(tiny.list_dir("/", { root = dir })[1], "of-the-first")
  dir:close()
  second:close()
  check.equal(tiny.list_dir("/tmp/held")[1], "of-the-first")
end
