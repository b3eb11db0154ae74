-- The Lua of the host that takes part: /etc/tinylua/oci.lua, or ~/.config/tinylua/oci.lua for an ordinary user, and a recipe that an
-- annotation of the container names. Both return a function of the request, which may change the configuration, refuse the container
-- with an error, and return a table of closures as a recipe has them.
local program = {}

local ANNOTATION = "org.tinylua.recipe"

local NOTHING = {}

-- The folder of the user or the system.
local function folder()
  local ordinary = tiny.getuid() ~= 0 or require("tiny.base.rootless").in_userns()
  return ordinary and tiny.config_dir() or "/etc/tinylua"
end

-- What the table that a recipe returns may have.
local KEYS = {
  before = "functions", after = "functions", steps = "functions", on_start = "function", on_exit = "function", on_oom = "function",
  seccomp = "table",
}

-- What another user could write is not run.
local function check_owner(path)
  for _, one in ipairs { path:match("^(.*)/"), path } do
    local s = tiny.stat(one)
    local own = s and (s.uid == 0 or s.uid == tiny.getuid())
    if not own or s.mode & tonumber("22", 8) ~= 0 then
      tiny.fail { message = ("%s could be changed by another user, so it is not run"):format(one), hint = "chown root and chmod go-w it" }
    end
  end
end

-- Calls the function of a file with the request; returns its table.
local function run(path, request)
  check_owner(path)
  local made = tiny.load_recipe(path)()
  if type(made) ~= "function" then tiny.fail { message = ("%s: it must return a function of the request"):format(path) } end
  local spec = made(request)
  if spec ~= nil and type(spec) ~= "table" then
    tiny.fail { message = ("%s: its function returned %s, not a table"):format(path, tiny.show(spec)) }
  end
  if spec then require("tiny.spec.schema").check(path, spec, KEYS) end
  return spec or NOTHING
end

-- Two closures for one place run one after the other.
local function both(one, other)
  if not one or not other then return one or other end
  return function(...)
    one(...)
    return other(...)
  end
end

local function merge(spec, other)
  for _, when in ipairs { "before", "after", "steps" } do
    for name, closure in pairs(other[when] or NOTHING) do
      spec[when] = spec[when] or {}
      spec[when][name] = when == "steps" and closure or both(spec[when][name], closure)
    end
  end
  for _, name in ipairs { "on_start", "on_exit", "on_oom" } do spec[name] = both(spec[name], other[name]) end
  if other.seccomp and spec.seccomp then tiny.fail "oci.lua and the recipe both answer system calls" end
  spec.seccomp = spec.seccomp or other.seccomp
end

-- The closures for a container; `config` may be changed by them. Returns { spec, where, name }.
function program.of(config, bundle, id)
  local name = (config.annotations or NOTHING)[ANNOTATION]
  local found = { spec = {}, name = name }
  local base = folder()
  local general = base .. "/oci.lua"
  local has_general = tiny.stat(general) ~= nil
  if not has_general and not name then return found end
  -- Later commands call them again, with what the engine wrote.
  found.original = tiny.json_encode(config)
  local request = { config = config, bundle = bundle, id = id, annotations = config.annotations or {} }
  if has_general then
    merge(found.spec, run(general, request))
    found.where = general
  end
  if name then
    -- Whoever writes a pod writes annotations: a name of the host's, never a path.
    if not name:match("^%w[%w_-]*$") then tiny.fail { message = ("annotation %s: %s is not the name of a recipe"):format(ANNOTATION, tiny.show(name)) } end
    local path = ("%s/oci/%s.lua"):format(base, name)
    if not tiny.stat(path) then tiny.fail { message = ("annotation %s: there is no recipe %s"):format(ANNOTATION, path) } end
    merge(found.spec, run(path, request))
    found.where = path
  end
  -- What they changed is checked like what the engine wrote.
  config.spaces = nil
  require("tiny.oci.config").check(config)
  return found
end

-- The closures of a container that was created earlier.
function program.again(one)
  local text = tiny.read_file(one.dir .. "/original.json", { max = "64m" })
  local config = require("tiny.oci.config").check(text and tiny.json_decode(text) or require("tiny.oci.state").config(one))
  return program.of(config, one.record.bundle, one.id).spec
end

return program
