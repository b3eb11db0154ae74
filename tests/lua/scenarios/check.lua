-- tinylua check: errors in a file are reported with their line and nothing is run; all shipped Lua is clean.
local check = require "check"

local function checked(text, ...)
  tiny.write_file("/tmp/c.lua", text)
  return check.run { "check", "/tmp/c.lua", ... }
end
local function says(text, want)
  local result = checked(text)
  check.equal(result.out, want)
  check.equal(result.status, want == "" and 0 or 1)
end
local at = "/tmp/c.lua:"
says("print(1)\nlocal a = tiny.getpid()\nos.exit(9)", "")

-- Syntax, primitives, globals.
says("local x =\n\n= 2", at .. "3:1: unexpected symbol near '='\n")
says("local t = { 1,\n  2", at .. "2:4: '}' expected (to close '{' at line 1) near <eof>\n")
says("tiny.mount_prok('/proc')", at .. "1:1: no such primitive: tiny.mount_prok; did you mean mount_proc?\n")
says("local tiny = require 'tiny'\nreturn tiny.umont", at .. "2:8: no such primitive: tiny.umont; did you mean umount?\n")
says("\nlocal function f() return pritn(1) end", at .. "2:27: undefined global 'pritn'; did you mean print?\n")
says("for i = 1, 2 do n = i end\nreturn n", at .. "1:17: n is a global; declare it with `local` before its first use\n")
says("#!/usr/bin/env -S tinylua run\nprinf()", at .. "2:1: undefined global 'prinf'; did you mean print?\n")
says("prinf() -- check: off\nprinf()", at .. "2:1: undefined global 'prinf'; did you mean print?\n")
says("local order, outer, x = 1, 2\ngoto done\nrepeat local y = x until y\n::done::\nreturn order + outer, function(...) return ... end", "")

-- Calls, with the same check as when they are made; what depends on run-time values passes.
says("local c <close> = tiny.clone({\n  pid = true, nett = true }, function() end)", at .. '2:15: clone: unknown option "nett"; did you mean "net"?\n')
says("tiny.clone { pid = true }", at .. "1:1: clone: body is missing: clone(options, body)\n"
  .. at .. "1:1: the child that tiny.clone returns is dropped; a local <close> undoes it at the end, :keep() keeps it\n")
says('tiny.sethostname(7)', at .. "1:1: sethostname: name: expected string, got 7\n")
says('tiny.mount_tmpfs("/x", {\n  size = "12q" })', at .. '2:3: mount_tmpfs: option "size": "12q" is not a size; write bytes or a number with k, m, g or t: "128m"\n')
says('tiny.veth_pair({ name = "a" },\n { name = "b", adr = "10.0.0.1/24" })', at .. '2:16: veth_pair: second: unknown option "adr"; did you mean "addr"?\n')
says('tiny.kill(tiny.pidfd_open(1), "SIGTREM")', at .. '1:1: kill: signal: "SIGTREM" is not a signal; did you mean "SIGTERM"?\n')
says('tiny.try(tiny.mount_proc, "/proc", { rw = true })', at .. '1:38: mount_proc: unknown option "rw"; known options: root, create, open, read_only, hidepid, subset\n')
says('tiny.getpid(1)', at .. "1:1: getpid: takes at most 0 arguments: getpid()\n")
says([[local size, more = "1k", { read_only = true }
tiny.mount_tmpfs("/x", { size = size, ["r" .. "o"] = true })
tiny.mount_tmpfs("/x", more)
tiny.mount_tmpfs("/x", table.unpack { { read_only = true } })
tiny.sethostname(table.concat { "a" })
tiny.exec { "true", ... }]], "")

-- Handles.
says('local child <close> = tiny.fork(function() end)\nchild:wiat()', at .. "2:1: child handles have no method wiat; did you mean wait?\n")
says('local child <close> = tiny.fork(function() end)\nchild:wait("soon")', at
  .. '2:1: child:wait: timeout: "soon" is not a duration; write seconds or a number with ms, s, m, h or d: "10s"\n')
