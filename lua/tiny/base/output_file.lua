-- Checks the path of an output file that the user names. The file is replaced by a rename, which would remove a device or
-- /dev/stdout of that name.
local output_file = {}

-- Refuses a path that exists and is not a regular file. `what`: the option that names it.
function output_file.check(path, what, hint)
  local there = tiny.stat(path, { follow = false })
  if not there or there.kind == "file" then return end
  tiny.fail { message = ("%s: %s exists and is not a regular file"):format(what, tiny.show(path)), hint = hint, exit = 125 }
end

-- The overflow uid, which a user namespace shows for unmapped owners.
local NOBODY = 65534

-- The uid of another user who owns a directory above a path; nil if all belong to this user or to root. Under sudo -E,
-- another user's directory could redirect root anywhere with a symbolic link.
function output_file.stranger(path)
  local above, me = path, tiny.getuid()
  repeat
    above = above:match("^(.+)/[^/]*$") or "/"
    local there = tiny.stat(above)
    if there and there.uid ~= me and there.uid ~= 0 and there.uid ~= NOBODY then return there.uid end
  until above == "/"
end

return output_file
