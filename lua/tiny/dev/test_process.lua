-- The process of one test: loads the file and runs one test of it, or lists its tests. The runner receives the result as
-- JSON.
local test_process = {}

-- The maximum length of a failure message.
local MESSAGE = 16 * 1024

-- The result of a call in the test's process, as a table for the runner.
local function outcome(f)
  local _, err = tiny.try(f)
  if not err then return { status = "passed" } end
  return { status = err.skipped and "skipped" or "failed", message = tostring(err.skipped and err.message or err):sub(1, MESSAGE) }
end

-- Runs a file without tests as one test: like a recipe, it fails through its status.
local function whole(chunk)
  local result = (chunk())
  if result == false or (math.type(result) == "integer" and result ~= 0) then tiny.fail(("the file returned %s"):format(result)) end
end

-- In the test's process: loads the file and runs the test of this name; without a name, lists the tests.
function test_process.perform(base, name)
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
  return { status = "failed", message = "the file no longer has this test" }
end

-- The modules next to a test file, located but not run, as `require` does: { name = loader }. In a rootless private host, the
-- owner of the directories above them cannot be checked any more.
local function neighbours(folder, prefix, found)
  for _, name in ipairs(tiny.list_dir(folder)) do
    local kind, module = tiny.stat(folder .. "/" .. name, { follow = false }).kind, name:match("^([%w_-]+)%.lua$")
    if kind == "dir" and name:match("^[%w_-]+$") and not prefix:find(".", 1, true) then neighbours(folder .. "/" .. name, prefix .. name .. ".", found) end
    local loader = kind == "file" and module and tiny.try(package.searchers[2], prefix .. module)
    if type(loader) == "function" then found[prefix .. module] = loader end
  end
  return found
end

-- Before the process is created: locates modules that it could not find. Returns a function that removes them again.
function test_process.preload(path, folder)
  local before = {}
  for name, loader in pairs(package.preload) do before[name] = loader end
  if require("tiny.base.rootless").is() then
    -- Only sets the search path of `require`; errors in the file are reported when it is run.
    tiny.try(tiny.load_recipe, path)
    for name, loader in pairs(tiny.try(neighbours, folder, "", {}) or {}) do package.preload[name] = loader end
  end
  return function()
    for name in pairs(package.preload) do package.preload[name] = before[name] end
  end
end

return test_process
