-- Makes images in the store of the tinylua under test, without a registry: blobs, unpacked layers and names, through the store's own
-- modules. Their programs are those of busybox.
local check = require "check"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local maker = {}

local PROGRAMS = { "sh", "cat", "ls", "id", "pwd", "env", "touch", "rm", "mkdir", "sleep", "true", "echo", "stat", "test", "readlink", "kill", "chown", "head" }

local function make(root, path, entry)
  local parent = path:match("^(.*)/[^/]*$")
  if parent then tiny.mkdir(root .. "/" .. parent, { parents = true }) end
  local place = root .. "/" .. path
  if type(entry) == "string" then return tiny.write_file(place, entry, { mode = tonumber("644", 8) }) end
  if entry.link then return tiny.symlink(entry.link, place) end
  if entry.removed then return tiny.mknod(place, "char", { major = 0, minor = 0 }) end
  if entry.program then return tiny.write_file(place, tiny.read_file(entry.program), { mode = tonumber("755", 8) }) end
  tiny.mkdir(place, { parents = true, mode = entry.mode or tonumber("755", 8) })
  if entry.opaque then tiny.setxattr(place, (tiny.getuid() == 0 and "trusted" or "user") .. ".overlay.opaque", { value = "y" }) end
end

-- A layer with busybox and links of its programs.
function maker.busybox()
  if not tiny.stat("/bin/busybox") then check.skip("there is no busybox-static on this machine") end
  local files = { ["bin/busybox"] = { program = "/bin/busybox" }, ["etc/passwd"] = "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n",
    ["etc/group"] = "root:x:0:\nweb:x:1000:\n", tmp = { mode = tonumber("1777", 8) } }
  for _, name in ipairs(PROGRAMS) do files["bin/" .. name] = { link = "busybox" } end
  return files
end

-- Stores a layer; returns it as a ref has it. `name` makes its digest.
local function put_layer(files, name)
  local id = "sha256:" .. tiny.sha256("layer " .. name)
  if not store.layer(id) then
    local folder = store.new_layer()
    tiny.mkdir(folder .. "/fs", { mode = tonumber("755", 8) })
    local paths = {}
    for path in pairs(files) do table.insert(paths, path) end
    table.sort(paths)
    for _, path in ipairs(paths) do make(folder .. "/fs", path, files[path]) end
    store.commit_layers { { path = folder, id = id } }
  end
  local blob = "compressed " .. name
  return { digest = store.put_blob(blob), diff_id = id, size = #blob }
end

local function put(name, layers, given, more)
  store.prepare()
  local image, ids = { layers = {}, size = 0, platform = "linux/amd64", created = "2026-01-02T03:04:05Z" }, {}
  for at, files in ipairs(layers) do
    -- A layer with a name of its own can be in several images.
    local own = files.name or name .. " " .. at
    local entries = {}
    for path, entry in pairs(files) do
      if path ~= "name" then entries[path] = entry end
    end
    image.layers[at] = put_layer(entries, own)
    ids[at], image.size = image.layers[at].diff_id, image.size + image.layers[at].size
  end
  local config = { os = "linux", architecture = "amd64", created = image.created, config = given, rootfs = { type = "layers", diff_ids = ids }, history = more and more.history }
  local text = type(given) == "string" and given or tiny.json_encode(config)
  if #ids == 0 then text = text:gsub('"diff_ids":{}', '"diff_ids":[]') end
  image.config = store.put_blob(text)
  image.manifest = store.put_blob(tiny.json_encode { schemaVersion = 2, name = name, config = image.config })
  for key, value in pairs(more or {}) do
    if key ~= "history" then image[key] = value end
  end
  return store.write_ref(reference.full(reference.parse(name)), image)
end

-- Calls f as the user whose tinylua is under test, with the store's modules; returns its result, which is data.
function maker.as_user(f)
  if check.start == tiny.fork then return f() end
  local from, into = tiny.pipe()
  local child <close> = check.start(function()
    from:close()
    tiny.settings.root = check.root
    into:write(tiny.json_encode({ f() }))
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  check.equal(child:wait(), 0, "the user's process")
  return (tiny.json_decode(text) or {})[1]
end

-- Stores an image of layers, each a map from paths to a text, or { link }, { program }, { removed }, { mode, opaque }, with the
-- configuration `given`. more: fields of the ref, and the history. Returns the ref.
function maker.image(name, layers, given, more)
  return maker.as_user(function() return put(name, layers, given, more) end)
end

return maker
