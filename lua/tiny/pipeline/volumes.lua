-- Volumes, --mount and --tmpfs, as text or tables: checks them and converts them to one form, a list of
--   { type = "bind", source = …, subpath = …, target = …, read_only = … }
--   { type = "volume", source = NAME, subpath = …, target = …, read_only = …, nocopy = …, labels = …, anonymous = … }
--   { type = "cow", source = …, target = …, folder = N }, see tiny.cow.folders
--   { type = "tmpfs", target = …, size = …, mode = …, … }
-- in mount order: a mount inside another comes after it. A volume without a source gets a name when the container is created.
local values = require "tiny.spec.values"

local volumes = {}

-- The keys of --mount, including docker's aliases.
local KEYS = {
  type = "type", source = "source", src = "source", target = "target", destination = "target", dst = "target",
  subpath = "subpath", ["volume-subpath"] = "subpath",
  readonly = "read_only", ro = "read_only", ["tmpfs-size"] = "size", ["tmpfs-mode"] = "mode",
  ["bind-propagation"] = "propagation", consistency = "consistency",
  ["volume-nocopy"] = "nocopy", ["volume-label"] = "labels", ["volume-driver"] = "driver",
}
local SHOWN = "type, source, subpath, target, readonly, tmpfs-size, tmpfs-mode, volume-nocopy, volume-label"
-- The fields of the tables, by type.
local FIELDS = {
  bind = { type = "string", source = "string", subpath = "string", target = "string", read_only = "boolean" },
  volume = {
    type = "string", source = "string", subpath = "string", target = "string", read_only = "boolean", nocopy = "boolean", labels = "pairs",
    anonymous = "boolean", driver = "string",
  },
  cow = { type = "string", source = "string", target = "string", folder = "integer" },
  tmpfs = {
    type = "string", target = "string", read_only = "boolean", size = "size", mode = "integer", inodes = "integer", uid = "integer", gid = "integer",
    exec = "boolean", suid = "boolean", dev = "boolean",
  },
}
-- The boolean options of --tmpfs.
local WORDS = {
  ro = { "read_only", true }, rw = { "read_only", false }, exec = { "exec", true }, noexec = { "exec", false },
  suid = { "suid", true }, nosuid = { "suid", false }, dev = { "dev", true }, nodev = { "dev", false },
}

-- The highest user or group id: 4294967295 means "unchanged" to the kernel.
local MOST_ID = 4294967294

local function wrong(text, what, hint)
  values.wrong(("%s: %s"):format(tiny.show(text), what), hint)
end

local function octal(text, value)
  local mode = value:match("^0?[0-7][0-7][0-7][0-7]?$") and tonumber(value, 8)
  return mode or wrong(text, ("the mode %s is not an octal number"):format(tiny.show(value)), "such as 1777 or 755")
end

local function size(text, value)
  return tiny.parse_size(value) or wrong(text, ("%s is not a size"):format(tiny.show(value)), "give bytes, or a number with k, m, g or t, such as 64m")
end

-- A number of inodes, which may have a suffix as in mount(8).
local function inodes(text, value)
  local count = value:match("^%d+[kKmMgG]?$") and tiny.parse_size(value)
  return count or wrong(text, ("%s is not a number of inodes"):format(tiny.show(value)), "such as 4096 or 4k")
end

local function id(text, key, value)
  return value:match("^%d+$") and math.tointeger(tonumber(value)) or wrong(text, ("the %s %s is not a number"):format(key, tiny.show(value)))
end

-- Options of docker's volumes that need nothing here: labels are not set, and Linux ignores the consistency.
local NOTHING_TO_DO = { z = true, Z = true, cached = true, delegated = true, consistent = true, private = true, rprivate = true }
-- Propagation between the host and the container, which no mount of the container has.
local PROPAGATION = { shared = true, rshared = true, slave = true, rslave = true }

local function no_propagation(text, word)
  wrong(text, ("mounts are always private, not %s"):format(word), "mount it on the host before the container starts")
end

