-- CVE-2024-21626: a descriptor of the host that is open during set-up, as working directory: /proc/self/fd/N leads out of any root.
-- A descriptor that the caller has leaked does not reach the program either.
local attack = require "oci_attack"
local check = require "check"
local oci = require "oci_bundle"

tiny.mkdir("/tmp/host/deep", { parents = true })
tiny.write_file("/tmp/host/secret", "the host's")
local tried, refused = 0, 0

-- Runs the runtime with leaked descriptors of two directories, as a shell leaks them.
check.copy_program "/tmp/tinylua-oci"
tiny.write_file("/tmp/leak", 'exec 7</tmp/host/deep 8</; exec /tmp/tinylua-oci "$@"\n')
local function leaky(...)
  local out, out_end = tiny.pipe()
  local words = { ... }
  local child <close> = tiny.fork(function()
    tiny.dup2(out_end, 1)
    tiny.dup2(out_end, 2)
    tiny.exec { "bash", "/tmp/leak", "--root", oci.root(), table.unpack(words) }
  end)
  out_end:close()
  local text = ""
  for bytes in function() return out:read() end do text = text .. bytes end
  return { status = child:wait(), out = text, err = "" }
end

local LOOK = "cat ../secret secret ../tmp/host/secret ../../tmp/host/secret tmp/host/secret 2>/dev/null; " ..
  "for f in /proc/self/fd/*; do cat $f/secret $f/../secret $f/tmp/host/secret 2>/dev/null; done; exit 0"
local function judge(result)
  tried, refused = tried + 1, refused + (result.status ~= 0 and 1 or 0)
  assert(not (result.out .. result.err):find("the host's", 1, true), result.out)
end

attack.start("c", { "sleep", "1000" })
for number = 3, 16 do
  for _, path in ipairs { "/proc/self/fd/%d", "/proc/thread-self/fd/%d/..", "/proc/1/fd/%d", "/dev/fd/%d" } do
    local cwd = path:format(number)
    local bundle = attack.bundle(LOOK, function(config) config.process.cwd = cwd end)
    judge(leaky("run", "--bundle", bundle, "d"))
    tiny.remove(bundle, { recursive = true })
    judge(leaky("exec", "--cwd", cwd, "c", "sh", "-c", LOOK))
  end
end
-- Through a link of the image.
local linked = attack.bundle(LOOK, function(config, path)
  tiny.symlink("/proc/self/fd/7", path .. "/rootfs/way")
  config.process.cwd = "/way"
end)
for _ = 1, 3 do judge(leaky("run", "--bundle", linked, "d")) end
print(("%d tries, %d refused"):format(tried, refused))
check.equal(refused, tried, "each names a descriptor")

-- Without a working directory of theirs, the program has three descriptors.
local COUNT = "ls /proc/self/fd | wc -l; " .. LOOK
local seen = leaky("run", "--bundle", attack.bundle(COUNT), "d")
check.equal(seen.out, "4\n", seen.err)
check.equal(leaky("exec", "c", "sh", "-c", COUNT).out, "4\n")
check.equal(table.concat(tiny.list_dir("/tmp/host"), " "), "deep secret", "nothing is made there")
oci.succeeds { "delete", "--force", "c" }
oci.nothing()
