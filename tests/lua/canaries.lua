-- A host with planted secrets of many daemons in their usual places, and a scan from inside a container of everything
-- that it can see. The host is a tree in memory with a few programs, so the test may change its files.
local check = require "check"

local canaries = {}

local WORD = "CANARY-of-the-host"

-- Files that only root, or a daemon's user, may read: directory, and names in it.
local PRIVATE = {
  -- In directories that the view does not show.
  ["/etc"] = "shadow shadow- gshadow gshadow- sudoers krb5.keytab ipsec.secrets crypttab machine-id .pwd.lock netrc exports at.deny",
  ["/etc/ssl/private"] = "ssl-cert-snakeoil.key site.key wildcard.pem dhparams.pem mail.key ldap.key",
  ["/etc/letsencrypt/archive/example.org"] = "privkey1.pem privkey2.pem cert1.pem fullchain1.pem",
  ["/etc/letsencrypt/accounts/acme/1"] = "private_key.json regr.json meta.json",
  ["/etc/nginx"] = "htpasswd nginx.conf", ["/etc/nginx/ssl"] = "site.key site.crt", ["/etc/apache2/ssl"] = "site.key htpasswd",
  ["/etc/haproxy"] = "site.pem haproxy.cfg", ["/etc/traefik"] = "acme.json traefik.yml", ["/etc/caddy"] = "Caddyfile tls.key",
  ["/etc/ssh"] = "ssh_host_rsa_key ssh_host_ecdsa_key ssh_host_ed25519_key sshd_config", ["/etc/sudoers.d"] = "admins deploy",
  ["/etc/rancher/k3s"] = "k3s.yaml config.yaml registries.yaml", ["/var/lib/rancher/k3s/server"] = "token node-token agent-token",
  ["/var/lib/rancher/k3s/server/tls"] = "client-admin.key server-ca.key etcd-server.key service.key", ["/var/lib/etcd/member/snap"] = "db 0001.snap",
  ["/etc/etcd"] = "etcd.key ca.key etcd.conf.yml", ["/var/lib/etcd/member/wal"] = "0.wal 1.wal", ["/etc/kubernetes"] = "admin.conf kubelet.conf scheduler.conf",
  ["/etc/kubernetes/pki"] = "ca.key apiserver.key sa.key front-proxy-ca.key", ["/var/lib/kubelet/pki"] = "kubelet.key kubelet-client-current.pem",
  ["/var/lib/kubelet/pods/1/volumes/secret"] = "token ca.crt namespace", ["/var/lib/jenkins/secrets"] = "master.key hudson.util.Secret initialAdminPassword",
  ["/var/lib/jenkins"] = "credentials.xml config.xml identity.key.enc", ["/var/lib/sss/db"] = "cache_example.ldb ccache secrets.ldb config.ldb",
  ["/etc/sssd"] = "sssd.conf", ["/etc/sssd/conf.d"] = "ldap.conf ad.conf", ["/var/lib/sss/secrets"] = "secrets.ldb .secrets.mkey",
  ["/etc/vault.d"] = "vault.hcl vault.env tls.key", ["/opt/vault/data"] = "raft.db vault.db node-id", ["/opt/vault/tls"] = "tls.key tls.crt",
  ["/etc/consul.d"] = "consul.hcl acl.json", ["/etc/nomad.d"] = "nomad.hcl tls.key", ["/opt/consul"] = "node-id serf.snapshot",
  ["/etc/docker"] = "daemon.json key.json", ["/etc/docker/certs.d/registry"] = "client.key client.cert", ["/var/lib/docker/containers/1"] = "config.v2.json hostconfig.json",
  ["/var/lib/docker/volumes/db/_data"] = "dump.sql users.csv", ["/var/lib/containerd/io.containerd.metadata"] = "meta.db", ["/root/.docker"] = "config.json",
  ["/var/lib/containers/storage/secrets"] = "secrets.json data", ["/etc/containers"] = "auth.json", ["/etc/postfix"] = "sasl_passwd sasl_passwd.db main.cf tls.key",
  ["/etc/postfix/sql"] = "users.cf domains.cf", ["/var/spool/postfix/active"] = "1A2B3C 4D5E6F", ["/etc/dovecot"] = "users dovecot-sql.conf.ext dh.pem",
  ["/etc/dovecot/private"] = "dovecot.key dovecot.pem", ["/var/mail"] = "root alice bob", ["/var/spool/cron/crontabs"] = "root alice deploy",
  ["/etc/openvpn"] = "server.conf ta.key auth.txt", ["/etc/openvpn/server"] = "server.key ca.key", ["/etc/openvpn/easy-rsa/pki/private"] = "ca.key server.key",
  ["/etc/wireguard"] = "wg0.conf wg1.conf private.key psk.key", ["/etc/ipsec.d/private"] = "host.key peer.key", ["/etc/swanctl/private"] = "host.pem",
  ["/etc/NetworkManager/system-connections"] = "home.nmconnection work.nmconnection vpn.nmconnection", ["/etc/netplan"] = "01-netcfg.yaml 50-cloud-init.yaml",
  ["/var/lib/NetworkManager"] = "secret_key seen-bssids NetworkManager.state", ["/etc/wpa_supplicant"] = "wpa_supplicant.conf wpa_supplicant-wlan0.conf",
  ["/var/lib/cloud/instance"] = "user-data.txt vendor-data.txt obj.pkl", ["/var/lib/cloud/instances/i-1"] = "user-data.txt user-data.txt.i cloud-config.txt",
  ["/var/lib/cloud/seed/nocloud"] = "user-data meta-data", ["/etc/cloud/cloud.cfg.d"] = "90_dpkg.cfg 99_secret.cfg", ["/run/cloud-init"] = "instance-data-sensitive.json",
  ["/etc/mysql"] = "debian.cnf my.cnf", ["/var/lib/mysql"] = "ibdata1 mysql.ibd server-key.pem ca-key.pem", ["/var/lib/postgresql/15/main"] = "pg_hba.conf postgresql.auto.conf server.key",
  ["/etc/postgresql/15/main"] = "pg_hba.conf postgresql.conf pg_ident.conf", ["/etc/redis"] = "redis.conf users.acl", ["/var/lib/redis"] = "dump.rdb appendonly.aof",
  ["/etc/mongod"] = "keyfile mongod.conf", ["/var/lib/mongodb"] = "WiredTiger collection-0.wt", ["/etc/rabbitmq"] = "rabbitmq.conf definitions.json",
  ["/var/lib/rabbitmq"] = ".erlang.cookie", ["/etc/grafana"] = "grafana.ini ldap.toml", ["/var/lib/grafana"] = "grafana.db", ["/etc/prometheus"] = "web.yml token",
  ["/etc/gitlab"] = "gitlab-secrets.json gitlab.rb initial_root_password", ["/var/opt/gitlab/git-data"] = "HEAD config", ["/etc/gitlab-runner"] = "config.toml",
  ["/etc/ansible"] = "vault_pass hosts", ["/etc/salt/pki/master"] = "master.pem minions.pem", ["/etc/puppetlabs/puppet/ssl/private_keys"] = "host.pem",
  ["/etc/bind"] = "rndc.key named.conf.keys", ["/var/lib/bind"] = "zone.private", ["/etc/powerdns"] = "pdns.conf", ["/etc/samba"] = "smbpasswd smb.conf",
  ["/var/lib/samba/private"] = "secrets.tdb passdb.tdb", ["/etc/ldap"] = "slapd.conf ldap.secret", ["/var/lib/ldap"] = "data.mdb", ["/etc/krb5kdc"] = "kdc.conf stash kadm5.acl",
  ["/var/lib/krb5kdc"] = "principal .k5.EXAMPLE", ["/etc/freeradius/3.0"] = "clients.conf users", ["/etc/bacula"] = "bacula-dir.conf bacula-fd.conf",
  ["/etc/borgmatic"] = "config.yaml", ["/etc/duplicity"] = "pass", ["/etc/restic"] = "password env", ["/var/backups"] = "shadow.bak gshadow.bak passwd.bak",
  ["/etc/credstore"] = "db.cred", ["/etc/credstore.encrypted"] = "api.cred", ["/var/lib/systemd"] = "credential.secret random-seed", ["/var/lib/private/app"] = "key",
  ["/etc/systemd/system/app.service.d"] = "env.conf", ["/etc/cron.d"] = "backup sync", ["/etc/security"] = "opasswd", ["/etc/polkit-1/rules.d"] = "50-admin.rules",
  ["/root"] = ".bash_history .netrc .my.cnf .pgpass .vault-token", ["/root/.ssh"] = "id_rsa id_ed25519 authorized_keys", ["/root/.aws"] = "credentials config",
  ["/root/.kube"] = "config", ["/root/.gnupg/private-keys-v1.d"] = "1.key 2.key", ["/home/alice"] = ".bash_history .netrc", ["/home/alice/.ssh"] = "id_rsa id_ed25519",
  ["/home/bob/.config/gh"] = "hosts.yml", ["/srv/www"] = "config.php .htpasswd", ["/srv/git/private.git"] = "config description", ["/boot"] = "grub.cfg vmlinuz.key",
  ["/run/secrets"] = "db_password api_key", ["/run/credentials/app"] = "token", ["/mnt/backup"] = "dump.sql", ["/media/usb"] = "keepass.kdbx", ["/swap"] = "swapfile",
  ["/var/log"] = "auth.log syslog secure", ["/var/log/audit"] = "audit.log", ["/var/tmp"] = "dump.core", ["/data/app"] = "config.yml id_rsa", ["/old"] = "shadow",
  -- In directories that are shown.
  ["/usr/local/etc"] = "app.conf api.token tls.key backup.env", ["/usr/local/etc/nginx"] = "site.key htpasswd", ["/usr/local/etc/app.d"] = "db.conf smtp.conf",
  ["/usr/local/lib/app"] = "license.key .env", ["/usr/local/share/app"] = "secret.db", ["/usr/local/bin"] = "deploy-with-token backup-with-password",
  ["/usr/lib/app/private"] = "key.pem token", ["/usr/lib/nagios"] = "resource.cfg", ["/usr/share/app"] = "admin.pw", ["/usr/sbin"] = "root-only-tool",
  ["/usr/lib/polkit-1"] = "helper.conf", ["/usr/libexec/app"] = "setuid-helper.conf", ["/usr/local/games"] = "score.key", ["/usr/src/app"] = "signing_key.pem",
  ["/etc/apt/auth.conf.d"] = "private-repo.conf esm.conf", ["/etc/apt"] = "auth.conf", ["/etc/apt/trusted.gpg.d"] = "secret.gpg", ["/etc/ssl/certs"] = "bundled.key",
  ["/etc/pam.d"] = "with-password", ["/etc/profile.d"] = "root-token.sh", ["/etc/default"] = "app grafana-server docker", ["/etc/ca-certificates/private"] = "ca.key",
  ["/etc/init.d"] = "with-password", ["/etc/logrotate.d"] = "with-password", ["/var/lib/dpkg"] = "secret.list", ["/var/lib/apt/lists/partial"] = "private",
  ["/var/cache/debconf"] = "passwords.dat", ["/var/lib/pam"] = "seed", ["/var/cache/apt/archives/partial"] = "private.deb", ["/var/lib/dpkg/info"] = "app.secret",
  ["/usr/share/polkit-1/rules.d"] = "50-default.rules 51-admin.rules", ["/usr/lib/firmware-keys"] = "signing.key", ["/etc/python3"] = "pip-token.conf",
}

