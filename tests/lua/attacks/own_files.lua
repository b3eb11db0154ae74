-- The files that a container gets in addition to its root (/etc/hosts, /etc/hostname, /etc/resolv.conf) and the files
-- created for it belong to root in the container. A file that belongs to nobody would be a file of the host, mounted
-- unchanged. Writes go to the container's own copy, never to the host's file or to another container's.
local check = require "check"

local before = {}
for _, name in ipairs { "hosts", "hostname", "resolv.conf" } do before[name] = tiny.read_file("/etc/" .. name) or "" end
local function host_unchanged(what)
  for name, text in pairs(before) do check.equal(tiny.read_file("/etc/" .. name) or "", text, what .. ": the host's " .. name) end
end

local OWN = { "/etc/hosts", "/etc/hostname", "/etc/resolv.conf" }
-- Not /dev/pts: the kernel assigns the root of a devpts to the host's root.
local ROOTS = { "/", "/etc", "/dev", "/dev/null", "/dev/shm", "/tmp", "/root" }
-- The owner of each; the users who may write; whether root's write succeeds.
local SCRIPT = [[
  for f in /etc/hosts /etc/hostname /etc/resolv.conf; do
    stat -c '%n %u:%g %a' $f; grep -c " $f " /proc/self/mountinfo; echo "# mine" >>$f && tail -n 1 $f; chown 0:0 $f && chmod 644 $f && echo changed; done
  for f in / /etc /dev /dev/null /dev/shm /tmp /root; do stat -c '%n %u:%g' $f; done]]
local wanted = {}
for _, path in ipairs(OWN) do table.insert(wanted, ("%s 0:0 644\n1\n# mine\nchanged\n"):format(path)) end
for _, path in ipairs(ROOTS) do table.insert(wanted, path .. " 0:0\n") end
wanted = table.concat(wanted)
local NOBODY = "for f in /etc/hosts /etc/hostname /etc/resolv.conf; do (echo x >>$f) 2>/dev/null && echo written; head -c 1 $f >/dev/null || echo unread; done; id -u"

local networks = { "none", "bridge" }
if tiny.probe().network.nftables == false then networks = { "none" } end
local users = { "host" }
do
  local own <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
  local mounted <close> = tiny.try(tiny.mount_bind, "/", "/mnt", { idmap = own, recursive = false })
  if mounted then table.insert(users, "auto") end
end
print("with --userns " .. table.concat(users, " and "))

local tried = 0
for _, network in ipairs(networks) do
  for _, userns in ipairs(users) do
    local what = ("--network %s --userns %s"):format(network, userns)
    for _, name in ipairs { "a", "b" } do check.succeeds("run", "-d", "--name", name, "--network", network, "--userns", userns, "sleep", "100") end
    if network == "none" then
      -- Without a network, the files are those of the root, including its own.
      check.equal(check.succeeds("exec", "a", "stat", "-c", "%u:%g", "/etc/hosts"), "0:0\n", what)
    else
      local other = check.succeeds("exec", "b", "cat", table.unpack(OWN))
      check.equal(check.succeeds("exec", "a", "sh", "-c", SCRIPT), wanted, what)
      check.equal(check.succeeds("exec", "-u", "nobody", "a", "sh", "-c", NOBODY), "65534\n", what)
      check.equal(check.succeeds("exec", "b", "cat", table.unpack(OWN)), other, what .. ": another container's files")
      -- On the host they belong to root, whatever the container's range of ids; a start creates them again.
      local folder = check.root .. "/containers/" .. tiny.read_file(check.root .. "/names/a")
      for _, path in ipairs(OWN) do
        local s = tiny.stat(folder .. path:gsub("^/etc", ""))
        check.equal(("%d:%d %o"):format(s.uid, s.gid, s.mode & tonumber("7777", 8)), "0:0 644", what .. ": " .. path .. " on the host")
      end
      check.succeeds("restart", "-t", "0", "a")
      check.equal(check.succeeds("exec", "a", "sh", "-c", SCRIPT), wanted, what .. ", started again")
      tried = tried + 1
    end
    host_unchanged(what)
    check.succeeds("rm", "-f", "a", "b")
  end
end
if tried == 0 then check.skip("this kernel has no nftables for a network") end
check.no_container()
