-- Bundles and ids that are damaged, huge or hostile: one sentence names the file or field, and nothing is left. What a link of the
-- image points to is looked for below the root file system only.
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"

local refused = hostile.refused

-- A file config.json that is made by make(path).
local function file(text, make)
  hostile.leaves_nothing(function()
    local path = oci.folder()
    make(path .. "/config.json", path)
    local started = tiny.clock "monotonic"
    refused(text, { "create", "--bundle", path, "c" })
    assert(tiny.clock "monotonic" - started < 20, "it takes too long")
    tiny.remove(path, { recursive = true })
  end, tiny.show(text))
end

local function content(text, bytes) file(text, function(path) tiny.write_file(path, bytes) end) end

-- The file.
refused("bundle /tmp/nothing: no such file or directory", { "create", "--bundle", "/tmp/nothing", "c" })
file("config.json: no such file or directory", function() end)
file("config.json", function(path) tiny.mkdir(path) end)
file("config.json", function(path) tiny.mknod(path, "fifo") end)
file("config.json", function(path) tiny.symlink("config.json", path) end)
file("config.json", function(path) tiny.symlink("/dev/zero", path) end)
file("config.json", function(path) tiny.symlink("/dev/null", path) end)
content("config.json", "")
content("config.json", "\0\0\0\0")
content("config.json", '{"ociVersion": "1.0.0"')
content("config.json", '{"ociVersion": "1.0.0",}')
content("config.json", "{'ociVersion': 1}")
content("config.json", "[1, 2]")
content("config.json", "7")
content("config.json", "null")
content("config.json", '"text"')
content("config.json", '{"hostname": "\255\254"}')
content("config.json", ("["):rep(200000))
content("config.json", ('{"a":'):rep(100000) .. "1" .. ("}"):rep(100000))
content("config.json", '{"x": "' .. ("a"):rep(17 * 1024 * 1024) .. '"}')
content("ociVersion: it is missing", "{}")
content("ociVersion", '{"ociVersion": "two"}')
content("ociVersion", '{"ociVersion": "2.0.0"}')
content("ociVersion", '{"ociVersion": "1.0"}')
content("root: it is missing", '{"ociVersion": "1.0.0"}')

-- A field.
local function field(text, change)
  hostile.leaves_nothing(function()
    local path = oci.bundle("true", change)
    refused(text, { "create", "--bundle", path, "c" })
    tiny.remove(path, { recursive = true })
  end, tiny.show(text))
end
local function mount(config, target, more)
  local one = { destination = target, type = "tmpfs", source = "tmpfs" }
  for key, value in pairs(more or {}) do one[key] = value end
  table.insert(config.mounts, one)
end

