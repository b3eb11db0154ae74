-- The host's forwarding: switched on for the first network that needs it, of any root, and off after the last. It is on for
-- containers only: a table keeps the host from routing between its other links, those that it gets later too.
-- Whether forwarding was off before is known from that table and from a note of each root with such a network, as
-- `nft flush ruleset` removes the table. All of it happens under the networks' lock.
local format = require "tiny.format"
local store = require "tiny.net.store"
local tables = require "tiny.net.tables"

local transit = {}

local KEYS = { ipv4 = "net.ipv4.ip_forward", ipv6 = "net.ipv6.conf.all.forwarding" }

-- How the names of all networks' bridges begin.
local OWN = { "td", "tb" }

local function note(family)
  return store.root() .. "/.forwards-" .. family
end

-- A note of an earlier boot says nothing: the host may have switched forwarding on itself.
local function noted(family)
  return tiny.try(tiny.read_file, note(family)) == tiny.boot_id()
end

local function there(family)
  return tables.present()["inet tiny-transit-" .. family]
end

-- Whether the table is there where it has to be. present: the tables that are there.
function transit.intact(family, present)
  return present["inet tiny-transit-" .. family] or not noted(family)
end

-- Switches forwarding on, unless the host has done so itself.
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
  format.note("%s is 1 as long as a container uses a network", key)
end

-- This root needs it no more; `last` says that no other does either.
function transit.off(family, last)
  local key = KEYS[family]
  if last and (there(family) or noted(family)) then
    if tiny.sysctl(key) ~= "0" then tiny.sysctl(key, "0"):keep() end
    tables.drop(tiny.isolate_del, "transit-" .. family)
  end
  tables.drop(tiny.remove, note(family))
end

return transit
