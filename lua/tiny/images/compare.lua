-- Compares the files of stacks of layers. A child process mounts them, in a mount namespace of its own.
local layers = require "tiny.images.layers"
local local_image = require "tiny.images.local_image"
local rootless = require "tiny.base.rootless"
local store = require "tiny.images.store"

local compare = {}

local OPEN = tonumber("755", 8)
-- The attribute with a program's capabilities (capabilities(7)).
local CAPABILITIES = "security.capability"
-- The digits of a layer's id that name it.
local LEAST = 4

-- The image with a layer whose diff id begins with these digits, and the layer's place in it. Another image may have other layers below
-- it: the first one by name counts.
local function with_layer(digits)
  local found, at
  for _, image in ipairs((store.refs())) do
    for i, layer in ipairs(image.layers) do
      local fits = layer.diff_id:sub(8, 7 + #digits) == digits
      if fits and found and layer.diff_id ~= found.layers[at].diff_id then
        tiny.fail { message = ("%s is the beginning of several layer ids"):format(digits), hint = "write more of it; `tinylua image tree` lists them", exit = 125 }
      end
      if fits and not found then found, at = image, i end
    end
  end
  return found, at
end

-- The stack of layers that a name means, as { ids, name }: an image, or the layers of an image up to one whose id is given.
function compare.stack(text)
  local image = local_image.look(text)
  if image then return { ids = local_image.layer_ids(image), name = text } end
  local digits = text:match("^sha256:(%x+)$") or text:match("^(%x+)$")
  local at
  if digits and #digits >= LEAST then image, at = with_layer(digits) end
  if not image then
    tiny.fail { message = ("no such image or layer: %s"):format(tiny.show(text)), hint = "`tinylua images` lists images, and `tinylua image tree` their layers", exit = 125 }
  end
  return { ids = local_image.layer_ids(image, at), name = local_image.familiar(image) }
end

-- The stack without its topmost layer.
function compare.below(stack)
  return { ids = table.move(stack.ids, 1, #stack.ids - 1, 1, {}), name = stack.name }
end

local function look(root, path)
  return tiny.stat(path, { root = root, nofollow = true })
end

local function names_of(root, path)
  return root and tiny.list_dir(path, { root = root, nofollow = true }) or {}
end

local function digest_of(root, path)
  local file <close> = tiny.open(path, { root = root, nofollow = true })
  return (tiny.sha256_file(file))
end

-- Whether two files differ in kind, owner, mode, capabilities or content. Times do not count: each build of an image has others.
local function differs(a, b, path)
  local one, other = a.stat, b.stat
  -- The same file of a layer that both have: all layers are on one file system.
  if one.kind ~= "dir" and one.ino == other.ino then return false end
  for _, key in ipairs { "kind", "mode", "uid", "gid", "rdev" } do
    if one[key] ~= other[key] then return true end
  end
  if one.kind == "file" and tiny.getxattr(path, CAPABILITIES, { root = a.root }) ~= tiny.getxattr(path, CAPABILITIES, { root = b.root }) then return true end
  if one.kind == "link" then return tiny.readlink(path, { root = a.root }) ~= tiny.readlink(path, { root = b.root }) end
  return one.kind == "file" and (one.size ~= other.size or digest_of(a.root, path) ~= digest_of(b.root, path))
end

-- Calls told("A", "C" or "D", path) for what is only in the second tree, different, or only in the first. The path is a directory in
-- the trees that are given.
local function walk(from, to, path, told)
  local known = {}
  for _, name in ipairs(names_of(from, path)) do known[name] = "D" end
  for _, name in ipairs(names_of(to, path)) do known[name] = known[name] and "C" or "A" end
  for _, name in ipairs(require "tiny.base.sorted_keys"(known)) do
    local here = path == "." and name or path .. "/" .. name
    local a = known[name] ~= "A" and { root = from, stat = look(from, here) }
    local b = known[name] ~= "D" and { root = to, stat = look(to, here) }
    if known[name] ~= "C" or differs(a, b, here) then told(known[name], "/" .. here) end
    -- Of a directory that is gone, its name is enough.
    if b and b.stat.kind == "dir" then walk(a and a.stat.kind == "dir" and from or nil, to, here, told) end
  end
end

-- Calls work(roots, write) in a child process, with the roots of the stacks; returns what it has written.
local function in_child(stacks, work)
  local own <close> = rootless.is() and tiny.userns((rootless.own_maps())) or nil
  local reader, into = tiny.pipe()
  local _ <close> = reader
  -- Hidden only from the child: it needs nothing of what lies there.
  local place = store.path "trash"
  local child <close> = tiny.clone({ mount = true, user = own }, function()
    reader:close()
    tiny.mount_private "/"
    tiny.mount_tmpfs(place, { size = "64k", mode = OPEN })
    local roots = {}
    for at, stack in ipairs(stacks) do
      local target = place .. "/" .. at
      tiny.mkdir(target)
      layers.mount(target, stack.ids, stack.name, { userxattr = rootless.is(), nodev = true })
      roots[at] = tiny.open_root(target)
    end
    work(roots, function(bytes) into:write(bytes) end)
    return 0
  end)
  into:close()
  local parts = {}
  for bytes in function() return reader:read(1 << 16) end do table.insert(parts, bytes) end
  local status, signal = child:wait()
  if status ~= 0 then tiny.fail { message = ("reading the files of %s was interrupted: %s"):format(stacks[1].name, signal or status), exit = 125 } end
  return table.concat(parts)
end

-- The differences between two stacks: a list of { kind = "A", "C" or "D" (added, changed, deleted), path }.
function compare.stacks(from, to)
  local text = in_child({ from, to }, function(roots, write)
    walk(roots[1], roots[2], ".", function(kind, path) write(string.pack("<c1s4", kind, path)) end)
  end)
  local at, list = 1, {}
  while at <= #text do
    local kind, path
    kind, path, at = string.unpack("<c1s4", text, at)
    table.insert(list, { kind = kind, path = path })
  end
  return list
end

-- Which of these paths a stack has: a list of booleans.
function compare.has(stack, paths)
  local text, list = in_child({ stack }, function(roots, write)
    for _, path in ipairs(paths) do write(tiny.try(look, roots[1], path) and "1" or "0") end
  end), {}
  for at = 1, #paths do list[at] = text:sub(at, at) == "1" end
  return list
end

return compare
