-- The mounts of a container and their options (config.md, "Mounts"), as /proc/self/mountinfo of the container shows them.
-- covers: mounts.destination mounts.type mounts.source mounts.options root.readonly linux.rootfsPropagation linux.maskedPaths
-- covers: linux.readonlyPaths
local check = require "check"
local oci = require "oci_bundle"

local function mounted(mount)
  return function(config) table.insert(config.mounts, mount) end
end

-- The options of the mount at a path, its propagation, type and source, and the options of the file system.
local function shown(path, change, options)
  local text = oci.output("cat /proc/self/mountinfo", change, options)
  for line in text:gmatch("[^\n]+") do
    local target, own, rest = line:match("^%d+ %d+ %S+ %S+ (%S+) (%S+) (.*)$")
    if target == path then
      local propagation, kind, source, super = rest:match("^(.-) ?%- (%S+) (%S+) (%S+)$")
      return { options = own, propagation = propagation:match("^%a+") or "private", type = kind, source = source, super = super }
    end
  end
  error("no mount at " .. path .. "\n" .. text, 2)
end

-- A bind mount with these options; its source is a directory with a mount of its own below it.
tiny.mkdir("/tmp/source")
tiny.mount_filesystem("/tmp/source", { type = "tmpfs" }):keep()
tiny.mkdir("/tmp/source/below")
tiny.write_file("/tmp/source/file", "content")
tiny.mount_filesystem("/tmp/source/below", { type = "tmpfs", nosuid = true, nodev = true }):keep()
tiny.write_file("/tmp/source/below/deep", "deep")
local function bound(...) return mounted { destination = "/data", source = "/tmp/source", options = { ... } } end

for option, want in pairs {
  ro = "ro,relatime", rw = "rw,relatime", nosuid = "rw,nosuid,relatime", nodev = "rw,nodev,relatime", noexec = "rw,noexec,relatime",
  noatime = "rw,noatime", nodiratime = "rw,nodiratime,relatime", relatime = "rw,relatime", strictatime = "rw",
  nosymfollow = "rw,relatime,nosymfollow",
  suid = "rw,relatime", dev = "rw,relatime", exec = "rw,relatime", atime = "rw,relatime", diratime = "rw,relatime",
  symfollow = "rw,relatime",
  norelatime = "rw,relatime", nostrictatime = "rw,relatime", defaults = "rw,relatime", loud = "rw,relatime", silent = "rw,relatime",
} do
  check.equal(shown("/data", bound("bind", option)).options, want, option)
end
-- The later of two options counts.
check.equal(shown("/data", bound("bind", "ro", "rw")).options:match("^%a+"), "rw")
check.equal(shown("/data", bound("bind", "rw", "ro", "nosuid", "nodev", "noexec")).options, "ro,nosuid,nodev,noexec,relatime")

-- What lies below comes with rbind only, and has its own flags unless they are recursive.
check.equal(oci.output("ls /data /data/below", bound("bind")), "/data:\nbelow\nfile\n\n/data/below:")
check.equal(oci.output("cat /data/below/deep", bound("rbind")), "deep")
check.equal(shown("/data/below", bound("rbind", "ro")).options:match("^%a+"), "rw")
for option, want in pairs {
  rro = "ro,nosuid,nodev,relatime", rnoexec = "rw,nosuid,nodev,noexec,relatime", rnoatime = "rw,nosuid,nodev,noatime",
  rnodiratime = "rw,nosuid,nodev,nodiratime,relatime",
  rnosymfollow = "rw,nosuid,nodev,relatime,nosymfollow", rstrictatime = "rw,nosuid,nodev", rsuid = "rw,nodev,relatime",
  rdev = "rw,nosuid,relatime",
  rrw = "rw,nosuid,nodev,relatime", rexec = "rw,nosuid,nodev,relatime", rnosuid = "rw,nosuid,nodev,relatime",
  rnodev = "rw,nosuid,nodev,relatime",
  rrelatime = "rw,nosuid,nodev,relatime", rnorelatime = "rw,nosuid,nodev,relatime", rnostrictatime = "rw,nosuid,nodev,relatime",
  ratime = "rw,nosuid,nodev,relatime", rdiratime = "rw,nosuid,nodev,relatime", rsymfollow = "rw,nosuid,nodev,relatime",
} do
  check.equal(shown("/data/below", bound("rbind", option)).options, want, option)
end
check.equal(oci.output("touch /data/below/x 2>&1; true", bound("rbind", "rro", "rw")):match("Read%-only") , "Read-only")

-- A relative source begins at the bundle; a file is mounted on a file; missing mount points are created.
check.equal(oci.output("cat /new/dir/file", function(config, path)
  tiny.write_file(path .. "/here", "relative")
  table.insert(config.mounts, { destination = "new/dir/file", source = "here", type = "bind", options = { "ro" } })
end), "relative")
oci.refused("mounts[7]: /data: the source /nowhere: no such file or directory",
  mounted { destination = "/data", source = "/nowhere", options = { "bind" } })
