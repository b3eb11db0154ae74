-- tar_unpack: an untrusted archive is unpacked only below its directory or root.
local check = require "check"

local function run(command) assert(os.execute(command), command) end
local function unpack(archive, to, options)
  local from <close> = tiny.open(archive)
  options = options or {}
  options.from = from
  return tiny.tar_unpack(to, options)
end

local LONG = ("l"):rep(90)
run([[mkdir -p src/sub && echo text >src/plain && chmod 640 src/plain && chown 1000:1000 src/plain && ln -s plain src/link &&
  ln src/plain src/hard && mkfifo src/pipe && touch -d @1000000000 src/sub && chmod 500 src/sub && echo long >src/]] .. LONG)
for _, form in ipairs { "gnu", "pax", "ustar" } do
  run("tar --format=" .. form .. " -cf " .. form .. ".tar src")
  tiny.mkdir(form)
  unpack(form .. ".tar", form)
  check.equal(tiny.read_file(form .. "/src/plain"), "text\n")
  check.equal(tiny.stat(form .. "/src/plain").uid, 0)
  check.equal(tiny.stat(form .. "/src/plain").ino, tiny.stat(form .. "/src/hard").ino, "hard links")
  check.equal(tiny.readlink(form .. "/src/link"), "plain")
  check.equal(tiny.stat(form .. "/src/sub").mode, tonumber("500", 8))
  check.equal(tiny.stat(form .. "/src/sub").mtime, 1000000000.0)
  check.equal(tiny.read_file(form .. "/src/" .. LONG), "long\n")
end
tiny.mkdir("kept")
unpack("gnu.tar", "kept", { archive = true })
check.equal(tiny.stat("kept/src/plain").uid, 1000)
run "cd src && tar -cf ../dot.tar . && mkdir ../dot && chmod 700 ../dot"
unpack("dot.tar", "dot")
check.equal(tiny.stat("dot").mode, tonumber("700", 8), "the folder itself stays as it is")

-- Names that lead upward or through links: refused, or kept inside.
run "mkdir evil && echo bad >evil/x && tar -P --transform 's,evil/x,a/../../out,' -cf up.tar evil/x && tar -P --transform 's,evil,/tmp/abs,' -cf abs.tar evil/x"
tiny.mkdir("in")
check.fails("EINVAL", unpack, "up.tar", "in")
check.equal(tiny.stat("out"), nil)
unpack("abs.tar", "in")
check.equal(tiny.read_file("in/tmp/abs/x"), "bad\n")
check.equal(tiny.stat("/tmp/abs"), nil)
run [[ln -s / evil/l && tar -cf links.tar evil/l && rm evil/l && mkdir -p evil/l/through && echo bad >evil/l/through/x && tar -rf links.tar evil/l/through/x]]
unpack("links.tar", "in")
check.equal(tiny.read_file("in/through/x"), "bad\n")
check.equal(tiny.stat("/through"), nil)
run [[ln /etc/hostname evil/h 2>/dev/null || true; echo victim >victim; mkdir -p w/a && ln victim w/a/h && cp victim w/h2; tar -P --transform 's,^w/a/h$,../victim,R;s,^victim,../victim,' -cf hard.tar victim w/a/h 2>/dev/null || true]]
tiny.mkdir("hardly")
check.fails("EINVAL", unpack, "hard.tar", "hardly")

-- Below a root, its links are resolved relative to the root.
run "mkdir -p root/usr/lib root/srv && ln -s /usr/lib root/lib && mkdir -p lib && echo l >lib/x && tar -cf lib.tar lib/x"
unpack("lib.tar", "/", { root = "root" })
check.equal(tiny.read_file("root/usr/lib/x"), "l\n")
unpack("lib.tar", "/srv/../srv/.", { root = "root" })
check.equal(tiny.read_file("root/srv/lib/x"), "l\n")

-- Input that is not an archive.
run "gzip -k gnu.tar; head -c 1500 gnu.tar >cut.tar; echo junk >junk.tar; : >empty.tar"
local compressed = check.fails("EINVAL", unpack, "gnu.tar.gz", "in")
check.equal(compressed.hint, "pipe it through `gunzip` first")
for _, name in ipairs { "junk", "empty" } do check.fails("EINVAL", unpack, name .. ".tar", "in") end
run "head -c 100000 /dev/urandom >big && tar -cf big.tar big && head -c 50000 big.tar >cut.tar && mkdir half"
check.fails("EINVAL", unpack, "cut.tar", "half")
check.equal(#tiny.list_dir("half"), 0, "no half file")
check.fails("ENOTDIR", unpack, "gnu.tar", "big")
check.fails("ENOENT", unpack, "gnu.tar", "nowhere")