says('local cg = tiny.cgroup("web")\ntiny.set_memory_limit(cg, "1m")\ntiny.clone({ cgroup = cg }, function() end):wait()',
  at .. "1:7: cg, a cgroup, is never closed; local cg <close> undoes it at the end, cg:keep() keeps it\n")
says('local ns = tiny.netns()', at .. "1:7: ns, a netns, is never used; local ns <close> closes it at the end\n")
says('tiny.open("/dev/null")', at .. "1:1: the file that tiny.open returns is dropped; a local <close> closes it at the end\n")
says('tiny.bridge("td0")', at .. "1:1: the bridge that tiny.bridge returns is dropped; a local <close> undoes it at the end, :keep() keeps it\n")
says([[local cg = tiny.cgroup("web")
cg:keep()
local child = tiny.fork(function() end)
local given = tiny.bridge("td0")
local held = tiny.nat { from = "10.0.0.0/24" }
local function f() return held end
local _ = tiny.fork(f)
tiny.mount_proc("/proc")
print(child:wait())
return given]], "")

-- The tables of containers and topologies, and modules.
says('local c = require "tiny.container"\nreturn c.new {\n  hostnme = "x", memory = 1.5,\n  before = { exce = print }, cpus = tonumber("1"),\n}', at
  .. '3:3: container.new: unknown key "hostnme"; did you mean "hostname"?\n' .. at .. '3:18: container.new: memory: expected a size such as "128m", got 1.5\n'
  .. at .. '4:14: before: unknown step "exce"; did you mean exec?\n')
says([[return require("tiny.topology").new {
  networks = { back = { internl = true } },
  containers = { web = { comand = "true", ready = { prt = 80 }, network = "back" } },
  nets = {},
}]], at .. '2:25: networks: back: unknown key "internl"; did you mean "internal"?\n'
  .. at .. '3:26: containers: web: unknown key "comand"; did you mean "command"?\n'
  .. at .. '3:53: containers: web: ready: unknown key "prt"; did you mean "port"?\n'
  .. at .. '4:3: topology.new: unknown key "nets"\n')
says('require "tiny.contaner"\nrequire "mine"', at .. "1:9: no such module: tiny.contaner; did you mean tiny.container?\n")

-- JSON output, and standard input.
local json = tiny.json_decode(checked("\n x()", "--format", "json").out)
check.equal(json[1].file, "/tmp/c.lua")
check.equal(json[1].line, 2)
check.equal(json[1].col, 2)
check.equal(json[1].message, "undefined global 'x'")
local read = check.run({ "check", "-", "--name", "web.lua" }, "\nx()")
check.equal(read.out, "web.lua:2:1: undefined global 'x'\n")
check.equal(read.status, 1)
check.equal(check.run({ "check", "/tmp/none.lua" }).status, 2)

-- All shipped files, from the binary itself.
local look = require "tiny.dev.check"
local count = 0
for _, folder in ipairs { "lua/tiny", "lua/recipes", "lua/templates", "scripts" } do
  for _, name in ipairs(tiny.sources(folder, { below = true })) do
    local path = ("%s/%s.lua"):format(folder, name)
    for _, finding in ipairs(look.text(tiny.source(path, { shipped = true }), path)) do
      error(("%s:%d: %s"):format(path, finding.line, finding.message))
    end
    count = count + 1
  end
end
assert(count > 100, count)

