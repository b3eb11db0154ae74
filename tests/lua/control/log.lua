-- log: writes a level, a message and fields as one line of text or JSON, to standard error or to a file; by default
-- only warnings and errors.
local check = require "check"

tiny.write_file("said.lua", [[
tiny.log("error", "broken")
tiny.log("warn", "odd", { count = 2, words = "two words", list = { 1, "x" }, flag = true, empty = "" })
tiny.log("info", "done")
tiny.log("debug", "a \27[31mcolour\nand a line")
tiny.log("trace", "all of it")
]])

-- The lines logged by a run with these options, without their times, which are checked.
local function said(environment, ...)
  local before = check.environment
  check.environment = environment
  local result = check.run { ... }
  check.environment = before
  check.equal(result.status, 0, result.err)
  local lines = {}
  for line in result.err:gmatch("[^\n]+") do
    local time, rest = line:match("^(%S+) (.*)$")
    assert(time and tiny.parse_timestamp(time), line)
    table.insert(lines, rest)
  end
  return lines, result.err
end

local ERROR, WARN = "ERROR broken at=said.lua:1", 'WARN  odd count=2 empty="" flag=true list=[1,"x"] words="two words" at=said.lua:2'
local lines = said(nil, "run", "said.lua")
check.equal(table.concat(lines, "\n"), ERROR .. "\n" .. WARN)
check.equal(#said(nil, "--log-level", "off", "run", "said.lua"), 0)
check.equal(table.concat(said(nil, "run", "--log-level=error", "said.lua")), ERROR)
check.equal(said(nil, "run", "--log-level", "info", "said.lua")[3], "INFO  done at=said.lua:3")

-- One line each, without control characters. Events from Rust have their source.
lines = said(nil, "--log-level", "debug", "run", "said.lua")
check.equal(lines[1]:match("^DEBUG command: begins version=%S+ sealed="), "DEBUG command: begins version=" .. tiny.settings.version .. " sealed=")
check.equal(lines[5], "DEBUG a \\u{1b}[31mcolour\\nand a line at=said.lua:4")
check.equal(#lines, 5)
check.equal(#said(nil, "--log-level", "trace", "run", "said.lua"), 6)

-- The level from the environment; the command line has priority, and an empty variable has no effect.
check.equal(#said({ PATH = os.getenv "PATH", TINYLUA_LOG = "info" }, "run", "said.lua"), 3)
check.equal(#said({ PATH = os.getenv "PATH", TINYLUA_LOG = "info" }, "--log-level", "error", "run", "said.lua"), 1)
check.equal(#said({ PATH = os.getenv "PATH", TINYLUA_LOG = "" }, "run", "said.lua"), 2)

-- JSON, appended to a file that only its owner can read.
for round = 1, 2 do
  check.equal(#said(nil, "run", "--log", "out", "--log-format", "json", "--log-level", "info", "said.lua"), 0)
  local objects = {}
  for line in tiny.read_file("out"):gmatch("[^\n]+") do table.insert(objects, assert(tiny.json_decode(line))) end
  check.equal(#objects, 3 * round)
  local odd = objects[3 * round - 1]
  check.equal(odd.level .. odd.msg .. odd.words .. odd.at .. odd.list[2], "warnoddtwo wordssaid.lua:2x")
  check.equal(odd.count, 2)
  assert(tiny.parse_timestamp(odd.time) and math.type(odd.pid) == "integer")
end
check.equal(tiny.stat("out").mode, tonumber("600", 8))
-- A trace is independent of diagnostics.
local traced = check.run({ "run", "--log", "out", "--trace=json", "said.lua" }).err
assert(traced:find('"op":"log"', 1, true) and not traced:find("ERROR broken", 1, true), traced)

-- Messages below the level are not evaluated; others are checked.
tiny.log("debug", "nobody reads this", { f = print })
check.refuses('level: "loud" is not one of "error"|"warn"|"info"|"debug"|"trace"', tiny.log, "loud", "x")
check.refuses("message is missing: log(level, message [, fields])", tiny.log, "warn")
check.refuses("fields.f: a function cannot be written as JSON", tiny.log, "warn", "x", { f = print })
check.refuses('fields: "msg" is the line\'s own', tiny.log, "warn", "x", { msg = 1 })
