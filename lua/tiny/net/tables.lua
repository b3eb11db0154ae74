-- Finds our nftables tables in the kernel, and helps to remove what may no longer exist.
local tables = {}

-- A kernel without nftables has no tables of ours either.
local GONE = { ENOENT = true, ENODEV = true, EPROTONOSUPPORT = true, EOPNOTSUPP = true, EAFNOSUPPORT = true }

-- Calls f; ignores that there is nothing to remove.
function tables.drop(f, ...)
  local _, err = tiny.try(f, ...)
  if err and not GONE[err.code] then error(err, 0) end
end

-- The existing tables, as { ["inet tiny-td0"] = true }.
function tables.present()
  local present = {}
  for _, chain in ipairs(tiny.try(tiny.nft_chains) or {}) do present[chain.family .. " " .. chain.table] = true end
  return present
end

return tables