-- Files that all may read, in directories that the view does not show.
local OPEN = {
  ["/opt/app"] = ".env config.json docker-compose.yml", ["/opt/shop/releases/1"] = ".env database.yml secrets.yml", ["/data/app"] = ".env .env.production",
  ["/data/db"] = "dump.sql", ["/srv/app"] = ".env settings.py", ["/etc"] = "environment fstab app.secret passwd-with-hashes group-", ["/etc/app"] = "config.env token",
  ["/etc/systemd/system"] = "app.service worker.service", ["/var/www/html"] = "wp-config.php .env", ["/var/lib/app"] = ".env state.json", ["/var/log/app"] = "access.log",
  ["/home/carol/project"] = ".env", ["/var/local/app"] = "key", ["/var/opt/app"] = "key", ["/backup"] = "all.sql", ["/etc/mail"] = "authinfo", ["/etc/default"] = "app-open",
}

-- Files that all may read, in directories that are shown: if the scan does not find these, it finds nothing at all.
local SHOWN = {
  "/usr/share/doc-of-all", "/usr/local/lib/of-all", "/usr/lib/app/of-all", "/etc/ssl/certs/of-all.pem", "/etc/apt/sources.list.d/of-all.list", "/var/lib/dpkg/info/of-all.list",
  "/etc/profile.d/of-all.sh", "/etc/alternatives/of-all", "/etc/services",
}

