-- eject: copies a command, a module or a recipe; the copy overrides it; an existing copy is not overwritten.
local check = require "check"

local home = "/tmp/eject-" .. tiny.random_id(4)
tiny.mkdir(home .. "/cwd", { parents = true, mode = tonumber("755", 8) })

-- Runs tinylua with a separate home directory; returns its status and its output on both streams.
local function tinylua(...)
  local words = { ... }
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.dup2(into, 2)
    tiny.chdir(home .. "/cwd")
    tiny.exec { "/proc/self/exe", env = { HOME = home, PATH = "/usr/bin:/bin" }, table.unpack(words) }
  end)
  into:close()
  local said = {}
  for piece in function() return from:read() end do table.insert(said, piece) end
  from:close()
  return child:wait(), table.concat(said)
end

local ok, err = tiny.try(function()
  local script = home .. "/.config/tinylua/scripts/doctor.lua"
  local status, said = tinylua("eject", "doctor")
  check.equal(status, 0, said)
  check.equal(said, script .. "\n")
  check.equal(tiny.read_file(script), tiny.source("scripts/doctor.lua", { shipped = true }), "the copy")

  tiny.write_file(script, 'return { summary = "mine", run = function() print("my own doctor") end }')
  check.equal(select(2, tinylua("doctor")), "my own doctor\n", "the copy wins")

  status, said = tinylua("eject", "doctor")
  check.equal(status, 125, "an existing copy")
  check.equal(said, "tinylua: " .. script .. " already exists\n  hint: --force overwrites it; --diff shows its changes\n")
  status, said = tinylua("eject", "--force", "doctor")
  check.equal(status, 0, said)
  check.equal(tiny.read_file(script), tiny.source("scripts/doctor.lua", { shipped = true }), "after --force")

  check.equal(tinylua("eject", "tiny.format"), 0)
  local module = home .. "/.config/tinylua/lua/tiny/format.lua"
  tiny.write_file(module, 'local f = {}\nfunction f.line() print("my own line") end\nf.table, f.json = f.line, f.line\nreturn f')
  check.equal(select(2, tinylua("doctor")):match("^my own line\n") ~= nil, true, "the module's copy wins")
  tiny.remove(module)

  status, said = tinylua("eject", "hello")
  check.equal(said, "hello.lua\n")
  check.equal(tiny.read_file(home .. "/cwd/hello.lua"), tiny.source("lua/recipes/hello.lua"), "the recipe")
  check.equal(select(2, tinylua("eject", "--print", "hello.lua")), tiny.source("lua/recipes/hello.lua"), "--print")

  -- Modules at any depth, commands of a group; the changes of a copy, and the list of copies.
  local bridge = home .. "/.config/tinylua/lua/tiny/net/bridge.lua"
  check.equal(select(2, tinylua("eject", "tiny.net.bridge")), bridge .. "\n")
  check.equal(tiny.read_file(bridge), tiny.source("lua/tiny/net/bridge.lua", { shipped = true }))
  check.equal(select(2, tinylua("eject", "network", "ls")), home .. "/.config/tinylua/scripts/network/ls.lua\n")
  check.equal(select(2, tinylua("eject", "--print", "network")), tiny.source("scripts/network.lua", { shipped = true }))
  check.equal(tinylua("eject", "--diff", "tiny.net.bridge"), 0, "as shipped")
  local shipped = tiny.source("scripts/network/ls.lua", { shipped = true })
  tiny.write_file(home .. "/.config/tinylua/scripts/network/ls.lua", (shipped:gsub('summary = "List networks"', 'summary = "Mine"')))
  status, said = tinylua("eject", "--diff", "network", "ls")
  check.equal(status, 1)
  assert(said:find("^%-%-%- shipped scripts/network/ls.lua\n%+%+%+ " .. home:gsub("%p", "%%%0") .. "/.config/tinylua/scripts/network/ls.lua\n"), said)
  assert(said:find('\n-   summary = "List networks",\n+   summary = "Mine",\n', 1, true), said)
  tiny.write_file(home .. "/.config/tinylua/scripts/hi.lua", 'return { run = function() end }')
  local rows = {}
  for line in select(2, tinylua("eject", "--list")):gmatch("[^\n]+") do
    local name, state = line:match("^(.-)%s%s+(.-)%s%s+/")
    if name then rows[name] = state end
  end
  check.equal(rows["network ls"], "changed")
  check.equal(rows["tiny.net.bridge"], "as shipped")
  check.equal(rows["hi"], "your own")
  check.equal(rows["doctor"], "as shipped")
  status, said = tinylua("eject", "--diff", "ps")
  check.equal(status, 2, "no copy")
  assert(said:find("ps.lua does not exist\n  hint: `tinylua eject --list` lists the copies\n", 1, true), said)
  check.equal(tinylua("eject"), 2)

  status, said = tinylua("eject", "docter")
  check.equal(status, 2, "an unknown name")
  check.equal(said, 'tinylua: no such command, module or recipe: "docter"\n  hint: did you mean "doctor"?\n')
end)
tiny.remove(home, { recursive = true })
if err then error(err, 0) end
