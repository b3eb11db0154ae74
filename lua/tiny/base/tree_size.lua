-- The bytes of the regular files in a directory, each counted once. Others may change it during the walk, so no link is
-- followed.
return function(path)
  local top <close> = tiny.try(tiny.open_root, path) or nil
  local seen = {}
  local function walk(at)
    local bytes = 0
    for _, name in ipairs(top and tiny.try(tiny.list_dir, at, { root = top, nofollow = true }) or {}) do
      local here = at == "." and name or at .. "/" .. name
      local file = tiny.try(tiny.stat, here, { root = top, nofollow = true })
      if file and file.kind == "dir" then bytes = bytes + walk(here)
      elseif file and file.kind == "file" and not seen[file.dev .. ":" .. file.ino] then
        seen[file.dev .. ":" .. file.ino] = true
        bytes = bytes + file.size
      end
    end
    return bytes
  end
  return walk(".")
end
