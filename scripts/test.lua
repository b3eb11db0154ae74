-- Runs a recipe's own tests, each in a private host.
local report = require "tiny.dev.test_report"
local runner = require "tiny.dev.test_runner"

-- Whether a test is asked for: no filter, or one of them is in its name.
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
  about = "A folder stands for the files in and below it that end in _test.lua. A test file says require \"tiny.test\"\n"
    .. "(`tinylua doc tiny.test`), or is one test as a whole. The machine's files are read-only to a test, /tmp is empty, and\n"
    .. "what it starts or makes ends with it. Exit status: 0 when all passed, 1 when one failed, 2 when there is none.",
  options = {
    { "jobs", short = "j", type = "integer", value = "N", help = "How many at once [default: one a processor]" },
    { "timeout", short = "t", type = "duration", default = "60s", help = "How long one may take" },
    { "filter", short = "f", many = true, value = "TEXT", help = "Only tests with this in \"FILE: NAME\"" },
    { "format", choices = { "text", "tap", "json" }, default = "text", value = "FORMAT", help = "text, tap or json" },
  },
  args = { { "file", many = true, required = false, value = "FILE_test.lua|FOLDER", help = "What to run [default: the working folder]" } },
  seal = true,
  run = function(args)
    local files = runner.files(#args.file > 0 and args.file or { "." })
    local how, counts, began = report[args.format], { passed = 0, failed = 0, skipped = 0 }, tiny.clock("monotonic")
    local function told(r)
      counts[r.status] = counts[r.status] + 1
      how.told(r)
    end
    if (args.jobs or 1) < 1 then tiny.fail { message = "jobs: at least one test is run at a time", exit = 2 } end
    local interrupted = runner.run(files, { jobs = args.jobs or runner.processors(), timeout = args.timeout, wanted = wanted(args.filter), told = told })
    local none = counts.passed + counts.failed + counts.skipped == 0
    if not none or args.format ~= "text" then how.ended(counts, tiny.clock("monotonic") - began) end
    if interrupted then tiny.fail { message = "interrupted; nothing is left running", exit = 130 } end
    if none then
      tiny.fail { message = "there is no test", hint = #files == 0 and "test files end in _test.lua" or "no test has the filter's text in its name", exit = 2 }
    end
    return counts.failed > 0 and 1 or 0
  end,
}
