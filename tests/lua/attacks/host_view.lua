-- The throwaway view of the host. Root in the container, which bypasses file modes, reads no file of the host that an
-- unprivileged user cannot read, executes none, and reaches no socket, FIFO or device. It sees only the listed
-- directories. Tested on one file system and on several, with and without a user namespace.
local canaries = require "canaries"
local check = require "check"
local view = require "host_view_checks"

local SPLITS = { {}, { "/var", "/etc", "/opt", "/usr/local" }, { "/usr", "/usr/share", "/usr/local", "/var/lib", "/etc/ssl", "/var/lib/dpkg" } }

for _, split in ipairs(SPLITS) do
  canaries.on(split, function(planted)
    view.planted(planted)
    view.make_other()
    local where = #split == 0 and "one file system" or table.concat(split, " ")
    view.look(planted, "root, " .. where)
    if canaries.has_idmaps() then view.look(planted, "--userns auto, " .. where, nil, "--userns", "auto") end
    if #split == 0 then
      view.look(planted, "--privileged", nil, "--privileged")
      view.look(planted, "--read-only", nil, "--read-only")
    end
    check.equal(check.succeeds("run", "--rm", "sh", "-c", "ls -d /etc/shadow* /etc/gshadow* /etc/environment /opt/* /data /srv/* 2>/dev/null; echo -"), "-\n")
    print(("%s: 0 of %d secrets read, 0 of %d others reached"):format(where, #planted.files, #planted.sockets + #planted.fifos + #planted.devices))
  end)
end
