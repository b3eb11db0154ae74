-- Jobs that child processes do, several at once, such as fetching the layers of an image; each has a bar.
local jobs = {}

-- Seconds between two messages of a child.
local PACE = 0.1

-- What a child does: its messages say how far it is.
local function child_of(job, how, into)
  local last = 0
  how.work(job, function(state, done)
    local now = tiny.clock "monotonic"
    if now - last < PACE and done < job.size then return end
    last = now
    into:write(("%d %s %d\n"):format(job.bar, state, done))
  end)
end

-- Does each job of a list, { bar, size }, in a child; `complete` is set in those that are done. how: most (children at once), work(job,
-- tell), which calls tell(state, bytes), ended (the state of a job that is done), and interrupted (the message if a child is killed).
-- A child that fails ends the others.
function jobs.run(list, how, bars)
  local from, into = tiny.pipe { nonblock = "read" }
  local reader <close> = from
  local writer <close> = into
  local running, count, waiting, by_bar, failure, rest = {}, 0, {}, {}, nil, ""
  for i, job in ipairs(list) do waiting[i], by_bar[job.bar] = job, job end
  local function begin(job)
    running[tiny.fork(function()
      tiny.set_parent_death_signal "SIGKILL"
      from:close()
      child_of(job, how, into)
    end)] = job
    count = count + 1
  end
  local function show()
    rest = rest .. (from:read() or "")
    for bar, state, done in rest:gmatch("(%d+) (%a+) (%d+)\n") do
      bars:set(tonumber(bar), state, tonumber(done), by_bar[tonumber(bar)].size)
    end
    rest = rest:match("[^\n]*$")
  end
  local function finish(child, job)
    running[child], count = nil, count - 1
    local status, err = tiny.try(child.wait, child)
    if not err and status ~= 0 then err = select(2, tiny.try(tiny.fail, { message = how.interrupted, exit = 125 })) end
    job.complete = not err
    if not err then bars:set(job.bar, how.ended, nil, nil, true) end
    if err and not failure then
      failure = err
      for other in pairs(running) do tiny.try(tiny.kill, other, "SIGTERM") end
    end
  end
  local function step()
    while not failure and #waiting > 0 and count < how.most do begin(table.remove(waiting, 1)) end
    local handles = { from }
    for child in pairs(running) do table.insert(handles, child) end
    if not handles[2] then return false end
    for _, ready in ipairs(tiny.poll(handles)) do
      if running[ready] then finish(ready, running[ready]) else show() end
    end
    return true
  end
  local _, err = tiny.try(function()
    repeat until not step()
  end)
  for child in pairs(running) do child:reap() end
  if failure or err then error(failure or err, 0) end
end

return jobs
