-- Brings a container's record to the disk, where its writers did not wait for that themselves: a power cut must leave
-- both files whole, and the container under its name.

-- Waits until all of it is there. state: state.json too, which every other writer brings there with its folder. What is
-- missing was removed meanwhile.
return function(container, state)
  local dir, config = container.dir, container.config
  local data = dir:match("^(.*)/containers/")
  local named = config.name ~= container.id
  -- The names of files come after what is in them.
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
