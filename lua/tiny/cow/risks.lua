-- What a reviewer should look at first in the changes of a container: what makes programs of the host run code of the
-- container's, or gives it privileges there. Such changes are held back: they are applied only if the user names them.
local risks = {}

local SETUID, SETGID, EXECUTABLE = tonumber("4000", 8), tonumber("2000", 8), tonumber("111", 8)

-- What git reads in its directory: commands to run, and directories to read instead.
local GIT = { config = true, ["config.worktree"] = true, hooks = true, commondir = true, gitdir = true, info = true, modules = true, worktrees = true }

-- Whether git on the host would take a setting or program from this path.
local function of_git(row)
  local parts = {}
  for part in row.path:gmatch("[^/]+") do table.insert(parts, part) end
  for i, part in ipairs(parts) do
    if part == ".git" then
      if parts[i + 1] == nil then return row.kind ~= "dir" end
      local name = parts[i + 1]
      -- Nested repositories and hooks at any depth: .git/modules/NAME/config.
      if name == "modules" or name == "worktrees" then return parts[i + 2] ~= nil and GIT[parts[#parts]] or row.path:find("/hooks/", 1, true) ~= nil end
      if name == "info" then return parts[#parts] == "attributes" end
      if GIT[name] and not (name == "hooks" and parts[i + 2] == nil and row.kind == "dir") then return true end
    end
  end
  return false
end

-- Whether a link leads out of the folder.
local function leaves(row)
  if row.target:sub(1, 1) == "/" then return true end
  local depth = select(2, row.path:gsub("/", ""))
  for part in row.target:gmatch("[^/]+") do
    if part == ".." then depth = depth - 1 elseif part ~= "." then depth = depth + 1 end
    if depth < 0 then return true end
  end
  return false
end

-- Sets row.risks, a list of texts, and row.held.
function risks.mark(row)
  local found, held = {}, false
  local function add(text, holds)
    table.insert(found, text)
    held = held or holds
  end
  if row.change == "skipped" then return end
  if row.change ~= "deleted" then
    if row.kind == "file" and row.mode & SETUID ~= 0 then add("set-user-ID", true) end
    if row.kind == "file" and row.mode & SETGID ~= 0 and row.mode & EXECUTABLE ~= 0 then add("set-group-ID", true) end
    if row.capable then add("has file capabilities", true) end
    if of_git(row) then add("git on the host acts on it", true) end
    if row.target and leaves(row) then add("leads out of the folder", false) end
  end
  if row.links > 1 then add(("has %d names on the host; the others keep the old content"):format(row.links), false) end
  row.risks, row.held = found[1] and found or nil, held or nil
end

return risks