-- "SOURCE:/TARGET[:OPTION,…]", or "/TARGET" for a volume without a name.
local function of_volume(text)
  if text:find("^/[^:]*$") then return { type = "volume", target = text } end
  local source, target, mode = text:match("^([^:]+):(/[^:]*):?(.*)$")
  if not source then wrong(text, "not SOURCE:/TARGET[:ro]", "use --mount for a source that contains a colon") end
  local named, access, nocopy = values.is_volume(source), nil, nil
  if named and tiny.stat(source) then
    require("tiny.format").note("volumes: %s is a named volume; for the file or directory here, write ./%s", tiny.show(source), source)
  end
  for word in mode:gmatch("[^,]+") do
    if PROPAGATION[word] then no_propagation(text, word) end
    if (word == "ro" or word == "rw") and access and access ~= word then wrong(text, "it is both ro and rw") end
    if word == "ro" or word == "rw" then access = word
    elseif word == "nocopy" and named then nocopy = true
    elseif word == "nocopy" then wrong(text, "nocopy is an option of named volumes", "leave it out: a directory of the host is never copied to")
    elseif not NOTHING_TO_DO[word] then
      wrong(text, ("the option %s is not ro or rw"):format(tiny.show(word)), "z, Z, cached, delegated and consistent are accepted and have no effect")
    end
  end
  return { type = named and "volume" or "bind", source = source, target = target, read_only = access == "ro" or nil, nocopy = nocopy }
end

-- "/PATH[:size=64m,mode=1777,…]".
local function of_tmpfs(text)
  local target, list = text:match("^(/[^:]*):?(.*)$")
  if not target then wrong(text, "not /PATH[:OPTION,…]") end
  local mount = { type = "tmpfs", target = target }
  for word in list:gmatch("[^,]+") do
    local key, value = word:match("^([%w_]+)=(.*)$")
    if key == "size" then mount.size = size(text, value)
    elseif key == "mode" then mount.mode = octal(text, value)
    elseif key == "nr_inodes" then mount.inodes = inodes(text, value)
    elseif key == "uid" or key == "gid" then mount[key] = id(text, key, value)
    elseif WORDS[word] then mount[WORDS[word][1]] = WORDS[word][2]
    else wrong(text, ("unknown option %s"):format(tiny.show(word)), "the options are size=, mode=, uid=, gid=, nr_inodes=, ro, rw and [no]exec, [no]suid, [no]dev") end
  end
  return mount
end

local function yes_or_no(text, name, value)
  if value == nil or value == "true" or value == "1" then return true end
  if value == "false" or value == "0" then return false end
  wrong(text, ("%s must be true or false, not %s"):format(name, tiny.show(value)))
end

-- "type=bind,source=…,target=…[,readonly]"; the default type is volume, as in docker.
local function of_mount(text)
  local mount = {}
  for word in text:gmatch("[^,]+") do
    local key, value = word:match("^([^=]+)=(.*)$")
    local field = KEYS[key or word]
    if not field then
      local near = tiny.did_you_mean(key or word, require "tiny.base.sorted_keys"(KEYS))
      wrong(text, ("unknown key %s"):format(tiny.show(key or word)) .. (near and ("; did you mean %q?"):format(near) or ""), "known keys: " .. SHOWN)
    end
    if field == "propagation" or field == "consistency" then
      if PROPAGATION[value] then no_propagation(text, value) end
      if not NOTHING_TO_DO[value or ""] then wrong(text, ("unknown %s %s"):format(field, tiny.show(value))) end
      goto next
    end
    if mount[field] ~= nil and field ~= "labels" then wrong(text, ("the %s is given twice"):format(field)) end
    if field == "read_only" then mount.read_only = yes_or_no(text, "readonly", value)
    elseif field == "nocopy" then mount.nocopy = yes_or_no(text, "volume-nocopy", value) or nil
    elseif field == "labels" then
      mount.labels = mount.labels or {}
      local name, rest = (value or ""):match("^([^=]+)=?(.*)$")
      if not name then wrong(text, "volume-label needs NAME=VALUE") end
      mount.labels[name] = rest
    elseif value == nil or value == "" then wrong(text, ("%s needs a value"):format(word))
    elseif field == "size" then mount.size = size(text, value)
    elseif field == "mode" then mount.mode = octal(text, value)
    else mount[field] = value end
    ::next::
  end
  return mount