-- The parser finds the same globals as Lua's own compiler, in all shipped files and in code that is hard to parse. For
-- the compiler, a name is a global if the bytecode changes when a local with that name is declared before the source.
local walk, parse, quiet = require("tiny.dev.check_scope").walk, require "tiny.base.parser", setmetatable({}, { __index = function() return function() end end })
local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while _ENV"):gmatch "%S+" do KEYWORDS[word] = true end
local function code_behind(names, text) return string.dump(assert(load("local " .. table.concat(names, ", ") .. " " .. text)), true) end
local function same_globals(text, path)
  text = text:gsub("^#", "--")
  local by_tree, others, seen = {}, {}, {}
  for _, use in ipairs(walk(parse(text), quiet)) do by_tree[use.name] = true end
  for name in text:gmatch "[%a_][%w_]*" do
    if not KEYWORDS[name] and not by_tree[name] and not seen[name] then table.insert(others, name) end
    seen[name] = true
  end
  local one = code_behind({ "none0" }, text)
  for name in pairs(by_tree) do assert(code_behind({ name }, text) ~= one, path .. ": the compiler lacks " .. name) end
  for first = 1, #others, 50 do
    local names, none = { table.unpack(others, first, math.min(first + 49, #others)) }, {}
    for i in ipairs(names) do none[i] = "none" .. i end
    assert(code_behind(names, text) == code_behind(none, text), path .. ": the tree lacks one of " .. table.concat(names, ", "))
  end
end
-- The check itself works: a global is found, and a local is not.
check.equal(code_behind({ "x" }, "return x") ~= code_behind({ "y" }, "return x"), true)
check.equal(code_behind({ "x" }, "local x; return x") == code_behind({ "y" }, "local x; return x"), true)
for _, folder in ipairs { "lua/tiny", "lua/recipes", "lua/templates", "scripts" } do
  for _, name in ipairs(tiny.sources(folder, { below = true })) do same_globals(tiny.source(("%s/%s.lua"):format(folder, name), { shipped = true }), name) end
end
for i, text in ipairs {
  "", "-- only a comment", "--[==[ a ]] long\n one ]==] print(1)", "return ...;", ";;; local a <const>, b <close> = 1; return a + b",
  "local s = 'a\\'b\\z  \n  c\\u{48}' .. [==[\n]]]==] .. \"\\\"\" x = s", "a.b['c']:d { e = f, [g] = h; 'i' }[1].j 'k' (l)",
  "function m.n.o:p(q, ...) return self, q, ... end", "local function r() return r end", "for i = 1, n do local n = i end for k, v in pairs(t) do u = k end",
  "repeat local done = w() until done", "goto e while y do break end ::e:: if z then elseif aa then else bb() end",
  "x = 0x.8p3 + 0XffP-2 + 3e-2 + .5 + 7 // 2 ~ ~1 >> 2 & #s .. 1 ..2", "f = function(...) local g <const> = {...} return #g, -g[1] ^ 2 ^ h end",
  "return not a == b and (c)(d) or ((e)).f, function() end, {}, { 1, 2, [3] = 4, x = 5, function() return i end }",
  "local a = a; do local a = a; b = a end", "local x; x = function() return x end", "a, b.c, d[e] = 1, 2", "print '--[[' print [[--]] --[[ x() ]] y()",
} do same_globals(text, "text " .. i) end

-- Compiler errors are reported in words; bytes that are not text are a finding like any other.
check.equal(look.text("x = " .. ("{"):rep(300) .. ("}"):rep(300), "deep.lua")[1].message, "tables, brackets or operators are nested too deeply")
local nul = look.text("local a = 1\nreturn \0", "nul.lua")[1]
check.equal(("%d: %s"):format(nul.line, nul.message), "2: NUL byte: not a Lua text file")

-- A missing module: running the file suggests the same name, in any directory.
for asked, near in pairs { ["tiny.net.stor"] = "tiny.net.store", ["tiny.contaner"] = "tiny.container", ["tiny.dev.plan.recorde"] = "tiny.dev.plan.recorder" } do
  tiny.write_file("/tmp/near.lua", ("require %q"):format(asked))
  local hint = ("did you mean %s?"):format(near)
  for _, command in ipairs { "check", "run" } do
    local done = check.run { command, "/tmp/near.lua" }
    assert((done.out .. done.err):find(hint, 1, true), command .. ": " .. done.out .. done.err)
  end
end
