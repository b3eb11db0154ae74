-- The options of a mount in config.json, as mount(8) and the runtime specification name them (config.md, "Linux mount options").
local check = require "tiny.oci.check"

-- Flags of the mount itself: the attribute, and the value that the option gives it.
local ATTRIBUTES = {
  ro = { "read_only", true }, rw = { "read_only", false }, nosuid = { "nosuid", true }, suid = { "nosuid", false },
  nodev = { "nodev", true },
  dev = { "nodev", false }, noexec = { "noexec", true }, exec = { "noexec", false }, noatime = { "noatime", true },
  atime = { "noatime", false },
  relatime = { "relatime", true }, norelatime = { "relatime", false }, strictatime = { "strictatime", true },
  nostrictatime = { "strictatime", false }, nodiratime = { "nodiratime", true }, diratime = { "nodiratime", false },
  nosymfollow = { "nosymfollow", true }, symfollow = { "nosymfollow", false },
}
local PROPAGATION = {
  shared = "shared", slave = "slave", private = "private", unbindable = "unbindable",
  rshared = "shared", rslave = "slave", rprivate = "private", runbindable = "unbindable",
}
-- Flags of the file system, which are settings of it.
local SETTINGS = {
  sync = true, dirsync = true, lazytime = true, mand = true, iversion = true,
}
-- What needs no action here.
local NONE = { defaults = true, async = true, silent = true, loud = true, noiversion = true, nolazytime = true, nomand = true, acl = true }
local IDMAP = { idmap = "own", ridmap = "recursive" }

local known

local function names()
  if known then return known end
  known = { "bind", "rbind", "tmpcopyup", "remount", "idmap", "ridmap", "noacl" }
  for _, set in ipairs { ATTRIBUTES, PROPAGATION, SETTINGS, NONE } do
    for name in pairs(set) do table.insert(known, name) end
  end
  for name in pairs(ATTRIBUTES) do table.insert(known, "r" .. name) end
  table.sort(known)
  return known
end

-- Parses a list of options: attributes (set or cleared), recursive attributes, propagation, bind, settings of the file system.
local function parse(list, where)
  local found = { attributes = {}, recursive = {}, settings = {} }
  for i, option in ipairs(list or {}) do
    local attribute, below = ATTRIBUTES[option], ATTRIBUTES[option:match("^r(.*)$") or ""]
    if attribute then found.attributes[attribute[1]] = attribute[2]
    elseif PROPAGATION[option] then
      found.propagation = { kind = PROPAGATION[option], recursive = option:sub(1, 1) == "r" }
    elseif option == "bind" or option == "rbind" then
      found.bind = true
      found.rbind = found.rbind or option == "rbind"
    elseif option == "remount" then found.remount = true
    elseif below then found.recursive[below[1]] = below[2]
    elseif option == "tmpcopyup" then found.tmpcopyup = true
    elseif option == "copy-symlink" then
      check.wrong(("%s.options[%d]"):format(where, i - 1), ("this runtime does not support %s"):format(option))
    elseif IDMAP[option] then found.idmap = IDMAP[option]
    elseif not NONE[option] then table.insert(found.settings, option) end
  end
  return found
end

return { parse = parse, names = names }
