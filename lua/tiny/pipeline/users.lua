-- Looks up users and groups in the container's own passwd and group files. These are untrusted: they are read up to a
-- limit, and only numbers are used.
local users = {}

local function lines(root, path)
  local text = tiny.read_file(path, { root = root, max = "1m" }) or ""
  return text:gmatch("[^\n]+")
end

local function fields(line)
  local all = {}
  for field in (line .. ":"):gmatch("([^:]*):") do table.insert(all, field) end
  return all
end

-- Ids are below 2^32-1, which means "no change" to the kernel.
local function id(text)
  local number = text and text:match("^%d+$") and math.tointeger(tonumber(text))
  return number and number < 0xffffffff and number or nil
end

local function find(root, path, name)
  for line in lines(root, path) do
    local entry = fields(line)
    -- A number is always an id, even if the container's files use it as a name (docker accepts a name "1000").
    if entry[id(name) and 3 or 1] == name then return entry end
  end
end

local function add_groups(root, found, names)
  for _, name in ipairs(names or {}) do
    local entry = find(root, "/etc/group", name)
    local gid = id(entry and entry[3] or name)
    if not gid then tiny.fail { message = ("group_add: no group %q in the rootfs's /etc/group"):format(name), hint = "a numeric id needs no entry" } end
    table.insert(found.groups, gid)
  end
  return found
end

local lookup

-- "web", "1000", "web:www" or "1000:1000" as uid, gid, groups and home; the default is root. `groups` are added.
function users.lookup(root, text, groups)
  return add_groups(root, text and lookup(root, text) or { uid = 0, gid = 0, groups = {}, home = "/root" }, groups)
end

function lookup(root, text)
  local user, group = text:match("^([^:]+):?([^:]*)$")
  if not user then tiny.fail { message = ("user: %q is not USER or USER:GROUP"):format(text), exit = 125 } end
  local entry = find(root, "/etc/passwd", user)
  local uid = id(entry and entry[3] or user)
  if not uid and user:find("^%d+$") then
    tiny.fail { message = ("user: %s is not between 0 and 4294967294"):format(user), hint = "greater numbers are no ids", exit = 125 }
  end
  if not uid then tiny.fail { message = ("user: no user %q in the rootfs's /etc/passwd"):format(user), hint = "a numeric id needs no entry" } end
  local found = { uid = uid, gid = id(entry and entry[4] or "") or 0, home = entry and entry[6] or "/", groups = {}, name = entry and entry[1] }
  if group ~= "" then
    local line = find(root, "/etc/group", group)
    found.gid = id(line and line[3] or group)
    if not found.gid then tiny.fail { message = ("user: no group %q in the rootfs's /etc/group"):format(group), hint = "a numeric id needs no entry" } end
    return found
  end
  for line in lines(root, "/etc/group") do
    local entry_group = fields(line)
    for member in (entry_group[4] or ""):gmatch("[^,]+") do
      if member == found.name and id(entry_group[3]) then table.insert(found.groups, id(entry_group[3])) end
    end
  end
  return found
end

return users
