-- The code of a container's recipe, kept in its record: `start`, restarts and recovery run the same code, even if the recipe's
-- folder changes.
--   recipe.lua           the recipe
--   modules/<name>.lua   each required module of the user
-- config.json has a SHA-256 digest for each file. It detects damage, such as a truncated file, but not tampering: an attacker
-- could change the digest as well. Shipped modules are those of the program that starts the container.
local format = require "tiny.format"
local state = require "tiny.store.state"

local code = {}

local PRIVATE, PRIVATE_FILE = tonumber("700", 8), tonumber("600", 8)

-- Limits of the kept code; a file name has at most 255 bytes (NAME_MAX), including the temporary name while it is written.
local MOST_MODULES, MOST_BYTES, LONGEST_NAME = 1000, 16 * 1024 * 1024, 200

-- The file of a module. Different names have different files; no file name contains "/" or begins with a dot.
local function file_of(name)
  local plain = name:gsub("[^%w_.-]", function(byte) return ("%%%02X"):format(byte:byte()) end)
  return ("modules/%s.lua"):format((plain:gsub("^%.", "%%2E")))
end

-- The reason why these modules cannot be kept; nil if they can.
local function too_much(modules)
  local bytes = 0
  for _, module in ipairs(modules) do
    bytes = bytes + #module.text
    if #file_of(module.name) > LONGEST_NAME then return ("the name of the module %s is too long"):format(tiny.show(module.name)) end
  end
  if #modules > MOST_MODULES then return ("%d modules are more than %d"):format(#modules, MOST_MODULES) end
  if bytes > MOST_BYTES then return ("its modules have %s together, more than %s"):format(format.size(bytes), format.size(MOST_BYTES)) end
end

-- Describes the code of a recipe that has just been run: adds folder and digests to `recipe`, which is stored in config.json,
-- and returns the files to write, by name. recipe: { path, args, text }.
function code.describe(recipe)
  local text = recipe.text
  recipe.text = nil
  if not text then return {} end
  local modules, folder = tiny.loaded_modules()
  local wrong = too_much(modules)
  if wrong then
    tiny.fail { at = recipe.path, message = "the recipe's code cannot be kept with its container: " .. wrong, hint = "require fewer modules, or use shorter names", exit = 125 }
  end
  local files = { ["recipe.lua"] = text }
  recipe.folder, recipe.sha256 = folder, tiny.sha256(text)
  for _, module in ipairs(modules) do
    recipe.modules = recipe.modules or {}
    recipe.modules[module.name] = tiny.sha256(module.text)
    files[file_of(module.name)] = module.text
  end
  return files
end

-- Writes a kept file. Links that lead out of the record are not followed.
local function write(record, name, text)
  tiny.write_file(name, text, { root = record.dir, mode = PRIVATE_FILE })
end

-- Writes what `describe` returned.
function code.write(record, files)
  local made = false
  for name, text in pairs(files) do
    if not made and name:find("/", 1, true) then
      tiny.mkdir("modules", { root = record.dir, mode = PRIVATE })
      made = true
    end
    write(record, name, text)
  end
end

-- The text of a kept file. digest: nil in a record without one.
local function read(record, name, digest)
  local path = record.dir .. "/" .. name
  local text, err = tiny.try(tiny.read_file, name, { root = record.dir })
  local wrong = err and (err.code or err.message) or not text and "it is missing" or digest and tiny.sha256(text) ~= digest and "its SHA-256 digest differs from the recorded one"
  if not wrong then return text end
  tiny.fail { message = ("%s is damaged: %s"):format(path, wrong), hint = "`tinylua rm -f` removes the container", exit = 125 }
end

-- The record that this process supervises, and this process's pid; the id of the container whose recipe was run again here.
local followed, follower, replayed

-- Keeps modules that were loaded since. A module that cannot be kept is reported but still loaded.
local function keep_new(record)
  local known, new = record.config.recipe.modules or {}, {}
  local all = tiny.loaded_modules()
  for _, module in ipairs(all) do
    if not known[module.name] then table.insert(new, module) end
  end
  if not new[1] then return end
  local wrong = too_much(all)
  local _, err = tiny.try(function()
    if wrong then tiny.fail(wrong) end
    local _, there = tiny.try(tiny.mkdir, "modules", { root = record.dir, mode = PRIVATE })
    -- A link is not followed, not even inside the record.
    if there and (there.code ~= "EEXIST" or tiny.stat("modules", { root = record.dir, follow = false }).kind ~= "dir") then error(there, 0) end
    for _, module in ipairs(new) do write(record, file_of(module.name), module.text) end
    state.change_config(record, function(config)
      config.recipe.modules = config.recipe.modules or {}
      for _, module in ipairs(new) do config.recipe.modules[module.name] = tiny.sha256(module.text) end
    end)
  end)
  for _, module in ipairs(new) do
    local what = ("%s: module %s"):format(record.config.name, module.name)
    if err then
      format.note("%s is not kept with the container: %s", what, err.message)
    elseif record.id == replayed then
      format.note("%s was not recorded; it is loaded from %s, and kept from now on", what, module.path)
    end
  end
end

-- From now on, keeps the modules that the recipe requires, such as in a callback. Inside the container nothing is kept: modules
-- loaded there come from the record, or from the recipe's folder.
function code.follow(record)
  local recipe = record.config.recipe
  if not (recipe and recipe.sha256) then return end
  local installed = followed ~= nil
  followed, follower = record, tiny.getpid()
  if installed then return end
  local find = package.searchers[2]
  package.searchers[2] = function(name)
    local loader, extra = find(name)
    local here = type(loader) == "function" and not name:find("^tiny%.") and tiny.getpid() == follower
    -- A child that sets up the container first closes this lock.
    if here and not (followed.alive and followed.alive.closed) then keep_new(followed) end
    return loader, extra
  end
end

-- The text of a container's recipe and its modules, as load_recipe takes them; nothing for a container without a recipe. Fails
-- when a file is damaged.
local function kept(record)
  local recipe = record.config.recipe
  if not recipe or not recipe.sha256 and not tiny.stat(record.dir .. "/recipe.lua") then return end
  local modules = {}
  for name, digest in pairs(recipe.modules or {}) do
    local file = file_of(name)
    modules[name] = { path = ("%s/%s"):format(record.dir, file), text = read(record, file, digest) }
  end
  return read(record, "recipe.lua", recipe.sha256), modules
end

-- Fails when the code of a container on record is damaged. Nothing is run.
function code.check(record)
  kept(record)
end

local function no_exit()
  tiny.fail { message = "os.exit is refused: the recipe is run again for a recorded container", hint = "return the container" }
end

-- Runs the recipe of a recorded container, as it was when the container was created; returns its result, or nothing for a
-- container without a recipe.
function code.run(record)
  local recipe = record.config.recipe
  local text, modules = kept(record)
  if not text then return end
  local chunk = tiny.load_recipe(record.dir .. "/recipe.lua", { text = text, modules = modules, folder = recipe.folder })
  code.follow(record)
  replayed = record.id
  local exit = os.exit
  os.exit = no_exit
  local made, err = tiny.try(function() return { (chunk(recipe.args or {})) } end)
  os.exit = exit
  if err then error(err, 0) end
  return made[1]
end

return code
