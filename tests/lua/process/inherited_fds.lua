-- inherited_fds: what the caller left open; a program gets it with keep_fds, also from a new namespace, and nothing else.
local check = require "check"

-- The descriptors that this test itself has got are not the recipes'.
tiny.reset_process { umask = tonumber("22", 8), close_fds = true }
local program = ("/proc/%d/exe"):format(tiny.getpid())
tiny.write_file("four", "from the caller")

-- What a recipe prints whose caller has left these descriptors open.
local function recipe(redirections, text)
  tiny.write_file("recipe.lua", text)
  local pipe <close> = io.popen(("exec %s run recipe.lua %s 2>&1"):format(program, redirections))
  return pipe:read("a")
end

local LIST = [[print("fds " .. table.concat(tiny.inherited_fds(), " "))]]
check.equal(recipe("", LIST), "fds \n")
check.equal(recipe("3</dev/null 4<four 7</dev/null", LIST), "fds 3 4 7\n")
-- Files of this process are not the caller's; a closed one is gone.
check.equal(recipe("3</dev/null 5</dev/null", [[
  local file <close> = tiny.open("four")
  local pipe = tiny.pipe()
  ]] .. LIST .. [[
  tiny.reset_process { umask = 0, close_fds = true }
  ]] .. LIST), "fds 3 5\nfds \n")
-- From 256 on too.
check.equal(recipe("3</dev/null", [[
  local many = {}
  for i = 1, 300 do many[i] = tiny.open("/dev/null") end
  ]] .. LIST), "fds 3\n")

-- A child in new namespaces, with other handles open, passes on exactly these.
local SHOW = [[
  local others = { tiny.pipe(), tiny.open("/dev/null"), tiny.netns() }
  local child <close> = tiny.clone({ mount = true, pid = true, net = true }, function()
    local more = { tiny.pipe() }
    tiny.exec { "sh", "-c", "cat <&4; echo; for n in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$n ] && printf '%s ' $n; done", keep_fds = KEPT }
  end)
  child:wait()
]]
check.equal(recipe("3</dev/null 4<four 5</dev/null", (SHOW:gsub("KEPT", "2"))), "from the caller\n0 1 2 3 4 ")
check.equal(recipe("3</dev/null 4<four 5</dev/null", (SHOW:gsub("KEPT", "7"))), "from the caller\n0 1 2 3 4 5 ")
check.equal(recipe("3</dev/null 4<four", (SHOW:gsub("KEPT", "0"):gsub("cat <&4; ", ""))), "\n0 1 2 ")
