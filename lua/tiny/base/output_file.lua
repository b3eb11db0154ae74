-- A file that a person names, to be written with what was found out. It takes the place of a file; what else has the
-- name, such as a device or /dev/stdout, would be gone.
local target = {}

-- Refuses a name that something else has than a file. what: the option that names it.
function target.check(path, what, hint)
  local there = tiny.stat(path, { follow = false })
  if not there or there.kind == "file" then return end
  tiny.fail { message = ("%s: %s is there, and is no file"):format(what, tiny.show(path)), hint = hint, exit = 125 }
end

-- What a namespace shows of owners that it has no number for.
local NOBODY = 65534

-- Who else owns a folder above a path, by uid; nil where all are this user's or root's. Under sudo -E one may be
-- another's, who could lead root anywhere by links.
function target.stranger(path)
  local above, me = path, tiny.getuid()
  repeat
    above = above:match("^(.+)/[^/]*$") or "/"
    local there = tiny.stat(above)
    if there and there.uid ~= me and there.uid ~= 0 and there.uid ~= NOBODY then return there.uid end
  until above == "/"
end

return target
