-- What every check of a recipe's values uses: how a wrong one is refused, and values of more than one key.
local values = {}

function values.wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

-- A path of the host that means the same in every folder: the supervisor leaves the caller's.
function values.absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return (tiny.readlink("/proc/self/cwd"):gsub("/$", "")) .. "/" .. path
end

-- The name of a container, network or topology.
function values.check_name(name)
  if not name:match("^%w[%w_.-]*$") then
    values.wrong(("the name %s has other characters than letters, digits, '_', '.' and '-'"):format(tiny.show(name)))
  end
  if #name > 128 then values.wrong("the name has more than 128 characters") end
end

return values
