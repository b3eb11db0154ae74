-- A test's own process: reads the file and runs one test of it, or tells which there are. What it comes to is a
-- table, which goes to the runner as JSON.
local process = {}

-- So much is kept of what a test says on its failure.
local MESSAGE = 16 * 1024

-- What came of a call in the test's process, as a table that goes to the runner.
local function outcome(f)
  local _, err = tiny.try(f)
  if not err then return { status = "passed" } end
  return { status = err.skipped and "skipped" or "failed", message = tostring(err.skipped and err.message or err):sub(1, MESSAGE) }
end

-- A file without tests is one: as a recipe, it fails by a status.
local function whole(chunk)
  local result = (chunk())
  if result == false or (math.type(result) == "integer" and result ~= 0) then tiny.fail(("it returned %s"):format(result)) end
end

-- In the test's process: reads the file and runs the test of this name; without one it tells their names.
function process.perform(base, name)
  local test = require "tiny.test"
  local came = outcome(function() whole(tiny.load_recipe(base)) end)
  if came.status ~= "passed" then return came end
  if not name then
    for i, one in ipairs(test.list) do
      came.tests = came.tests or {}
      came.tests[i] = one.name
    end
    return came
  end
  for _, one in ipairs(test.list) do
    if one.name == name then return outcome(function() one.run() end) end
  end
  return { status = "failed", message = "the file has no such test when it is read again" }
end

-- The modules beside a test file, found but not run, as `require` does it: { name = loader }. In an ordinary
-- user's private host the owner of the folders above them cannot be told any more.
local function neighbours(folder, prefix, found)
  for _, name in ipairs(tiny.list_dir(folder)) do
    local kind, module = tiny.stat(folder .. "/" .. name, { follow = false }).kind, name:match("^([%w_-]+)%.lua$")
    if kind == "dir" and name:match("^[%w_-]+$") and not prefix:find(".", 1, true) then neighbours(folder .. "/" .. name, prefix .. name .. ".", found) end
    local loader = kind == "file" and module and tiny.try(package.searchers[2], prefix .. module)
    if type(loader) == "function" then found[prefix .. module] = loader end
  end
  return found
end

-- Before the process is made: what it could not find any more. Returns what forgets it again.
function process.preload(path, folder)
  local before = {}
  for name, loader in pairs(package.preload) do before[name] = loader end
  if tiny.getuid() ~= 0 then
    -- It tells where `require` looks; what is wrong with the file is told when it is run.
    tiny.try(tiny.load_recipe, path)
    for name, loader in pairs(tiny.try(neighbours, folder, "", {}) or {}) do package.preload[name] = loader end
  end
  return function()
    for name in pairs(package.preload) do package.preload[name] = before[name] end
  end
end

return process
