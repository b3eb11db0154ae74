-- explain as an unprivileged user: readable information is shown, and the rest is reported as unreadable.
require("ordinary").make()
local check = require "check"

for _, init in ipairs { false, true } do
  check.succeeds("run", "-d", "--name", "box", init and "--init" or "--rm", "sh", "-c", "exec sleep 1000")
  local self = tiny.json_decode(check.succeeds("explain", "--format", "json", "box"))
  local own = {}
  for _, one in ipairs(self.namespaces) do own[one.kind] = one.own end
  check.equal(own.user and own.pid and own.mount and own.net and own.uts, true)
  check.equal(self.maps.uid[1][2], 4242)
  check.equal(self.processes[1].user, 0)
  check.equal(self.network.links[1] and self.network.links[1].name, "lo")
  local text = check.succeeds("explain", "box")
  assert(text:find("0–0 are 4242–4242 on the host", 1, true), text)
  check.succeeds("rm", "-f", "box")
end
