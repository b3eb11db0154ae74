-- Reads a password from the terminal without showing it, or from standard input.
local password = {}

local LONGEST = 4096

local KEYS = { ["\3"] = "cancel", ["\4"] = "end", ["\r"] = "end", ["\n"] = "end", ["\127"] = "back", ["\8"] = "back", ["\21"] = "clear" }

-- The password that the user types; fails if it is cancelled.
function password.ask(prompt)
  if not tiny.isatty(0) then
    tiny.fail { message = "there is no terminal to ask for a password", hint = "use --password-stdin", exit = 125 }
  end
  local typed, input = "", tiny.stdio(0)
  do
    -- Before the prompt: what is typed after it is never shown.
    local raw <close> = tiny.raw_mode(0)
    io.stderr:write(prompt)
    while true do
      local key = input:read(1)
      local what = key and KEYS[key] or not key and "end"
      if what == "end" then break end
      if what == "cancel" then
        typed = nil
        break
      elseif what == "back" then typed = typed:sub(1, (utf8.offset(typed, -1) or 1) - 1)
      elseif what == "clear" then typed = ""
      elseif #typed < LONGEST then typed = typed .. key end
    end
  end
  io.stderr:write("\n")
  return typed or tiny.fail { message = "cancelled", exit = 130 }
end

-- All of standard input, without the final newline.
function password.from_input()
  local text = io.read("a") or ""
  if #text > LONGEST then tiny.fail { message = ("the password on standard input is longer than %d bytes"):format(LONGEST), exit = 125 } end
  return (text:gsub("\r?\n$", ""))
end

return password
