-- logs --since, --until, --tail, --format json, -f --until: only the times in the log matter.
local check = require "check"

check.succeeds("run", "--name", "old", "sh", "-c", "echo x")
local dir = check.root .. "/containers/" .. tiny.list_dir(check.root .. "/containers")[1]
local lines = {}
for i = 1, 9 do
  lines[i] = ('{"time":"2026-01-0%dT00:00:00.000000001Z","stream":"stdout","end":%d,"text":"day %d"}'):format(i, i * 6, i)
end
-- A burst, an invalid line, and a marker.
lines[5] = '{"time":"2026-01-05T00:00:00.000000001Z","stream":"stdout","end":30,"text":"day 5\\nagain\\nand again"}'
table.insert(lines, 3, "damaged")
table.insert(lines, '{"time":"2026-01-09T00:00:00.000000002Z","stream":"stdout","end":54,"partial":true,"text":""}')
tiny.write_file(dir .. "/container.log", table.concat(lines, "\n") .. "\n")

local function logs(...)
  return (check.succeeds("logs", "old", ...):gsub("day ", ""):gsub("\n", " "))
end

check.equal(logs(), "1 2 3 4 5 again and again 6 7 8 9 ")
check.equal(logs("--since", "2026-01-08"), "8 9 ")
check.equal(logs("--since", "2026-01-08T00:00:00.000000001Z"), "8 9 ")
check.equal(logs("--since", "2026-01-08T00:00:00.000000002Z"), "9 ")
check.equal(logs("--since", "2026-01-08T02:00:00+02:00"), "8 9 ")
check.equal(logs("--since", "1767830400"), "8 9 ")
check.equal(logs("--until", "2026-01-02T00:00"), "1 ")
check.equal(logs("--since", "2026-01-04", "--until", "2026-01-06"), "4 5 again and again ")
check.equal(logs("--since", "1m"), "")
check.equal(logs("--until", "1m"):sub(-2), "9 ")
check.equal(logs("--tail", "2"), "8 9 ")
check.equal(logs("--tail", "0"), "")
check.equal(logs("--tail", "5"), "and again 6 7 8 9 ")
check.equal(logs("--tail", "2", "--until", "2026-01-06"), "again and again ")
check.equal(logs("--tail", "5", "--since", "2026-01-07"), "7 8 9 ")
check.equal(select(2, check.succeeds("logs", "-t", "-n", "6", "old"):gsub("2026%-01%-0%dT%S+Z ", "")), 6, "a time for each line")
local json = {}
for line in check.succeeds("logs", "--format", "json", "--tail", "5", "old"):gmatch("[^\n]+") do
  table.insert(json, tiny.json_decode(line).text)
end
check.equal(table.concat(json, "|"), "and again|day 6|day 7|day 8|day 9")

for _, text in ipairs { "yesterday", "", "2026-13-01", "-5m", "10x", ("9"):rep(30), "9e9", "99999999999h" } do
  local bad = check.run { "logs", "--since=" .. text, "old" }
  check.equal(bad.status, 2, bad.err)
  check.equal(bad.err, ('tinylua: --since %q is not a time\n  hint: write RFC 3339 ("2026-11-24T02:12:00Z"), seconds since 1970, or how long ago ("10m")\n'):format(text))
end
check.equal(check.run({ "logs", "--tail", "-1", "old" }).status, 2)

-- -f --until ends by itself.
check.succeeds("run", "-d", "--name", "long", "sh", "-c", "echo a; sleep 60")
local start = tiny.clock("monotonic")
check.equal(check.succeeds("logs", "-f", "--until", ("%.3f"):format(tiny.clock() + 0.5), "long"), "a\n")
assert(tiny.clock("monotonic") - start < 10)
-- -f ends after a restart by policy has ended too.
check.succeeds("run", "-d", "--name", "twice", "--restart", "on-failure:1", "sh", "-c", "echo b; sleep 0.3; exit 1")
check.equal(check.succeeds("logs", "-f", "twice"), "b\nb\n")
check.succeeds("rm", "-f", "long")
