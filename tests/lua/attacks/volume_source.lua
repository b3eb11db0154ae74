-- CVE-2023-27561, CVE-2025-52881, CVE-2021-25741: a directory that one container can write to is a volume of the next
-- one, and the first container replaces entries in it with links during setup. A subpath is resolved below its source
-- and never leads out of it. A plain source is a path of the host whose links are followed, so directories that a
-- container can write to are specified with subpath.
local attack = require "attack"
local check = require "check"

attack.rootfs("/tmp/root")
tiny.mkdir("/tmp/shared/sub", { parents = true })
tiny.write_file("/tmp/shared/sub/mine", "volume")
tiny.mkdir("/tmp/outside")
tiny.write_file("/tmp/outside/secret", "host's")

-- The attacker is a process in the directory, like root of a container that has it as a volume.
local targets, swaps, started, refused = { "../outside", "/tmp/outside", "/proc", "/proc/self/root", "/" }, 0, 0, 0
for _, target in ipairs(targets) do
  local stop = attack.loop(attack.swap("/tmp/shared/sub", target))
  for _ = 1, 12 do
    local result = check.run { "run", "--rm", "--rootfs", "/tmp/root", "-v", "/tmp/shared:/data", "--mount", "type=bind,source=/tmp/shared,subpath=sub,target=/data/in,readonly",
      "--mount", "type=bind,source=/tmp/shared,subpath=sub,target=/mnt", "sh", "-c",
      "cat /data/in/secret /mnt/secret /mnt/*/secret /mnt/tmp/outside/secret 2>/dev/null; [ -e /mnt/self ] || [ -e /data/in/1 ] && echo proc; echo up; : 2>/dev/null >/mnt/new" }
    local out = result.out
    assert(not out:find("host's", 1, true) and not out:find("proc", 1, true), out)
    if out:find("up", 1, true) then started = started + 1 else
      refused = refused + 1
      check.equal(result.status, 125, result.err)
    end
  end
  swaps = swaps + stop()
  tiny.try(tiny.remove, "/tmp/shared/sub")
  tiny.try(tiny.rename, "/tmp/shared/sub.real", "/tmp/shared/sub")
end
check.equal(table.concat(tiny.list_dir("/tmp/outside"), " "), "secret")
print(("%d swaps; %d containers started, %d refused"):format(swaps, started, refused))
assert(swaps > 1000 and started > 0, "no race was run")
-- Without a race: links that lead out, upward or to a file.
for _, link in ipairs { "/tmp/outside", "../outside", "../../tmp/outside" } do
  tiny.symlink(link, "/tmp/shared/link")
  local ran = check.run { "run", "--rm", "--rootfs", "/tmp/root", "--mount", "type=bind,source=/tmp/shared,subpath=link,target=/mnt", "cat", "/mnt/secret" }
  assert(ran.status ~= 0 and not ran.out:find("host's", 1, true), link)
  tiny.remove("/tmp/shared/link")
end
check.equal(check.succeeds("run", "--rm", "--rootfs", "/tmp/root", "--mount", "type=bind,src=/tmp/shared,subpath=sub,dst=/mnt", "cat", "/mnt/mine"), "volume")
check.run_refused('"type=bind,source=/tmp/shared,subpath=none,target=/x": /tmp/shared has no none', "--mount", "type=bind,source=/tmp/shared,subpath=none,target=/x", "true")
check.no_container()
