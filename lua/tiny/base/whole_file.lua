-- Writes a file that has its name only once it is whole: f(file) writes to a temporary one beside it, which is removed if f fails.
return function(path, f)
  local part = ("%s.part-%s"):format(path, tiny.random_id(8))
  local _, err = tiny.try(function()
    local out <close> = tiny.open(part, { write = true, create = true })
    f(out)
    tiny.rename(part, path)
  end)
  if not err then return end
  tiny.try(tiny.remove, part)
  error(err, 0)
end
