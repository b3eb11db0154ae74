-- subids: returns the ranges of /etc/subuid and /etc/subgid, by name and by number.
local check = require "check"

for name, text in pairs {
  passwd = "root:x:0:0::/root:/bin/sh\nweb:x:1234:1234::/:/bin/sh\n",
  subuid = "web:100000:65536\nother:200000:10\n1234:300000:5\nweb:damaged:5\nweb:4294967295:2\n\n# web:1:1\n",
  subgid = "1234:400000:7\n",
} do
  tiny.write_file(name, text)
  if not tiny.stat("/etc/" .. name) then tiny.write_file("/etc/" .. name, "") end
  tiny.mount_bind(name, "/etc/" .. name)
end

local function shown(list)
  local all = {}
  for _, range in ipairs(list) do table.insert(all, range[1] .. "+" .. range[2]) end
  return table.concat(all, " ")
end

for _, user in ipairs { "web", 1234, "1234" } do
  local found = tiny.subids(user)
  check.equal(shown(found.uids), "100000+65536 300000+5", tostring(user))
  check.equal(shown(found.gids), "400000+7", tostring(user))
end
check.equal(#tiny.subids("nobody-here").uids, 0)
check.equal(shown(tiny.subids().uids), "100000+65536 200000+10 300000+5", "everybody's")

-- A missing file has no ranges; one that cannot be read is an error.
tiny.mkdir("etc")
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_bind("etc", "/etc")
  check.equal(#tiny.subids("web").uids + #tiny.subids("web").gids, 0)
end)
tiny.mkdir("etc/subuid")
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  tiny.mount_bind("etc", "/etc")
  check.equal(check.fails("EISDIR", tiny.subids).path, "/etc/subuid")
end)
check.refuses("user: expected string or integer, got true", tiny.subids, true)
