-- --trace: a line for each call with its process and its times, the summary of times, the Perfetto file and the SVG.
local check = require "check"

tiny.write_file("/tmp/t.lua", [[
local child <close> = tiny.clone({ uts = true }, function()
  tiny.sethostname("<a>&\27[2J")
  tiny.poll({}, 0.3)
  tiny.try(tiny.chdir, "/no/such")
  tiny.exec { "true" }
end)
return child:wait()
]])
local function traced(style)
  local result = check.run { "--trace" .. style, "run", "/tmp/t.lua" }
  check.equal(result.status, 0, result.err)
  return result
end

-- The timeline: start, wall and CPU time, the process, the call; calls of a child are behind a bar.
local err = traced("").err
check.equal(traced("=timeline").err:match("^[^\n]*\n"), err:match("^[^\n]*\n"))
local at, wall, cpu = err:match('\n +([%d.]+) +([%d.]+) +([%d.]+)  │ child %d+ +poll%({}, 0.3%)')
assert(at and tonumber(wall) >= 300000 and tonumber(cpu) < tonumber(wall) / 4, err)
-- User-Mode Linux counts whole ticks of 10 ms, and sometimes for the wrong process: only there it may be more.
assert(tonumber(cpu) < 20000 or tonumber(cpu) % 10000 == 0, err)
local named = tonumber(err:match("\n +([%d.]+)[^\n]*│ child %d+ +sethostname%(\"<a>&\\u{1b}%[2J\"%)\n"))
local forked = tonumber(err:match("\n +([%d.]+)[^\n│]*host %d+ +clone%({ uts = true }%) = <child"))
assert(forked and named and forked < named and named < tonumber(at), err)
assert(err:find("chdir%(\"/no/such\"%) = ENOENT"), err)
-- The summary: the waiting time of both, and every call once.
local total = err:match("\nwhere ([%d.]+) ms went:\n")
assert(total and tonumber(total) >= 300, err)
local calls = tonumber(err:match("\n  child %d+ +(%d+) calls"))
check.equal(calls, 4)
local waited = err:match("\n  child %d+ +%d+ calls[^\n]*, of which ([%d.]+) ms waiting\n")
assert(waited and tonumber(waited) >= 300, err)
assert(err:match("\n  poll +1 calls +[%d.]+ ms wall +[%d.]+ [^ ]+ CPU +%d+ %%  waits\n"), err)
check.equal(err:find("\27"), nil)

-- Lines and JSON stay unchanged, for users and for programs; `text` is an alias of lines.
local lines = traced("=lines").err
assert(lines:find("\nchild %d+ +[%d.]+µs  sethostname%("), lines)
check.equal(lines:find("where"), nil)
check.equal(traced("=text").err:find("at ms"), nil)
local ops = {}
for line in traced("=json").err:gmatch("[^\n]+") do
  local event = tiny.json_decode(line)
  ops[#ops + 1] = event.op
  assert(event.cpu_us and event.us and event.start and event.lane, line)
  if event.op == "chdir" then check.equal(event.failed, true) end
  if event.op == "sethostname" then check.equal(event.at, "/tmp/t.lua:2") end
end
check.equal(table.concat(ops, " "):match("sethostname.*"):gsub("clone ", ""), "sethostname poll chdir exec wait")

-- Perfetto: complete events of two named processes, with times that nest, and an arrow.
check.equal(traced("=perfetto:/tmp/p.json").err, "")
local file = tiny.json_decode(tiny.read_file("/tmp/p.json"))
local names, spans, arrows = {}, {}, {}
for _, event in ipairs(file.traceEvents) do
  check.equal(math.type(event.pid), "integer")
  check.equal(math.type(event.tid), "integer")
  if event.ph == "M" then names[event.pid] = names[event.pid] or event.args.name
  elseif event.ph == "X" then
    assert(event.ts >= 0 and event.dur >= 0 and event.tdur >= 0 and event.cat and event.args.args, event.name)
    spans[event.name] = event
  else
    arrows[event.ph] = event
  end
end
assert(names[spans.clone.pid]:find("^host ") and names[spans.poll.pid]:find("^child "), "names")
assert(spans.poll.dur >= 300000 and spans.poll.ts >= spans.sethostname.ts + spans.sethostname.dur, "times")
check.equal(spans.chdir.args.failed, true)
check.equal(arrows.s.ts, spans.clone.ts)
check.equal(arrows.f.pid, spans.poll.pid)
check.equal(arrows.f.id, arrows.s.id)

-- The SVG: well-formed, without markup from the recipe; it replaces an existing file.
tiny.write_file("/tmp/t.svg", ("x"):rep(1000000))
traced("=svg:/tmp/t.svg")
local svg = tiny.read_file("/tmp/t.svg")
local open = {}
for close, name, own in svg:gsub("<style>.-</style>", ""):gmatch("<(/?)(%a+)[^<>]-(/?)>") do
  if close == "/" then check.equal(table.remove(open), name) elseif own ~= "/" then table.insert(open, name) end
end
check.equal(#open, 0)
check.equal(svg:find("[^\n -~\x80-\xff]"), nil)
assert(svg:find("&lt;a&gt;&amp;\\u{1b}[2J", 1, true) and not svg:find("<a>", 1, true), svg)
assert(svg:find('class="failed"', 1, true) and svg:find('class="child waits"', 1, true), svg)

-- A whole container, and one that fails: the file is written in both cases.
check.succeeds("--trace=svg:/tmp/c.svg", "run", "--rm", "true")
assert(tiny.read_file("/tmp/c.svg"):find("mount_overlay", 1, true))
check.equal(check.run({ "--trace=perfetto:/tmp/f.json", "run", "--rm", "--host", "no-such-program" }).status, 127)
assert(tiny.read_file("/tmp/f.json"):find('"name":"exec"', 1, true))
-- A recipe that executes the program itself has written its trace before.
tiny.write_file("/tmp/e.lua", 'tiny.exec { "true" }')
assert(check.run({ "--trace", "run", "/tmp/e.lua" }).err:find("\nwhere .* went:\n"))

-- Invalid combinations are refused before anything is done.
for style, text in pairs { svg = "it needs a file: svg:FILE", ["json:x"] = "json takes no file: it is written to standard error", svgg = "expected one of timeline, lines, json, perfetto:FILE, svg:FILE" } do
  local result = check.run { "--trace=" .. style, "run", "--rm", "true" }
  check.equal(result.status, 2)
  assert(result.err:find(text, 1, true), result.err)
end
local refused = check.run { "--trace=svg:/no/x.svg", "run", "--rm", "touch", "/tmp/made" }
check.equal(refused.err, "tinylua: --trace: ENOENT: No such file or directory: /no/x.svg\n")
check.equal(refused.status, 125)
check.no_container()
