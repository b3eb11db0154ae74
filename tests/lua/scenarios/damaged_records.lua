-- A damaged record next to healthy ones: each kind of damage, of a container that has exited, of one that runs, and of
-- one that runs without a supervisor. Every command works for the healthy ones and reports the damaged one once; the
-- damaged one is refused with the reason, and `rm -f` ends and removes it.
local check = require "check"

local NETWORK = tiny.probe().network.nftables ~= false

local function change(text, f)
  local value = tiny.json_decode(text)
  f(value)
  return tiny.json_encode(value)
end

-- By name: the file and its new contents. A function gets the old text; nil removes the file.
local KINDS = {}
for _, file in ipairs { "config.json", "state.json" } do
  local key = file == "config.json" and "id" or "status"
  KINDS[file .. " missing"] = { file, nil, file .. " is missing" }
  KINDS[file .. " empty"] = { file, function() return "" end, file .. " is damaged: " }
  KINDS[file .. " truncated"] = { file, function(text) return text:sub(1, #text // 2) end, file .. " is damaged: " }
  KINDS[file .. " no object"] = { file, function() return "[1]" end, file .. " is damaged: it is not an object with" }
  KINDS[file .. " without its key"] = { file, function(text) return change(text, function(v) v[key] = nil end) end, "it is not an object with" }
  KINDS[file .. " of a wrong type"] = {
    file, function(text) return change(text, function(v) if file == "config.json" then v.labels = "none" else v.started_at = {} end end) end, "is damaged: ",
  }
  -- In a field that `ps` does not read.
  KINDS[file .. " of a wrong type elsewhere"] = {
    file, function(text) return change(text, function(v) if file == "config.json" then v.limits = "none" else v.pid_start = {} end end) end, "is damaged: ", unseen = true,
  }
  KINDS[file .. " newer"] = {
    file, function(text) return change(text, function(v) v.version = 2 end) end, file .. " was written by a newer tinylua: its format is 2, and this one reads 1",
  }
  KINDS[file .. " a folder"] = { file, "folder", file .. " is damaged: it cannot be read: EISDIR" }
end
KINDS["config.json list"] = { "config.json", function(text) return change(text, function(v) v.command = { 1 } end) end, 'config.json is damaged: "command" is not a valid list' }
KINDS["state.json part"] = { "state.json", function(text) return change(text, function(v) v.ports = { { port = "80" } } end) end, 'state.json is damaged: "ports": ' }
KINDS["both files newer"] = { "both", function(text) return change(text, function(v) v.version = 7.5 end) end, "its format is 7.5" }

local function damage(dir, kind)
  for _, file in ipairs(kind[1] == "both" and { "config.json", "state.json" } or { kind[1] }) do
    local path = dir .. "/" .. file
    local text = tiny.read_file(path)
    if kind[2] == "folder" or not kind[2] then tiny.remove(path) else tiny.write_file(path, kind[2](text)) end
    if kind[2] == "folder" then tiny.mkdir(path) end
  end
end

local function end_process(pid, start)
  local process <close> = tiny.pidfd_open(pid, { start_time = start })
  tiny.kill(process, "SIGKILL")
  tiny.poll { process }
end

local id, why, what
-- Runs a command that is not about the damaged one: it succeeds, and names the damaged one `times` times.
local function works(times, ...)
  local result = check.run { ... }
  local words = ("%s: %s"):format(what, table.concat({ ... }, " "))
  check.equal(result.status, 0, words .. ": " .. result.err)
  check.equal(select(2, result.err:gsub("\n", "")), times, words .. ": lines: " .. result.err)
  if times > 0 then assert(result.err:find(id, 1, true) and result.err:find(why, 1, true), words .. ": " .. result.err) end
  return result.out
end
local function refused(...)
  local result = check.run { ... }
  local words = ("%s: %s"):format(what, table.concat({ ... }, " "))
  check.equal(result.status, check.failure { ... }, words .. ": " .. result.err)
  assert(result.err:find(why, 1, true), words .. ": " .. result.err)
  check.equal(select(2, result.err:gsub("\n", "")), 2, words .. ": " .. result.err)
end

check.succeeds("run", "-d", "--stop-signal", "SIGKILL", "--name", "good", "sh", "-c", "echo kept; exec sleep 1000")
local cases = 0
local function try(name, kind, how)
  what, why = name .. ", " .. how, kind[3]
  id = check.succeeds("run", "-d", "--name", "bad", "sh", "-c", how == "ended" and "echo said" or "echo said; exec sleep 1000"):sub(1, 12)
  local dir = check.root .. "/containers/" .. id
  if how == "ended" then check.succeeds("wait", "bad") end
  local deadline = tiny.clock("monotonic") + 60
  while check.succeeds("logs", "bad") == "" do assert(tiny.clock("monotonic") < deadline, "it says nothing") end
  local before = tiny.json_decode(tiny.read_file(dir .. "/state.json"))
  local process <close> = before.pid and tiny.pidfd_open(before.pid, { start_time = before.pid_start }) or nil
  if how == "orphaned" then end_process(before.supervisor.pid, before.supervisor.start) end
  damage(dir, kind)

  for _, all in ipairs { false, true } do
    local out = kind.unseen and check.succeeds("ps", "-a") or works(1, "ps", all and "-a" or nil)
    assert((kind.unseen or out:find(id .. ".* damaged")) and out:find("good +sh .* Up "), what .. ": " .. out)
  end
  -- Every command, in some of the cases.
  local OTHERS = {
    function()
      works(0, "inspect", "good")
      assert(works(0, "logs", "good"):find("^kept\n"))
      works(0, "events", "--since", "1h", "--until", "0s")
    end,
    function()
      works(0, "exec", "good", "true")
      works(0, "stop", "good")
      works(0, "start", "good")
    end,
    function()
      works(0, "run", "--rm", "true")
      works(1, "stats", "--no-stream")
    end,
    function()
      if not NETWORK then return end
      check.succeeds("network", "create", "nn")
      works(0, "network", "rm", "nn")
      check.succeeds("network", "create", "nn")
      works(1, "network", "rm", "-f", "nn")
    end,
  }
  OTHERS[cases % #OTHERS + 1]()
  works(1, "gc")
  check.succeeds("create", "--name", "other", "true")
  if cases % 2 == 0 then works(0, "rm", "other") else works(1, "prune") end
  check.equal(tiny.stat(dir) ~= nil, true, what .. ": it is still there")

  local shown = check.run { "inspect", "bad" }
  check.equal(shown.status, 0, what .. shown.err)
  assert(tiny.json_decode(shown.out)[1].damage:find(why, 1, true), shown.out)
  check.equal(works(1, "logs", "bad"), "said\n")
  local REFUSED = { { "stop" }, { "start" }, { "exec", "true" }, { "kill" }, { "pause" }, { "restart" }, { "top" }, { "rename", "new" } }
  for n = 0, 1 do
    local words = REFUSED[(2 * cases + n) % #REFUSED + 1]
    refused(words[1], "bad", words[2])
  end
  refused("rm", "bad")
  -- Together with a healthy one, which is stopped anyway.
  if cases % 5 == 0 then
    check.equal(check.run({ "stop", "bad", "good" }).out, "good\n", what)
    check.succeeds("start", "good")
  end
  local removed = check.run { "rm", "-f", "bad" }
  check.equal(removed.status, 0, what .. ": " .. removed.err)
  check.equal(removed.out, "bad\n")
  if process then check.equal(#tiny.poll({ process }, 1), 1, what .. ": it runs on") end
  check.equal(tiny.stat(dir), nil, what)
  check.equal(works(0, "ps", "-aq"):gsub("%x", ""), "\n")
  check.equal(table.concat(tiny.list_dir(check.root .. "/names"), " "), "good")
  cases = cases + 1
end
local HOW, names = { "ended", "running", "orphaned" }, {}
for name in pairs(KINDS) do table.insert(names, name) end
table.sort(names)
-- Each kind of damage in one of the two files in turn; only the file differs.
for i, name in ipairs(names) do try(name, KINDS[name], HOW[i % 3 + 1]) end
print(cases .. " cases")
check.succeeds("rm", "-f", "good")
check.no_container()

-- Files that are not records at all.
tiny.write_file(check.root .. "/containers/0123456789ab", "a file")
tiny.mkdir(check.root .. "/names/folder")
tiny.write_file(check.root .. "/names/nothing", "")
for _, command in ipairs { "ps", "gc", "prune" } do check.equal(check.run({ command }).status, 0, command) end
check.equal(check.run({ "rm", "-f", "0123456789ab" }).status, 0)
check.succeeds("gc")
check.no_container()

-- The supervisor of a container does not overwrite a record that was written by a newer program.
id = check.succeeds("run", "-d", "--name", "bad", "sleep", "1000"):sub(1, 12)
local newer = ("%s/containers/%s/state.json"):format(check.root, id)
local before = tiny.read_file(newer)
local text = change(before, function(v) v.version = 2 end)
tiny.write_file(newer, text)
before = tiny.json_decode(before)
end_process(before.pid, before.pid_start)
local supervisor = tiny.pidfd_open(before.supervisor.pid, { start_time = before.supervisor.start })
if supervisor then check.equal(#tiny.poll({ supervisor }, 20), 1, "the supervisor ends") end
check.equal(tiny.read_file(newer), text, "written over")
check.succeeds("rm", "-f", "bad")
check.no_container()

-- A journal: invalid lines, calls that can never succeed, a directory in its place. A truncated last line is not
-- damage.
for text, wrong in pairs {
  ['["link_del","nn0"]\n{\n["link_del","nn1"]\n'] = "undo.jsonl: line 2 is damaged",
  ['["no_such_call"]\n'] = "undo.jsonl: line 1 is damaged",
  ['["link_del",{}]\n'] = "link_del({})",
  ["folder"] = "undo.jsonl cannot be read: EISDIR",
} do
  id = check.succeeds("run", "-d", "--name", "bad", "true"):sub(1, 12)
  check.succeeds("wait", "bad")
  local path = ("%s/containers/%s/undo.jsonl"):format(check.root, id)
  if text == "folder" then tiny.mkdir(path) else tiny.write_file(path, text) end
  check.succeeds("create", "--name", "other", "true")
  for _, command in ipairs { "ps", "gc", "prune" } do
    local result = check.run { command }
    check.equal(result.status, 0, command .. result.err)
    if command ~= "ps" then assert(result.err:find(wrong, 1, true), command .. ": " .. result.err) end
  end
  local kept = check.run { "rm", "bad" }
  check.equal(kept.status, 1)
  assert(kept.err:find(wrong, 1, true) and kept.err:find("`tinylua rm -f` removes it anyway", 1, true), kept.err)
  local removed = check.run { "rm", "-f", "bad" }
  check.equal(removed.status, 0, removed.err)
  assert(removed.err:find(wrong, 1, true), removed.err)
  check.no_container()
end
local cut = check.succeeds("create", "true"):sub(1, 12)
tiny.write_file(("%s/containers/%s/undo.jsonl"):format(check.root, cut), '["link_del","nn0"]\n["link')
check.equal(check.run({ "rm", cut }).err, "")
check.no_container()
