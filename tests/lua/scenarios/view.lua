-- --view and the key `view`: an additional directory of the host in the view, as its unprivileged users see it; and
-- refused values.
local canaries = require "canaries"
local check = require "check"

local refused = check.run_refused

canaries.on({ "/data" }, function()
  os.execute("mkdir -p /opt/tool/bin /opt/tool/closed /opt/other /data/set/deep; chmod 700 /opt/tool/closed")
  for path, mode in pairs { ["/opt/tool/bin/run"] = "755", ["/opt/tool/secret"] = "600", ["/opt/tool/closed/file"] = "644", ["/opt/other/file"] = "644", ["/data/set/deep/file"] = "644" } do
    tiny.write_file(path, "#!/bin/sh\necho " .. path .. "\n", { mode = tonumber(mode, 8) })
  end
  local LIST = "/opt/tool/bin/run; cat /opt/tool/secret /opt/tool/closed/file /opt/other/file /data/set/deep/file 2>/dev/null; true"
  check.equal(check.succeeds("run", "--rm", "--view", "/opt/tool", "--view", "/data/set//", "sh", "-c", LIST), "/opt/tool/bin/run\n#!/bin/sh\necho /data/set/deep/file\n")
  if canaries.has_idmaps() then check.equal(check.succeeds("run", "--rm", "--userns", "auto", "--view", "/opt/tool", "sh", "-c", LIST), "/opt/tool/bin/run\n") end
  -- Its changes stay in the container; a directory below another, and one that is already shown, are accepted.
  check.equal(check.succeeds("run", "--rm", "--view", "/opt", "--view", "/opt/tool", "--view", "/usr/local", "sh", "-c", "rm -r /opt/tool/bin; echo x >/opt/new; ls -d /opt/new /opt/other /opt/tool; ls /opt/tool"), "/opt/new\n/opt/other\n/opt/tool\nclosed\nsecret\n")
  assert(tiny.stat("/opt/tool/bin/run") and not tiny.stat("/opt/new"), "the host's is as it was")

  -- It is recorded with the container, and a recipe has it too.
  tiny.write_file("/tmp/r.lua", 'return require("tiny.container").new { command = { "/opt/tool/bin/run" }, view = { "/opt/tool" } }')
  check.equal(check.succeeds("run", "--name", "kept", "/tmp/r.lua"), "/opt/tool/bin/run\n")
  check.equal(check.succeeds("inspect", "--format", "config.view", "kept"):gsub("%s", ""), '["/opt/tool"]')
  check.succeeds("start", "kept")
  check.equal(check.succeeds("wait", "kept"), "0\n")
  check.equal(check.succeeds("logs", "kept"), ("/opt/tool/bin/run\n"):rep(2))
  check.succeeds("cp", "kept:/opt/tool/bin/run", "/tmp/copied")
  check.equal(check.run({ "cp", "kept:/opt/tool/secret", "/tmp/copied2" }).status, 125)
  check.succeeds("rm", "kept")

  local ALL = "\n  hint: the view shows only what every host user may read; use -v for other directories"
  refused('view: "opt/tool" must begin with /', "--view", "opt/tool", "true")
  refused('view: "/opt/../etc" must not contain "." or ".."', "--view", "/opt/../etc", "true")
  refused('view: "/" is the host\'s root\n  hint: name the directory to add', "--view", "/", "true")
  refused('view: "/no/such" does not exist', "--view", "/no/such", "true")
  refused('view: "/etc/passwd" is not a directory: /etc/passwd is a file\n  hint: use -v for single files', "--view", "/etc/passwd", "true")
  refused('view: "/opt/tool/closed" is not readable by every user: see the mode of /opt/tool/closed' .. ALL, "--view", "/opt/tool/closed", "true")
  tiny.symlink("/root", "/opt/link")
  refused('view: "/opt/link" contains the symbolic link /opt/link\n  hint: use the target: /root', "--view", "/opt/link", "true")
  for _, path in ipairs { "/proc", "/sys/kernel", "/dev", "/run" } do
    refused(('view: "%s" is in %s, which is the container\'s own\n  hint: use -v to mount it elsewhere'):format(path, path:match("^/%w+")), "--view", path, "true")
  end
  refused("view: a container with a rootfs has no view of the host\n  hint: use -v to mount a host directory in it", "--rootfs", "/opt", "--view", "/opt", "true")

  -- State directories are refused: a path in one, one itself, a parent, another name for it, and another user's.
  local OURS = "\n  hint: containers must not see each other's files"
  os.execute("chmod 755 /var/lib/tinylua /var/lib/tinylua/*; mkdir -p /var/lib/tinylua/open; mkdir -p /opt/mine/containers /opt/mine/names /opt/mine/x")
  refused('view: "/var/lib/tinylua" is inside tinylua\'s state directory /var/lib/tinylua' .. OURS, "--view", "/var/lib/tinylua", "true")
  refused('view: "/var/lib/tinylua/open" is inside tinylua\'s state directory /var/lib/tinylua' .. OURS, "--view", "/var/lib/tinylua/open", "true")
  refused('view: "/var/lib" contains tinylua\'s state directory /var/lib/tinylua' .. OURS, "--view", "/var/lib", "true")
  refused('view: "/var" contains tinylua\'s state directory /var/lib/tinylua' .. OURS, "--view", "/var", "true")
  refused('view: "/opt/mine/x" is inside tinylua\'s state directory /opt/mine' .. OURS, "--view", "/opt/mine/x", "true")
  tiny.mkdir("/srv/alias", { parents = true })
  tiny.mount_bind("/var/lib/tinylua", "/srv/alias")
  refused('view: "/srv/alias" is inside tinylua\'s state directory /srv/alias' .. OURS, "--view", "/srv/alias", "true")
end)

-- If the host's / is an overlay, the kernel cannot stack two more: this is reported.
check.inside({ mount = true }, function()
  tiny.mount_private("/")
  for _, name in ipairs { "/tmp/o/upper", "/tmp/o/work", "/tmp/o/root" } do tiny.mkdir(name, { parents = true }) end
  local overlaid = tiny.try(tiny.mount_overlay, "/tmp/o/root", { lower = { "/" }, upper = "/tmp/o/upper", work = "/tmp/o/work" })
  if not overlaid then return print("no overlay of / here") end
  for _, path in ipairs { "/proc", "/sys", "/dev", "/tmp" } do tiny.mount_bind(path, "/tmp/o/root" .. path, { recursive = path ~= "/tmp" }) end
  tiny.pivot_root("/tmp/o/root")
  check.root = "/tmp/store"
  local result = check.run { "run", "--rm", "true" }
  check.equal(result.status, 125)
  assert(result.err:find("hint: the host's / is an overlay, and the kernel stacks at most two: use --rootfs", 1, true), result.err)
  check.no_container()
end)
