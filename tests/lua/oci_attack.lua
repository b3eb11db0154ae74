-- Configurations for the tests that attack the host through the OCI runtime: as an engine writes them by default, with the programs of
-- the host.
local check = require "check"
local oci = require "oci_bundle"

local attack = {}

-- The capabilities that engines give to root in a container.
local CAPABILITIES = {}
for name in ("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"):gmatch("%S+") do
  table.insert(CAPABILITIES, "CAP_" .. name)
end

function attack.bind(config, source, target, ...)
  table.insert(config.mounts, { destination = target, type = "bind", source = source, options = { "rbind", "rprivate", ... } })
end

-- A bundle whose container runs these words; change(config, path) changes its configuration.
function attack.bundle(words, change)
  local path, config = oci.folder("attack"), oci.config()
  config.process.args = type(words) == "string" and { "sh", "-c", words } or words
  config.process.capabilities = { bounding = CAPABILITIES, effective = CAPABILITIES, permitted = CAPABILITIES }
  config.process.noNewPrivileges = false
  for _, folder in ipairs { "/usr", "/lib", "/lib64" } do
    local there = tiny.stat(folder, { follow = false })
    if there and there.kind == "symlink" then tiny.symlink(tiny.readlink(folder), path .. "/rootfs" .. folder)
    elseif there then attack.bind(config, folder, folder, "ro") end
  end
  if change then change(config, path) end
  oci.write(path, config)
  return path
end

-- Creates and starts a container.
function attack.start(id, words, change)
  local path = attack.bundle(words, change)
  local created = oci.succeeds { "create", "--bundle", path, id }
  oci.succeeds { "start", id }
  return path, created
end

-- Waits until a container has ended; returns its output, which `create` was given.
function attack.output(id, created)
  oci.eventually(function() return oci.state(id).status == "stopped" end, "the end of " .. id)
  return created.read(), created.read ".err"
end

function attack.add_capability(config, ...)
  local all = table.move(CAPABILITIES, 1, #CAPABILITIES, 1, {})
  for _, name in ipairs { ... } do table.insert(all, name) end
  config.process.capabilities = { bounding = all, effective = all, permitted = all, inheritable = all, ambient = all }
end

attack.needs_perl = function()
  if not tiny.stat("/usr/bin/perl") then check.skip("needs perl") end
end

return attack
