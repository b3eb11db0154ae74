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

function check.skip(reason)
  print("skip: " .. reason)
  os.exit(77)
end

return check
