-- set_process_title: what /proc shows of this process's arguments, name and environment.
local check = require "check"

-- Runs a piece of Lua as a command that was given these words and this environment.
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
-- Whatever its length was, the title stands alone.
local out = run({ SECRET = "hidden-value", HOME = "/root" }, SHOWN .. [[
  for _, title in ipairs { "a: b", ("long "):rep(10), "tinylua: x" } do
    tiny.set_process_title(title)
    io.write(show "cmdline", " ", show "comm")
  end
  assert(not show("environ"):find("hidden", 1, true), show "environ")
  -- It is there for itself, and for what it executes.
  print(os.getenv "SECRET")
  tiny.exec { "sh", "-c", "echo $SECRET" }]], "a-word")
check.equal(out, "a: b| a\n" .. ("long "):rep(10) .. "| long long long \ntinylua: x| tinylua\nhidden-value\nhidden-value\n")
-- Without an environment there is no room but the arguments'.
out = run({}, SHOWN .. [[ tiny.set_process_title(("x"):rep(5000)) io.write(#show "cmdline") ]])
assert(tonumber(out) < 200, out)
-- One that is executed over has its arguments again; and starting over brings the same.
out = run({ HOME = "/root" }, [[ tiny.set_process_title("tinylua: t") tiny.seal() local words = ... print(words[1], words[2], os.getenv "HOME") ]], "one", "two words")
check.equal(out, "one\ttwo words\t/root\n")

check.refuses('title: "a\\0b" has a NUL byte', tiny.set_process_title, "a\0b")
check.refuses("title is missing: set_process_title(title)", tiny.set_process_title)
