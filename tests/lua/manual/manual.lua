-- manual, sources, source: entries, methods, the index; what ships and what overrides it.
local check = require "check"

local text = tiny.manual("tiny.clone")
assert(text:find("^tiny%.clone%(options, body%)\n"), text)
assert(text:find("EPERM    needs CAP_SYS_ADMIN", 1, true), text)
check.equal(tiny.manual("child:wait"), tiny.manual("wait"), "a method's entry")
check.equal(tiny.manual("no_such_primitive"), nil)

local index, stubs = tiny.manual(), tiny.manual(nil, { format = "lua" })
for name, value in pairs(tiny) do
  if type(value) == "function" then
    assert(tiny.manual(name), name .. " has no entry")
    assert(index:find("\n  " .. name .. "%s"), name .. " is not in the index")
    assert(stubs:find("\nfunction tiny." .. name .. "(", 1, true), name .. " has no stub")
  end
end

local names = table.concat(tiny.sources("scripts"), " ")
assert((" " .. names .. " "):find(" doc ", 1, true), names)
local shipped = tiny.source("scripts/doc.lua", { shipped = true })
check.equal(select(2, tiny.source("scripts/doc.lua")), nil, "the place of a shipped file")
assert(shipped:find("^%-%- doc: "), shipped)
check.equal(tiny.source("scripts/none.lua"), nil)
check.equal(tiny.source("scripts/../src/main.rs"), nil, "a path out of the folder")

assert(tiny.manual(nil, { format = "man" }):find("\n.SS tiny.clone(options, body)\n", 1, true))
check.refuses('path: "etc/passwd" is not below scripts/ or lua/', tiny.source, "etc/passwd")
check.refuses('folder: "script" is not one of "scripts"|"scripts/network"|"lua/tiny"|"lua/tiny/net"|"lua/tiny/anatomy"|"lua/tiny/plan"|"lua/recipes"|"lua/templates"; did you mean "scripts"?', tiny.sources, "script")
check.refuses('unknown option "fromat"; did you mean "format"?', tiny.manual, nil, { fromat = "lua" })
check.refuses('format "lua" is the whole manual\'s; leave out the name', tiny.manual, "clone", { format = "lua" })
