-- The old names of primitives, methods and options: each still works, in a plan too, and `check`, `doc` and the editor stubs
-- say what it is now.
local check = require "check"

-- The primitives that return a kind of handle.
local makers, renamed = {}, {}
for _, primitive in ipairs(tiny.primitives()) do
  if primitive.returns then makers[primitive.returns] = primitive.name end
  for old, note in pairs(primitive.formerly) do table.insert(renamed, { old = old, note = note, now = primitive }) end
end
check.equal(#renamed > 0, true, "old names")

local stubs = require "tiny.docs.primitive_stubs"()
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
  check.equal(doc.out, each.note .. ".\n\n" .. check.succeeds("doc", each.now.name))
  assert(stubs:find(("---@deprecated %s\nfunction %s("):format(each.note, old), 1, true), each.old .. " has no stub")
end

-- Options: where a call would refuse another unknown key, it takes the old name.
local unknown = tiny.foresee()
local function refusal(name, number, place, key)
  local args = { n = number }
  for i = 1, number do args[i] = unknown end
  args[place] = { [key] = unknown }
  return tiny.foresee(name, args) or ""
end
local options = 0
for _, primitive in ipairs(tiny.primitives()) do
  for old, note in pairs(primitive.renamed_options) do
    options = options + 1
    local places = 0
    for number = 1, 3 do
      for place = 1, number do
        if refusal(primitive.name, number, place, "no_such_key"):find 'unknown option "no_such_key"' then
          places = places + 1
          assert(not refusal(primitive.name, number, place, old):find "unknown option", primitive.name .. ": " .. old)
        end
      end
    end
    assert(places > 0, primitive.name .. " takes no options")
    tiny.write_file("/tmp/old.lua", ("\nreturn tiny.%s({\n %s = true })"):format(primitive.name, old))
    local result = check.run { "check", "/tmp/old.lua" }
    local said = ("/tmp/old.lua:3:2: %s: %s\n"):format(primitive.name, note)
    assert(result.out:find(said, 1, true), said .. result.out)
  end
end
check.equal(options > 0, true, "old options")

-- The values arrive.
local mount <close> = tiny.mount_tmpfs("/tmp/old", { ro = true, create = true })
check.fails("EROFS", tiny.write_file, "/tmp/old/x", "")
local asked = { name = "old0", mac = "02:00:00:00:00:0a" }
local veth <close> = tiny.veth_pair(asked, { name = "old1" })
check.equal(asked.mac, "02:00:00:00:00:0a", "the caller's table is not changed")
local function link()
  for _, each in ipairs(tiny.links()) do if each.name == "old0" then return each end end
end
check.equal(link().mac_address, "02:00:00:00:00:0a")
tiny.link_set(veth, { down = true })
check.equal(link().up, false)
tiny.link_set(veth, { down = false })
check.equal(link().up, false, "down = false changes nothing")
check.refuses('option "ro" is the old name of "read_only": give only that', tiny.mount_tmpfs, "/tmp/old", { ro = true, read_only = false })

-- A method's old name, on a real handle and on a plan's.
local child <close> = tiny.fork(function() os.exit(3) end)
local process <close> = tiny.pidfd_open(child.pid)
check.equal(process:exit(), 3)
check.equal(process.exit, tiny.process_exit_status)
check.equal(rawget(getmetatable(process).__index, "exit"), nil, "an old method is not listed")
table.insert(plan, "tiny.cgroup_notice('x', 'cgroup.events'):take()")

tiny.write_file("/tmp/plan.lua", table.concat(plan, "\n"))
local planned = check.run { "plan", "/tmp/plan.lua" }
check.equal(planned.status, 0, planned.out .. planned.err)
