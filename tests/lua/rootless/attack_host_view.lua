-- host_view as an unprivileged user: with subordinate ids, files that only that user can read are not visible either.
local canaries = require "canaries"
local check = require "check"
local ordinary = require "ordinary"
local view = require "host_view_checks"

for _, split in ipairs { {}, { "/var", "/etc", "/opt", "/usr/local" } } do
  canaries.on(split, function(planted)
    view.planted(planted)
    view.make_other()
    ordinary.make { delegated = false }
    local where = #split == 0 and "one file system" or table.concat(split, " ")
    view.look(planted, "unprivileged, " .. where)
    local ASKED = "cat /opt/app/.env | wc -l; cat /opt/vault/tls/tls.key 2>/dev/null; touch /opt/app/new && echo made"
    check.equal(check.succeeds("run", "--rm", "--view", "/opt/app", "sh", "-c", ASKED), "2\nmade\n")
    assert(not tiny.stat("/opt/app/new"))
    print(("%s: 0 of %d secrets read"):format(where, #planted.files))
  end)
end

-- Without ranges, only the user's own id is mapped: files are opened as that user, who cannot read root's files either.
canaries.on({}, function(planted)
  ordinary.make { delegated = false, subids = false }
  view.look(planted, "alone", { ["/usr/local/share/ordinary/token"] = true })
end)
