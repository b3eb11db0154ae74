-- Walks through a command that changes the image store, and ends it like SIGKILL, or makes a call fail, at each step (src/vm/fault.rs).
-- Afterwards the store verifies, each listed image runs, a collection leaves what the names need and nothing else, no process remains,
-- and the command succeeds when it is repeated; a pull then fetches only what the store does not have.
local check, web, layout = require "check", require "web", require "image_layout"
local call_trace, leftovers, checks = require "call_trace", require "leftovers", require "image_store_checks"

local image_faults, images, names, must, surplus = {}, checks.images, checks.names, checks.must, checks.surplus

local SNAPSHOT, COPY, PROGRAM = "/tmp/snapshot", "/tmp/copy", "/tmp/traced"
-- The full walk is a soak test. Otherwise only calls that change something are walked: ending before another one is the same as ending
-- before the next of these.
local WHOLE = os.getenv "TINYLUA_TEST_WHOLE" ~= nil
local CHANGES = {}
for name in ("clone copy_tree exec flock fork fsync http_save layer_pack layer_unpack mkdir open remove rename syncfs tar_unpack write write_file"):gmatch "%S+" do
  CHANGES[name] = true
end
-- The system calls that change something: the soak test ends the process at each of these. A file that openat has just created is the
-- same before its first write.
local CALLS = "write,writev,pwrite64,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,mknodat,symlinkat,linkat,fsync,syncfs,ftruncate,"
  .. "fchmod,utimensat,lsetxattr,fsetxattr,copy_file_range,sendfile"

local function shell(command, ...)
  command = command:format(...)
  if not os.execute(command) then error("failed: " .. command, 2) end
end

-- A registry with two images that share a layer; the store has "kept", and a container of it with changes.
local function prepare()
  local server, place = web.registry(nil, "info")
  local own = { server = server, kept = place .. "/kept:1", app = place .. "/app:1" }
  local base = layout.busybox()
  local config = { Cmd = { "true" }, Env = { "PATH=/bin" } }
  layout.upload("/tmp/kept", layout.make("/tmp/kept", { layers = { base }, compress = { "gzip" }, config = config }), own.kept)
  local data, pieces = tiny.open "/dev/urandom", {}
  for i = 1, 16 do pieces[i] = data:read(1 << 16) end
  data:close()
  own.made = layout.make("/tmp/app", { layers = { base, { data = table.concat(pieces) }, { ["etc/one"] = "one\n", ["etc/passwd"] = { removed = true }, ["srv/web"] = { owner = 7 } } },
    compress = { "gzip", false, "zstd" }, config = config })
  layout.upload("/tmp/app", own.made, own.app)
  check.succeeds("pull", "-q", own.kept)
  check.succeeds("run", "--name", "c", "--network", "none", own.kept, "touch", "/changed")
  return own
end

-- The bytes of the image's layers that the store has, whole or in part, and all of them.
local function stored(made)
  local have, all = 0, 0
  for _, part in ipairs(made.layers) do
    all = all + part.size
    for _, folder in ipairs { "blobs/sha256/", "ingest/" } do
      local s = tiny.stat(images() .. folder .. part.digest:sub(8))
      have = have + (s and math.min(s.size, part.size) or 0)
    end
  end
  return have, all
end

-- In a copy of the store, a collection leaves what the names need.
local function check_collection(walk, problems)
  shell("rm -rf %s && cp -a %s %s && rm -rf %s/* && cp -a %s/. %s", COPY, check.root, COPY, COPY, check.root, COPY)
  local before = {}
  must(before, "gc")
  surplus(before, walk.damaged and "damaged" or "before")
  for _, what in ipairs(before) do table.insert(problems, "gc: " .. what) end
  shell("find %s -mindepth 1 -delete && cp -a %s/. %s", check.root, COPY, check.root)
end

-- Runs the walk's command with a fault; returns its result and the primitive that it struck, "" for none. In a child that has given up
-- its descriptors, the fault does not tell: the command then fails.
local function struck(walk, kind, generation, call)
  local witness = check.root .. "-fault"
  tiny.try(tiny.remove, witness)
  local environment = check.environment
  check.environment = { PATH = os.getenv "PATH", HOME = environment and environment.HOME or "/tmp", TINYLUA_FAULT = ("%d:%s:%d:%s"):format(call, kind, generation, witness) }
  local result = check.run(walk.words)
  check.environment = environment
  local op = tiny.read_file(witness) or ""
  return result, op == "" and result.status ~= 0 and "?" or op
