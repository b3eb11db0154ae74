-- The container's kernel parameters (linux.sysctl): only those of a namespace of its own.
local check = require "tiny.oci.check"

local sysctls = {}

local IPC = {
  ["kernel.msgmax"] = true, ["kernel.msgmnb"] = true, ["kernel.msgmni"] = true, ["kernel.sem"] = true, ["kernel.shmall"] = true,
  ["kernel.shmmax"] = true, ["kernel.shmmni"] = true, ["kernel.shm_rmid_forced"] = true,
}
local UTS = { ["kernel.hostname"] = "hostname", ["kernel.domainname"] = "domainname" }

-- "net/ipv4/ip_forward" as "net.ipv4.ip_forward": a name with a slash before any dot has slashes between its parts (sysctl(8)).
local function dotted(name)
  local slash, dot = name:find("/", 1, true), name:find(".", 1, true)
  return slash and (not dot or slash < dot) and name:gsub("[/.]", { ["/"] = ".", ["."] = "/" }) or name
end

local function own(spaces, name)
  if name:match("^net%.") then return spaces.network, "network" end
  if IPC[name] or name:match("^fs%.mqueue%.") then return spaces.ipc, "IPC" end
  if name == "kernel.domainname" then return spaces.uts, "UTS" end
  if name:match("^user%.") then return spaces.user, "user" end
  return nil, nil
end

function sysctls.check(config)
  for name in pairs(config.linux.sysctl or {}) do
    local where = "linux.sysctl." .. name
    if not name:match("^[%w_][%w_./:@-]*$") or name:find("..", 1, true) then
      check.wrong(where, "it is not the name of a kernel parameter")
    end
    local plain = dotted(name)
    if UTS[plain] == "hostname" then check.wrong(where, "use the field hostname") end
    local space, kind = own(config.spaces, plain)
    if not kind then check.wrong(where, "it applies to the whole machine, not to a container") end
    if not space then check.wrong(where, ("the container has no %s namespace of its own"):format(kind)) end
  end
end

-- Sets them, in the container's namespaces, while /proc is still the host's.
function sysctls.set(list)
  for _, name in ipairs(require "tiny.base.sorted_keys"(list or {})) do
    check.named("linux.sysctl." .. name, tiny.sysctl, name, list[name])
  end
end

return sysctls
