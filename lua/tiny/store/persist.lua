-- Writes a container's record to the disk with fsync(2), if its writers did not wait for that: after a power cut both files
-- must be complete, and the container must have its name.

-- Waits until the whole record is on the disk. state: includes state.json and its folder, which all other writers sync
-- themselves. Ignores files that were removed meanwhile.
return function(container, state)
  local dir, config = container.dir, container.config
  local data = dir:match("^(.*)/containers/")
  local named = config.name ~= container.id
  -- Directories are synced after the files in them.
  local paths = { dir .. "/config.json" }
  if config.recipe then
    table.insert(paths, dir .. "/recipe.lua")
    for _, name in ipairs(tiny.list_dir(dir .. "/modules") or {}) do table.insert(paths, dir .. "/modules/" .. name) end
    if config.recipe.modules then table.insert(paths, dir .. "/modules") end
  end
  if state then table.move({ dir .. "/state.json", dir }, 1, 2, #paths + 1, paths) end
  table.insert(paths, data .. "/containers")
  if named then table.move({ data .. "/names/" .. config.name, data .. "/names" }, 1, 2, #paths + 1, paths) end
  for _, path in ipairs(paths) do
    local _, err = tiny.try(tiny.fsync, path)
    if err and err.code ~= "ENOENT" then error(err, 0) end
  end
  container.persisted = true
end
