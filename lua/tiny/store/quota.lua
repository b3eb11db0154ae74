-- The size of a container's writable layer: a project quota of the file system on which it is. Its directories know their project,
-- so that nothing else has to be recorded; each start sets the limit anew.
local quota = {}

-- Projects of administrators (projid(5)) have small numbers.
local FIRST = 1 << 30
local ATTEMPTS = 100

-- A project that nobody uses on this file system, whichever store its containers are in.
local function unused(path)
  for _ = 1, ATTEMPTS do
    local project = FIRST + tonumber(tiny.random_id(8), 16) % FIRST
    local found = tiny.project_quota(path, { project = project })
    if found.limit == 0 and found.used == 0 then return project end
  end
  tiny.fail { message = ("no project of %s is unused"):format(path), exit = 125 }
end

-- Limits what directories of one file system hold together. They are empty at first, and stay in their project.
function quota.set(paths, size)
  local own = tiny.project_quota(paths[1]).project
  local project = own >= FIRST and own or unused(paths[1])
  for _, path in ipairs(paths) do tiny.set_project_quota(path, { project = project, size = size }) end
end

-- Removes the limit, so that the project can be used again.
function quota.release(path)
  if not tiny.stat(path) then return end
  local own = tiny.try(tiny.project_quota, path)
  if own and own.project >= FIRST then tiny.try(tiny.set_project_quota, path, { size = 0 }) end
end

return quota
