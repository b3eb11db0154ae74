-- Gives a container the GPUs of the host: their device nodes, and the driver's libraries of the same version as the kernel module.
-- Install it as /etc/tinylua/oci/gpu.lua. A container asks for it with the annotation org.tinylua.recipe=gpu, and may choose GPUs with
-- org.tinylua.gpu=0,2; the default is all.
local NODES = { "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-modeset" }
local LIBRARIES = "/usr/lib/x86_64-linux-gnu"
local WANTED = { "^libcuda%.so", "^libnvidia%-.*%.so" }

-- Adds a device node of the host, and lets the container use it.
local function add_device(config, path)
  local s = tiny.stat(path)
  if not s then return false end
  local major, minor = (s.rdev >> 8 & 0xfff) | (s.rdev >> 32 & ~0xfff), (s.rdev & 0xff) | (s.rdev >> 12 & ~0xff)
  local linux = config.linux
  linux.devices, linux.resources = linux.devices or {}, linux.resources or {}
  linux.resources.devices = linux.resources.devices or {}
  table.insert(linux.devices, { path = path, type = "c", major = major, minor = minor, fileMode = tonumber("666", 8) })
  table.insert(linux.resources.devices, { allow = true, type = "c", major = major, minor = minor, access = "rw" })
  return true
end

return function(request)
  local config, found = request.config, 0
  local chosen = request.annotations["org.tinylua.gpu"]
  for _, name in ipairs(tiny.list_dir "/dev" or {}) do
    local number = name:match "^nvidia(%d+)$"
    local wanted = number and (not chosen or "," .. chosen .. ",")
    if number and (wanted == true or wanted:find("," .. number .. ",", 1, true)) and add_device(config, "/dev/" .. name) then found = found + 1 end
  end
  if found == 0 then tiny.fail { message = "this host has no GPU that the container asks for", hint = "ls /dev/nvidia*" } end
  for _, path in ipairs(NODES) do add_device(config, path) end
  for _, name in ipairs(tiny.list_dir(LIBRARIES) or {}) do
    for _, pattern in ipairs(WANTED) do
      if name:find(pattern) then
        local path = LIBRARIES .. "/" .. name
        table.insert(config.mounts, { destination = path, source = path, type = "bind", options = { "bind", "ro", "nosuid", "nodev" } })
      end
    end
  end
end