oci.refused([[mounts[7].options: "rdonly" is no option of a bind mount]], bound("bind", "rdonly"))
oci.refused([[mounts[7].destination: "/a/../b" contains ..]], mounted { destination = "/a/../b", source = "/tmp", options = { "bind" } })
oci.refused("mounts[7].destination: it is the root", mounted { destination = "//./", source = "/tmp", options = { "bind" } })
oci.refused("mounts[7].type: it is missing", mounted { destination = "/x", source = "tmpfs" })
oci.refused("mounts[7].source: a bind mount needs a source", mounted { destination = "/x", options = { "bind" } })

-- Propagation.
for option, want in pairs { shared = "shared", rshared = "shared", private = "private", rprivate = "private", unbindable = "unbindable",
  runbindable = "unbindable" } do
  check.equal(shown("/data", bound("rbind", option)).propagation, want, option)
end
check.equal(shown("/data/below", bound("rbind", "rshared")).propagation, "shared")
check.equal(shown("/data/below", bound("rbind", "shared")).propagation, "private")
-- A mount that the host makes later is seen with (r)slave.
do
  tiny.mkdir("/tmp/shared", {})
  tiny.mount_tmpfs("/tmp/shared", {}):keep()
  tiny.mount_propagation("/tmp/shared", "shared", {})
  tiny.mkdir("/tmp/shared/later", {})
  local path = oci.bundle("sleep 60", function(config)
    for _, kind in ipairs { "rslave", "rprivate" } do
      table.insert(config.mounts, { destination = "/" .. kind, source = "/tmp/shared", options = { "rbind", kind } })
    end
  end)
  oci.succeeds { "run", "--detach", "-b", path, "p" }
  local later <close> = tiny.mount_tmpfs("/tmp/shared/later", {})
  tiny.write_file("/tmp/shared/later/file", "x")
  check.equal(oci.succeeds({ "exec", "p", "ls", "/rslave/later", "/rprivate/later" }).out, "/rprivate/later:\n\n/rslave/later:\nfile\n")
  oci.succeeds { "delete", "-f", "p" }
end

-- File systems with settings of their own.
local found = shown("/scratch", mounted { destination = "/scratch", type = "tmpfs", source = "scratch",
  options = { "size=64k", "mode=751", "noexec", "nosuid" } })
check.equal(found.type .. " " .. found.source .. " " .. found.options, "tmpfs scratch rw,nosuid,noexec,relatime")
assert(found.super:match("size=64k") and found.super:match("mode=751"), found.super)
oci.refused("mounts[7]: /scratch: ", mounted { destination = "/scratch", type = "tmpfs", options = { "seize=64k" } })
oci.refused("mounts[7]: /scratch: ", mounted { destination = "/scratch", type = "nosuchfs", source = "x" })
found = shown("/scratch", mounted { destination = "/scratch", type = "tmpfs", source = "t", options = { "sync", "dirsync" } })
assert(found.super:match("sync"), found.super)
check.equal(shown("/hidden", mounted { destination = "/hidden", type = "proc", source = "proc",
  options = { "hidepid=2" } }).super:match("hidepid=%a+"), "hidepid=invisible")
check.equal(shown("/data", function(config, path)
  for _, name in ipairs { "low", "up", "work" } do tiny.mkdir(path .. "/" .. name) end
  table.insert(config.mounts, { destination = "/data", type = "overlay", source = "overlay",
    options = { "lowerdir=" .. path .. "/low", "upperdir=" .. path .. "/up", "workdir=" .. path .. "/work" } })
end).type, "overlay")

-- tmpcopyup: a tmpfs that begins with what it covers. Without it, it is empty, with the mode of the directory.
local function covered(...)
  local options = { ... }
  return function(config, path)
    tiny.mkdir(path .. "/rootfs/covered", { mode = tonumber("1735", 8) })
    tiny.mkdir(path .. "/rootfs/covered/sub")
    tiny.write_file(path .. "/rootfs/covered/file", "copied")
    tiny.symlink("file", path .. "/rootfs/covered/link")
    table.insert(config.mounts, { destination = "/covered", type = "tmpfs", source = "tmpfs", options = options })
  end
end
check.equal(oci.output("cat /covered/link; ls /covered; stat -c %a /covered", covered("tmpcopyup")), "copiedfile\nlink\nsub\n1735")
check.equal(oci.output("ls /covered; stat -c %a /covered", covered()), "1735")
check.equal(oci.output("cat /covered/file; touch /covered/x 2>&1; true", covered("tmpcopyup", "ro")),
  "copiedtouch: /covered/x: Read-only file system")
check.equal(oci.output("stat -c %a /covered", covered("mode=700")), "700")

-- remount changes a mount that is there.
check.equal(shown("/data", function(config)
  bound("rbind", "rw")(config)
  table.insert(config.mounts, { destination = "/data", source = "/tmp/source", type = "none",
    options = { "remount", "bind", "ro", "noexec" } })
end).options:match("^ro.*noexec") ~= nil, true)
oci.refused("mounts[7]: /nothing: ", mounted { destination = "/nothing", type = "none", source = "none", options = { "remount", "ro" } })

