-- CVE-2025-52881: a rootfs has its own /proc, so that writes to /proc are redirected and reads return false data.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
os.execute("mkdir -p /tmp/root/proc/self/attr /tmp/root/proc/sys/net/ipv4 /tmp/root/decoy/sys/net/ipv4 /tmp/root/decoy/self")
local function decoys()
  for _, folder in ipairs { "/proc", "/decoy" } do
    tiny.write_file(root .. folder .. "/self/oom_score_adj", "decoy")
    tiny.write_file(root .. folder .. "/sys/net/ipv4/ip_forward", "decoy")
  end
end
local function untouched()
  for _, folder in ipairs { "/proc.real", "/proc", "/decoy" } do
    local text = tiny.read_file(root .. folder .. "/self/oom_score_adj", { root = "/" })
    check.equal(text or "decoy", "decoy", folder)
    check.equal(tiny.read_file(root .. folder .. "/sys/net/ipv4/ip_forward", { root = "/" }) or "decoy", "decoy", folder)
  end
end
decoys()
local show = "cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward"
local options = { "--rm", "--rootfs", root, "--oom-score-adj", "77", "--sysctl", "net.ipv4.ip_forward=1" }
local function run() return check.run { "run", table.unpack(table.move({ "sh", "-c", show }, 1, 3, #options + 1, table.move(options, 1, #options, 1, {}))) } end
check.equal(run().out, "77\n1\n")
untouched()
-- As a permanent link, and as a link that appears and disappears.
tiny.rename(root .. "/proc", root .. "/proc.real")
tiny.symlink("/decoy", root .. "/proc")
local linked = run()
assert(linked.out == "77\n1\n" or linked.status ~= 0, linked.out)
untouched()
tiny.remove(root .. "/proc")
tiny.rename(root .. "/proc.real", root .. "/proc")
local stop = attack.loop(attack.swap(root .. "/proc", "/decoy"))
for _ = 1, attack.slow and 10 or 30 do run() end
local swaps = stop()
assert(swaps > 100, swaps)
print(swaps .. " swaps")
tiny.try(tiny.remove, root .. "/proc")
tiny.try(tiny.rename, root .. "/proc.real", root .. "/proc")
untouched()

-- A program that is executed in a container whose /proc has been covered.
check.succeeds("run", "-d", "--name", "c", "--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--oom-score-adj", "55", "sh", "-c",
  "mkdir -p /decoy/self /real; mount --bind /proc /real; echo decoy >/decoy/self/oom_score_adj; mount --bind /decoy /proc; touch /ready; exec sleep 100")
local ready
for _ = 1, 200 do
  ready = ready or check.run({ "exec", "c", "test", "-e", "/ready" }).status == 0
end
assert(ready)
check.equal(check.succeeds("exec", "c", "cat", "/decoy/self/oom_score_adj"), "decoy\n")
check.equal(check.succeeds("exec", "c", "cat", "/real/self/oom_score_adj"), "55\n")
check.succeeds("rm", "-f", "c")
check.no_container()
