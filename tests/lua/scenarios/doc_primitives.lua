-- The primitives in each form of the manual: every primitive is there, and signatures, summaries and columns are as a reader
-- expects them.
local check = require "check"
local primitives = require "tiny.docs.primitives"
local terminal = require "tiny.docs.terminal"

local forms = {
  ["\n  %s "] = terminal.index(), ["\nfunction tiny.%s("] = check.succeeds("doc", "--format", "lua"),
  ["\n.SS tiny.%s("] = check.succeeds("doc", "--format", "man"), ["\n### %s\n"] = check.succeeds("doc", "--format", "markdown"),
}
assert(load(forms["\nfunction tiny.%s("], "=stubs", "t"))
for _, primitive in ipairs(tiny.primitives()) do
  for head, text in pairs(forms) do
    assert(text:find(head:format(primitive.name), 1, true), ("%s is not in the form with %q"):format(primitive.name, head))
  end
  -- Neither a long word nor an example is broken.
  for line in terminal.entry(tiny.manual(primitive.name)):match("^(.-)\nExample"):gmatch("[^\n]+") do
    assert(utf8.len(line) <= 80 or line:find("^%s*%S+$"), line)
  end
end

-- A method leaves out the handle.
check.equal(primitives.method(tiny.manual "wait"), "child:wait([timeout] [, options])")
check.equal(primitives.method(tiny.manual "write"), "file:write(data [, options])")
check.equal(primitives.method(tiny.manual "stat"), nil)
check.equal(primitives.call(tiny.manual "try"), "try(f, …)")

-- A summary is one clause, without the man page.
local function summary(doc) return primitives.summary { doc = doc } end
check.equal(summary "Forks a child (fork(2)); as `clone` without options.", "Forks a child")
check.equal(summary "Makes a pipe (pipe2(2), O_CLOEXEC).", "Makes a pipe")
check.equal(summary "In a child: tells the parent (that it is ready).", "In a child: tells the parent (that it is ready)")
check.equal(summary 'Reads "1.5g" and 0.5 (a. b) here.', 'Reads "1.5g" and 0.5 (a. b) here')

-- Options tables with the same keys share a section; an option shows its default.
local function tables(name)
  local names = {}
  for i, own in ipairs(primitives.tables(tiny.manual(name))) do names[i] = table.concat(own.names, "+") end
  return table.concat(names, " ")
end
check.equal(tables "veth_pair", "first+second")
local text = terminal.entry(tiny.manual "socketpair")
assert(text:find(', default: "stream"]', 1, true), text)

-- Lines are at most 80 columns wide, in characters; following lines begin in the same column.
check.equal(terminal.wrap(("…"):rep(40) .. " " .. ("…"):rep(37) .. " x", 2), ("…"):rep(40) .. " " .. ("…"):rep(37) .. "\n  x")
check.equal(terminal.wrap("", 2), "")

-- The prompt's help of a handle shows its methods with their summaries.
local help = check.run({ "repl" }, "help(tiny.socketpair())\n").out
assert(help:find("  :write()  Writes all bytes\n", 1, true), help)
assert(help:find("  :read()   Reads the available bytes, at most `max`\n", 1, true), help)

-- One entry is text only.
local refused = check.run { "doc", "--format", "man", "clone" }
check.equal(refused.status, 2)
check.equal(refused.err, "tinylua: --format man is for the whole manual; leave out NAME\n")
