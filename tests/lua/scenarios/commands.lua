-- A user's commands in the help: they have their own section and the same help as shipped ones. A command that is
-- broken, hangs or is not trusted does not affect the others.
local check = require "check"

tiny.mkdir("/tmp/mine/scripts/team", { parents = true })
local function script(name, text) tiny.write_file("/tmp/mine/scripts/" .. name .. ".lua", text) end
local function chmod(mode, path) tiny.fork(function() tiny.exec { "chmod", mode, path } end):wait() end
script("hi", [[
-- hi: greets.
return {
  summary = "Say {about} hi",
  options = { { "who", short = "w", default = "you", help = "Whom to greet" } },
  run = function(args) print("hi " .. args.who) return 3 end,
}]])
script("headed", "-- Has no summary but this.\nreturn { run = print }")
script("broken", "return {\n\n")
script("hangs", 'while true do end\nreturn { summary = "Never", run = print }')
script("open", 'return { summary = "Trusted by nobody", run = print }')
chmod("666", "/tmp/mine/scripts/open.lua")
script("ps", 'return { summary = "My own list", run = print }')
script("team", 'return { summary = "Of the team", group = true }')
script("team/greet", 'return { summary = "Greet the team", run = function() print "all" end }')

-- The lines below a heading, up to an empty one.
local function section(help, heading)
  local from = select(2, help:find("\n" .. heading .. "\n", 1, true))
  assert(from, heading .. " in " .. help)
  return help:sub(from + 1):match("^(.-)\n\n")
end

for _, words in ipairs { { "--lua-path", "/tmp/mine", "--help" }, { "--lua-path=/tmp/mine", "help" } } do
  local help = check.succeeds(table.unpack(words))
  check.equal(section(help, "Your commands in /tmp/mine/scripts:"), table.concat({
    "  broken      cannot be used: /tmp/mine/scripts/broken.lua:3: unexpected symbol near <eof>",
    "  hangs       Never",
    "  headed      Has no summary but this",
    "  hi          Say {about} hi",
    "  open        /tmp/mine/scripts/open.lua is refused: its mode 666 lets other users write to it, and its code would run as you",
    "  team        Of the team",
  }, "\n"))
  local shipped = section(help, "Containers:")
  assert(shipped:find("\n  ps          My own list (as in /tmp/mine/scripts)\n", 1, true), shipped)
  assert(shipped:find("^  run         Run a recipe, or a command in a new container\n  ps "), shipped)
end
assert(not check.succeeds("--help"):find("Your commands", 1, true))
-- Arguments after -- belong to the recipe.
tiny.write_file("/tmp/words.lua", 'print(tiny.settings.lua_path, table.concat((...), " "))')
local words = check.succeeds("run", "/tmp/words.lua", "--", "--lua-path", "/tmp/mine")
assert(words:match("^nil\t") and words:find("--lua-path /tmp/mine\n", 1, true), words)
-- A relative --root is relative to the caller's directory, also for a supervisor, which is in another directory.
do
  local store = check.root
  local started <close> = tiny.fork(function()
    tiny.chdir("/tmp")
    tiny.exec { "/proc/self/exe", "--root", "relative", "run", "-d", "--name", "r", "sh", "-c", "sleep 0.2; exit 3" }
  end)
  check.equal(started:wait(), 0)
  check.root = "/tmp/relative"
  check.equal(check.succeeds("wait", "r"), "3\n")
  check.succeeds("rm", "r")
  check.root = store
end

-- A command's name cannot lead to another directory.
tiny.write_file("/tmp/mine/outside.lua", 'return { summary = "x", run = function() print "outside" end }')
for _, name in ipairs { "../outside", "team/../../outside", "team/../hi" } do
  local led = check.run { "--lua-path", "/tmp/mine", name }
  check.equal(led.status .. led.out, "2", name)
end
local none = check.run { "--lua-path", "/tmp/mine" }
check.equal(none.err:match("^[^\n]+"), "tinylua: no command given")
check.equal(none.status, 2)

-- Each by its own name.
local function mine(...) return check.run { "--lua-path", "/tmp/mine", ... } end
for _, words in ipairs { { "hi", "--help" }, { "help", "hi" } } do
  local help = mine(table.unpack(words)).out
  assert(help:find("^Say {about} hi\n\nUsage: tinylua hi %[OPTIONS%]\n"), help)
  assert(help:find("-w, --who <STRING>  Whom to greet [default: you]", 1, true), help)
end
local hi = mine("hi", "-w", "me")
check.equal(hi.out, "hi me\n")
check.equal(hi.status, 3)
assert(mine("hi", "--whom", "me").err:find("a similar argument exists: '--who'", 1, true))
check.equal(mine("team", "greet").out, "all\n")
assert(mine("team", "--help").out:find("ARGS…]\n\nYour commands in /tmp/mine/scripts/team:\n  greet       Greet the team\n", 1, true))
assert(mine("help", "team", "greet").out:find("^Greet the team\n"))
assert(mine("help", "network", "create").out:find("^Create a network\n"))
check.equal(mine("broken").err, "tinylua: /tmp/mine/scripts/broken.lua:3: unexpected symbol near <eof>\n")
check.equal(mine("open").err, "tinylua: /tmp/mine/scripts/open.lua is refused: its mode 666 lets other users write to it, and its code "
  .. "would run as you\n  hint: chown 0 /tmp/mine/scripts/open.lua and chmod go-w /tmp/mine/scripts/open.lua, or remove it\n")
assert(mine("headd").err:find("unknown command \"headd\"; did you mean `tinylua headed`?", 1, true))
assert(check.succeeds("doc", "commands"):find("\n  network +Manage networks\n"), "the summary of a group")
-- A broken command that overrides a shipped one does not affect the others.
script("ps", "return {")
check.equal(mine("hi").status, 3)
assert(section(mine("--help").out, "Containers:"):find("  ps          cannot be used: ", 1, true))