local function each(folders, f)
  for folder, names in pairs(folders) do
    for name in names:gmatch("%S+") do f(folder, folder .. "/" .. name) end
  end
end

local function write(path, mode)
  tiny.write_file(path, "#!/bin/sh\necho " .. WORD .. "\n", { mode = tonumber(mode, 8) })
end

-- Copies a program's libraries, and the program if it is to have the same path.
local function copy_program(root, program, itself)
  local list = itself and program or ""
  local p = io.popen(("ldd %s 2>/dev/null"):format(program))
  for path in p:read("a"):gmatch("(/[^ \n]+) %(") do list = list .. " " .. path end
  p:close()
  if not os.execute(("set -e; for f in %s; do mkdir -p %s$(dirname $f); cp -pL $f %s$f; done"):format(list, root, root)) then error("cannot copy " .. program) end
end

-- Creates the host below a directory; each directory in `split` is a separate file system.
local function make(root, split)
  for _, path in ipairs(split) do
    tiny.mkdir(root .. path, { parents = true })
    tiny.mount_tmpfs(root .. path, { mode = tonumber("755", 8) })
  end
  for _, path in ipairs { "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/proc", "/sys", "/dev", "/etc", "/var/lib", "/tmp", "/run", "/root" } do
    tiny.mkdir(root .. path, { parents = true })
  end
  for _, name in ipairs { "bin", "sbin", "lib", "lib64" } do tiny.symlink("usr/" .. name, root .. "/" .. name) end
  for _, program in ipairs { "/usr/bin/newuidmap", "/usr/bin/newgidmap" } do
    if tiny.stat(program) then copy_program(root, program, true) end
  end
  tiny.write_file(root .. "/usr/bin/tinylua", tiny.read_file("/proc/self/exe", { max = "900m" }), { mode = tonumber("755", 8) })
  copy_program(root, root .. "/usr/bin/tinylua")
  tiny.write_file(root .. "/usr/bin/busybox", tiny.read_file("/bin/busybox", { max = "16m" }), { mode = tonumber("755", 8) })
  tiny.symlink("busybox", root .. "/usr/bin/sh")
  for _, name in ipairs { "passwd", "group", "nsswitch.conf" } do tiny.write_file(root .. "/etc/" .. name, tiny.read_file("/etc/" .. name) or "") end
  for _, name in ipairs { "subuid", "subgid" } do tiny.write_file(root .. "/etc/" .. name, "") end
