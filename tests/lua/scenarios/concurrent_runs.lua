-- 200 `run --rm` from 16 shells at once: each status and output is right, and nothing is left.
local check = require "check"

local SHELLS, RUNS = 16, 200
local before = {}
for _, mount in ipairs(tiny.mounts()) do before[mount.target] = true end

local program = [[
n=$1
while [ $n -le %d ]; do
  out=$(/proc/self/exe_of_test --root %s run --rm sh -c "echo out $n; echo err $n >&2; exit $((n %% 100))" 2>/tmp/err.$n)
  echo "$n $? $out $(cat /tmp/err.$n)"
  n=$((n + %d))
done
]]
tiny.symlink("/proc/" .. tiny.getpid() .. "/exe", "/tmp/tinylua")
program = program:format(RUNS, check.root, SHELLS):gsub("/proc/self/exe_of_test", "/tmp/tinylua")

local out, into = tiny.pipe()
local shells = {}
local start = tiny.clock("monotonic")
for i = 1, SHELLS do
  shells[i] = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { "/bin/sh", "-c", program, "sh", tostring(i) }
  end)
end
into:close()
local text = {}
for bytes in function() return out:read() end do table.insert(text, bytes) end
local took = tiny.clock("monotonic") - start
for _, shell in ipairs(shells) do check.equal(shell:wait(), 0, "a shell") end

local seen = 0
for line in table.concat(text):gmatch("[^\n]+") do
  local n, status, rest = line:match("^(%d+) (%d+) (.*)$")
  assert(n, line)
  check.equal(tonumber(status), tonumber(n) % 100, "status: " .. line)
  check.equal(rest, ("out %s err %s"):format(n, n))
  seen = seen + 1
end
check.equal(seen, RUNS, "runs told")
print(("%d runs from %d shells in %.1f s"):format(RUNS, SHELLS, took))

check.no_container()
for _, mount in ipairs(tiny.mounts()) do assert(before[mount.target], "a mount is left: " .. mount.target) end
for _, hierarchy in ipairs { "", "/memory", "/pids", "/freezer", "/unified" } do
  for _, name in ipairs(tiny.list_dir("/sys/fs/cgroup" .. hierarchy .. "/tinylua") or {}) do
    assert(not name:match("^%x+$"), "a cgroup is left: " .. name)
  end
end