field("process.args[0]", function(c) c.process.args = { "a\0b" } end)
field("process.env[0]", function(c) c.process.env = { "A=\0" } end)
field("root.path", function(c) c.root.path = "rootfs\0x" end)
field("annotations", function(c) c.annotations = { ["a\0b"] = "x" } end)
field("linux.sysctl", function(c) c.linux.sysctl = { ["net.ipv4.ip_forward\0"] = "1" } end)
field("linux.sysctl.net/../kernel/core_pattern", function(c) c.linux.sysctl = { ["net/../kernel/core_pattern"] = "|/tmp/x" } end)
field("linux.sysctl.net.ipv4..", function(c) c.linux.sysctl = { ["net.ipv4..kernel"] = "1" } end)
field("linux.sysctl.kernel.core_pattern", function(c) c.linux.sysctl = { ["kernel.core_pattern"] = "|/tmp/x" } end)
field("linux.sysctl.kernel/core_pattern", function(c) c.linux.sysctl = { ["kernel/core_pattern"] = "|/tmp/x" } end)
field("linux.sysctl.vm.swappiness", function(c) c.linux.sysctl = { ["vm.swappiness"] = "1" } end)
field("root.path", function(c) c.root.path = "nothing" end)
field("root.path", function(c, path) tiny.write_file(path .. "/a-file", "") c.root.path = "a-file" end)
field("root.path", function(c, path) tiny.mknod(path .. "/a-fifo", "fifo") c.root.path = "a-fifo" end)
field("root.path", function(c, path) tiny.symlink("loop", path .. "/loop") c.root.path = "loop" end)
field("mounts[7].destination", function(c) mount(c, "/tmp/../../x") end)
field("mounts[7].destination", function(c) mount(c, "/") end)
field("mounts[7].destination", function(c) mount(c, "/./") end)
field("mounts[7]", function(c) mount(c, "/tmp/x", { type = "no-such-type" }) end)
field("mounts[7]", function(c) mount(c, "/tmp/x", { type = "bind", source = "/nothing" }) end)
field("mounts[7].source", function(c) mount(c, "/tmp/x", { type = "bind", source = "" }) end)
field("mounts[7]", function(c) mount(c, "/etc/passwd/x") end)
field("linux.namespaces[0].type", function(c) c.linux.namespaces[1].type = "network2" end)
field("linux.namespaces[0].type", function(c) c.linux.namespaces[1].type = "" end)
field("linux.namespaces[6]", function(c) table.insert(c.linux.namespaces, { type = "pid" }) end)
field("linux.namespaces[1].path", function(c) c.linux.namespaces[2].path = "proc/1/ns/net" end)
for i, kind in ipairs { "pid", "network", "ipc", "uts", "mount", "cgroup" } do
  local where = "linux.namespaces"
  field(where, function(c) check.equal(c.linux.namespaces[i].type, kind) c.linux.namespaces[i].path = "/nothing" end)
  field(where, function(c) c.linux.namespaces[i].path = "/etc/passwd" end)
  field(where, function(c) c.linux.namespaces[i].path = "/proc/self/ns/" .. (kind == "ipc" and "net" or "ipc") end)
end
field("linux.cgroupsPath", function(c) c.linux.cgroupsPath = "/../../x" end)
field("linux.cgroupsPath", function(c) c.linux.cgroupsPath = "a/../b" end)
field("linux.devices[0].path", function(c) c.linux.devices = { { path = "/dev/../../x", type = "c", major = 1, minor = 3 } } end)
field("linux.devices[0].path", function(c) c.linux.devices = { { path = "dev/x", type = "c", major = 1, minor = 3 } } end)
field("process.cwd", function(c) c.process.cwd = "tmp" end)
field("process.args", function(c) c.process.args = {} end)
field("nothing", function(c) c.process.args = { "/nothing" } end)
field("process.capabilities.bounding[0]", function(c) c.process.capabilities.bounding = { "CAP_EVERYTHING" } end)
field("annotation org.tinylua.recipe", function(c) c.annotations = { ["org.tinylua.recipe"] = "../../tmp/x" } end)
field("annotation org.tinylua.recipe", function(c) c.annotations = { ["org.tinylua.recipe"] = "/tmp/x" } end)
field("annotation org.tinylua.recipe", function(c) c.annotations = { ["org.tinylua.recipe"] = "return os.execute'id'" } end)
field("annotation org.tinylua.recipe", function(c) c.annotations = { ["org.tinylua.recipe"] = "nothing" } end)
field("windows", function(c) c.windows = { layerFolders = { "x" } } end)

