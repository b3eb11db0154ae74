-- landlock: restricts files, ports and scopes of the caller permanently; missing kernel features are reported.
local check = require "check"

local abi = tiny.probe().security.landlock
check.refuses('unknown option "pathes"; did you mean "paths"?', tiny.landlock, { pathes = {} })
check.refuses('option "paths": "/usr": "rq" has letters other than r, w and x', tiny.landlock, { paths = { ["/usr"] = "rq" } })
check.refuses('option "paths": "/usr": there is no right "excute"; did you mean "execute"?', tiny.landlock, { paths = { ["/usr"] = { "excute" } } })
check.refuses('option "paths": "/usr": "execute" is the name of a right: write { "execute" }', tiny.landlock, { paths = { ["/usr"] = "execute" } })
check.refuses('option "scopes": [1]: there is no scope "signl"; did you mean "signal"?', tiny.landlock, { scopes = { "signl" } })
check.refuses('option "tcp_bind": [1]: 70000 is not an integer from 0 to 65535', tiny.landlock, { tcp_bind = { 70000 } })
check.refuses("no restriction given: pass paths, tcp_bind, tcp_connect or scopes", tiny.landlock, { strict = true })

-- Features that an older kernel lacks: refused with strict, which is the default; otherwise reported.
-- A rule with fewer rights than one above it has no effect.
check.refuses('option "paths": "/usr/share": the rights of "/usr" apply here too, so that fewer have no effect', tiny.landlock,
  { paths = { ["/usr"] = "rx", ["/usr/share"] = "r" } })
check.refuses('option "paths": "/tmp": the rights of "/" apply here too, so that fewer have no effect', tiny.landlock, { paths = { ["/"] = "r", ["/tmp"] = {} } })
tiny.landlock { paths = { ["/usr"] = "r", ["/usr/bin"] = "rx", ["/usrs"] = { "read_dir" } }, strict = false, check = true }

local all = { paths = { ["/"] = "r" }, tcp_bind = { 80 }, tcp_connect = {}, scopes = { "signal", "abstract_unix" }, abi = 0 }
check.fails("EOPNOTSUPP", tiny.landlock, all)
all.strict = false
check.equal(#tiny.landlock(all).enforced, 0)
check.equal(tiny.landlock(all).abi, 0)
assert(tiny.read_file("/etc/passwd"), "nothing was restricted")
if abi < 2 then check.skip("this kernel has no Landlock, or its first version") end

all.abi, all.strict, all.check = 2, true, true
local err = check.fails("EOPNOTSUPP", tiny.landlock, all)
assert(tostring(err):find("(Landlock 2 does not support truncate, ioctl_dev, tcp_bind, tcp_connect, abstract_unix, signal)", 1, true), tostring(err))
all.strict = false
local told = tiny.landlock(all)
check.equal(table.concat(told.enforced, " "), "paths")
check.equal(table.concat(told.left_out, " "), "truncate ioctl_dev tcp_bind tcp_connect abstract_unix signal")
tiny.write_file("/tmp/free", "")

-- Each letter, on the real kernel. A missing path fails before anything is restricted.
tiny.mkdir("/tmp/r/sub", { parents = true })
tiny.mkdir("/tmp/w")
tiny.mkdir("/tmp/none")
for _, path in ipairs { "/tmp/r/f", "/tmp/w/f", "/tmp/none/f" } do tiny.write_file(path, "text") end
check.inside({}, function()
  tiny.no_new_privs()
  check.fails("ENOENT", tiny.landlock, { paths = { ["/tmp/missing"] = "r" }, strict = false })
  tiny.write_file("/tmp/free", "")
  local kept <close> = tiny.open("/tmp/none/f")
  local made = tiny.landlock { paths = { ["/tmp/r"] = "r", ["/tmp/w"] = "w", ["/tmp/none/f"] = { "write_file" }, ["/tmp/free"] = "rx" }, strict = false }
  check.equal(made.abi, abi)
  check.equal(made.enforced[1], "paths")
  check.equal(kept:read(), "text", "what was open stays open")
  check.equal(tiny.read_file("/tmp/r/f"), "text")
  check.equal(#tiny.list_dir("/tmp/r"), 2)
  check.fails("EACCES", tiny.open, "/tmp/r/f", { write = true })
  check.fails("EACCES", tiny.mkdir, "/tmp/r/sub/new")
  check.fails("EACCES", tiny.remove, "/tmp/r/f")
  check.fails("EACCES", tiny.read_file, "/tmp/w/f")
  check.fails("EACCES", tiny.list_dir, "/tmp/w")
  tiny.mkdir("/tmp/w/new")
  tiny.remove("/tmp/w/f")
  check.fails("EACCES", tiny.read_file, "/tmp/none/f")
  tiny.open("/tmp/none/f", { write = true }):close()
  check.fails("EACCES", tiny.write_file, "/tmp/free", "")
  check.fails("EACCES", tiny.list_dir, "/")
  check.fails("EACCES", tiny.exec, { "/bin/true" })
end)
assert(tiny.stat("/tmp/w/new"))

-- Which programs may be executed, also by a child, which cannot undo it.
check.inside({}, function()
  tiny.no_new_privs()
  tiny.landlock { paths = { ["/usr"] = "rx", ["/bin"] = "rx", ["/lib"] = "rx", ["/lib64"] = "rx" }, strict = false }
  tiny.exec { "/bin/sh", "-c", "[ -x /bin/sh ] && ! (cat /etc/passwd) 2>/dev/null && ! (: >/tmp/new) 2>/dev/null" }
end)

-- Ports and scopes.
if abi >= 4 then
  check.inside({ net = true }, function()
    tiny.link_set("lo", { up = true })
    tiny.no_new_privs()
    tiny.landlock { tcp_bind = { 7001 } }
    tiny.tcp_listen("127.0.0.1:7001"):close()
    check.fails("EACCES", tiny.tcp_listen, "127.0.0.1:7002")
  end)
end
if abi >= 6 then
  local victim <close> = tiny.fork(function() tiny.exec { "sleep", "100" } end)
  victim:wait_ready()
  check.inside({}, function()
    tiny.kill(victim, 0)
    tiny.no_new_privs()
    tiny.landlock { scopes = { "signal" } }
    check.fails("EPERM", tiny.kill, victim, "SIGTERM")
  end)
end

check.inside({}, function()
  tiny.setuser(1234)
  check.equal(check.fails("EPERM", tiny.landlock, { scopes = { "signal" }, paths = {}, strict = false }).hint, "call tiny.no_new_privs() first, or run with CAP_SYS_ADMIN")
  tiny.no_new_privs()
  for _ = 1, 16 do tiny.landlock { paths = { ["/"] = "r" }, strict = false } end
  check.fails("E2BIG", tiny.landlock, { paths = {}, strict = false })
end)
