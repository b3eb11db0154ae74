-- layer_link: hard links to files of lower layers, as GNU tar makes them in a tree with the content of all layers.
local check = require "check"
local tar = require "tar_maker"

local function run(command) assert(os.execute(command), command) end
local MERGED <const> = "merged"
for _, name in ipairs { MERGED, "layer", "work" } do tiny.mkdir(name, { mode = tonumber("755", 8) }) end

-- Two lower layers: the upper one removes and replaces files of the other.
run [[mkdir -p one/d/deep one/gone one/opaque one/var one/priv two/d two/opaque two/bin && chmod 700 one/priv
  echo content >one/d/file && chown 12:34 one/d/file && chmod 4751 one/d/file && echo secret >one/priv/f && ln one/d/file one/d/deep/same &&
  echo x | tee one/gone/f one/opaque/old one/replaced >one/hidden && mknod two/gone c 0 0 && mknod two/hidden c 0 0 && echo new >two/replaced &&
  ln -s file two/d/link && ln -s d two/alias && ln -s /priv one/var/priv && mkfifo one/d/fifo && mknod one/d/null c 1 3 && mkdir one/lowdir &&
  echo y >one/lowdir/f && echo z >one/taken && truncate -s 4M two/bin/sparse && echo end >>two/bin/sparse && chmod 755 two/bin/sparse &&
  find one two -exec touch -h -d @1000000000 {} + ]]
tiny.setxattr("one/d/file", "user.note", { value = "kept" })
tiny.setxattr("two/opaque", "trusted.overlay.opaque", { value = "y" })

-- Calls f where the overlay is mounted.
local function mounted(options, f)
  check.inside({ mount = true }, function()
    tiny.mount_private "/"
    options.nodev = false
    tiny.mount_overlay(MERGED, options)
    f()
  end)
end
local function link(links, options)
  options = options or {}
  options.root = MERGED
  for _, name in ipairs { "layer", "work" } do
    os.execute(("rm -rf %s && mkdir -m 755 %s"):format(name, name))
  end
  return function()
    mounted({ lower = { "two", "one" }, upper = "layer", work = "work" }, function() tiny.layer_link(links, options) end)
  end
end

local links = {
  { "first", "d/file" }, { "chained", "second" }, { "second", "first" }, { "d/beside", "d/file" }, { "through", "alias/file" }, { "links", "d/link" },
  { "absolute", "var/priv/f" }, { "pipe", "d/fifo" }, { "device", "d/null" }, { "lowdir", "d/file" }, { "taken", "replaced" }, { "hole", "bin/sparse" },
  { "alias/below", "d/file" },
}
link(links)()

-- GNU tar makes the same in one tree. It follows no absolute link out of the tree, as a container does.
run [[cp -a one ref && rm -rf ref/gone ref/hidden ref/opaque/old && cp -a two/. ref && rm -f ref/gone ref/hidden && ln -sfn ../priv ref/var/priv]]
local entries = {}
for _, pair in ipairs { { "first", "d/file" }, { "second", "first" }, { "chained", "second" } } do table.insert(entries, tar.link(pair[1], pair[2])) end
for at = 4, #links do table.insert(entries, tar.link(links[at][1], links[at][2])) end
tiny.write_file("layer.tar", tar.archive(entries))
run [[rm -rf ref/lowdir && tar -C ref -xpf layer.tar && ln -sfn /priv ref/var/priv && touch -h -d @1000000000 ref/var/priv &&
  find ref -type d -exec touch -d @1000000000 {} +]]
mounted({ lower = { "layer", "two", "one" }, read_only = true }, function()
  -- A lower file with two names is copied under one of them.
  local function plain(root) return (tar.shown(root):gsub("\n/d/deep[^\n]*", "")) end
  check.equal(plain(MERGED), plain "ref")
  check.equal(tiny.stat(MERGED .. "/first").ino, tiny.stat(MERGED .. "/d/file").ino)
end)
run [[python3 -c 'import os
assert os.getxattr("layer/first", "user.note") == b"kept"
s = os.stat("layer/hole")
assert s.st_blocks * 512 < s.st_size, "a hole is filled"
assert os.stat("layer/priv").st_mode & 0o777 == 0o700']]

-- A lower file is copied once, whatever its names, and all copies together have a limit.
run "mkdir one/m && head -c 100000 /dev/zero >one/m/1 && ln one/m/1 one/m/2 && ln one/m/1 one/m/3"
local several = { { "n1", "m/1" }, { "n2", "m/2" }, { "n3", "m/3" }, { "n4", "n2" }, { "m/1", "m/3" } }
local function limited(most, pairs) return link(pairs, { max_bytes = most }) end
limited(100000, several)()
for _, name in ipairs { "n2", "n3", "n4", "m/1" } do check.equal(tiny.stat("layer/" .. name).ino, tiny.stat("layer/n1").ino, name) end
check.equal(tiny.stat("layer/m/2"), nil)
local err = check.fails("EFBIG", limited(99999, several))
assert(err.message:find("n1 (its hard links copy more than 99999 bytes from the layers below)", 1, true), err.message)
-- The copy is replaced by another link: the next name needs a copy of its own.
check.fails("EFBIG", limited(200000, { { "n1", "m/1" }, { "m/1", "d/file" }, { "n2", "m/2" } }))
limited(200008, { { "n1", "m/1" }, { "m/1", "d/file" }, { "n2", "m/2" } })()
check.equal(tiny.read_file "layer/m/1", "content\n")
check.equal(tiny.stat("layer/n2").size, 100000)

-- What is refused: targets that an upper layer hides, directories, and names that lead nowhere.
local function fails(code, text, pair)
  local err = check.fails(code, link { pair })
  assert(err.message:find(text, 1, true), err.message)
end
for _, target in ipairs { "gone/f", "hidden", "opaque/old", "nothing", "no/thing", "d/file/x" } do
  fails("ENOENT", ('l (it is a hard link to "%s", which no layer has)'):format(target), { "l", target })
end
fails("EPERM", "a hard link to a directory", { "l", "d" })
fails("ENOENT", "l (it is a hard link to", { "l", "l" })
fails("ENOENT", "its directory is not in the layer", { "no/l", "d/file" })

-- No link leads out of the root.
tiny.mkdir "/tmp/canary"
tiny.write_file("/tmp/canary/f", "canary")
run "ln -s /tmp/canary two/out && ln -s ../../../../../../../tmp/canary two/up && mkdir -p one/tmp/canary && echo inside >one/tmp/canary/g"
for _, way in ipairs { "out", "up" } do
  fails("ENOENT", "which no layer has", { "l", way .. "/f" })
  link({ { way .. "/l", "d/file" } })()
  check.equal(tiny.stat("/tmp/canary/l"), nil)
  check.equal(tiny.read_file "layer/tmp/canary/l", "content\n")
end
check.equal(table.concat(tiny.list_dir "/tmp/canary"), "f")
check.equal(tiny.read_file "/tmp/canary/f", "canary")

-- Without an upper directory, and with what is no link.
check.fails("EROFS", function()
  mounted({ lower = { "two", "one" }, read_only = true }, function() tiny.layer_link({ { "l", "d/fifo" } }, { root = MERGED }) end)
end)
check.refuses("a link is a list of two: its name and its target", tiny.layer_link, { { "l" } }, { root = MERGED })
