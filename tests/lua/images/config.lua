-- An image's configuration as a container's defaults, and the sentence for each hostile one.
local check = require "check"
local config = require "tiny.images.config"

local ID = "sha256:" .. tiny.sha256("layer")

local function parse(given, more, count)
  local object = { os = "linux", architecture = "amd64", rootfs = { type = "layers", diff_ids = { ID } }, config = given }
  for key, value in pairs(more or {}) do object[key] = value end
  return config.parse(tiny.json_encode(object), "the configuration of debian:12", count)
end

local found = parse({
  Entrypoint = { "/bin/sh", "-c" }, Cmd = { "echo \"$A\"" }, Env = { "PATH=/bin", "A=b=c", "EMPTY=", "BARE" }, WorkingDir = "srv/./www/",
  User = "web:1000", ExposedPorts = { ["80/tcp"] = {}, ["53/udp"] = {}, ["8000-8010"] = {}, ["99/sctp"] = {} },
  Volumes = { ["/data"] = {}, ["/data/"] = {}, ["var//lib"] = {} }, StopSignal = "SIGQUIT", Labels = { ["--privileged"] = "true", ["-v"] = "/:/host", ["a=b"] = "x" },
  Healthcheck = { Test = { "CMD-SHELL", "true" }, Interval = 5000000000, Timeout = 1, Retries = 0 }, OnBuild = { "RUN x" },
}, { created = "2026-01-02T03:04:05Z", history = { { created_by = "ADD x" }, { created_by = "CMD y", empty_layer = true } } }, 1)
local d = found.defaults
check.equal(table.concat(d.entrypoint, " "), "/bin/sh -c")
check.equal(d.command[1], 'echo "$A"')
check.equal(d.env.A, "b=c")
check.equal(d.env.EMPTY, "")
check.equal(d.env.BARE, "")
check.equal(d.workdir, "/srv/www")
check.equal(d.user, "web:1000")
check.equal(table.concat(d.expose, " "), "53/udp 80/tcp 8000-8010")
check.equal(table.concat(d.volumes, " "), "/data /var/lib")
check.equal(d.stop_signal, "SIGQUIT")
check.equal(d.labels["--privileged"], "true", "labels are data")
check.equal(d.labels["a=b"], nil)
check.equal(d.health.command, "true")
check.equal(d.health.interval, 5.0)
check.equal(d.health.timeout, 0.1)
check.equal(d.health.retries, nil)
check.equal(found.history[2].empty, true)
check.equal(found.created, "2026-01-02T03:04:05Z")

-- Nothing given, docker's null and empty values.
d = parse(nil).defaults
check.equal(next(d), nil)
d = config.parse(('{"rootfs":{"diff_ids":["%s"]},"config":{"Entrypoint":null,"Cmd":[],"Env":null,"User":"","WorkingDir":"","Labels":null,"Healthcheck":{"Test":["NONE"]}}}'):format(ID), "x").defaults
check.equal(next(d), nil)
check.equal(parse({ User = "0:0" }).defaults.user, "0:0")
check.equal(parse({ User = "4294967294" }).defaults.user, "4294967294")

local function wrong(why, given, more, count)
  local _, err = tiny.try(parse, given, more, count)
  assert(err, "accepted, not refused: " .. why)
  assert(err.message:find(why, 1, true), err.message)
  check.equal(err.message:sub(1, 31), "the configuration of debian:12 ")
  assert(not err.message:find("%c"), err.message)
  assert(err.hint, "a remedy")
end

-- Ids that become another user's when they are cut off (CVE-2024-40635).
for _, user in ipairs { "4294967295", "4294967296", "4294967296:0", "0:4294967296", "99999999999999999999999", "-1", "+0", "18446744073709551616" } do
  wrong(("the user %s has an id that is not between 0 and 4294967294"):format(tiny.show(user)), { User = user })
