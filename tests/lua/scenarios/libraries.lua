-- require: modules from the recipe's directory, the user's directory and --lua-path, with directories in the names. The
-- search path has priority over the binary, and the binary over the recipe's directory. Files that another user could
-- write are refused.
local check = require "check"

local home = "/tmp/library"
check.environment = { HOME = home, PATH = os.getenv("PATH"), TERM = "dumb" }
local function file(path, text)
  tiny.mkdir(path:match("^(.*)/"), { parents = true })
  tiny.write_file(path, text)
end
local function says(want, ...)
  local result = check.run { "run", ... }
  check.equal(result.out .. result.err, want)
end
local function recipe(text) file(home .. "/work/r.lua", text) end

recipe 'print(require("words").hello, require("lib.deep").depth)'
file(home .. "/work/words.lua", 'return { hello = "beside" }')
file(home .. "/work/lib/deep.lua", 'return { depth = require("words").hello .. " too" }')
says("beside\tbeside too\n", home .. "/work/r.lua")
tiny.chdir(home .. "/work")
says("beside\tbeside too\n", "r.lua")

-- The user's directory, and before it the directory from the command line.
file(home .. "/.config/tinylua/lua/words.lua", 'return { hello = "the user\'s" }')
says("the user's\tthe user's too\n", "r.lua")
file(home .. "/given/lua/words.lua", 'return { hello = "given" }')
says("given\tgiven too\n", "--lua-path", home .. "/given", "r.lua")
file(home .. "/later/lua/words.lua", 'return { hello = "later" }')
says("given\tgiven too\n", "--lua-path", home .. "/given", "--lua-path", home .. "/later", "r.lua")

-- In a command as in a recipe; a shipped module is not replaced by a file next to one.
file(home .. "/.config/tinylua/scripts/say.lua", 'return { run = function() print(require("words").hello) end }')
check.equal(check.succeeds("say"), "the user's\n")
file(home .. "/work/tiny/scope.lua", 'error "this is not asked for"')
recipe 'print(type(require("tiny.scope").new))'
says("function\n", "r.lua")
file(home .. "/.config/tinylua/lua/tiny/scope.lua", 'return { new = "mine" }')
says("string\n", "r.lua")

-- Files that another user could write are refused, wherever they are found.
recipe 'require "words"'
local function chmod(mode, path) tiny.fork(function() tiny.exec { "chmod", mode, path } end):wait() end
chmod("666", home .. "/.config/tinylua/lua/words.lua")
local refused = check.run { "run", "r.lua" }
assert(refused.err:find(home .. "/.config/tinylua/lua/words.lua is refused: its mode 666 lets other users write to it", 1, true), refused.err)
tiny.remove(home .. "/.config/tinylua/lua/words.lua")
chmod("777", home .. "/work")
refused = check.run { "run", "r.lua" }
assert(refused.err:find(home .. "/work is refused: its mode 777 lets other users write to it", 1, true), refused.err)
