-- Reports test results as lines for a reader, TAP (testanything.org), or JSON.
local format = require "tiny.format"

local report = {}

-- A test's title: its file and, unless it is the whole file, its name.
local function title(r) return r.name and r.file .. ": " .. r.name or r.file end

local function indented(text, by)
  return by .. format.clean((text:gsub("\n$", "")):gsub("\n", "\0")):gsub("\\x00", "\n" .. by):gsub("\\x09", "\t")
end

local MARKS = { passed = { "ok    ", "green" }, failed = { "FAILED", "red" }, skipped = { "skip  ", "yellow" } }

report.text = {}
function report.text.told(r)
  local mark = MARKS[r.status]
  local line = ("%s %s"):format(format.colour(mark[2], mark[1]), format.clean(title(r)))
  format.line(line, format.colour("dim", (" (%.2f s)"):format(r.seconds)), r.status == "skipped" and " " .. format.clean(r.message) or "")
  if r.status ~= "failed" then return end
  format.line(indented(r.message, "  "))
  if r.output ~= "" then format.line("  output:\n", indented(r.output, "    ")) end
end
function report.text.ended(counts, seconds)
  local parts = { ("%d passed"):format(counts.passed) }
  for _, status in ipairs { "failed", "skipped" } do
    if counts[status] > 0 then table.insert(parts, ("%d %s"):format(counts[status], status)) end
  end
  format.line(("%s in %.1f s"):format(table.concat(parts, ", "), seconds))
end

report.tap = { count = 0 }
function report.tap.told(r)
  local self = report.tap
  self.count = self.count + 1
  if self.count == 1 then format.line("TAP version 14") end
  local line = ("%s %d - %s"):format(r.status == "failed" and "not ok" or "ok", self.count, format.clean(title(r)):gsub("#", "\\#"))
  format.line(line, r.status == "skipped" and " # SKIP " .. format.clean(r.message) or "")
  if r.status == "failed" then
    format.line("  ---\n  message: |\n", indented(r.message, "    "), r.output ~= "" and "\n  output: |\n" .. indented(r.output, "    ") or "", "\n  ...")
  end
end
function report.tap.ended() format.line(("1..%d"):format(report.tap.count)) end

report.json = { list = {} }
function report.json.told(r) table.insert(report.json.list, r) end
function report.json.ended()
  table.sort(report.json.list, function(a, b) return title(a) < title(b) end)
  format.json(report.json.list)
end

return report
