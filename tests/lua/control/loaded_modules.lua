-- loaded_modules: the user's modules that `require` has loaded, with their source; also load_recipe with source that is
-- not read from files.
local check = require "check"

local before = #tiny.loaded_modules()
tiny.mkdir("recipes/sub", { parents = true })
tiny.write_file("recipes/r.lua", "return require 'one'")
tiny.write_file("recipes/one.lua", "return 'one ' .. require 'sub.two'")
tiny.write_file("recipes/sub/two.lua", "return 'two'")
check.equal(tiny.load_recipe("recipes/r.lua")(), "one two")
local list, folder = tiny.loaded_modules()
check.equal(#list, before + 2)
local one, two = list[before + 1], list[before + 2]
check.equal(one.name, "one")
check.equal(one.text, "return 'one ' .. require 'sub.two'")
check.equal(two.name, "sub.two")
check.equal(two.path, folder .. "/sub/two.lua")
check.equal(folder, tiny.readlink("/proc/self/cwd") .. "/recipes")

-- A shipped module is not one of the user's, and neither is one that cannot be compiled.
require "tiny.scope"
tiny.write_file("recipes/broken.lua", "return = 1")
assert(select(2, tiny.try(require, "broken")))
check.equal(#tiny.loaded_modules(), before + 2)

-- Given source has priority over files, and modules with the same name are loaded again.
tiny.write_file("recipes/three.lua", "return 'three'")
local modules = { one = { path = "/kept/one.lua", text = "return 'kept'" }, wrong = { path = "/kept/wrong.lua", text = "\nerror 'here'" } }
local recipe, text = tiny.load_recipe("/kept/r.lua", { text = "return require 'one', require 'three'", modules = modules, folder = folder })
check.equal(text, "return require 'one', require 'three'")
local first, second = recipe()
check.equal(first, "kept")
check.equal(second, "three")
list = tiny.loaded_modules()
check.equal(#list, 2)
check.equal(list[1].path, "/kept/one.lua")
check.equal(list[2].path, folder .. "/three.lua")
local _, err = tiny.try(require, "wrong")
assert(tostring(err):find("^/kept/wrong.lua:2: here"), tostring(err))

-- Without a directory there are no modules next to the recipe; given source is text, never bytecode.
recipe = tiny.load_recipe("/kept/r.lua", { text = "return require 'three'" })
local _, missing = tiny.try(recipe)
assert(missing.message:find('no such module: three', 1, true), missing.message)
local _, binary = tiny.try(tiny.load_recipe, "/kept/r.lua", { text = string.dump(function() end) })
assert(binary.message:find("attempt to load a binary chunk", 1, true), binary.message)
recipe = tiny.load_recipe("/kept/r.lua", { text = "return require 'b'", modules = { b = { path = "/kept/b.lua", text = string.dump(function() end) } } })
_, binary = tiny.try(recipe)
assert(binary.message:find("attempt to load a binary chunk", 1, true), binary.message)
check.refuses('option "modules": "one": option "path" is missing: its file, for errors', tiny.load_recipe, "r", { text = "", modules = { one = {} } })

-- A file that is loaded afterwards has its own directory and none of the other's modules.
check.equal(tiny.load_recipe("recipes/r.lua")(), "one two")
