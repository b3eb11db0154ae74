-- require "tiny.image": lists, inspects and mounts images of the store.
local check = require "check"
local image = require "tiny.image"
local maker = require "image_maker"

check.equal(#image.list(), 0)
maker.image("debian:12", { { name = "one", ["etc/a"] = "one", ["etc/b"] = "one" }, { name = "two", ["etc/a"] = "two" } }, { Cmd = { "sh" }, User = "1:1" }, { history = { { created_by = "x" } } })
maker.image("single", { { name = "one" } }, {})
check.equal(#image.list(), 2)
check.equal(image.list()[1].name, "docker.io/library/debian:12")
local found = image.inspect "debian:12"
check.equal(found.defaults.user, "1:1")
check.equal(found.defaults.command[1], "sh")
check.equal(found.history[1].created_by, "x")
check.equal(#found.layers, 2)
local _, err = tiny.try(image.inspect, "nothing")
check.equal(err.message, 'no such image: "nothing"')
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mkdir("/tmp/root")
  do
    local mounted <close> = image.mount("debian:12", "/tmp/root")
    check.equal(tiny.read_file("/tmp/root/etc/a"), "two")
    check.equal(tiny.read_file("/tmp/root/etc/b"), "one")
    check.fails("EROFS", tiny.write_file, "/tmp/root/new", "x")
  end
  check.equal(#tiny.list_dir("/tmp/root"), 0, "the handle ends the mount")
  local only <close> = image.mount("single", "/tmp/root")
  check.equal(tiny.read_file("/tmp/root/etc/b"), "one")
  only:close()
  for _, name in ipairs { "upper", "work" } do tiny.mkdir("/tmp/changes/" .. name, { parents = true }) end
  local changed <close> = image.mount("debian:12", "/tmp/root", { upper = "/tmp/changes/upper", work = "/tmp/changes/work" })
  tiny.write_file("/tmp/root/etc/a", "changed")
  check.equal(tiny.read_file("/tmp/changes/upper/etc/a"), "changed")
end)
