-- manual, sources, source: entries, methods and the index; shipped files and the files that override them.
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

check.refuses('path: "etc/passwd" is not below scripts/ or lua/', tiny.source, "etc/passwd")
check.refuses('folder: "script" is not below scripts or lua', tiny.sources, "script")
check.refuses('folder: "/etc" is not below scripts or lua', tiny.sources, "/etc")
check.equal(#tiny.sources("scripts/../src"), 0, "a folder out of the folder")
local below = " " .. table.concat(tiny.sources("lua/tiny", { below = true }), " ") .. " "
for _, name in ipairs { "container", "net/bridge", "dev/plan/text" } do assert(below:find(" " .. name .. " ", 1, true), name) end
assert(not (" " .. table.concat(tiny.sources("lua/tiny"), " ") .. " "):find("/", 1, true))
check.refuses('unknown option "fromat"; did you mean "format"?', tiny.manual, nil, { fromat = "lua" })
check.refuses('format "lua" is for the whole manual; leave out the name', tiny.manual, "clone", { format = "lua" })