end

local function check_source(mount, text)
  if mount.source == nil or mount.source == "" then wrong(text, "a bind mount needs a source") end
  if mount.source:find("%z") then wrong(text, "the source contains a NUL byte") end
  if not tiny.stat(mount.source) then
    values.wrong(("volumes: %s does not exist on the host"):format(mount.source),
      mount.source:find("/") and "create it first" or "create it first; type=volume mounts a named volume")
  end
  mount.source = values.absolute(mount.source)
  if mount.subpath and not tiny.stat(mount.subpath, { root = mount.source }) then wrong(text, ("%s has no %s"):format(mount.source, mount.subpath)) end
end

-- The volume may not exist yet: it is created with the container.
local function check_volume(mount, text)
  if mount.source == "" then mount.source = nil end
  if mount.driver and mount.driver ~= "local" then wrong(text, ("there is no volume driver %s"):format(tiny.show(mount.driver)), "local is the only one; leave it out") end
  mount.driver, mount.labels = nil, values.map("labels", mount.labels)
  if not mount.source then return end
  if not values.is_volume(mount.source) then
    wrong(text, ("%s is not the name of a volume"):format(tiny.show(mount.source)), mount.source:find("/", 1, true) and "type=bind mounts a directory of the host" or nil)
  end
  values.check_name(mount.source)
end

-- A target as a normalized path; it is resolved only in the container's root.
local function plain(target, text)
  if type(target) ~= "string" or target:sub(1, 1) ~= "/" then wrong(text, "the target must be a path that begins with /") end
  local parts = {}
  for part in target:gmatch("[^/]+") do
    if part == ".." then wrong(text, "the target contains ..") end
    if part:find("%z") then wrong(text, "the target contains a NUL byte") end
    if part ~= "." then table.insert(parts, part) end
  end
  if #parts == 0 then wrong(text, "the target must not be /", "use --rootfs DIR for another root") end
  return "/" .. table.concat(parts, "/"), #parts
end

-- Checks one mount; `text` is how the user gave it. Returns it with its depth.
local function checked(mount, text)
  mount.type = mount.type or "volume"
  if not FIELDS[mount.type] then wrong(text, ("unknown type %s"):format(tiny.show(mount.type)), "the types are bind, volume, tmpfs and cow") end
  require("tiny.spec.schema").check("mounts", mount, FIELDS[mount.type])
  if mount.type == "bind" then check_source(mount, text) elseif mount.type == "volume" then check_volume(mount, text) end
  if mount.type == "cow" then require("tiny.cow.folders").check(mount, text) end
  if mount.size then
    mount.size = tiny.parse_size(mount.size)
    -- For tmpfs, 0 means unlimited.
    if mount.size == 0 then wrong(text, "the size must not be 0") end
  end
  if mount.mode and (mount.mode < 0 or mount.mode > tonumber("7777", 8)) then wrong(text, ("invalid mode %d"):format(mount.mode)) end
  for _, key in ipairs { "uid", "gid" } do
    local number = mount[key]
    if number and (number < 0 or number > MOST_ID) then wrong(text, ("%s: %d is not an id"):format(key, number)) end
  end
  if mount.inodes and mount.inodes < 1 then wrong(text, "nr_inodes must not be 0") end
  local depth
  mount.target, depth = plain(mount.target, text)
  return depth
end

