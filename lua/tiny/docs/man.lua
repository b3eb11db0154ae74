-- Generates man pages in the macros of man(7): one per command, from its declaration; tinylua(1); tinylua-recipes(7), from a
-- container's keys; and the page of the primitives, from the registry.
local manual = require "tiny.docs.manual"
local primitives = require "tiny.docs.primitives"

local man = {}

-- Escapes requests and escape sequences; dashes stay dashes, also when copied.
local function escape(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-")
  return (text:gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

local Page = {}
Page.__index = Page

local function page(name, section, summary)
  local self = setmetatable({}, Page)
  self:line('.TH %s %s "" "tinylua %s" "tinylua manual"', escape(name:upper()), section, tiny.settings.version)
  self:section("NAME"):line("%s \\- %s", escape(name), escape((summary:gsub("^%u", string.lower))))
  return self
end

function Page:line(text, ...)
  table.insert(self, select("#", ...) > 0 and text:format(...) or text)
  return self
end

function Page:section(title) return self:line(".SH " .. title) end

-- A paragraph for each one of the text; the first one of a section needs no request.
function Page:text(text)
  for paragraph in (text .. "\n\n"):gmatch("(.-)\n\n+") do
    if not self[#self]:match("^%.SH") then self:line(".PP") end
    self:line(escape(paragraph))
  end
  return self
end

function Page:item(head, text)
  return self:line(".TP"):line(head):line(escape(text))
end

function Page:also(...)
  self:section("SEE ALSO")
  local all = { ... }
  for i, ref in ipairs(all) do
    local name, section = ref:match("^(.*)%((%d)%)$")
    self:line(".BR %s (%s)%s", escape(name), section, i < #all and "," or "")
  end
  return self
end

function Page:done() return table.concat(self, "\n") .. "\n" end

-- "-m, --memory=SIZE", with font changes.
local function option_head(option)
  local head = option.short and ("\\fB%s\\fR, "):format(escape("-" .. option.short)) or ""
  head = head .. ("\\fB%s\\fR"):format(escape("--" .. option[1]))
  if option.optional then return ("%s[=\\fI%s\\fR]"):format(head, escape(option.optional)) end
  if option.type == "flag" then return head end
  if option.implied then return ("%s[=\\fI%s\\fR]"):format(head, escape(option.value)) end
  return ("%s=\\fI%s\\fR"):format(head, escape(option.value or (option.type or "string"):upper()))
end

local function options(self, title, list)
  if #list == 0 then return end
  self:section(title)
  for _, option in ipairs(list) do self:item(option_head(option), manual.explained(option, true)) end
end

local function italic(text) return ("\\fI%s\\fR"):format(escape(text)) end

local function command(name, declared)
  local self = page("tinylua-" .. name:gsub(" ", "-"), 1, declared.summary)
  self:section("SYNOPSIS"):line("\\fBtinylua %s\\fR %s", escape(name), manual.usage(declared, italic))
  self:section("DESCRIPTION"):text(declared.summary .. (declared.summary:match("%.$") and "" or "."))
  if declared.about then self:text(declared.about) end
  for i, arg in ipairs(declared.args or {}) do
    if i == 1 then self:section("ARGUMENTS") end
    self:item(italic(arg.value or arg[1]:upper()), manual.explained(arg))
  end
  options(self, "OPTIONS", declared.options or {})
  self:line(".PP"):line("The options of every command are in"):line(".BR tinylua (1).")
  return self:also("tinylua(1)", "tinylua-recipes(7)"):done()
end

-- The pages of the commands by name, and the commands with their summaries.
local function commands()
  local pages, list = {}, {}
  for _, entry in ipairs(manual.declarations()) do
    local file = ("man1/tinylua-%s.1"):format(entry.name:gsub(" ", "-"))
    if not entry.declared.group then pages[file] = command(entry.name, entry.declared) end
    table.insert(list, { entry.name, entry.declared.summary, section = entry.section })
  end
  return pages, list
end

local STATUS = {
  { "0 to 124, 128 and more", "The exit status of the container; 128 + n if signal n ended it." }, { "125", "tinylua failed." },
  { "126", "The command cannot be executed." }, { "127", "The command was not found." }, { "2", "The command line is wrong." },
}

local FILES = {
  { "/var/lib/tinylua", "Containers, networks and logs, for root; $XDG_DATA_HOME/tinylua for other users." },
  { "/run/tinylua", "FIFOs, sockets and locks, for root; $XDG_RUNTIME_DIR/tinylua for other users." },
  { "~/.config/tinylua, /etc/tinylua", "Commands (scripts/NAME.lua) and modules (lua/tiny/NAME.lua) that override the shipped ones." },
}

local function top(list)
  local self = page("tinylua", 1, "a container runtime that you program")
  self:section("SYNOPSIS"):line("\\fBtinylua\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...")
  self:section("DESCRIPTION"):text("A Rust core turns kernel operations into Lua functions. A container is a recipe: a Lua file that calls these "
    .. "functions, or a table that the shipped pipeline runs. The commands are Lua scripts that use the same functions.")
  self:section("COMMANDS")
  for i, entry in ipairs(list) do
    if entry.section ~= (list[i - 1] or {}).section then self:line(".SS " .. escape(entry.section)) end
    self:item(("\\fB%s\\fR"):format(escape(entry[1])), entry[2] .. ".")
  end
  options(self, "OPTIONS", require "tiny.docs.global_options")
  self:item(option_head { "version", short = "V", type = "flag" }, "Print the version; not after a command.")
  self:section("EXIT STATUS")
  for _, entry in ipairs(STATUS) do self:item(escape(entry[1]), entry[2]) end
  self:section("FILES")
  for _, entry in ipairs(FILES) do self:item(escape(entry[1]), entry[2]) end
  return self:also("tinylua-run(1)", "tinylua-doc(1)", "tinylua-recipes(7)", "tinylua-primitives(7)"):done()
end

local EXAMPLE = [[
local c = require "tiny.container"
return c.new {
  name = "web", command = { "python3", "-m", "http.server", "80" },
  memory = "128m", pids = 64, network = "bridge", publish = { "8080:80" },
  on_exit = function(ctx, status) tiny.write_file("last-status", tostring(status)) end,
}]]

local function keys(self, title, list)
  self:section(title)
  for _, field in ipairs(list) do self:item(("\\fB%s\\fR"):format(escape(field[1])), field[3]) end
end

local function recipes()
  local spec_doc = require "tiny.docs.spec_doc"
  local self = page("tinylua-recipes", 7, "Lua files that create containers")
  self:section("DESCRIPTION"):text([[
A recipe is a Lua file that `tinylua run FILE.lua` runs. `local args = ...` are the words after the file name. A recipe can call the primitives on the global tiny itself, and return nothing, a boolean or an exit status. It can also return a container, which the shipped pipeline starts, or a topology, which `tinylua up` starts. `require` finds modules in the directory of the recipe.
A container keeps the recipe and the modules that it required in its record (recipe.lua, modules/). `start`, restarts and recovery run this code, even if the directory of the recipe has changed or no longer exists. A module that is first required in a callback is added when it is loaded. Shipped modules are those of the tinylua that starts the container. A file that dofile or loadfile reads is not kept.]])
  self:section("EXAMPLE"):line(".EX"):line(escape(EXAMPLE)):line(".EE")
  keys(self, "KEYS OF A CONTAINER", spec_doc.container)
  keys(self, "KEYS OF A TOPOLOGY", spec_doc.topology)
  keys(self, "ADDITIONAL KEYS OF ITS CONTAINERS", spec_doc.service)
  for _, inner in ipairs(spec_doc.inner) do keys(self, escape(inner[2]:upper()), inner[3]) end
  self:section("SHIPPED RECIPES")
  for _, entry in ipairs(manual.list("recipes")) do self:item(("\\fB%s\\fR"):format(escape(entry.name)), manual.summary(tiny.source(entry.file)) .. ".") end
  return self:also("tinylua-run(1)", "tinylua-up(1)", "tinylua-check(1)", "tinylua-primitives(7)"):done()
end

local INTRODUCTION = [[
At most two positional arguments come first, then one table of options. An unknown option or a wrong type is refused before any kernel call.

A size is bytes or a string such as "128m" (binary multiples), a duration seconds or a string such as "10s", an address is in CIDR form.

A failure is thrown as a table: op, args, code ("ENOENT"), errno, path, hint, at. A handle is closed by `local x <close> = …` or `:close()`, and left alone by `:keep()`.]]

-- Items with their types.
local function fields(self, list, type_of)
  for _, field in ipairs(list) do self:item(".B " .. escape(field.name), ("%s (%s)"):format(field.doc, type_of(field))) end
end

local function primitive(self, entry)
  self:line(".SS tiny." .. escape(primitives.call(entry)))
  local method = primitives.method(entry)
  if method then self:line("As a method: " .. escape(method)):line(".PP") end
  self:line(escape(entry.doc))
  fields(self, entry.args, primitives.argument_type)
  local list = entry.list
  if list then self:item(".B [1], [2], …", ("%s (%s)"):format(list.doc, list.type.text)) end
  fields(self, entry.options, primitives.option_type)
  for _, own in ipairs(primitives.tables(entry)) do
    self:line(".PP"):line(("Keys of %s:"):format(escape(table.concat(own.names, ", "))))
    fields(self, own.keys, primitives.option_type)
  end
  if entry.result ~= "" then self:line(".PP"):line(("Returns %s."):format(escape((entry.result:gsub("%.+$", ""))))) end
  for _, err in ipairs(entry.errors) do self:item(".B " .. escape(err.code), primitives.capitalised(err.hint)) end
  self:line(".PP"):line(".EX"):line(escape(entry.example)):line(".EE")
end

-- The page of the primitives.
function man.primitives()
  local self = page("tinylua-primitives", 7, "every function on the global tiny, one kernel operation each")
  self:section("DESCRIPTION"):text(INTRODUCTION)
  for _, family in ipairs(primitives.families(true)) do
    self:section(escape(family.name:upper()))
    for _, entry in ipairs(family) do primitive(self, entry) end
  end
  return self:also("tinylua(1)", "tinylua-recipes(7)", "tinylua-doc(1)"):done()
end

-- All pages by file name, in the directories that man(1) searches.
function man.files()
  local pages, list = commands()
  pages["man1/tinylua.1"], pages["man7/tinylua-recipes.7"] = top(list), recipes()
  pages["man7/tinylua-primitives.7"] = man.primitives()
  return pages
end

return man
