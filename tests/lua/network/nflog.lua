-- nflog: only one process can join a group, which is free again when it closes.
local check = require "check"

local log = tiny.nflog(5000)
check.equal(log.kind, "nflog")
check.equal(log.group, 5000)
check.equal(log:receive(), nil, "nothing is logged")
check.equal(#tiny.poll({ log }, 0), 0)
local err = check.fails("EBUSY", tiny.nflog, 5000)
assert(err.hint:match("choose another"), err.hint)
local other <close> = tiny.nflog(5001)
log:close()
local again <close> = tiny.nflog(5000)
check.inside({ user = true }, function()
  check.fails("EPERM", tiny.nflog, 5002)
end)
