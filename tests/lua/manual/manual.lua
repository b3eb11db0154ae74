-- manual, sources, source: entries as data, with their types; shipped files and the files that override them.
local check = require "check"

local clone = tiny.manual("tiny.clone")
check.equal(clone.signature, "clone(options, body)")
check.equal(clone.returns, "child")
assert(clone.result:find("^a child handle"), clone.result)
check.equal(clone.args[1].name .. " " .. clone.args[1].type.is, "body function")
check.equal(tiny.manual("child:wait").name, "wait", "a method's entry")
check.equal(tiny.manual("child.wait").name, "wait", "a method's entry")
check.equal(tiny.manual("no_such_primitive"), nil)

-- Each type with its parts.
local function option(entry, name)
  for _, field in ipairs(tiny.manual(entry).options) do
    if field.name == name then return field end
  end
end
local kind = option("socketpair", "type")
check.equal(kind.type.is .. " " .. kind.default .. " " .. table.concat(kind.type.words, " "), 'word "stream" stream seqpacket')
check.equal(kind.required, false)
check.equal(option("clone", "net").type.is, "namespace")
check.equal(tiny.manual("wait").args[1].type.kind, "child")
local rules = tiny.manual("set_device_rules").list
check.equal(rules.type.is, "options")
check.equal(rules.type.keys[1].name .. " " .. rules.type.keys[1].type.is, "allow boolean")
check.equal(rules.type.keys[2].name .. " " .. rules.type.keys[2].type.is, "type word")
check.equal(rules.type.keys[2].type.text, '"char"|"block"')

-- The sorts of types that a renderer has to know; `of` is a type, or a list of types.
local SORTS = {}
for sort in ("boolean integer number string bytes path size duration cidr signal function table list map options handle "
  .. "namespace word either any"):gmatch("%S+") do SORTS[sort] = true end
local function sound(type, where)
  assert(SORTS[type.is], where .. ": " .. tostring(type.is))
  assert(type.text ~= "", where)
  for _, of in ipairs(type.is == "either" and type.of or { type.of }) do sound(of, where) end
  for _, key in ipairs(type.keys or {}) do sound(key.type, where .. "." .. key.name) end
end
for name, value in pairs(tiny) do
  if type(value) == "function" then
    local entry = assert(tiny.manual(name), name .. " has no entry")
    check.equal(entry.name, name)
    for _, fields in ipairs { entry.args, entry.options, { entry.list } } do
      for _, field in ipairs(fields) do sound(field.type, name .. "." .. field.name) end
    end
  end
end
-- What tiny.primitives lists is in the entry too.
for _, primitive in ipairs(tiny.primitives()) do
  for key, value in pairs(primitive) do
    check.equal(tiny.json_encode(tiny.manual(primitive.name)[key]), tiny.json_encode(value), primitive.name .. "." .. key)
  end
end

local names = table.concat(tiny.sources("scripts"), " ")
assert((" " .. names .. " "):find(" doc ", 1, true), names)
local shipped = tiny.source("scripts/doc.lua", { shipped = true })
check.equal(select(2, tiny.source("scripts/doc.lua")), nil, "the place of a shipped file")
assert(shipped:find("^%-%- doc: "), shipped)
check.equal(tiny.source("scripts/none.lua"), nil)
check.equal(tiny.source("scripts/../src/main.rs"), nil, "a path out of the folder")

check.refuses('path: "etc/passwd" is not below scripts/ or lua/', tiny.source, "etc/passwd")
check.refuses('folder: "script" is not below scripts or lua', tiny.sources, "script")
check.refuses('folder: "/etc" is not below scripts or lua', tiny.sources, "/etc")
check.equal(#tiny.sources("scripts/../src"), 0, "a folder out of the folder")
local below = " " .. table.concat(tiny.sources("lua/tiny", { below = true }), " ") .. " "
for _, name in ipairs { "container", "net/bridge", "dev/plan/text" } do assert(below:find(" " .. name .. " ", 1, true), name) end
assert(not (" " .. table.concat(tiny.sources("lua/tiny"), " ") .. " "):find("/", 1, true))
check.refuses("name is missing: manual(name)", tiny.manual)
