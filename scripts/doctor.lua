-- doctor: what this host offers for containers, and how to get what it lacks.
local doctor = require "tiny.inspect.doctor"
local format = require "tiny.format"

local COLOURS = { ok = "green", loadable = "yellow", unknown = "yellow", missing = "red" }

local function lines(findings)
  local rows = {}
  for _, f in ipairs(findings) do
    local state = f.essential and f.state ~= "ok" and f.state .. "!" or f.state
    local said = f.detail or ""
    local remedy = f.state == "unknown" and "if it is missing" or "to get it"
    if f.state ~= "ok" then said = ("for %s; %s: %s"):format(f.purpose, remedy, f.fix) end
    table.insert(rows, { { state, COLOURS[f.state] }, f.name, said })
  end
  format.table(nil, rows)
end

return {
  summary = "Tell what this host offers for containers and how to get what it lacks",
  about = "Exits with 0 when containers can run, with 1 when something essential (marked !) is missing.",
  options = { { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "table or json" } },
  run = function(args)
    local host = doctor.look()
    local findings, able = doctor.examine(host)
    if args.format == "json" then
      format.json { able = able, findings = findings, host = host }
    else
      lines(findings)
      format.line("")
      format.line(able and "Containers can run here." or "Containers cannot run here: see what is marked with !.")
    end
    return able and 0 or 1
  end,
}
