-- remove: removes the given path, and nothing that is reached through a link or a mount.
local check = require "check"

tiny.write_file("file", "")
tiny.remove("file")
check.equal(tiny.stat("file"), nil)
tiny.mkdir("empty")
tiny.remove("empty")
check.equal(tiny.stat("empty"), nil)

-- Links.
tiny.mkdir("kept/below", { parents = true })
tiny.write_file("kept/file", "x")
tiny.mkdir("tree/a/b", { parents = true })
for _, path in ipairs { "link", "tree/link", "tree/a/b/link" } do tiny.symlink("/tmp/kept", path) end
tiny.mknod("tree/fifo", "fifo")
tiny.remove("link", { recursive = true })
tiny.remove("tree", { recursive = true })
check.equal(tiny.stat("tree"), nil)
assert(tiny.read_file("kept/file") and tiny.stat("kept/below"), "what a link leads to")

-- Mounts: what is mounted in the directory, or on it, is not part of it.
tiny.mkdir("tree/a/volume", { parents = true })
local volume <close> = tiny.mount_bind("kept", "tree/a/volume")
local err = check.fails("EBUSY", tiny.remove, "tree", { recursive = true })
check.equal(err.path, "tree/a/volume")
check.equal(err.hint, "a file system is mounted there; unmount it first")
check.fails("EBUSY", tiny.remove, "tree/a/volume", { recursive = true })
assert(tiny.read_file("kept/file") and tiny.stat("kept/below"), "what is mounted")
volume:close()
tiny.remove("tree/", { recursive = true })

-- A tree that is deeper than the number of descriptors, with paths longer than the maximum.
local child <close> = tiny.fork(function()
  tiny.exec { "perl", "-e", [[for (1 .. 30000) { mkdir "d" or die $!; chdir "d" or die $! } open my $f, ">", "end" or die $!]] }
end)
check.equal(child:wait(), 0)
check.inside({}, function()
  tiny.setrlimit("nofile", 64)
  tiny.remove("d", { recursive = true })
end)
check.equal(tiny.stat("d"), nil)

-- A second process replaces a directory in it with a link that leads out.
tiny.symlink("/tmp/kept", "way_out")
for _ = 1, 200 do
  tiny.mkdir("tree/sub/x", { parents = true })
  local swapper <close> = tiny.fork(function()
    tiny.try(tiny.rename, "tree/sub", "moved")
    tiny.try(tiny.rename, "way_out", "tree/sub")
  end)
  tiny.try(tiny.remove, "tree", { recursive = true })
  swapper:wait()
  tiny.try(tiny.remove, "moved", { recursive = true })
  tiny.try(tiny.remove, "tree", { recursive = true })
  if not tiny.stat("way_out", { follow = false }) then tiny.symlink("/tmp/kept", "way_out") end
  assert(tiny.stat("kept/below") and tiny.stat("kept/file"), "it went outside")
end

-- Several processes remove the same tree: each succeeds, or finds that it is gone.
for _ = 1, 5 do
  for i = 1, 60 do
    tiny.mkdir(("shared/%d/%d/below"):format(i % 6, i), { parents = true })
    tiny.write_file(("shared/%d/%d/file"):format(i % 6, i), "")
  end
  local children = {}
  for i = 1, 3 do
    children[i] = tiny.fork(function()
      local _, err = tiny.try(tiny.remove, "shared", { recursive = true })
      if err and (err.code ~= "ENOENT" or err.path ~= "shared") then error(err, 0) end
      return tiny.stat "shared" and 1 or 0
    end)
  end
  for _, child in ipairs(children) do check.equal(child:wait(), 0) end
end

tiny.mkdir("full/x", { parents = true })
check.equal(check.fails("ENOTEMPTY", tiny.remove, "full").hint, "the directory is not empty; recursive = true removes its contents")
check.equal(check.fails("ENOENT", tiny.remove, "nowhere").path, "nowhere")
check.fails("ENOENT", tiny.remove, "nowhere", { recursive = true })
for _, path in ipairs { "/", ".", "full/.." } do check.fails("EINVAL", tiny.remove, path, { recursive = true }) end

-- Below a root, whose links do not lead out of it.
tiny.mkdir("base/inner", { parents = true })
for _, path in ipairs { "base/file", "base/inner/file" } do tiny.write_file(path, "") end
tiny.symlink("/tmp/kept", "base/out")
local base <close> = tiny.open_root("base")
tiny.remove("/file", { root = base })
check.equal(tiny.stat("base/file"), nil)
check.fails("ENOENT", tiny.remove, "out/file", { root = base })
tiny.remove("inner", { root = base, recursive = true })
check.equal(tiny.stat("base/inner"), nil)
tiny.remove("out", { root = "base" })
assert(tiny.read_file("kept/file") and not tiny.stat("base/out", { follow = false }), "only the link goes")
check.refuses([[unknown option "force"; known options: root, recursive]], tiny.remove, "full", { force = true })