end
for _, user in ipairs { ":", "a:b:c", ":0", "a:" } do wrong("is not USER or USER:GROUP", { User = user }) end
wrong('"User" has a control character', { User = "root\n" })
wrong('"User" is a number', { User = 0 })
-- Paths.
wrong('"Volumes": "/data/../../etc" contains ..', { Volumes = { ["/data/../../etc"] = {} } })
wrong("a volume cannot be mounted on /", { Volumes = { ["/./"] = {} } })
wrong('"Volumes": "/a\\n" is not a name', { Volumes = { ["/a\n"] = {} } })
wrong('"WorkingDir": "/../x" contains ..', { WorkingDir = "/../x" })
wrong('"WorkingDir" is a table', { WorkingDir = { "/" } })
-- Lists and maps of the wrong things.
wrong('"Entrypoint" is a string', { Entrypoint = "/bin/sh" })
wrong('"Cmd" is not a list of texts', { Cmd = { "a", 1 } })
wrong('"Cmd" is not a list of texts', { Cmd = { a = "b" } })
wrong('"Cmd" is not a list of texts', { Cmd = { "a\0b" } })
wrong("the entrypoint is empty", { Entrypoint = { "" } })
wrong('"=x" is not an environment variable', { Env = { "=x" } })
wrong('the label "a" is not a text', { Labels = { a = {} } })
wrong('"Labels" is a string', { Labels = "a" })
for _, port in ipairs { "0", "65536", "80-79", "x", "80/tcp/udp", "80 ", "999999999999999999999", "-1" } do wrong("is not a port", { ExposedPorts = { [port] = {} } }) end
wrong("unknown stop signal", { StopSignal = "SIGNOTHING" })
wrong("unknown stop signal", { StopSignal = "0" })
-- Health checks with numbers beyond all time.
wrong("the health check is neither CMD nor CMD-SHELL", { Healthcheck = { Test = { "CMD" } } })
wrong("the health check is neither CMD nor CMD-SHELL", { Healthcheck = { Test = { "SHELL", "x" } } })
wrong("the health check's Interval is", { Healthcheck = { Test = { "CMD", "x" }, Interval = 1e300 } })
wrong("the health check's Timeout is -1", { Healthcheck = { Test = { "CMD", "x" }, Timeout = -1 } })
wrong("the health check's Retries is", { Healthcheck = { Test = { "CMD", "x" }, Retries = 1.5 } })
-- Layers.
wrong("it lists 1 layers, and the manifest 2", {}, nil, 2)
wrong('"sha256:../x" is not a digest', {}, { rootfs = { diff_ids = { "sha256:../x" } } })
wrong('"diff_ids" is not a list of texts', {}, { rootfs = { diff_ids = { 1 } } })
wrong('"rootfs" is a number', {}, { rootfs = 1 })
wrong("the history is not a list of objects", {}, { history = { 1 } })
-- Size, and keys that are there twice.
local TOO_LARGE = "has 300003 bytes of environment, labels, commands, paths and ports; the limit is 256 KiB"
wrong(TOO_LARGE, { Env = { "A=" .. ("x"):rep(300002) } })
wrong(TOO_LARGE, { WorkingDir = "/" .. ("x"):rep(300002) })
wrong(TOO_LARGE, { Healthcheck = { Test = { "CMD-SHELL", ("x"):rep(300003) } } })
wrong(TOO_LARGE, { Healthcheck = { Test = { "CMD", "x", ("x"):rep(300002) } } })
local many = {}
for port = 10000, 60000 do many[port .. "/tcp"] = {} end
wrong("has 450009 bytes of environment", { ExposedPorts = many })
wrong('"User" has 257 bytes; the limit is 256', { User = ("u"):rep(257) })
for _, key in ipairs { "os", "architecture", "variant", "created" } do wrong(('"%s" has 257 bytes; the limit is 256'):format(key), {}, { [key] = ("x"):rep(257) }) end
for text, why in pairs { ['{"config":{},"config":{"User":"0"}}'] = 'the key "config" is there twice', ["{}"] = "it lists no layers", ["[]"] = "it lists no layers", ["x"] = "is not valid JSON" } do
  local _, err = tiny.try(config.parse, text, "the configuration of debian:12")
  assert(err and err.message:find(why, 1, true), tostring(err))
end