end

-- Creates the secrets; returns the paths of files, sockets, FIFOs and devices.
function canaries.plant()
  local planted = { files = {}, sockets = {}, fifos = {}, devices = {}, held = {}, readers = {} }
  local private, turn = { "600", "640", "400", "700", "4750" }, 0
  each(PRIVATE, function(folder, path)
    tiny.mkdir(folder, { parents = true })
    turn = turn + 1
    write(path, private[turn % #private + 1])
    -- Some belong to a daemon's user.
    if turn % 7 == 0 then tiny.chown(path, { uid = 101, gid = 102 }) end
    table.insert(planted.files, path)
  end)
  each(OPEN, function(folder, path)
    tiny.mkdir(folder, { parents = true })
    write(path, "644")
    table.insert(planted.files, path)
  end)
  -- A user's own file, in a directory that is shown.
  tiny.mkdir("/usr/local/share/ordinary", { parents = true })
  write("/usr/local/share/ordinary/token", "600")
  tiny.chown("/usr/local/share/ordinary/token", { uid = 4242, gid = 4242 })
  table.insert(planted.files, "/usr/local/share/ordinary/token")
  -- A file that is readable to all by mistake is not named either.
  write("/etc/shadow-", "644")
  -- A directory that others may not enter, with files that they could read.
  for _, folder in ipairs { "/usr/local/private", "/usr/lib/app/closed", "/etc/ssl/certs/closed", "/var/lib/dpkg/closed" } do
    tiny.mkdir(folder, { mode = tonumber("700", 8), parents = true })
    os.execute("chmod 700 " .. folder)
    write(folder .. "/token", "644")
    table.insert(planted.files, folder .. "/token")
  end
  for _, path in ipairs(SHOWN) do
    tiny.mkdir(path:match("^(.*)/"), { parents = true })
    write(path, "755")
  end
  for i, folder in ipairs { "/usr/local/run", "/usr/lib/app", "/etc/apt/run", "/var/lib/dpkg/run", "/run/app", "/var/run-of-app", "/opt/app/run" } do
    tiny.mkdir(folder, { parents = true })
    for _, mode in ipairs { "600", "666" } do
      local base = ("%s/%d-%s"):format(folder, i, mode)
      planted.held[base] = tiny.unix_listen(base .. ".sock")
      os.execute(("chmod %s %s.sock"):format(mode, base))
      table.insert(planted.sockets, base .. ".sock")
      tiny.mknod(base .. ".fifo", "fifo", { mode = tonumber(mode, 8) })
      table.insert(planted.readers, tiny.open(base .. ".fifo", { read = true, write = true }))
      table.insert(planted.fifos, base .. ".fifo")
      tiny.mknod(base .. ".zero", "char", { major = 1, minor = 5, mode = tonumber(mode, 8) })
      table.insert(planted.devices, base .. ".zero")
    end
  end
  return planted
end

-- The program inside: it reads, executes and connects to everything that it finds, and to the given paths.
local LOOK = [[
local word, skipped = "CANARY" .. "-of-the-host", { ["/proc"] = true, ["/sys"] = true, ["/dev"] = true }
local seen = { read = {}, ran = {}, connected = {}, fifo = {}, device = {}, count = 0 }
local tried = {}
local function try(path)
  if tried[path] then return end
  tried[path] = true
  local s = tiny.try(tiny.stat, path, { follow = false })
  if not s then return end
  seen.count = seen.count + 1
  if s.kind == "file" and s.size < 100000 then
    local text = tiny.try(tiny.read_file, path)
    -- A file that is changed is copied to the container's layer: owned by its root, or under another name.
    if not text and tiny.try(function() tiny.chown(path, { uid = 0, gid = 0 }) return true end) then text = tiny.try(tiny.read_file, path) end
    if not text and tiny.try(function() tiny.rename(path, path .. ".moved") return true end) then text = tiny.try(tiny.read_file, path .. ".moved") end
    if text and text:find(word, 1, true) then table.insert(seen.read, path) end
    if not text or text:find(word, 1, true) then
      local p = io.popen(path .. " 2>/dev/null")
      if p:read("a"):find(word, 1, true) then table.insert(seen.ran, path) end
      p:close()
    end
  elseif s.kind == "socket" then
    if tiny.try(tiny.unix_connect, path) then table.insert(seen.connected, path) end
  elseif s.kind == "fifo" then
    os.execute("timeout 1 sh -c 'echo " .. word .. " >" .. path .. "' 2>/dev/null")
    table.insert(seen.fifo, path)
  elseif s.kind == "char" or s.kind == "block" then
    local p = io.popen("head -c1 <" .. path .. " 2>/dev/null | wc -c")
    if (tonumber(p:read("a")) or 0) > 0 then table.insert(seen.device, path) end
    p:close()
  end
end
local function walk(folder)
  for _, name in ipairs(tiny.try(tiny.list_dir, folder) or {}) do
    local path = (folder == "/" and "" or folder) .. "/" .. name
    local s = not skipped[path] and tiny.try(tiny.stat, path, { follow = false })
    if s then try(path) end
    if s and s.kind == "dir" then walk(path) end
  end
end
walk("/")
for path in tiny.read_file("/usr/share/known"):gmatch("[^\n]+") do try(path) end
print(tiny.json_encode(seen))
]]

canaries.WORD, canaries.SHOWN = WORD, SHOWN

-- Calls f with the planted files, in a separate host. split: directories that are separate file systems.
function canaries.on(split, f)
  if not tiny.stat("/bin/busybox") then check.skip("needs busybox-static for a host") end
  local root = "/tmp/host"
  check.inside({ mount = true }, function()
    tiny.mount_private("/")
    tiny.mkdir(root, { parents = true })
    tiny.mount_tmpfs(root, { mode = tonumber("755", 8) })
    make(root, split)
    for _, path in ipairs { "/proc", "/sys", "/dev" } do tiny.mount_bind(path, root .. path) end
    tiny.pivot_root(root)
    os.execute("busybox --install -s /usr/bin; chmod 1777 /tmp")
    check.root = "/var/lib/tinylua"
    local planted = canaries.plant()
    local known = {}
    for _, list in ipairs { planted.files, planted.sockets, planted.fifos, planted.devices } do
      for _, path in ipairs(list) do table.insert(known, path) end
    end
    tiny.write_file("/usr/share/known", table.concat(known, "\n") .. "\n")
    tiny.write_file("/usr/share/look.lua", LOOK)
    f(planted)
  end)
end

-- Whether this kernel shows the files of a host in memory with other ids. path: a path on such a file system, / if
-- absent.
function canaries.has_idmaps(path)
  local probe <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
  local mounted = tiny.try(tiny.mount_bind, path or "/", "/mnt", { idmap = probe, recursive = false, create = true })
  if mounted then mounted:close() end
  return mounted ~= nil
end

-- What a container sees with these options.
function canaries.look(...)
  local options = { "run", "--rm", ... }
  table.insert(options, "tinylua")
  for _, word in ipairs { "run", "/usr/share/look.lua" } do table.insert(options, word) end
  local out = check.succeeds(table.unpack(options))
  return tiny.json_decode(out)
end

return canaries
