-- Asks before a command removes what cannot be restored; fails unless the answer is yes. `what`: the command, for the error.
local format = require "tiny.format"

return function(question, what)
  format.write("WARNING! " .. question .. "\nAre you sure you want to continue? [y/N] ")
  format.flush()
  local answer = (io.stdin:read("l") or ""):lower()
  if answer ~= "y" and answer ~= "yes" then
    tiny.fail { message = what .. ": nothing was removed", hint = "answer y, or use --force", exit = 1 }
  end
end
