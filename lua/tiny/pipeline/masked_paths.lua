-- Masks parts of /proc and /sys, and makes others read-only. Mounts go through descriptors of the two, never through a path
-- in the container's tree, where another process could replace a name (CVE-2019-19921, CVE-2025-31133, CVE-2025-52565).
local security = require "tiny.pipeline.security"

-- Files are covered by the container's /dev/null, a node just created in a private file system; directories by an empty one
-- to which nothing can be added.
local function hider(dev)
  local empty
  return function(root, path)
    local there = tiny.stat(path, { root = root })
    if not there then return end
    if there.kind ~= "dir" then return tiny.mount_bind("null", path, { source_root = dev, root = root, read_only = true }) end
    if empty then return tiny.mount_bind(".", path, { source_root = empty, root = root, recursive = false }) end
    local _, opened = tiny.mount_tmpfs(path, { root = root, read_only = true, nosuid = true, nodev = true, noexec = true, size = "4k", open = true })
    empty = opened
  end
end

-- proc, sys and dev: directory handles of the container's mounts; sys may be nil.
return function(proc, sys, dev)
  local hide = hider(dev)
  for _, path in ipairs(security.masked.proc) do hide(proc, path) end
  if sys then
    for _, path in ipairs(security.masked.sys) do hide(sys, path) end
  end
  for _, path in ipairs(security.readonly) do
    if tiny.stat(path, { root = proc }) then tiny.mount_bind(path, path, { source_root = proc, root = proc, read_only = true }) end
  end
end
