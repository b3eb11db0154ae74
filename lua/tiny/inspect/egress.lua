-- The egress rules of a container, what they allow at present, and what they have denied.
local denials = require "tiny.client.denials"
local keeper = require "tiny.egress.keeper"

local egress = {}

-- How many recent denials are shown.
local RECENT = 10

local ASKED = { all = "every connection is asked about", listed = "each connection that the rules allow is asked about" }

-- The rule as in `run --egress`.
local function shown(rule)
  if type(rule) == "string" then return rule end
  local ports = type(rule.ports) == "table" and table.concat(rule.ports, ",") or rule.ports
  return ("%s%s%s%s"):format(rule.name or rule.cidr, ports and ":" .. ports or "", rule.protocol and "/" .. rule.protocol or "", rule.verify and " (verified)" or "")
end

-- nil if the container has no rules. pins: how many destinations are allowed at present; absent if the keeper does not answer.
function egress.of(container)
  local config = container.config
  if not config.egress then return nil end
  local status = tiny.try(keeper.request, container, { op = "status" }) or {}
  local found = { rules = {}, verify = config.egress_verify, ask = config.egress_ask, pins = status.pins, denied = status.denied, keeper = status.pid, resolver = status.resolver }
  for i, rule in ipairs(config.egress) do found.rules[i] = shown(rule) end
  found.recent = denials.recent(container, RECENT)
  return found
end

-- The section's rows: a word and a text. Names are as the container chose them; the caller escapes them.
function egress.rows(found)
  local rows = {}
  for _, rule in ipairs(found.ask == "all" and {} or found.rules) do table.insert(rows, { "rule", rule }) end
  if found.ask then table.insert(rows, { "asked", ASKED[found.ask] }) end
  if found.verify then table.insert(rows, { "verified", "the names in TLS and HTTP" }) end
  table.insert(rows, { "allowed now", found.pins and ("%d destinations by name"):format(found.pins) or "unknown: the keeper of the rules does not answer" })
  table.insert(rows, { "denied", ("%d so far"):format(found.denied or #found.recent) })
  for _, one in ipairs(found.recent) do
    table.insert(rows, { "", table.concat(denials.row { time = one.time, attributes = one }, "  ") })
  end
  return rows
end

return egress
