-- Our tables in the kernel's nftables, and removing what may be gone already.
local tables = {}

-- A kernel without nftables has nothing of ours either.
local GONE = { ENOENT = true, ENODEV = true, EPROTONOSUPPORT = true, EOPNOTSUPP = true, EAFNOSUPPORT = true }

-- Calls f; that there is nothing to remove is as good.
function tables.drop(f, ...)
  local _, err = tiny.try(f, ...)
  if err and not GONE[err.code] then error(err, 0) end
end

-- Those that are there, as { ["inet tiny-td0"] = true }.
function tables.present()
  local present = {}
  for _, chain in ipairs(tiny.try(tiny.nft_chains) or {}) do present[chain.family .. " " .. chain.table] = true end
  return present
end

return tables
