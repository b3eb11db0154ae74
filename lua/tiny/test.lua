-- The module for test files: `local t = require "tiny.test"`, then t.test(name, f) for each test. Each test runs in its own
-- private host (tiny.dev.private_host); a file without t.test is a single test.
--
--   t.test("greets", function()
--     local r = t.run("hello.lua", "you")
--     t.expect(r):ends(0)
--     t.expect(r.out):equals("hello you\n")
--   end)
local test = {}

-- The tests of the current file, in order; set by the runner.
test.list = {}

-- Declares a test: its name and its function. It passes if the function returns.
function test.test(name, f)
  if type(name) ~= "string" or type(f) ~= "function" then tiny.fail { at = tiny.caller(), message = "test expects a name and a function" } end
  for _, other in ipairs(test.list) do
    if other.name == name then tiny.fail { at = tiny.caller(), message = ("two tests are named %q"):format(name) } end
  end
  table.insert(test.list, { name = name, run = f })
end

test.expect = require "tiny.base.expect"

-- Ends the test as skipped, with a reason.
function test.skip(reason) tiny.fail { message = reason, skipped = true } end

local function reads(file, text)
  if text == "" then return tiny.open("/dev/null") end
  local path = "/tmp/test/.input-" .. tiny.random_id(4)
  tiny.write_file(path, text)
  local opened = tiny.open(path)
  tiny.remove(path)
  return opened
end

-- Reads both pipes until end-of-file.
local function drain(out, err)
  local texts, open = { [out] = {}, [err] = {} }, { out, err }
  while #open > 0 do
    for _, file in ipairs(tiny.poll(open)) do
      local bytes = file:read()
      if bytes then
        table.insert(texts[file], bytes)
      else
        for i, other in ipairs(open) do if other == file then table.remove(open, i) end end
      end
    end
  end
  return table.concat(texts[out]), table.concat(texts[err])
end

-- Runs a program; returns { status, signal, out, err }. words.input is its standard input, words.env its environment.
function test.command(words)
  local out, out_end = tiny.pipe()
  local err, err_end = tiny.pipe()
  local input <close> = reads("input", words.input or "")
  local child <close> = tiny.fork(function()
    tiny.dup2(input, 0)
    tiny.dup2(out_end, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { env = words.env, table.unpack(words) }
  end)
  out_end:close()
  err_end:close()
  local output, errors = drain(out, err)
  local status, signal = child:wait()
  return { status = status, signal = signal, out = output, err = errors }
end

-- The caller's environment, with HOME and state directories in the private host's memory.
function test.environment()
  local env = { HOME = "/tmp/home", XDG_RUNTIME_DIR = "/tmp/test-run", XDG_CONFIG_HOME = os.getenv("XDG_CONFIG_HOME") or (os.getenv("HOME") or "/root") .. "/.config" }
  for _, name in ipairs { "PATH", "LANG", "TERM", "NO_COLOR", "USER" } do env[name] = os.getenv(name) end
  return env
end

-- Runs this tinylua with these arguments, the same --lua-path, and its state in the private host. A first argument that is a
-- table has input and env in addition to the arguments: t.tinylua { "exec", "-i", "web", "cat", input = "text" }.
function test.tinylua(...)
  local words = type(...) == "table" and ... or { ... }
  local line = { input = words.input, env = words.env or test.environment(), "/proc/self/exe" }
  for dir in (tiny.settings.lua_path or ""):gmatch("[^:]+") do table.move({ "--lua-path", dir }, 1, 2, #line + 1, line) end
  return test.command(table.move(words, 1, #words, #line + 1, line))
end

-- Runs a recipe or a command: `tinylua run …`.
function test.run(...)
  local words = type(...) == "table" and ... or { ... }
  return test.tinylua { input = words.input, env = words.env, "run", table.unpack(words) }
end

-- A writable directory, empty at each test's start.
test.folder = "/tmp/test"

return test
