-- What ps, its filters, explain, inspect and diff show of a container's image, and its health check.
local check = require "check"
local maker = require "image_maker"

local BASE = maker.busybox()
BASE.name = "base"
local base = maker.image("base:1", { BASE, { ["etc/x"] = "x" } }, { Cmd = { "sleep", "1000" }, Healthcheck = { Test = { "CMD", "/bin/true" }, Interval = 3600000000000 } })
local other = maker.image("other", { BASE }, { Cmd = { "true" } })
-- Without an image, there is no column.
check.succeeds("create", "--name", "plain", "true")
check.equal(check.succeeds("ps", "-a"):match("^[^\n]+"):gsub(" +", " "), "CONTAINER ID NAME COMMAND CREATED STATUS")
check.succeeds("run", "-d", "--network", "none", "--name", "one", "base:1")
check.succeeds("create", "--network", "none", "--name", "two", "other")
local listed = check.succeeds("ps", "-a"):gsub(" +", " ")
check.equal(listed:match("^[^\n]+"), "CONTAINER ID NAME IMAGE COMMAND CREATED STATUS")
assert(listed:find(" one base:1 sleep 1000 ", 1, true) and listed:find(" two other true ", 1, true) and listed:find(" plain - true ", 1, true), listed)
local json = tiny.json_decode(check.succeeds("ps", "--format", "json"))[1]
check.equal(json.image, "base:1")
check.equal(json.image_id, base.config)
local function names(filter)
  local found = {}
  for _, c in ipairs(tiny.json_decode(check.succeeds("ps", "-a", "--format", "json", "--filter", filter))) do table.insert(found, c.name) end
  return table.concat(found, " ")
end
check.equal(names "ancestor=base:1", "one")
check.equal(names "ancestor=docker.io/library/other", "two")
check.equal(names("ancestor=" .. other.config:sub(8, 20)), "two")
check.equal(names("ancestor=" .. base.manifest), "one")
check.equal(names "ancestor=base", "")

local explained = check.succeeds("explain", "one")
assert(explained:find("base:1, id " .. base.config:sub(8, 19), 1, true) and explained:find("digest    " .. base.manifest, 1, true), explained)
check.equal(tiny.json_decode(check.succeeds("explain", "--format", "json", "one")).image.id, base.config)

-- The image's health check, and a container without it.
local config = tiny.json_decode(check.succeeds("inspect", "one"))[1].config
check.equal(config.health.command[1], "/bin/true")
check.equal(config.health.interval, 3600)
check.succeeds("rm", "-f", "one")
check.succeeds("run", "-d", "--network", "none", "--no-healthcheck", "--name", "one", "base:1")
check.equal(tiny.json_decode(check.succeeds("inspect", "one"))[1].config.health, nil)
check.succeeds("rm", "-f", "one", "two", "plain")
check.no_container()
