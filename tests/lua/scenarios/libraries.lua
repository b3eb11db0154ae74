-- require: from the recipe's folder, the user's folder and --lua-path, with folders in the names; first the search
-- path, then the binary, then the recipe's folder; nothing that another user could write.
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

-- The user's folder, and before it what the command line names.
file(home .. "/.config/tinylua/lua/words.lua", 'return { hello = "the user\'s" }')
says("the user's\tthe user's too\n", "r.lua")
file(home .. "/given/lua/words.lua", 'return { hello = "given" }')
says("given\tgiven too\n", "--lua-path", home .. "/given", "r.lua")
file(home .. "/later/lua/words.lua", 'return { hello = "later" }')
says("given\tgiven too\n", "--lua-path", home .. "/given", "--lua-path", home .. "/later", "r.lua")

-- In a command as in a recipe; what ships is not replaced by a file beside one.
file(home .. "/.config/tinylua/scripts/say.lua", 'return { run = function() print(require("words").hello) end }')
check.equal(check.succeeds("say"), "the user's\n")
file(home .. "/work/tiny/scope.lua", 'error "this is not asked for"')
recipe 'print(type(require("tiny.scope").new))'
says("function\n", "r.lua")
file(home .. "/.config/tinylua/lua/tiny/scope.lua", 'return { new = "mine" }')
says("string\n", "r.lua")

-- What another user could write is refused, wherever it is found.
recipe 'require "words"'
local function chmod(mode, path) tiny.fork(function() tiny.exec { "chmod", mode, path } end):wait() end
chmod("666", home .. "/.config/tinylua/lua/words.lua")
local refused = check.run { "run", "r.lua" }
assert(refused.err:find(home .. "/.config/tinylua/lua/words.lua is refused: its mode 666 lets other users write to it", 1, true), refused.err)
tiny.remove(home .. "/.config/tinylua/lua/words.lua")
chmod("777", home .. "/work")
refused = check.run { "run", "r.lua" }
assert(refused.err:find(home .. "/work is refused: its mode 777 lets other users write to it", 1, true), refused.err)
