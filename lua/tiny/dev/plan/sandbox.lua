-- Removes Lua's own functions that could act on the machine while a recipe is planned; they fail with an error instead.
-- Reading files and the environment remains possible.
local sandbox = {}

local function refuse(name)
  return function()
    tiny.fail { message = ("a plan does not call %s"):format(name), hint = "`tinylua run` does", exit = 125 }
  end
end

-- The limits of a recipe's plan: memory, and seconds of CPU time.
sandbox.MEMORY, sandbox.SECONDS = "512m", 20

-- Permanently sandboxes this process. limit: the original setrlimit.
function sandbox.close(limit)
  limit("as", sandbox.MEMORY)
  -- The soft limit ends it first, with the signal that identifies it.
  limit("cpu", sandbox.SECONDS, { hard = sandbox.SECONDS + 1 })
  for library, names in pairs { os = { "execute", "remove", "rename", "tmpname", "exit", "setlocale" }, io = { "popen", "tmpfile", "output" } } do
    for _, name in ipairs(names) do _G[library][name] = refuse(library .. "." .. name) end
  end
  local open = io.open
  function io.open(path, mode)
    if mode and not mode:match("^rb?$") then refuse("io.open for writing")() end
    return open(path, "r")
  end
  package.loadlib = nil
end

return sandbox
