-- Helpers of the Lua tests. A test is a recipe: it passes if it returns, fails if it throws, and is skipped (status 77,
-- with the reason) if the kernel lacks a feature that it needs.
local check = {}

local function shown(value)
  return type(value) == "string" and string.format("%q", value) or tostring(value)
end

function check.equal(got, want, what)
  if got ~= want then error(("%s: got %s, want %s"):format(what or "value", shown(got), shown(want)), 2) end
end

-- f(...) is refused before any system call, with exactly this text.
function check.refuses(text, f, ...)
  local _, err = tiny.try(f, ...)
  if not err then error("not refused: " .. text, 2) end
  check.equal(err.usage, true, "usage error")
  check.equal(err.message, text, "message")
end

-- f(...) throws an error with this code; returns the error.
function check.fails(code, f, ...)
  local _, err = tiny.try(f, ...)
  if not err then error("did not fail with " .. code, 2) end
  check.equal(err.code, code, tostring(err))
  return err
end

-- Runs f in a child with these namespaces; its failures are failures of this test.
function check.inside(namespaces, f)
  local child <close> = tiny.clone(namespaces, f)
  local status = child:wait()
  check.equal(status, 0, "the child's status")
end

-- Reads several pipes to end of file at once.
local function drain(files)
  local texts, open = {}, {}
  for i, file in ipairs(files) do texts[i], open[file] = "", i end
  while next(open) do
    local waiting = {}
    for file in pairs(open) do table.insert(waiting, file) end
    for _, file in ipairs(tiny.poll(waiting)) do
      local bytes = file:read()
      if bytes then texts[open[file]] = texts[open[file]] .. bytes else open[file] = nil end
    end
  end
  return texts
end

-- How a command is started, and its environment: ordinary.lua changes it to another user.
check.start = tiny.fork

-- Copies the tinylua under test, which a test changes. Its content stays out of the memory of the test: in User-Mode Linux a
-- process has at most 65530 pages (vm.max_map_count of the host).
function check.copy_program(path)
  tiny.copy_tree("/proc/self/exe", path, { follow = true })
end

-- The digest of a file's content.
function check.digest(path)
  local file <close> = tiny.open(path)
  return (tiny.sha256_file(file))
end

-- Runs the tinylua under test with these arguments; returns its status and its output.
function check.run(arguments, input)
  local out, out_end = tiny.pipe()
  local err, err_end = tiny.pipe()
  local child <close> = check.start(function()
    if input then
      local from, into = tiny.pipe()
      into:write(input)
      tiny.dup2(from, 0)
      into:close()
    end
    tiny.dup2(out_end, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(arguments) }
  end)
  out_end:close()
  err_end:close()
  local texts = drain { out, err }
  return { status = child:wait(), out = texts[1], err = texts[2] }
end

local WITNESS = "/tmp/witness"

-- Runs a command that is killed before this call of a primitive; returns whether there is such a call.
function check.killed(call, ...)
  tiny.write_file(WITNESS, "")
  local before = check.environment
  check.environment = { PATH = os.getenv "PATH", HOME = "/tmp", TINYLUA_FAULT = ("%d:kill-before:0:%s"):format(call, WITNESS) }
  check.run { ... }
  check.environment = before
  return tiny.read_file(WITNESS) ~= ""
end

-- Like `run`, but it must succeed; returns its output.
function check.succeeds(...)
  local result = check.run { ... }
  if result.status ~= 0 then error(("status %s: %s%s"):format(result.status, result.out, result.err), 2) end
  return result.out
end

-- The commands that take several containers: a failure with one of them gives status 1, as in docker.
local SEVERAL = {}
for name in ("inspect kill pause restart rm start stop unpause update wait"):gmatch("%S+") do SEVERAL[name] = true end

-- The status of a command that fails: 1 or 125.
function check.failure(words)
  return SEVERAL[words[1]] and 1 or 125
end

-- Runs tinylua with these arguments; it must fail with exactly this text and the status of a failure.
function check.refused(text, ...)
  local result = check.run { ... }
  if result.err ~= "tinylua: " .. text .. "\n" then error(("got %q, want %q"):format(result.err, text), 2) end
  check.equal(result.status, check.failure { ... }, "status")
  return result
end

-- Like `refused` for a run, which must leave nothing behind.
function check.run_refused(text, ...)
  local result = check.refused(text, "run", ...)
  check.no_container()
  return result
end

-- Waits until a process that is not a child of the caller has ended and was reaped. Until then its pid exists, and a
-- command leaves the handling of its end to a supervisor, which may be slower than the command.
function check.reaped(process)
  local start, limit = tiny.process_start_time(process.pid), tiny.clock("monotonic") + 60
  check.equal(#tiny.poll({ process }, "20s"), 1, "it has ended")
  while start and tiny.process_start_time(process.pid) == start do
    if tiny.clock("monotonic") > limit then error("nobody reaps it", 2) end
    tiny.poll({}, "2ms")
  end
end

-- Kills a process that is not a child of the caller, and waits until it is gone.
function check.kill(process)
  tiny.kill(process, "SIGKILL")
  check.reaped(process)
end

-- The topmost mount at a path, or nil.
function check.mount_at(path)
  local found
  for _, mount in ipairs(tiny.mounts()) do
    if mount.target == path then found = mount end
  end
  return found
end

-- The path of the cgroup of a recorded container: for an unprivileged user, it is in the delegated subtree.
function check.cgroup_of(id)
  return tiny.json_decode(tiny.read_file(("%s/containers/%s/state.json"):format(check.root, id))).cgroup or "tinylua/" .. id
end

-- Whether a name in the run folder is the journal of a recipe that still runs: a test is one itself.
function check.is_journal(name)
  local pid = name:match("^recipe%.(%d+)%.jsonl$")
  return pid ~= nil and tiny.stat("/proc/" .. pid) ~= nil
end

-- The store contains nothing of any container.
function check.no_container()
  for _, folder in ipairs { "/containers", "/names", "/run" } do
    local names = {}
    for _, name in ipairs(tiny.list_dir(check.root .. folder) or {}) do
      if not check.is_journal(name) then table.insert(names, name) end
    end
    if #names > 0 then error(("left in %s: %s"):format(folder, table.concat(names, " ")), 2) end
  end
end

check.root = tiny.settings.root or "/tmp/tinylua-test"

function check.skip(reason)
  print("skip: " .. reason)
  os.exit(77)
end

return check
