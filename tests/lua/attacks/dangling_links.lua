-- A root file system whose links dangle, loop or point out of it: the container's files, volumes, tmpfs and working directory
-- are created where the kernel would find them after chroot(2), and never on the host.
local check = require "check"
local net = require "networked"

tiny.mount_tmpfs("/srv")
local BUSYBOX = "/bin/busybox"
if not tiny.stat(BUSYBOX) then check.skip("needs /bin/busybox in the view of the host") end
local program = assert(io.open(BUSYBOX, "rb")):read("a")
tiny.mkdir("/tmp/site")
tiny.write_file("/tmp/site/page", "a page")

-- A fresh root with these links: { "PATH", "TARGET" }.
local function root(links)
  tiny.try(tiny.remove, "/tmp/fs", { recursive = true })
  for _, name in ipairs { "bin", "etc", "run" } do tiny.mkdir("/tmp/fs/" .. name, { parents = true }) end
  tiny.write_file("/tmp/fs/bin/busybox", program, { mode = tonumber("755", 8) })
  for _, link in ipairs(links) do tiny.symlink(link[2], "/tmp/fs" .. link[1]) end
end
local function run(...) return check.run { "run", "--rm", "--rootfs", "/tmp/fs", ... } end
local function prints(want, ...)
  local result = run(...)
  check.equal(result.out, want, result.err)
end
local function untouched(what)
  check.equal(#tiny.list_dir("/srv"), 0, what .. ": created on the host")
  check.equal(tiny.stat("/run/systemd/resolve"), nil, what)
end

-- Where the target of a link is inside the root: the same as the kernel's resolution, with .. stopping at the root.
local PLACES = {
  ["/srv/new"] = "/srv/new", ["../srv/new"] = "/srv/new", ["../../../../srv/new"] = "/srv/new", ["/../../srv/new"] = "/srv/new",
  ["/srv/one/../../../../srv/new"] = "/srv/new", ["new"] = "/links/new", ["./deep/er/new"] = "/links/deep/er/new",
}
for target, place in pairs(PLACES) do
  for _, below in ipairs { "", "/below" } do
    local function fresh()
      root {}
      tiny.mkdir "/tmp/fs/links"
      tiny.symlink(target, "/tmp/fs/links/it")
    end
    local at, found = "/links/it" .. below, "/tmp/fs" .. place .. below
    fresh()
    prints("a page", "-v", "/tmp/site:" .. at, "/bin/busybox", "cat", place .. below .. "/page")
    check.equal(tiny.stat(found).kind, "dir", "-v " .. target)
    fresh()
    prints("a page", "-v", "/tmp/site/page:" .. at, "/bin/busybox", "cat", place .. below)
    check.equal(tiny.stat(found).kind, "file", "-v of a file " .. target)
    fresh()
    prints("tmpfs\n", "--tmpfs", at, "/bin/busybox", "sh", "-c", "busybox stat -fc %T " .. place .. below)
    fresh()
    prints(place .. below .. "\n", "-w", at, "/bin/busybox", "pwd")
    check.equal(tiny.stat(found).kind, "dir", "-w " .. target)
    untouched(target)
  end
end

-- Chains of links are followed; loops, and links that lead through a file, are errors.
root { { "/a", "b/x" }, { "/b", "/c" }, { "/c", "../../srv/end" } }
prints("a page", "-v", "/tmp/site:/a", "/bin/busybox", "cat", "/srv/end/x/page")
untouched "a chain"
for what, links in pairs {
  ["a loop"] = { { "/a", "b" }, { "/b", "a" } }, itself = { { "/a", "a/below" } }, ["a file"] = { { "/a", "/bin/busybox/below" } },
  ["a long way round"] = { { "/a", "b/../c" }, { "/c", "/a/.." } },
} do
  for _, words in ipairs { { "-v", "/tmp/site:/a" }, { "-v", "/tmp/site/page:/a" }, { "--tmpfs", "/a" }, { "-w", "/a" } } do
    root(links)
    local result = run(words[1], words[2], "/bin/busybox", "true")
    assert(result.status == 125 or result.status == 126 or result.status == 0 and what == "a long way round", what .. ": " .. result.status)
    assert(not (result.err:match("hint:.*") or ""):find("create = true", 1, true), result.err)
    untouched(what)
  end
end
check.no_container()

-- The files for name resolution, as in the root file systems of Debian and Ubuntu with systemd-resolved.
net.needs()
local STUB = { "/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf" }
local CAT = "for f in resolv.conf hosts hostname; do busybox cat /etc/$f | busybox head -n1; done"
local WANT = "nameserver 127.0.0.11\n127.0.0.1\tlocalhost\nh\n"
for _, more in ipairs { {}, { { "/etc/hosts", "/srv/hosts" }, { "/etc/hostname", "../../../srv/deep/hostname" } } } do
  root { STUB, table.unpack(more) }
  prints(WANT, "--network", "bridge", "-h", "h", "/bin/busybox", "sh", "-c", CAT)
  -- With a file system in memory where the link leads, and a volume in place of /etc or of one file.
  prints(WANT, "--network", "bridge", "-h", "h", "--tmpfs", "/run", "/bin/busybox", "sh", "-c", CAT)
  prints("a page", "--network", "bridge", "-v", "/tmp/site/page:/etc/hosts", "/bin/busybox", "cat", "/etc/hosts")
  prints("127.0.0.1\tlocalhost\n", "-h", "h", "/bin/busybox", "sh", "-c", "busybox head -n1 /etc/hosts")
  untouched "resolv.conf"
end
tiny.mkdir("/tmp/etc")
prints(WANT, "--network", "bridge", "-h", "h", "-v", "/tmp/etc:/etc", "/bin/busybox", "sh", "-c", CAT)
root { { "/etc/resolv.conf", "/etc/resolv.conf" } }
local loop = run("--network", "bridge", "/bin/busybox", "true")
check.equal(loop.status, 125)
assert(loop.err:find("ELOOP", 1, true), loop.err)
net.nothing_left()
