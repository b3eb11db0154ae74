-- Runs the tests of recipes, each in a private host.
local report = require "tiny.dev.test_report"
local runner = require "tiny.dev.test_runner"

-- Whether a test is selected: there is no filter, or its name contains one of them.
local function wanted(filters)
  return function(file, name)
    local title = name ~= "" and file .. ": " .. name or file
    for _, text in ipairs(filters) do
      if title:find(text, 1, true) then return true end
    end
    return #filters == 0
  end
end

return {
  summary = "Run the tests of recipes, each in a private host",
  section = "Recipes and topologies",
  order = 306,
  about = "With DIR, it runs every file in and below DIR whose name ends in _test.lua. A test file uses require \"tiny.test\"\n"
    .. "(`tinylua doc tiny.test`), or is a single test. In a test, the files of the machine are read-only, /tmp is empty, and\n"
    .. "everything that it starts or creates is removed at its end. Exit status: 0 if all tests passed, 1 if one failed, 2\n"
    .. "if there are none.",
  options = {
    { "jobs", short = "j", type = "integer", value = "N", help = "Number of parallel tests [default: one per processor]" },
    { "timeout", short = "t", type = "duration", default = "60s", help = "Time limit per test" },
    { "filter", short = "f", many = true, value = "TEXT", help = "Run only tests whose \"FILE: NAME\" contains this text" },
    { "format", choices = { "text", "tap", "json" }, default = "text", value = "FORMAT", help = "Output format: text, tap or json" },
  },
  args = { { "file", many = true, required = false, value = "FILE_test.lua|DIR", help = "What to run [default: the working directory]" } },
  seal = true,
  run = function(args)
    local files = runner.files(#args.file > 0 and args.file or { "." })
    local how, counts, began = report[args.format], { passed = 0, failed = 0, skipped = 0 }, tiny.clock("monotonic")
    local function told(r)
      counts[r.status] = counts[r.status] + 1
      how.told(r)
    end
    if (args.jobs or 1) < 1 then tiny.fail { message = "--jobs must be at least 1", exit = 2 } end
    local interrupted = runner.run(files, { jobs = args.jobs or runner.processors(), timeout = args.timeout, wanted = wanted(args.filter), told = told })
    local none = counts.passed + counts.failed + counts.skipped == 0
    if not none or args.format ~= "text" then how.ended(counts, tiny.clock("monotonic") - began) end
    if interrupted then tiny.fail { message = "interrupted; all tests have been ended", exit = 130 } end
    if none then
      tiny.fail { message = "no tests found", hint = #files == 0 and "names of test files end in _test.lua" or "no test name contains the filter", exit = 2 }
    end
    return counts.failed > 0 and 1 or 0
  end,
}
