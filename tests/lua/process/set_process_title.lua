-- set_process_title: changes the arguments, name and environment that /proc shows.
local check = require "check"

-- Runs a piece of Lua as a command with these arguments and this environment.
local function run(env, text, ...)
  tiny.write_file("/tmp/r.lua", text)
  local from, into = tiny.pipe()
  local words = { ... }
  local child <close> = tiny.fork(function()
    for number = 1, 2 do tiny.dup2(into, number) end
    tiny.exec { env = env, "/proc/self/exe", "run", "/tmp/r.lua", table.unpack(words) }
  end)
  into:close()
  local out = ""
  for bytes in function() return from:read() end do out = out .. bytes end
  check.equal(child:wait(), 0, out)
  return out
end

local SHOWN = [[
  local function show(what) return (tiny.read_file("/proc/self/" .. what):gsub("%z", "|")) end
  ]]
-- A command has a title from the start.
check.equal(run({}, SHOWN .. 'io.write(show "cmdline")', "a-word", "another-word"), "tinylua: run|")
-- The title replaces the old arguments completely, whatever their length.
local out = run({ SECRET = "hidden-value", HOME = "/root" }, SHOWN .. [[
  for _, title in ipairs { "a: b", ("long "):rep(10), "tinylua: x" } do
    tiny.set_process_title(title)
    io.write(show "cmdline", " ", show "comm")
  end
  assert(not show("environ"):find("hidden", 1, true), show "environ")
  -- The process itself, and programs that it executes, still have the old values.
  print(os.getenv "SECRET")
  tiny.exec { "sh", "-c", "echo $SECRET" }]], "a-word")
check.equal(out, "a: b| a\n" .. ("long "):rep(10) .. "| long long long \ntinylua: x| tinylua\nhidden-value\nhidden-value\n")
-- Without an environment, only the space of the arguments is available.
out = run({}, SHOWN .. [[ tiny.set_process_title(("x"):rep(5000)) io.write(#show "cmdline") ]])
assert(tonumber(out) < 200, out)
-- An executed program has its arguments; re-execution passes the original ones.
out = run({ HOME = "/root" }, [[ tiny.set_process_title("tinylua: t") tiny.seal() local words = ... print(words[1], words[2], os.getenv "HOME") ]], "one", "two words")
check.equal(out, "one\ttwo words\t/root\n")

check.refuses('title: "a\\0b" has a NUL byte', tiny.set_process_title, "a\0b")
check.refuses("title is missing: set_process_title(title)", tiny.set_process_title)
