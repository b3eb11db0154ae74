-- mount_copy and mount_attach: a mount is copied by a process that can reach and map it, and attached by one that cannot.
local check = require "check"

tiny.mkdir("source/below", { parents = true })
tiny.mkdir("target")
tiny.write_file("source/file", "content")
local below <close> = tiny.mount_tmpfs("source/below", {})
tiny.write_file("source/below/deep", "deep")

do
  local copy <close> = tiny.mount_copy("source")
  check.equal(check.mount_at("/tmp/target"), nil, "not attached yet")
  local mounted <close> = tiny.mount_attach(copy, "target")
  check.equal(tiny.read_file "target/below/deep", "deep")
  check.equal(check.mount_at("/tmp/target").fstype, "tmpfs")
end
check.equal(check.mount_at("/tmp/target"), nil, "after <close>")

-- Of one mount only, and of a file.
do
  local copy <close> = tiny.mount_copy("file", { root = "/tmp/source", recursive = false })
  local mounted <close>, handle = tiny.mount_attach(copy, "new/name", { root = "/tmp/target", create = true, open = true })
  check.equal(tiny.read_file "target/new/name", "content")
  tiny.mount_attributes(".", { root = handle, read_only = true })
  check.fails("EROFS", tiny.append_file, "target/new/name", "other")
end

-- A child that could not search the source attaches it.
tiny.mkdir("private", { mode = tonumber("700", 8) })
tiny.mkdir("private/data")
tiny.write_file("private/data/file", "for the child")
do
  local own <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
  local copy <close> = tiny.mount_copy("private/data", { slave = true })
  check.inside({ user = own, mount = true }, function()
    tiny.setuser(0)
    check.fails("EACCES", tiny.read_file, "private/data/file")
    tiny.mount_attach(copy, "target")
    check.equal(tiny.read_file "target/file", "for the child")
  end)
  -- With mapped owners, if this file system has them.
  local mapped = tiny.try(tiny.mount_copy, "private/data", { idmap = own, idmap_recursive = false })
  if mapped then
    check.inside({ user = own, mount = true }, function()
      tiny.setuser(0)
      tiny.mount_attach(mapped, "target")
      check.equal(tiny.stat("target/file").uid, 0)
    end)
    mapped:close()
  end
end

-- What is mounted in the copy of a shared mount appears at the source, and not with `slave`.
tiny.mkdir("shared")
local shared <close> = tiny.mount_tmpfs("shared", {})
tiny.mount_propagation("shared", "shared")
tiny.mkdir("shared/inner")
for slave, want in pairs { [true] = false, [false] = true } do
  local copy <close> = tiny.mount_copy("shared", { slave = slave })
  local mounted <close> = tiny.mount_attach(copy, "target")
  local inner <close> = tiny.mount_tmpfs("target/inner", {})
  check.equal(check.mount_at("/tmp/shared/inner") ~= nil, want, "slave: " .. tostring(slave))
end

do
  local copy <close> = tiny.mount_copy("source/file")
  check.fails("ENOTDIR", tiny.mount_attach, copy, "target")
end
do
  local dir <close> = tiny.open_root("/tmp/source")
  check.fails("EINVAL", tiny.mount_attach, dir, "target")
end
check.fails("ENOENT", tiny.mount_copy, "missing")
