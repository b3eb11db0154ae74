-- explain: the layers of a container's image with their sizes, and where a file comes from.
local check = require "check"
local maker = require "image_maker"

local busybox = maker.busybox()
busybox.name, busybox["etc/a"], busybox["etc/b"], busybox["lib"] = "busybox", "1", "1", { link = "usr/lib" }
local two = { name = "two", ["etc/a"] = "22", ["etc/b"] = { removed = true }, ["usr/lib/x"] = "x", ["own/file"] = "x", ["loop"] = { link = "loop2/x" }, ["loop2"] = { link = "loop/x" } }
local image = maker.image("app:1", { busybox, two }, { Cmd = { "sleep", "1000" }, Volumes = { ["/data"] = {} } }, { history = { { created_by = "ADD busybox /" }, { created_by = "CMD", empty_layer = true }, { created_by = "RUN make \27[31m" } } })
tiny.mkdir("/tmp/shared", { parents = true, mode = tonumber("755", 8) })
tiny.write_file("/tmp/shared/file", "x", { mode = tonumber("644", 8) })
check.succeeds("run", "-d", "--network", "none", "--name", "web", "-v", "/tmp/shared:/srv/shared:ro", "-v", "named:/named", "--tmpfs", "/scratch", "app:1",
  "sh", "-c", "echo x >/etc/new; echo y >>/etc/a; rm /own/file; touch /named/file /scratch/file; echo ready; exec sleep 1000")
while check.succeeds("logs", "web") ~= "ready\n" do tiny.poll({}, "10ms") end

local ONE, TWO = image.layers[1].diff_id:sub(8, 19), image.layers[2].diff_id:sub(8, 19)
local text = check.succeeds("explain", "web")
local section = assert(text:match("\nLayers\n(.-)\n\n"), text)
assert(section:find("^  writable +%d+ B +what the container has written\n  " .. TWO .. " +4 B +RUN make \\x1b%[31m\n  " .. ONE .. " +[%d.]+ MiB +ADD busybox /$"), section)
local json = tiny.json_decode(check.succeeds("explain", "--format", "json", "web"))
check.equal(#json.layers, 3)
check.equal(json.layers[1].writable, true)
check.equal(json.layers[2].bytes, 4)
check.equal(json.layers[3].diff_id, image.layers[1].diff_id)
local page = check.succeeds("explain", "--html", "-", "web")
assert(page:find('<section id="layers">', 1, true) and page:find("ADD busybox /", 1, true))

-- A file: of a layer, changed, new, deleted, hidden; through links; elsewhere.
local function rows(path)
  local list = {}
  for line in check.succeeds("explain", "web", path):gmatch("[^\n]+") do table.insert(list, (line:gsub("^  ", ""):gsub("  +", ": "))) end
  return list
end
local function says(path, ...)
  local found = rows(path)
  for at, want in ipairs { ... } do assert((found[at] or ""):find("^" .. want), ("%s: %s"):format(path, tiny.show(found))) end
  check.equal(#found, select("#", ...), tiny.show(found))
end
local UPPER = ".*/containers/%x+/upper"
says("/bin/busybox", "/bin/busybox$", "is: a file of [%d.]+ MiB$", "image: app:1$", "from: layer 1, " .. ONE .. ": ADD busybox /$")
says("bin/sh", "/bin/sh$", "is: a link to busybox$", "image: app:1$", "from: layer 1, " .. ONE)
says("/etc/a", "/etc/a$", "is: a file of 4 B$", "image: app:1$", "from: the writable layer, " .. UPPER .. "/etc/a$", "instead of: layer 2, " .. TWO .. ": RUN make \\x1b%[31m$", "instead of: layer 1, " .. ONE)
says("/etc/new", "/etc/new$", "is: a file of 2 B$", "image: app:1$", "from: the writable layer, ")
says("/etc/b", "/etc/b$", "is: not there$", "image: app:1$", "deleted by: layer 2, " .. TWO, "was in: layer 1, " .. ONE)
says("/own/file", "/own/file$", "is: not there$", "image: app:1$", "deleted by: the writable layer, ", "was in: layer 2, " .. TWO)
says("/lib/../lib/./x", "/usr/lib/x$", "reached as: /lib/%.%./lib/%./x$", "is: a file of 1 B$", "image: app:1$", "from: layer 2, " .. TWO)
says("/etc", "/etc$", "is: a directory$", "image: app:1$", "from: the writable layer, ", "also in: layer 2, ", "also in: layer 1, ")
says("/srv/shared/file", "/srv/shared/file$", "is: a file of 1 B$", "from: the host's /tmp/shared, mounted on /srv/shared, read%-only$", "on the host: /tmp/shared/file$")
says("/named/file", "/named/file$", "is: a file of 0 B$", "from: volume named, mounted on /named$", "on the host: .*/volumes/named/data/file$")
says("/data", "/data$", "is: a directory$", "from: volume %x+, mounted on /data$", "on the host: .*/volumes/%x+/data$")
says("/scratch/file", "/scratch/file$", "is: a file of 0 B$", "from: a tmpfs: it is in memory, and lost when the container ends$")
says("/proc/version", "/proc/version$", "is: a file of 0 B$", "from: the kernel's processes, mounted on /proc")
local one = tiny.json_decode(check.succeeds("explain", "--format", "json", "web", "/etc/a"))
check.equal(one.from, "writable")
check.equal(one.layers[2].diff_id, image.layers[2].diff_id)
check.equal(one.layers[2].number, 2)
check.equal(tiny.json_decode(check.succeeds("explain", "--format", "json", "web", "/etc/b")).layers[1].deletes, true)
for path, why in pairs { ["/none"] = "/none: there is no such file in the container, nor in a layer of its image", ["/srv/shared/none"] = "/srv/shared/none: there is no such file in the container", ["/loop/x"] = "/loop/x: it has too many symbolic links" } do
  local wrong = check.run { "explain", "web", path }
  check.equal(wrong.err, "tinylua: " .. why .. "\n")
  check.equal(wrong.status, 1)
end
check.equal(check.run({ "explain", "--html", "-", "web", "/etc" }).status, 2)
check.succeeds("rm", "-fv", "web")

-- A view of the host.
if check.start == tiny.fork then
  check.succeeds("run", "-d", "--name", "view", "sh", "-c", "echo x >/etc/new-of-view; echo ready; exec sleep 1000")
  while check.succeeds("logs", "view") ~= "ready\n" do tiny.poll({}, "10ms") end
  assert(not check.succeeds("explain", "view"):find "\nLayers\n")
  local function view(path) return check.succeeds("explain", "view", path) end
  assert(view("/etc/passwd"):find("from +the host's file, in a throwaway view of the host\n +on the host  /etc/passwd\n"), view "/etc/passwd")
  assert(view("/etc/new-of-view"):find("from +changed in the writable layer\n +on the host  .*/upper/etc/new%-of%-view\n"), view "/etc/new-of-view")
  check.succeeds("rm", "-f", "view")
end
check.no_container()
