-- A container writes without a newline. The supervisor splits its output into lines for on_log; neither its CPU time
-- nor its memory may grow quadratically.
local check = require "check"

local MB = 1024 * 1024

tiny.write_file("/tmp/r.lua", [[
  local args = ...
  local bytes, parts = 0, 0
  return require("tiny.container").new {
    name = "c", command = { "sh", "-c", ("sleep 0.3; head -c %s /dev/zero | tr '\\0' x"):format(args[1]) },
    log = { driver = args[2], max_size = args[2] == "json" and "4m" or nil },
    on_log = function(_, line) bytes, parts = bytes + #line, parts + 1 end,
    on_exit = function()
      local memory = tiny.read_file("/proc/self/status"):match("VmHWM:%s*(%d+)")
      tiny.write_file("/tmp/heard", ("%d %d %f %d"):format(bytes, parts, os.clock(), memory // 1024))
    end }]])

-- Runs a container that writes this many bytes; returns the CPU time of its supervisor.
local function cost(bytes, driver, looked_at)
  check.succeeds("run", "-d", "/tmp/r.lua", tostring(bytes), driver)
  local pid = check.succeeds("inspect", "--format", "state.supervisor.pid", "c")
  local supervisor <close> = tiny.pidfd_open(math.tointeger(tonumber(pid)))
  local viewer <close> = looked_at and tiny.fork(function()
    local null = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(null, number) end
    tiny.exec { "/proc/self/exe", "--root", check.root, "attach", "c" }
  end) or nil
  if #tiny.poll({ supervisor }, 100) == 0 then
    tiny.kill(supervisor, "SIGKILL")
    error(("%d bytes are not dealt with after 100 s"):format(bytes))
  end
  local heard, parts, seconds, memory = tiny.read_file("/tmp/heard"):match("(%d+) (%d+) (%S+) (%d+)")
  print(("%2d MB, %s: %s s of processor time, %s MB of memory"):format(bytes / MB, driver, seconds, memory))
  check.equal(tonumber(heard), bytes, "what on_log heard")
  check.equal(tonumber(parts), bytes // (16 * 1024), "in how many parts")
  assert(tonumber(memory) < 200, "memory")
  check.succeeds("rm", "c")
  return tonumber(seconds)
end

for _, how in ipairs { { "json" }, { "none" }, { "none", true } } do
  local little, much = cost(4 * MB, table.unpack(how)), cost(16 * MB, table.unpack(how))
  -- Four times the bytes cost four times as much; quadratic cost would be sixteen times.
  assert(much < 8 * little + 0.5, ("4 MB cost %.2f s, 16 MB %.2f s"):format(little, much))
end
cost(50 * MB, "json")
check.no_container()
