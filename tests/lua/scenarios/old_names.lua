-- The old names of primitives and methods: each still works, in a plan too, and `check`, `doc` and the editor stubs say
-- what it is now.
local check = require "check"

-- The primitives that return a kind of handle.
local makers, renamed = {}, {}
for _, primitive in ipairs(tiny.primitives()) do
  if primitive.returns then makers[primitive.returns] = primitive.name end
  for old, note in pairs(primitive.formerly) do table.insert(renamed, { old = old, note = note, now = primitive }) end
end
check.equal(#renamed > 0, true, "old names")

local stubs = tiny.manual(nil, { format = "lua" })
local plan = {}
for _, each in ipairs(renamed) do
  local kind, method = each.old:match("^(.*):(.*)$")
  local now = kind and each.now.handle .. ":" .. each.now.method or "tiny." .. each.now.name
  local old = kind and each.old or "tiny." .. each.old
  assert(each.note:find("^" .. old .. " is now " .. now .. "; the old name goes in version [%d.]+$"), each.note)

  -- An old name is no field of `tiny`.
  local call
  if kind then
    call = ("local h = tiny.%s()\nreturn h:%s()"):format(makers[kind], method)
  else
    check.equal(rawget(tiny, each.old), nil, each.old)
    check.equal(tiny[each.old], tiny[each.now.name], each.old)
    check.equal(rawget(tiny, each.old), nil, each.old)
    table.insert(plan, ("assert(tiny.%s and tiny.%s == tiny.%s)"):format(each.old, each.old, each.now.name))
    call = ("\nreturn tiny.%s"):format(each.old)
  end

  tiny.write_file("/tmp/old.lua", call)
  local result = check.run { "check", "/tmp/old.lua" }
  check.equal(result.status, 1, each.old)
  local at = result.out:match("/tmp/old%.lua:2:%d+: " .. each.note:gsub("%p", "%%%0") .. "\n")
  assert(at, each.old .. ": " .. result.out)

  local doc = check.run { "doc", each.old }
  check.equal(doc.status, 0)
  check.equal(doc.out, each.note .. ".\n\n" .. tiny.manual(each.now.name))
  assert(stubs:find(("---@deprecated %s\nfunction %s("):format(each.note, old), 1, true), each.old .. " has no stub")
end

-- A method's old name, on a real handle and on a plan's.
local child <close> = tiny.fork(function() os.exit(3) end)
local process <close> = tiny.pidfd_open(child.pid)
check.equal(process:exit(), 3)
table.insert(plan, "tiny.cgroup_notice('x', 'cgroup.events'):take()")

tiny.write_file("/tmp/plan.lua", table.concat(plan, "\n"))
local planned = check.run { "plan", "/tmp/plan.lua" }
check.equal(planned.status, 0, planned.out .. planned.err)
