-- What Lua itself could do to the machine, taken away while a recipe is planned: it fails with a sentence instead.
-- Reading files and the environment is left.
local cage = {}

local function refuse(name)
  return function()
    tiny.fail { message = ("a plan does not act, and so it does not call %s"):format(name), hint = "tinylua run does", exit = 125 }
  end
end

-- What a recipe may use for its plan: memory, and seconds of CPU time.
cage.MEMORY, cage.SECONDS = "512m", 20

-- For this process, for good. limit: the true setrlimit.
function cage.close(limit)
  limit("as", cage.MEMORY)
  -- The soft limit ends it first, by the signal that says why.
  limit("cpu", cage.SECONDS, { hard = cage.SECONDS + 1 })
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

return cage
