-- What the Lua tests share. A test is a recipe: it passes when it ends well, fails when it throws,
-- and is skipped (status 77, the reason printed) when the kernel lacks what it needs.
local check = {}

local function shown(value)
  return type(value) == "string" and string.format("%q", value) or tostring(value)
end

function check.equal(got, want, what)
  if got ~= want then error(("%s: got %s, want %s"):format(what or "value", shown(got), shown(want)), 2) end
end

-- f(...) is refused before any kernel call, with exactly this text.
function check.refuses(text, f, ...)
  local _, err = tiny.try(f, ...)
  if not err then error("not refused: " .. text, 2) end
  check.equal(err.usage, true, "usage error")
  check.equal(err.message, text, "message")
end

-- f(...) throws an error of this code, which is returned.
function check.fails(code, f, ...)
  local _, err = tiny.try(f, ...)
  if not err then error("did not fail with " .. code, 2) end
  check.equal(err.code, code, tostring(err))
  return err
end

-- Runs f in a child with these namespaces; its assertions are this test's.
function check.inside(namespaces, f)
  local child <close> = tiny.clone(namespaces, f)
  local status = child:wait()
  check.equal(status, 0, "the child's status")
end

-- Reads several pipes to their ends at once.
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

-- How a command is started, and its environment: as another user where a test says so (ordinary.lua).
check.start = tiny.fork

-- Runs the tinylua under test with these arguments; returns its status and what it printed.
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

-- As `run`, and it must succeed; returns what it printed.
function check.succeeds(...)
  local result = check.run { ... }
  if result.status ~= 0 then error(("status %s: %s%s"):format(result.status, result.out, result.err), 2) end
  return result.out
end

-- Runs tinylua with these arguments; it refuses with exactly this text and status 125.
function check.refused(text, ...)
  local result = check.run { ... }
  if result.err ~= text .. "\n" then error(("got %q, want %q"):format(result.err, text), 2) end
  check.equal(result.status, 125, "status")
  return result
end

-- As `refused` for a run, of which nothing is left.
function check.run_refused(text, ...)
  local result = check.refused(text, "run", ...)
  check.no_container()
  return result
end

-- Waits until a process, which is no child of the caller's, has ended and was reaped. Until then its pid names it, and
-- a command leaves what comes of its end to a supervisor, which is later than the command.
function check.reaped(process)
  local start, limit = tiny.process_start_time(process.pid), tiny.clock("monotonic") + 20
  check.equal(#tiny.poll({ process }, "20s"), 1, "it has ended")
  while start and tiny.process_start_time(process.pid) == start do
    if tiny.clock("monotonic") > limit then error("nobody reaps it", 2) end
    tiny.poll({}, "2ms")
  end
end

-- Kills a process that is no child of the caller's; it is gone afterwards.
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

-- The path of the cgroup of a container on record: an unprivileged user's is in what was delegated to that user.
function check.cgroup_of(id)
  return tiny.json_decode(tiny.read_file(("%s/containers/%s/state.json"):format(check.root, id))).cgroup or "tinylua/" .. id
end

-- Nothing of any container is left in the store.
function check.no_container()
  for _, folder in ipairs { "/containers", "/names", "/run" } do
    local names = tiny.list_dir(check.root .. folder) or {}
    if #names > 0 then error(("left in %s: %s"):format(folder, table.concat(names, " ")), 2) end
  end
end

check.root = tiny.settings.root or "/tmp/tinylua-test"

function check.skip(reason)
  print("skip: " .. reason)
  os.exit(77)
end

return check
