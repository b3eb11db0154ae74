-- box, part 4: ids and metadata. A container has a directory with its configuration and state, and can run detached.
local engine = require "03-rootfs"

engine.folder = os.getenv("BOX_DIR") or "/run/box"
engine.options["--name"] = { key = "name" }
engine.options["-d"] = { key = "detach", flag = true }

local PRIVATE = { mode = tonumber("600", 8) }

-- Updates the record. The file is replaced atomically: no reader sees a partial file.
function engine.record(c, news)
  c.state = c.state or { supervisor = tiny.getpid(), supervisor_started = tiny.process_start_time(tiny.getpid()) }
  for key, value in pairs(news) do c.state[key] = value end
  tiny.write_file(c.dir .. "/state.json", tiny.json_encode(c.state), PRIVATE)
end

-- All recorded containers.
function engine.all()
  local all = {}
  for id, files in pairs(tiny.read_json_files(engine.folder, { "config.json", "state.json" }) or {}) do
    local c = files["config.json"]
    if c then
      c.state, c.dir = files["state.json"] or {}, engine.folder .. "/" .. id
      table.insert(all, c)
    end
  end
  table.sort(all, function(a, b) return a.created < b.created end)
  return all
end

function engine.find(ref)
  for _, c in ipairs(engine.all()) do
    if ref and (c.name == ref or c.id:sub(1, #ref) == ref) then return c end
  end
  tiny.fail { message = ("box: no such container: %s"):format(ref), exit = 125 }
end

-- Pids are reused after a process has ended. A pid and a start time identify one process.
function engine.process(c, who)
  local pid = c.state[who]
  return pid and tiny.pidfd_open(pid, { start_time = c.state[who .. "_started"] })
end

function engine.status(c)
  local status = c.state.status or "created"
  if status ~= "exited" and not engine.process(c, "supervisor") then return "lost" end
  return status
end

-- Waits with the container until its end, and records what happens to it.
function engine.supervise(c)
  local child <close> = engine.start(c)
  child:wait_ready() -- throws any error before the program runs
  engine.record(c, { status = "running", pid = child.pid, pid_started = tiny.process_start_time(child.pid) })
  if c.detach then tiny.notify_ready() end
  local code = engine.attend(c, child)
  engine.record(c, { status = "exited", code = code })
  return code
end

function engine.attend(_, child)
  return (child:wait())
end

-- The supervisor of a detached container: a process without a terminal.
local function alone(c)
  tiny.setsid()
  local null = tiny.open("/dev/null", { read = true, write = true })
  for number = 0, 2 do tiny.dup2(null, number) end
  return engine.supervise(c)
end

function engine.commands.run(words)
  local c = engine.parse(words)
  c.id, c.created = tiny.random_id(), tiny.timestamp()
  c.hostname, c.name = c.hostname or c.id, c.name or c.id
  tiny.mkdir(engine.folder .. "/" .. c.id, { parents = true, mode = tonumber("700", 8) })
  c.dir = engine.folder .. "/" .. c.id
  tiny.write_file(c.dir .. "/config.json", tiny.json_encode(c), PRIVATE)
  if not c.detach then return engine.supervise(c) end
  tiny.fork(function() return alone(c) end):keep():wait_ready()
  print(c.id)
end

function engine.commands.ps()
  for _, c in ipairs(engine.all()) do
    local code = c.state.code and (" (%d)"):format(c.state.code) or ""
    print(("%-12s  %-8s  %-12s  %s"):format(c.id, c.name ~= c.id and c.name or "", engine.status(c) .. code, table.concat(c.command, " ")))
  end
end

function engine.commands.inspect(words)
  local c = engine.find(words[1])
  print(tiny.json_encode(c, { pretty = true }))
end

if type(...) == "table" then return engine.main(...) end
return engine
