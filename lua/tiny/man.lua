-- Pages for man(1), in the macros of man(7): one per command, made of what the command declares; tinylua(1);
-- tinylua-recipes(7), made of the keys that a container has; and the primitives' page of the registry.
local manual = require "tiny.manual"

local man = {}

-- Text in which nothing is a request or an escape; dashes stay dashes, also when they are copied.
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

-- A paragraph for each of the text's; the first of a section needs no request.
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

-- "-m, --memory=SIZE", the words in their fonts.
local function option_head(option)
  local head = option.short and ("\\fB%s\\fR, "):format(escape("-" .. option.short)) or ""
  head = head .. ("\\fB%s\\fR"):format(escape("--" .. option[1]))
  if option.type == "flag" then return head end
  return ("%s=\\fI%s\\fR"):format(head, escape(option.value or (option.type or "string"):upper()))
end

local function option_text(option)
  local text = option.help or ""
  if not text:match("[.!?]$") then text = text .. "." end
  if option.choices and not text:find(option.choices[1], 1, true) then text = ("%s One of %s."):format(text, table.concat(option.choices, ", ")) end
  if option.default and not text:find("[default:", 1, true) then text = ("%s [default: %s]"):format(text, option.default) end
  return option.many and text .. " It can be given several times." or text
end

local function options(self, title, list)
  if #list == 0 then return end
  self:section(title)
  for _, option in ipairs(list) do self:item(option_head(option), option_text(option)) end
end

local function synopsis(self, name, declared, own)
  local words = { ("\\fBtinylua %s\\fR"):format(escape(name)) }
  if #own > 0 then table.insert(words, "[\\fIOPTION\\fR]...") end
  for _, arg in ipairs(declared.args or {}) do
    local word = ("\\fI%s\\fR"):format(escape(arg.value or arg[1]:upper()))
    if arg.many or arg.trailing then word = word .. "..." end
    table.insert(words, arg.required == false and ("[%s]"):format(word) or word)
  end
  self:section("SYNOPSIS"):line(table.concat(words, " "))
end

local function call(value) if type(value) == "function" then return value() end return value or {} end

-- What a script returns.
local function declared_by(file)
  return assert(load(tiny.source(file), "=" .. file, "t"))()
end

local function command(name, declared)
  local self = page("tinylua-" .. name:gsub(" ", "-"), 1, declared.summary)
  local own = call(declared.options)
  synopsis(self, name, declared, own)
  self:section("DESCRIPTION"):text(declared.summary .. (declared.summary:match("%.$") and "" or "."))
  if declared.about then self:text(declared.about) end
  for i, arg in ipairs(declared.args or {}) do
    if i == 1 then self:section("ARGUMENTS") end
    self:item(("\\fI%s\\fR"):format(escape(arg.value or arg[1]:upper())), option_text { help = arg.help or "The " .. arg[1], choices = arg.choices })
  end
  options(self, "OPTIONS", own)
  self:line(".PP"):line("The options of every command are in"):line(".BR tinylua (1).")
  return self:also("tinylua(1)", "tinylua-recipes(7)"):done()
end

-- The pages of the commands by their names, "run", "network create", with their summaries.
local function commands()
  local pages, list = {}, {}
  for _, entry in ipairs(manual.list("commands")) do
    local declared = declared_by(entry.file)
    table.insert(list, { entry.name, declared.summary })
    pages["tinylua-" .. entry.name .. ".1"] = not declared.group and command(entry.name, declared) or nil
    for _, own in ipairs(declared.group and tiny.sources("scripts/" .. entry.name) or {}) do
      local part = declared_by(("scripts/%s/%s.lua"):format(entry.name, own))
      table.insert(list, { entry.name .. " " .. own, part.summary })
      pages[("tinylua-%s-%s.1"):format(entry.name, own)] = command(entry.name .. " " .. own, part)
    end
  end
  return pages, list
end

local STATUS = {
  { "0 to 124, 128 and more", "The container's own; 128 + n after signal n." }, { "125", "tinylua failed." },
  { "126", "The command cannot be executed." }, { "127", "The command was not found." }, { "2", "The command line is wrong." },
}

local FILES = {
  { "/var/lib/tinylua", "What is on record, as root; $XDG_DATA_HOME/tinylua otherwise." },
  { "/run/tinylua", "FIFOs, sockets and locks; $XDG_RUNTIME_DIR/tinylua otherwise." },
  { "~/.config/tinylua, /etc/tinylua", "Commands (scripts/NAME.lua) and modules (lua/tiny/NAME.lua) that win over the shipped ones." },
}

local function top(list)
  local self = page("tinylua", 1, "a container runtime that you program")
  self:section("SYNOPSIS"):line("\\fBtinylua\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...")
  self:section("DESCRIPTION"):text("A Rust core turns kernel operations into Lua functions. A container is a recipe: a Lua file that calls them one "
    .. "by one, or a table that the shipped pipeline runs. The commands are Lua scripts on the same functions.")
  self:section("COMMANDS")
  for _, entry in ipairs(list) do self:item(("\\fB%s\\fR"):format(escape(entry[1])), entry[2] .. ".") end
  options(self, "OPTIONS", require("tiny.complete").GLOBAL)
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
  local doc = require "tiny.spec_doc"
  local self = page("tinylua-recipes", 7, "Lua files that make containers")
  self:section("DESCRIPTION"):text([[
A recipe is a Lua file that `tinylua run FILE.lua` runs; `local args = ...` are the words after its name. It does the work itself, by calling the primitives on the global tiny, and returns nothing, a boolean or an exit status. Or it returns a container, which the shipped pipeline makes; or a topology, which `tinylua up` brings up. `require` finds modules in the recipe's own folder.]])
  self:section("EXAMPLE"):line(".EX"):line(escape(EXAMPLE)):line(".EE")
  keys(self, "KEYS OF A CONTAINER", doc.container)
  keys(self, "KEYS OF A TOPOLOGY", doc.topology)
  keys(self, "FURTHER KEYS OF ITS CONTAINERS", doc.service)
  for _, inner in ipairs(doc.inner) do keys(self, escape(inner[2]:upper()), inner[3]) end
  self:section("SHIPPED RECIPES")
  for _, entry in ipairs(manual.list("recipes")) do self:item(("\\fB%s\\fR"):format(escape(entry.name)), manual.summary(tiny.source(entry.file)) .. ".") end
  return self:also("tinylua-run(1)", "tinylua-up(1)", "tinylua-check(1)", "tinylua-primitives(7)"):done()
end

-- All pages by the names of their files.
function man.files()
  local pages, list = commands()
  pages["tinylua.1"], pages["tinylua-recipes.7"] = top(list), recipes()
  pages["tinylua-primitives.7"] = tiny.manual(nil, { format = "man" })
  return pages
end

return man