-- The root.
check.equal(oci.output("touch /x 2>&1; touch /tmp/y 2>&1; true", function(c) c.root.readonly = true end),
  "touch: /x: Read-only file system\ntouch: /tmp/y: Read-only file system")
check.equal(oci.output("touch /x && echo ok", function(c) c.root.readonly = false end), "ok")
check.equal(oci.output("ls /", function(c, path)
  tiny.rename(path .. "/rootfs", path .. "/elsewhere")
  tiny.symlink("elsewhere", path .. "/rootfs")
end):match("bin"), "bin", "a link to the root")
check.equal(oci.output("echo abs", function(c, path) c.root.path = path .. "/rootfs" end), "abs")
oci.refused("root.path: /tmp/bundle-x-", function(c) c.root.path = "missing" end)
oci.refused("is a file, not a directory", function(c, path)
  tiny.write_file(path .. "/plain", "")
  c.root.path = "plain"
end)
for kind, want in pairs { private = "private", rprivate = "private", unbindable = "unbindable", runbindable = "unbindable",
  shared = "shared", rshared = "shared", [""] = "private" } do
  check.equal(shown("/", function(c) c.linux.rootfsPropagation = kind end).propagation, want, "rootfsPropagation " .. kind)
end
-- What the host mounts later below the root is seen by a slave only.
do
  local path, config = oci.bundle("sleep 60")
  tiny.mkdir "/tmp/shared/root"
  tiny.copy_tree(path .. "/rootfs", "/tmp/shared/root", { archive = true })
  config.root.path = "/tmp/shared/root"
  for kind, want in pairs { slave = "seen", rslave = "seen", shared = "seen", private = "", [""] = "" } do
    config.linux.rootfsPropagation = kind
    oci.write(path, config)
    oci.succeeds { "run", "--detach", "-b", path, "p" }
    local later <close> = tiny.mount_tmpfs("/tmp/shared/root/tmp", {})
    tiny.write_file("/tmp/shared/root/tmp/seen", "x")
    check.equal(oci.succeeds({ "exec", "p", "ls", "/tmp" }).out:gsub("\n", ""), want, "rootfsPropagation " .. kind)
    oci.succeeds { "delete", "-f", "p" }
  end
  check.equal(#tiny.list_dir "/tmp/shared/root/proc", 0, "the container's mounts are not seen by the host")
end
-- A shared mount of a shared root: what the container mounts in it appears on the host, and otherwise not.
tiny.mkdir "/tmp/shared/inner"
for root, want in pairs { rshared = true, rslave = false } do
  local path = oci.bundle("mount -t tmpfs none /data/inner && echo mounted; sleep 60; true", function(config)
    local caps = { "CAP_SYS_ADMIN" }
    config.process.capabilities = { bounding = caps, permitted = caps, effective = caps }
    config.linux.rootfsPropagation = root
    table.insert(config.mounts, { destination = "/data", source = "/tmp/shared", options = { "rbind", "rshared" } })
  end)
  local made = oci.succeeds { "run", "--detach", "-b", path, "p" }
  oci.eventually(function() return made.read() == "mounted\n" end, "mounted")
  check.equal(check.mount_at "/tmp/shared/inner" ~= nil, want, "rootfsPropagation " .. root)
  oci.succeeds { "delete", "-f", "p" }
  if want then tiny.umount "/tmp/shared/inner" end
  check.equal(check.mount_at "/tmp/shared/proc", nil, "the container's own mounts do not")
end
oci.refused("linux.rootfsPropagation: ", function(c) c.linux.rootfsPropagation = "secret" end)

-- Masked and read-only paths: files, directories, and paths that are not there.
check.equal(oci.output("cat /etc/secret; ls /etc/hidden; touch /etc/fixed/x 2>&1; echo x 2>&1 > /etc/file; cat /etc/hidden/f 2>&1; true",
  function(config, path)
  local etc = path .. "/rootfs/etc"
  tiny.mkdir(etc .. "/hidden")
  tiny.mkdir(etc .. "/fixed")
  tiny.write_file(etc .. "/secret", "secret")
  tiny.write_file(etc .. "/hidden/f", "secret")
  tiny.write_file(etc .. "/file", "")
  config.linux.maskedPaths = { "/etc/secret", "/etc/hidden", "/etc/missing", "/proc/keys" }
  config.linux.readonlyPaths = { "/etc/fixed", "/etc/none", "/proc/sys" }
end), "touch: /etc/fixed/x: Read-only file system\ncat: can't open '/etc/hidden/f': No such file or directory")
oci.refused("linux.maskedPaths[0]: it must be an absolute path", function(c) c.linux.maskedPaths = { "proc/kcore" } end)
oci.refused("linux.readonlyPaths[0]: it must be an absolute path", function(c) c.linux.readonlyPaths = { "proc/kcore" } end)