-- A profile of 10,000 rules: it takes a moment, or is refused by name.
local names = {}
for name in ("read write openat close mmap mprotect munmap ioctl socket connect accept4 clone execve kill fcntl"):gmatch("%S+") do table.insert(names, name) end
local function profile(action, distinct)
  local rules = {}
  for i = 1, 10000 do
    rules[i] = { names = { names[i % #names + 1] }, action = action, args = { { index = 1, value = distinct and i or 7, op = "SCMP_CMP_EQ" } } }
  end
  return { defaultAction = "SCMP_ACT_ALLOW", syscalls = rules }
end
for _, distinct in ipairs { true, false } do
  local path = oci.bundle("true", function(c) c.linux.seccomp = profile("SCMP_ACT_ERRNO", distinct) end)
  hostile.leaves_nothing(function()
    local started = tiny.clock "monotonic"
    local result = oci.run { "create", "--bundle", path, "c" }
    print(("10000 rules, %s: status %d after %.1f s"):format(distinct and "all different" or "repeated", result.status, tiny.clock "monotonic" - started))
    assert(tiny.clock "monotonic" - started < 60, "it takes too long")
    if result.status ~= 0 then
      local sentence = hostile.sentence(result.err, "10,000 rules")
      assert(sentence:find("linux.seccomp", 1, true), sentence)
    end
    hostile.delete()
  end)
end

-- Ids, for every command.
local bundle = oci.bundle("true")
for _, id in ipairs { "../x", "..", ".", "", "a/b", "a b", "a\nb", "\27[2J", "a;b", "é", "$(id)", ("x"):rep(1025), ("x"):rep(300) } do
  local about = tiny.show(id)
  hostile.leaves_nothing(function()
    refused(#id == 300 and "" or "invalid container ID", { "create", "--bundle", bundle, "--", id })
    for _, words in ipairs { { "start" }, { "state" }, { "kill" }, { "delete" }, { "pause" }, { "resume" }, { "ps" }, { "events", "--stats" } } do
      table.insert(words, "--")
      table.insert(words, id)
      refused(#id == 300 and "" or "invalid container ID", words)
    end
    refused(#id == 300 and "" or "invalid container ID", { "exec", "--", id, "true" })
    refused(#id == 300 and "" or "invalid container ID", { "update", "--memory", "64m", "--", id })
  end, about)
end

-- Links of the image where something is mounted, masked or created: nothing outside of the root changes.
tiny.mkdir("/tmp/outside")
tiny.write_file("/tmp/outside-file", "untouched")
local function linked(about, make, change)
  hostile.leaves_nothing(function()
    local path = oci.bundle("true", function(c, path)
      make(path .. "/rootfs")
      change(c)
    end)
    local result = oci.run { "run", "--bundle", path, "c" }
    if result.status ~= 0 then hostile.sentence(result.err, about) end
    check.equal(#tiny.list_dir("/tmp/outside"), 0, about .. ": made outside")
    check.equal(tiny.read_file("/tmp/outside-file"), "untouched", about)
    tiny.remove(path, { recursive = true })
  end, about)
end
for _, way in ipairs { "/tmp/outside", "../../../../../../tmp/outside", "/proc/self/root/tmp/outside", "/proc/1/root/tmp/outside" } do
  local function to(name) return function(root) tiny.try(tiny.remove, root .. name, { recursive = true }) tiny.symlink(way, root .. name) end end
  linked("tmpfs on a link to " .. way, to "/data", function(c) mount(c, "/data") end)
  linked("tmpfs below a link to " .. way, to "/data", function(c) mount(c, "/data/new/deep") end)
  linked("bind below a link to " .. way, to "/data", function(c) mount(c, "/data/file", { type = "bind", source = "/etc/hostname" }) end)
  linked("device below a link to " .. way, to "/data", function(c) c.linux.devices = { { path = "/data/null", type = "c", major = 1, minor = 3 } } end)
  linked("working directory below a link to " .. way, to "/data", function(c) c.process.cwd = "/data/new" end)
  linked("masked link to " .. way, to "/data", function(c) c.linux.maskedPaths, c.linux.readonlyPaths = { "/data", "/data/x" }, { "/data" } end)
  for _, name in ipairs { "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/sys/fs" } do
    linked(name .. " is a link to " .. way, to(name), function(c)
      if name == "/dev/pts" then table.remove(c.mounts, 2) end
    end)
  end
end
-- /proc and /sys must not be elsewhere.
for _, name in ipairs { "/proc", "/sys" } do
  for _, make in ipairs { function(path) tiny.symlink("/tmp", path) end, function(path) tiny.write_file(path, "") end, function(path) tiny.mknod(path, "fifo") end } do
    field(name, function(_, path)
      tiny.remove(path .. "/rootfs" .. name, { recursive = true })
      make(path .. "/rootfs" .. name)
    end)
  end
end
