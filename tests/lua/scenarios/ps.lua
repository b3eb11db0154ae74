-- ps: which containers it lists, in which order, with which filters, and how much of a command it shows.
local check = require "check"

local NAMES = { "zebra", "ant", "mole", "bee", "yak", "cat" }
local ids = {}
for i, name in ipairs(NAMES) do
  ids[name] = check.succeeds("create", "--name", name, "--label", "odd=" .. i % 2, "--label", "pet", "true"):sub(1, 12)
end
ids.runs = check.succeeds("run", "-d", "--name", "runs", "--label", "odd=1", "sh", "-c", "sleep 1000; : " .. ("x"):rep(60)):sub(1, 12)

local function listed(...)
  local names = {}
  for id in check.succeeds("ps", "-q", ...):gmatch("%x+") do
    for name, own in pairs(ids) do
      if own == id then table.insert(names, name) end
    end
  end
  return table.concat(names, " ")
end

-- The newest first.
check.equal(listed(), "runs", "only what runs")
check.equal(listed("-a"), "runs cat yak bee mole ant zebra")

-- A filter shows stopped containers too; several filters must all match.
check.equal(listed("--filter", "label=pet"), "cat yak bee mole ant zebra")
check.equal(listed("--filter", "label=odd=1"), "runs yak mole zebra")
check.equal(listed("--filter", "label=odd=1", "--filter", "label=pet"), "yak mole zebra")
check.equal(listed("--filter", "label=pet", "--filter", "label=odd=1"), "yak mole zebra")
check.equal(listed("--filter", "status=running", "--filter", "label=pet"), "")
check.equal(listed("--filter", "name=a"), "cat yak ant zebra")
check.equal(listed("--filter", "id=" .. ids.mole:sub(1, 11)), "mole")
check.equal(listed("--filter", "id=" .. ids.mole:sub(2)), "")

-- As in docker, filters of one key are alternatives. name= is anchored by ^ and $; other regular expressions are refused.
check.equal(listed("--filter", "name=cat", "--filter", "name=ant"), "cat ant")
check.equal(listed("--filter", "name=^cat$", "--filter", "name=^zeb", "--filter", "label=pet"), "cat zebra")
check.equal(listed("--filter", "status=running", "--filter", "status=created"), listed("-a"))
check.equal(listed("--filter", "name=ra$"), "zebra")
check.equal(listed("--filter", "before=mole"), "ant zebra")
check.equal(listed("--filter", "since=mole"), "runs cat yak bee")
for _, text in ipairs { "name=a.*", "name=[ab]", "name=a|b", "status=sleeping", "health=fine", "exited=soon", "publish=http", "colour=red", "name", "name=" } do
  local wrong = check.run { "ps", "-a", "--filter", text }
  check.equal(wrong.status, 2, text)
  check.equal(wrong.out, "", text)
end

-- The table shows the beginning of a long command.
local row = check.succeeds("ps"):match("\n(" .. ids.runs .. "[^\n]*)")
assert(row:find("  sh -c sleep 1000; : " .. ("x"):rep(19) .. "…  ", 1, true), row)

-- A command on several containers continues after a failure, and returns 1.
local removed = check.run { "rm", "zebra", "runs", "ant" }
check.equal(removed.status, 1)
check.equal(removed.out, "zebra\nant\n")
check.equal(removed.err, "tinylua: runs is running\n  hint: stop it first, or use rm -f\n")
for i = 1, 2 do table.remove(NAMES, 1) end
check.succeeds("rm", "-f", "runs", table.unpack(NAMES))
check.no_container()
