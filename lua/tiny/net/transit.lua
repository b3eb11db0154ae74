-- The host's IP forwarding: enabled for the first network that needs it, of any state root, and disabled after the last. It
-- applies to containers only: a table prevents the host from routing between its other links, including later ones. That
-- table and a note in each state root with such a network record that forwarding was off before; both are needed, since
-- `nft flush ruleset` removes the table. All functions run under the locks of the networks and of what state roots share.
local format = require "tiny.format"
local store = require "tiny.net.store"
local tables = require "tiny.net.tables"

local transit = {}

local KEYS = { ipv4 = "net.ipv4.ip_forward", ipv6 = "net.ipv6.conf.all.forwarding" }

-- The prefixes of all bridge names.
local OWN = { "td", "tb" }

local function note(family)
  return store.root() .. "/.forwards-" .. family
end

-- Ignores a note from an earlier boot, since the host may have enabled forwarding itself.
local function noted(family)
  return tiny.try(tiny.read_file, note(family)) == tiny.boot_id()
end

local function there(family)
  return tables.present()["inet tiny-transit-" .. family]
end

-- Whether the table exists if it is needed. present: the tables that exist.
function transit.intact(family, present)
  return present["inet tiny-transit-" .. family] or not noted(family)
end

-- Says so the first time only.
local function tell(key)
  local told = store.root() .. "/.told-" .. key
  if tiny.stat(told) then return end
  tiny.write_file(told, "", { mode = tonumber("600", 8) })
  format.note("%s is 1 while a container uses a network", key)
end

-- Enables forwarding, unless the host has enabled it itself.
function transit.on(family)
  local key, present = KEYS[family], there(family)
  local off = tiny.sysctl(key) == "0"
  if not (off or present or noted(family)) then return end
  tiny.write_file(note(family), tiny.boot_id())
  if off or not present then
    tables.drop(tiny.isolate_del, "transit-" .. family)
    tiny.block_transit(OWN, { name = "transit-" .. family, family = family }):keep()
  end
  if not off then return end
  tiny.sysctl(key, "1"):keep()
  tell(key)
end

-- This state root no longer needs forwarding; `last` means that no other one does either.
function transit.off(family, last)
  local key = KEYS[family]
  if last and (there(family) or noted(family)) then
    if tiny.sysctl(key) ~= "0" then tiny.sysctl(key, "0"):keep() end
    tables.drop(tiny.isolate_del, "transit-" .. family)
  end
  tables.drop(tiny.remove, note(family))
end

return transit