-- Converts all mount options to spec.mounts.
function volumes.check(asked)
  local all, taken = {}, {}
  local function add(mount, text)
    local depth = checked(mount, text)
    if taken[mount.target] then values.wrong(("volumes: two mounts have the target %s"):format(mount.target)) end
    taken[mount.target] = true
    table.insert(all, { mount = mount, depth = depth, number = #all })
  end
  for _, text in ipairs(asked.volumes or {}) do add(of_volume(text), text) end
  for _, text in ipairs(asked.tmpfs or {}) do add(of_tmpfs(text), text) end
  for _, item in ipairs(asked.cow or {}) do
    local copy = { type = "cow" }
    for key, value in pairs(type(item) == "table" and item or require("tiny.cow.folders").parse(item)) do copy[key] = value end
    add(copy, item)
  end
  for _, item in ipairs(asked.mounts or {}) do
    local copy = {}
    if type(item) == "table" then
      for key, value in pairs(item) do copy[key] = value end
    else
      copy = of_mount(item)
    end
    add(copy, item)
  end
  -- An image's volumes, where nothing else is mounted.
  for _, path in ipairs(asked.from_image and asked.from_image.defaults.volumes or {}) do
    if not taken[path] then add({ type = "volume", target = path }, path) end
  end
  table.sort(all, function(a, b) return a.depth < b.depth or (a.depth == b.depth and a.number < b.number) end)
  asked.volumes, asked.tmpfs, asked.cow, asked.mounts = nil, nil, nil, {}
  local any_cow = false
  for i, entry in ipairs(all) do asked.mounts[i], any_cow = entry.mount, any_cow or entry.mount.type == "cow" end
  if any_cow then require("tiny.cow.folders").number(asked.mounts) end
end

-- An id of the container as one of the process that mounts, which may be outside of the container's user namespace.
local function mapped(id, map)
  if not map or not id then return id end
  for _, entry in ipairs(map) do
    if id >= entry[1] and id < entry[1] + entry[3] then return entry[2] + id - entry[1] end
  end
  values.wrong(("tmpfs: the id %d is not mapped in the container's user namespace"):format(id))
end

-- The directory with a volume's content, which gets its first content.
local function prepared(ctx, mount)
  local store = require "tiny.store.volumes"
  -- A plan creates no volume, and gives none a name.
  if ctx.planned then return store.data(mount.source or "NAME") end
  if not store.load(mount.source) then
    values.wrong(("volumes: the volume %s no longer exists"):format(mount.source), "create it, empty: tinylua volume create " .. mount.source)
  end
  local there = not mount.subpath and tiny.stat(mount.target, { root = ctx.root })
  if there and there.kind ~= "dir" then
    values.wrong(("volumes: %s of the container's root is a %s, and the volume %s is a directory"):format(mount.target, there.kind, mount.source), "choose another target")
  end
  require "tiny.pipeline.first_content"(ctx, mount)
  return store.data(mount.source)
end

-- Performs one mount below the container's root, ctx.root.
function volumes.mount(ctx, mount)
  local root, maps = ctx.root, not ctx.rootless and ctx.maps
  if mount.type == "tmpfs" then
    return tiny.mount_tmpfs(mount.target, {
      root = root, create = true, size = mount.size, mode = mount.mode, inodes = mount.inodes, read_only = mount.read_only,
      uid = mapped(mount.uid, maps and maps.uid_map), gid = mapped(mount.gid, maps and maps.gid_map),
      noexec = not mount.exec, nosuid = not mount.suid, nodev = not mount.dev,
    })
  end
  if mount.type == "cow" then return require("tiny.cow.folders").mount(ctx, mount) end
  local volume = mount.type == "volume"
  local source = volume and prepared(ctx, mount) or mount.source
  -- A subpath is resolved below the source, so that links cannot lead outside.
  local from = mount.subpath or source
  return tiny.mount_bind(from, mount.target, {
    source_root = mount.subpath and source, root = root, create = true, read_only = mount.read_only, nosuid = true, nodev = true,
    -- A device over a file, such as /dev/null; the cgroup's rules say which devices can be used.
    device = not volume,
    -- A volume stores the ids of the container's user namespace, which is another range at each start.
    idmap = volume and not ctx.rootless and ctx.userns or nil,
  })
end

return volumes
