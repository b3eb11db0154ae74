-- Bundles for the tests of the OCI runtime, and its commands. A bundle has the programs of busybox and the configuration that
-- `spec` writes, without a terminal; a test changes it. Output goes to files, since a created container keeps it open.
local check = require "check"

local oci = {}

if not tiny.stat("/bin/busybox") then check.skip("there is no busybox-static on this machine") end

local PROGRAMS = "sh cat echo ls id mkdir mknod mount umount ps sleep stat test touch true false head hostname ip grep kill ln nice readlink " ..
  "rm sed seq sync tail tr wc env expr dd chmod chown printf cut sort uname date tty stty pwd unshare nsenter"

local count = 0

-- A path that does not exist yet: a child of the test counts on its own.
local function unused(pattern)
  repeat count = count + 1 until not tiny.stat(pattern:format(count))
  return pattern:format(count)
end

-- Where the runtime keeps its containers.
function oci.root() return check.root .. "/oci" end

-- Creates the directory of a bundle with a root file system, without a configuration; returns its path.
function oci.folder(name)
  local path = unused("/tmp/bundle-" .. (name or "x") .. "-%d")
  for _, folder in ipairs { "bin", "proc", "sys", "dev", "tmp", "etc", "root", "run" } do
    tiny.mkdir(path .. "/rootfs/" .. folder, { parents = true, mode = tonumber("755", 8) })
  end
  tiny.copy_tree("/bin/busybox", path .. "/rootfs/bin/busybox", { follow = true })
  for program in PROGRAMS:gmatch("%S+") do tiny.symlink("busybox", ("%s/rootfs/bin/%s"):format(path, program)) end
  tiny.write_file(path .. "/rootfs/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n",
    { mode = tonumber("644", 8) })
  return path
end

-- The configuration that a test starts from: as `spec` writes it, for a shell script if `script` is given.
function oci.config(script)
  local config = require "tiny.oci.template"(false)
  config.ociVersion, config.process.terminal = "1.3.0", false
  config.process.rlimits = nil
  config.root.readonly = false
  config.process.args = script and { "sh", "-c", script } or { "true" }
  return config
end

-- Writes a configuration into a bundle.
function oci.write(path, config)
  tiny.write_file(path .. "/config.json", type(config) == "string" and config or tiny.json_encode(config), { mode = tonumber("644", 8) })
end

-- Creates a bundle: its program is the shell script; change(config) changes its configuration. Returns path and configuration.
function oci.bundle(script, change)
  local path, config = oci.folder(), oci.config(script)
  if change then config = change(config, path) or config end
  oci.write(path, config)
  return path, config
end

-- Runs the runtime with these words, which begin with its global options or the command. options: input; env, a table; at, the
-- working directory; prepare, a function that runs in the new process; wait = false returns at once. Returns status, out, err,
-- and `read`, which reads the output again: a created container writes to it later.
function oci.run(words, options)
  options = options or {}
  local base = unused("/tmp/oci-output-%d.in"):gsub("%.in$", "")
  tiny.write_file(base .. ".in", options.input or "")
  local child = check.start(function()
    for number, name in pairs { [0] = ".in", [1] = ".out", [2] = ".err" } do
      local file <close> = tiny.open(base .. name, number == 0 and {} or { write = true, create = true, append = true })
      tiny.dup2(file, number)
    end
    if options.at then tiny.chdir(options.at) end
    if options.prepare then options.prepare() end
    local env = options.env or check.environment or { PATH = os.getenv "PATH", HOME = "/root" }
    tiny.exec { file = "/proc/self/exe", env = env, keep_fds = options.keep_fds, "tinylua-oci", "--root", oci.root(), table.unpack(words) }
  end)
  local result = {}
  function result.read(name) return tiny.read_file(base .. (name or ".out")) or "" end
  function result.wait()
    result.status = child:wait()
    child:close()
    result.out, result.err = result.read(), result.read ".err"
    return result
  end
  result.child = child
  return options.wait == false and result or result.wait()
end

-- Like `run`, but it must succeed; returns the result.
function oci.succeeds(words, options)
  local result = oci.run(words, options)
  if result.status ~= 0 then error(("%s: status %s: %s%s"):format(table.concat(words, " "), result.status, result.out, result.err), 2) end
  return result
end

-- Runs the runtime, which must fail with one sentence that contains `text`, as it is.
function oci.fails(text, words, options)
  local result = oci.run(words, options)
  if result.status == 0 then error(("%s: did not fail with %q"):format(table.concat(words, " "), text), 2) end
  if not result.err:find(text, 1, true) then error(("got %q, want %q"):format(result.err, text), 2) end
  return result
end

-- Runs a script in a container with this configuration; returns what it prints. It must succeed and leave nothing.
function oci.output(script, change, options)
  local result = oci.succeeds({ "run", "--bundle", (oci.bundle(script, change)), "c" }, options)
  if result.err ~= "" then error(("on standard error: %q"):format(result.err), 2) end
  oci.nothing "c"
  return (result.out:gsub("\n$", ""))
end

-- Creating a container with this configuration must fail with this text, and leave nothing.
function oci.refused(text, change, options)
  local result = oci.fails(text, { "run", "--bundle", (oci.bundle("true", change)), "c" }, options)
  oci.nothing "c"
  return result
end

-- The state of a container as a table.
function oci.state(id)
  return tiny.json_decode(oci.succeeds({ "state", id }).out)
end

-- No container is left, or not the one with this id.
function oci.nothing(id)
  for _, name in ipairs(tiny.list_dir(oci.root()) or {}) do
    if name == id or not id then error("left: " .. name, 2) end
  end
end

-- Waits until f() returns a value that is true; returns it.
function oci.eventually(f, what)
  local limit = tiny.clock("monotonic") + 20
  while true do
    local value = f()
    if value then return value end
    if tiny.clock("monotonic") > limit then error("it never happened: " .. (what or "?"), 2) end
    tiny.poll({}, "5ms")
  end
end

return oci
