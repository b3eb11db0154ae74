-- Rootless operation: an unprivileged user works in a user namespace with its own ids.
local rootless = {}

-- Whether containers are created without root privileges.
function rootless.is()
  return tiny.getuid() ~= 0
end

-- The id maps of an unprivileged user: its own ids as root, then its ranges in /etc/subuid and /etc/subgid if it has both
-- and the helper programs exist. Also returns why only its own ids are mapped, if so.
function rootless.own_maps()
  local uid, gid = tiny.getuid(), tiny.getgid()
  local maps = { uid_map = { { 0, uid, 1 } }, gid_map = { { 0, gid, 1 } } }
  local ids = tiny.subids(uid)
  if #ids.uids == 0 or #ids.gids == 0 then return maps, "no ranges in /etc/subuid and /etc/subgid" end
  for _, name in ipairs { "newuidmap", "newgidmap" } do
    local _, err = tiny.try(tiny.userns_helper, name)
    if err then return maps, err.message end
  end
  for key, ranges in pairs { uid_map = ids.uids, gid_map = ids.gids } do
    local next_id = 1
    for _, range in ipairs(ranges) do
      table.insert(maps[key], { next_id, range[1], range[2] })
      next_id = next_id + range[2]
    end
  end
  return maps
end

-- Calls f in a user namespace with these maps, where it may access the files of its containers' users. Rethrows its error.
function rootless.inside(f)
  local own <close> = tiny.userns((rootless.own_maps()))
  local child <close> = tiny.clone({ user = own, mount = true }, f)
  local status = child:wait()
  if status ~= 0 then tiny.fail(("a process in a user namespace exited with status %d"):format(status)) end
end

return rootless
