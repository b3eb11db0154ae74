-- Invalid input: one clear sentence with a hint, the right exit status, nothing left behind.
local check = require "check"

local function refused(status, text, ...)
  local result = check.run { ... }
  check.equal(result.status, status, result.err)
  check.equal(result.err, "tinylua: " .. text .. "\n")
  check.no_container()
end

refused(125, "the rootfs /no/such does not exist\n  hint: create it, or omit --rootfs for a throwaway view of the host", "run", "--rootfs", "/no/such", "true")
refused(125, "the rootfs /etc/passwd is a file, not a directory\n  hint: unpack an archive or image first", "run", "--rootfs", "/etc/passwd", "true")
refused(125, "the rootfs path is empty\n  hint: omit --rootfs for a throwaway view of the host", "run", "--rootfs", "", "true")
refused(125, "the rootfs /./ is the host's root\n  hint: omit --rootfs for a throwaway view of the host", "run", "--rootfs", "/./", "true")
refused(125, 'command: argument 2 is not UTF-8: "\u{fffd}"\n  hint: pass other bytes in a file, or encode them', "run", "echo", "\xff")
refused(125, 'env: "A" is not UTF-8: "A=\u{fffd}"\n  hint: pass other bytes in a file, or encode them', "run", "-e", "A=\xff", "true")
refused(125, "no command given\n  hint: give a command: tinylua run CMD…", "run", "")
refused(125, 'the name "a/b" may contain only letters, digits, \'_\', \'.\' and \'-\', and must begin with a letter or digit', "run", "--name", "a/b", "true")
refused(125, 'the working directory "x" does not begin with /', "run", "-w", "x", "true")
refused(125, '--env "=x" is not NAME=VALUE', "run", "-e", "=x", "true")
refused(125, "memory: 1000 bytes is too low\n  hint: the minimum is 512k", "run", "-m", "1000", "true")
refused(125, "pids: -2 is negative\n  hint: the minimum is 1; 0 means no limit", "run", "--pids-limit", "-2", "true")
refused(125, "cpus: 0.001 is too low\n  hint: the minimum is 0.01 of a CPU", "run", "--cpus", "0.001", "true")

local unit = check.run { "run", "--memory", "1x", "true" }
check.equal(unit.status, 2)
assert(unit.err:match('"1x" is not a size; write bytes or a number with k, m, g or t: "128m"'), unit.err)
local mode = check.run { "run", "--net", "brigde", "true" }
check.equal(mode.status, 125)
assert(mode.err:match('no such network: "brigde"; did you mean "bridge"%?'), mode.err)
local user = check.run { "run", "-u", "no-such-user", "true" }
check.equal(user.status, 125)
assert(user.err:match('user: no user "no%-such%-user" in the rootfs\'s /etc/passwd\n  hint: a numeric id needs no entry'), user.err)
check.no_container()
