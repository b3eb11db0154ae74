-- Runs test files: each test in its own private host and process, several in parallel, with a time limit. A file is loaded
-- once to list its tests, and once for each of them. Nothing that a test does outlives it.
local private_host = require "tiny.dev.private_host"
local process = require "tiny.dev.test_process"

local runner = {}

-- The maximum size of a test's output that is kept.
local OUTPUT = 64 * 1024
local SIGNALS = { "SIGINT", "SIGTERM", "SIGHUP" }

-- The number of processors.
function runner.processors()
  local count = 0
  for first, last in (tiny.read_file("/sys/devices/system/cpu/online") or "0"):gmatch("(%d+)%-?(%d*)") do
    count = count + (last ~= "" and tonumber(last) or tonumber(first)) - tonumber(first) + 1
  end
  return math.max(1, math.tointeger(count))
end

-- Adds the test files of a path: the file itself, or all files in and below a directory.
local function add_files(path, files)
  local s = tiny.stat(path)
  if not s then tiny.fail { message = path .. " does not exist", hint = "give a test file, or a directory with files that end in _test.lua", exit = 2 } end
  if s.kind ~= "dir" then return table.insert(files, path) end
  for _, name in ipairs(tiny.list_dir(path)) do
    local below = path:gsub("/$", "") .. "/" .. name
    local kind = (tiny.stat(below, { follow = false }) or {}).kind
    if kind == "dir" and name:sub(1, 1) ~= "." then add_files(below, files) end
    if kind == "file" and name:match("_test%.lua$") then table.insert(files, below) end
  end
end

function runner.files(paths)
  local files = {}
  for _, path in ipairs(paths) do add_files(path, files) end
  return files
end

local function absolute(path)
  return require("tiny.spec.values").absolute(path)
end

-- Starts a job { file, name }: sets its process, output and result files.
local function start(job, timeout)
  local out, out_end = tiny.pipe()
  local result, result_end = tiny.pipe()
  local path = absolute(job.file)
  local folder, base = path:match("^(.*)/([^/]*)$")
  folder = folder == "" and "/" or folder
  job.out, job.result, job.texts = out, result, { [out] = "", [result] = "" }
  job.base, job.began = base, tiny.clock("monotonic")
  job.deadline = job.began + timeout
  local function first()
    tiny.dup2(tiny.open("/dev/null"), 0)
    for number = 1, 2 do tiny.dup2(out_end, number) end
  end
  local forget = process.preload(path, folder)
  local kept = { folder }
  for dir in (tiny.settings.lua_path or ""):gmatch("[^:]+") do table.insert(kept, dir) end
  job.child, job.group = private_host.start(kept, first, function()
    tiny.unblock_signals(SIGNALS)
    tiny.chdir(folder)
    result_end:write(tiny.json_encode(process.perform("./" .. base, job.name)))
    require("tiny.format").flush()
  end)
  forget()
  out_end:close()
  result_end:close()
end

local function take(job, file)
  local bytes = file:read()
  if not bytes then return false end
  job.texts[file] = (job.texts[file] .. bytes):sub(1, file == job.out and OUTPUT or nil)
  return true
end

-- The result of a job, after its process has ended.
local function finish(job, overdue)
  local status, err
  if overdue then job.child:reap() else status, err = tiny.try(job.child.wait, job.child) end
  -- No process writes to the files any more.
  for _, file in ipairs { job.out, job.result } do
    while take(job, file) do end
    file:close()
  end
  if job.group then job.group.close() end
  local came = tiny.try(tiny.json_decode, job.texts[job.result]) or nil
  if overdue then
    came = { status = "failed", message = ("it was killed after the time limit of %g s"):format(job.deadline - job.began) }
  elseif type(came) ~= "table" then
    local why = type(err) == "table" and tostring(err) or ("its process exited with status %s before the test finished"):format(status)
    came = { status = "failed", message = why }
  end
  -- Positions use the file name that was given on the command line.
  if came.message then came.message = came.message:gsub("^%./", "", 1):gsub("^" .. job.base:gsub("%p", "%%%0") .. ":", (job.file:gsub("%%", "%%%%")) .. ":") end
  came.file, came.name, came.output = job.file, job.name, job.texts[job.out]
  came.seconds = tiny.clock("monotonic") - job.began
  return came
end

-- Waits for the next event of the running jobs; calls ended(job, overdue). Returns true after a signal.
local function wait(running, signals, ended)
  local handles, of, now, soonest = { signals }, {}, tiny.clock("monotonic"), math.huge
  for _, job in ipairs(running) do
    for _, handle in ipairs { job.child, job.out, job.result } do
      if not (job.done and job.done[handle]) then
        table.insert(handles, handle)
        of[handle] = job
      end
    end
    soonest = math.min(soonest, job.deadline)
  end
  for _, handle in ipairs(tiny.poll(handles, math.max(0, soonest - now))) do
    local job = of[handle]
    if handle == signals then return true end
    if handle == job.child then
      ended(job, false)
    elseif not job.ended and not take(job, handle) then
      job.done = job.done or {}
      job.done[handle] = true
    end
  end
  now = tiny.clock("monotonic")
  for _, job in ipairs(table.move(running, 1, #running, 1, {})) do
    if job.deadline <= now and not job.ended then ended(job, true) end
  end
end

-- Runs all tests of the files. options: jobs, timeout (seconds), wanted(file, name), told(result). Returns whether a signal
-- arrived; then all jobs have been ended.
function runner.run(files, options)
  local waiting, running = {}, {}
  for i, file in ipairs(files) do waiting[i] = { file = file } end
  local signals <close> = tiny.signals(SIGNALS)
  private_host.clear()
  local function ended(job, overdue)
    job.ended = true
    for i, other in ipairs(running) do if other == job then table.remove(running, i) break end end
    local came = finish(job, overdue)
    for i, name in ipairs(came.tests or {}) do
      if options.wanted(job.file, name) then table.insert(waiting, i, { file = job.file, name = name }) end
    end
    if not came.tests and (job.name or options.wanted(job.file, "")) then options.told(came) end
  end
  local interrupted = false
  while (#running > 0 or #waiting > 0) and not interrupted do
    while #running < options.jobs and #waiting > 0 do
      local job = table.remove(waiting, 1)
      local _, err = tiny.try(start, job, options.timeout)
      if err then
        options.told { file = job.file, name = job.name, status = "failed", message = "cannot create a private host: " .. tostring(err), output = "", seconds = 0 }
      else
        table.insert(running, job)
      end
    end
    if #running > 0 then interrupted = wait(running, signals, ended) or false end
  end
  for _, job in ipairs(running) do finish(job, true) end
  return interrupted
end

return runner