end

-- The result of a command whose process is ended at the n-th of these system calls.
local function traced(walk, call, number)
  local words = { "strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=" .. call, "-e", ("inject=%s:signal=SIGKILL:when=%d"):format(call, number), PROGRAM, "--root", check.root }
  table.move(walk.words, 1, #walk.words, #words + 1, words)
  local null <close> = tiny.open("/dev/null", { write = true })
  local child <close> = check.start(function()
    for fd = 1, 2 do tiny.dup2(null, fd) end
    tiny.exec { env = check.environment, table.unpack(words) }
  end)
  return { status = child:wait(), out = "", err = "" }
end

local function restore(walk)
  leftovers.settle(walk.before)
  shell("find %s -mindepth 1 -delete && cp -a %s/. %s", check.root, SNAPSHOT, check.root)
end

-- The calls of a pull that change something: layers are on the disk before they have names, and all is there before the image has one.
local function check_order(calls)
  local changing = {}
  for _, call in ipairs(calls) do
    if CHANGES[call:match "^%S+"] then table.insert(changing, call:match "^%S+") end
  end
  local order = table.concat(changing, " ")
  assert(order:find "fork syncfs rename rename write_file syncfs mkdir write_file fsync$", order)
end

-- A command that fails leaves nothing that only a collection would find.
local function check_tidy(problems)
  for _, folder in ipairs { "blobs/sha256", "layers", "ingest", "trash", "refs" } do
    for _, name in ipairs(tiny.list_dir(images() .. folder)) do
      if name:sub(1, 1) == "." then table.insert(problems, ("%s/%s is left"):format(folder, name)) end
    end
  end
end

-- The state after a fault.
local function after(walk, where, result)
  local problems = {}
  if where:find "^fail" and result.status ~= 0 then check_tidy(problems) end
  leftovers.settle(walk.before)
  for _, what in ipairs(leftovers.beyond(walk.before)) do table.insert(problems, what) end
  if not walk.damaged then
    must(problems, "image", "verify")
    for _, name in ipairs(names()) do must(problems, "run", "--rm", "--network", "none", name) end
  end
  check_collection(walk, problems)
  local have, all = stored(walk.own.made)
  local before = walk.fetches and layout.sent(walk.own.made)
  local again = check.run(walk.words)
  if again.status ~= 0 and not (walk.gone and again.err:find("no such image", 1, true)) then table.insert(problems, "again: " .. again.err) end
  if walk.fetches then
    local twice = layout.sent(walk.own.made) - before - (all - have)
    walk.twice, walk.had = walk.twice + twice, walk.had + have
    if twice > 0.05 * have then table.insert(problems, ("%d of %d bytes are fetched again"):format(twice, have)) end
  end
  if WHOLE or walk.damaged then must(problems, "image", "verify") end
  must(problems, "gc")
  surplus(problems)
  local list = names()
  table.sort(list)
  if table.concat(list, " ") ~= walk.names then table.insert(problems, "the names are then " .. table.concat(list, " ")) end
  if #problems > 0 then table.insert(walk.broken, ("%s (status %s): %s\n  %s%s"):format(where, result.status, table.concat(problems, "; "), result.out, result.err)) end
end

-- The calls of a command without a fault, by generation: all children of a generation make about the same calls.
local function calls_of(walk)
  restore(walk)
  local result = check.run { "--trace=json", table.unpack(walk.words) }
  check.equal(result.status, 0, "without a fault: " .. result.err)
  local calls = call_trace.parse(result.out .. result.err)
  local own, theirs = calls[0], {}
  if walk.fetches then check_order(own) end
  for process, list in pairs(calls) do
    for i, call in ipairs(process > 0 and list or {}) do theirs[i] = (theirs[i] or "") .. " " .. call end
  end
  return own, theirs
end

local function changes(text)
  for word in text:gmatch "%S+" do
    if CHANGES[word] then return true end
  end
  return false
end

-- Whether a call is walked; `known`: the primitive and its place, nil for calls that are not in the trace. A kill after a call is the same
-- as one before the next, except where another process begins. Of the calls of one place, the short walk takes one; of renames two.
local function is_walked(kind, known, seen)
  if not known then return kind ~= "kill-after" end
  if kind == "kill-after" and not (known:find "fork" or known:find "clone") then return false end
  seen[known] = (seen[known] or 0) + 1
  return WHOLE or changes(known) and seen[known] <= (known:find "^rename" and 2 or 1)
end

local function walk_primitives(walk, kind)
  local own, theirs = calls_of(walk)
  local points, generation = 0, 0
  while true do
    local list = generation == 0 and own or generation == 1 and theirs or {}
    local call, quiet, before, seen = 1, 0, points, {}
    while call <= #list or kind ~= "kill-after" and quiet < 3 do
      if is_walked(kind, list[call], seen) then
        restore(walk)
        local result, op = struck(walk, kind, generation, call)
        quiet = op == "" and quiet + 1 or 0
        if op ~= "" then
          points = points + 1
          after(walk, ("%s %s of generation %d, call %d"):format(kind, op, generation, call), result)
        end
      end
      call = call + 1
    end
    if points == before and generation > 0 then return points end
    generation = generation + 1
  end
end

local function walk_calls(walk)
  local points = 0
  restore(walk)
  check.equal(traced(walk, "reboot", 1).status, 0, "strace without a fault")
  for call in CALLS:gmatch "[^,]+" do
    local number = 1
    while true do
      restore(walk)
      local result = traced(walk, call, number)
      if result.status == 0 then break end
      points = points + 1
      after(walk, ("kill at %s %d"):format(call, number), result)
      number = number + 1
    end
  end
  return points
end

-- What each walk needs before, its command, and the names afterwards.
local WALKS = {
  pull = function(own) return { words = { "pull", "-q", own.app }, names = { own.app, own.kept }, fetches = true } end,
  rmi = function(own)
    check.succeeds("pull", "-q", own.app)
    return { words = { "rmi", own.app }, names = { own.kept }, gone = true }
  end,
  prune = function(own)
    check.succeeds("pull", "-q", own.app)
    return { words = { "image", "prune", "-a", "-f" }, names = { own.kept } }
  end,
  commit = function(own) return { words = { "commit", "c", "made:1" }, names = { "docker.io/library/made:1", own.kept } } end,
  load = function(own)
    check.succeeds("pull", "-q", own.app)
    check.succeeds("save", "-o", check.root .. "/saved.tar", own.app)
    check.succeeds("rmi", own.app)
    check.succeeds "gc"
    return { words = { "load", "-q", "-i", check.root .. "/saved.tar" }, names = { own.app, own.kept } }
  end,
  repair = function(own)
    check.succeeds("pull", "-q", own.app)
    tiny.remove(images() .. "blobs/sha256/" .. own.made.layers[1].digest:sub(8))
    tiny.remove(images() .. "blobs/sha256/" .. own.made.config.digest:sub(8))
    tiny.write_file(images() .. "layers/" .. own.made.diff_ids[3]:sub(8) .. "/fs/etc/one", "")
    return { words = { "image", "verify", "--repair" }, names = { own.app, own.kept }, damaged = true }
  end,
}

-- Walks a command by its name; how: "kill" or "fail".
function image_faults.walk(name, how)
  if WHOLE then
    web.need("strace", "strace")
    check.copy_program(PROGRAM)
  end
  local own = prepare()
  local walk = WALKS[name](own)
  walk.own, walk.broken, walk.twice, walk.had = own, {}, 0, 0
  table.sort(walk.names)
  walk.names = table.concat(walk.names, " ")
  shell("mkdir %s && cp -a %s/. %s", SNAPSHOT, check.root, SNAPSHOT)
  walk.before = leftovers.look()
  local points = 0
  for _, kind in ipairs(how == "fail" and { "fail" } or { "kill-before", "kill-after" }) do points = points + walk_primitives(walk, kind) end
  if WHOLE and how == "kill" then points = points + walk_calls(walk) end
  print("fault points walked: " .. points)
  if walk.fetches then print(("fetched again: %d of %d bytes"):format(walk.twice, walk.had)) end
  for _, text in ipairs(walk.broken) do io.stderr:write(text, "\n") end
  own.server:close()
  assert(#walk.broken == 0, ("%d of %d points leave damage"):format(#walk.broken, points))
  assert(points > 5, "the walk ended early")
end

return image_faults
