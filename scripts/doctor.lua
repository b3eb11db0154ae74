-- doctor: checks this host for the kernel features and programs that containers need, and prints how to fix what is missing.
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
  summary = "Check whether this host can run containers",
  section = "System",
  order = 401,
  about = "For each missing feature, it prints how to fix it. Exit status: 0 if containers can run, 1 if something essential\n"
    .. "(marked !) is missing.",
  options = { { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" } },
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
