-- Two concurrent commands on one container are serialized: each succeeds or reports in one sentence why not, the record
-- stays valid, and nothing is left when the container is removed.
local check = require "check"

local COMMANDS = {
  { "stop", "-t", "0", "one" }, { "start", "one" }, { "restart", "-t", "0", "one" }, { "rm", "one" }, { "rm", "-f", "one" },
  { "exec", "one", "true" }, { "rename", "one", "two" }, { "rename", "one", "three" }, { "update", "-m", "64m", "one" },
  { "kill", "one" }, { "prune" }, { "gc" },
}

-- Every message that one of them may print, with a hint or without; "one" may have been renamed in between.
local NOTES = { "^$", "^%w+ is not running\n$" }
local ERRORS = {
  "^%w+ is running\n  hint: stop it first, or use rm %-f\n$", "^%w+ is starting\n  hint: stop it first, or use rm %-f\n$",
  "^%w+ is not running\n  hint: [^\n]*\n$", '^no such container: "%w+"\n  hint: [^\n]*\n$',
  '^container "%w+" no longer exists\n  hint: [^\n]*\n$', "^%w+ has just ended\n$",
}

local function one_of(patterns, text)
  for _, pattern in ipairs(patterns) do
    if text:match(pattern) then return true end
  end
end

local function is_sane(result, words)
  -- Additional output: that a container did not exit by itself; restart may have stopped it twice.
  local said = result.err:gsub("tinylua: %w+: PID 1 [^\n]+; killed with SIGKILL after less than a second\n", ""):gsub("^tinylua: ", "")
  -- A program that is killed with its container prints nothing; any other failure prints a message.
  local killed = words[1] == "exec" and result.status == 137
  return one_of((result.status == 0 or killed) and NOTES or ERRORS, said)
end

local problems = {}

-- Runs two commands at once; their output goes through a pipe.
local function both(first, second)
  local told, tell = tiny.pipe()
  local children = {}
  for i, words in ipairs { first, second } do
    children[i] = tiny.fork(function()
      local result = check.run(words)
      local sane = is_sane(result, words)
      tell:write(sane and "." or ("%s: status %s, out %q, err %q\n"):format(table.concat(words, " "), result.status, result.out, result.err))
    end)
  end
  tell:close()
  local text = ""
  for bytes in function() return told:read() end do text = text .. bytes end
  for _, child in ipairs(children) do child:wait() end
  if text ~= ".." then table.insert(problems, ("%s & %s: %s"):format(table.concat(first, " "), table.concat(second, " "), text)) end
end

local function look(pair)
  local all = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))
  assert(#all <= 1, pair .. ": containers")
  local names = tiny.list_dir(check.root .. "/names")
  check.equal(#names, #all, pair .. ": names")
  if not all[1] then return check.no_container() end
  local c = all[1]
  check.equal(c.damage, nil, pair)
  check.equal(c.name, names[1], pair)
  check.succeeds("rm", "-f", c.name)
  check.no_container()
end

local pairs_run = 0
for i = 1, #COMMANDS do
  for j = i, #COMMANDS do
    local pair = table.concat(COMMANDS[i], " ") .. " & " .. table.concat(COMMANDS[j], " ")
    check.succeeds("run", "-d", "--name", "one", "-m", "128m", "sh", "-c", "trap 'exit 0' TERM; sleep 60 & wait")
    -- Every third time the container is stopped.
    if (i + j) % 3 == 0 then check.succeeds("stop", "-t", "0", "one") end
    both(COMMANDS[i], COMMANDS[j])
    look(pair)
    pairs_run = pairs_run + 1
  end
end
check.succeeds "gc"
check.no_container()
assert(#problems == 0, table.concat(problems, "\n"))
print(pairs_run .. " pairs")
