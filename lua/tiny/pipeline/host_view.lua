-- What the throwaway view shows of the host: programs, libraries, shared data, certificates and package databases, limited
-- to what an unprivileged user may read. Everything else is hidden.
local host_view = {}

-- Files are opened with the access of this user, who owns nothing.
host_view.NOBODY = 65534

-- The names shown, by directory; a directory is shown with all its contents. "*" matches any part of a name.
host_view.shown = {
  ["/"] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr" },
  ["/etc"] = {
    -- Programs and libraries.
    "alternatives", "ld.so.*", "java*", "jvm*", "perl", "php*", "python*", "ruby*", "R", "lua*", "node*", "ghc*", "maven*", "gdb",
    "OpenCL", "vulkan", "glvnd", "libnl*", "texmf", "emacs", "vim", "nanorc", "groff", "manpath.config", "terminfo",
    -- Shells and languages.
    "profile", "profile.d", "bash.bashrc", "bash_completion.d", "bashrc", "zsh", "zshrc", "zshenv", "zprofile", "csh.*", "inputrc", "skel", "shells",
    "locale.*", "locale.alias", "localtime", "timezone", "ucf.conf", "fonts", "X11", "xdg", "gtk-*", "dconf", "sgml", "xml", "xattr.conf",
    -- Users and hosts.
    "passwd", "group", "subuid", "subgid", "login.defs", "adduser.conf", "deluser.conf", "nsswitch.conf", "pam.d", "pam.conf", "security", "hosts", "hostname",
    "host.conf", "gai.conf", "protocols", "services", "rpc", "netconfig", "iproute2", "os-release",
    "*-release", "*_version", "lsb-release", "mtab", "mime.types", "mke2fs.conf",
    -- Certificates.
    "ca-certificates", "ca-certificates.conf", "crypto-policies", "pkcs11",
    -- Package managers, and directories that packages install into.
    "apt", "dpkg", "debconf.conf", "rpm", "dnf", "yum.conf", "yum.repos.d", "pacman.conf", "pacman.d", "apk", "zypp", "portage", "xbps.d",
    "init.d", "rc*.d", "logrotate.d", "dbus-1", "modprobe.d", "sysctl.d", "tmpfiles.d", "binfmt.d", "apparmor.d",
  },
  ["/etc/default"] = { "locale", "useradd", "nss", "keyboard", "console-setup" },
  ["/etc/ssl"] = { "certs", "openssl.cnf", "cert.pem" },
  ["/etc/pki"] = { "ca-trust", "rpm-gpg", "nssdb" },
  ["/etc/pki/tls"] = { "certs", "openssl.cnf", "cert.pem" },
  ["/etc/apache2"] = { "mime.types" },
  ["/var/lib"] = {
    "dpkg", "apt", "rpm", "dnf", "pacman", "apk", "zypp", "ucf", "pam", "python", "shells.state", "xml-core", "sgml-base", "emacsen-common",
    "dictionaries-common", "aspell", "ghostscript", "tex-common", "texmf", "ca-certificates-java", "doc-base",
  },
  ["/var/cache"] = { "apt", "debconf", "fontconfig", "man", "dictionaries-common" },
  ["/var/db"] = { "pkg", "xbps", "repos" },
  ["/nix"] = { "store" },
  ["/gnu"] = { "store" },
}

-- Links that are followed instead of shown, since their targets are hidden.
host_view.followed = { ["/etc"] = { "resolv.conf" } }

-- Shown if they are links; directories of these names are the container's own.
host_view.links = { ["/var"] = { "lock", "run", "mail" } }

-- Empty directories of the container's own, by mode.
host_view.empty = {
  ["755"] = { "boot", "dev", "home", "media", "mnt", "opt", "run", "srv", "var/backups", "var/local", "var/log", "var/opt", "var/spool" },
  ["555"] = { "proc", "sys" }, ["700"] = { "root" }, ["1777"] = { "tmp", "var/tmp" },
}

-- Below shown directories: what the container gets empty and of its own, since only root can read the host's and package
-- managers write to it; and files with repository passwords.
host_view.own = {
  folders = { "/etc/apt/auth.conf.d", "/var/lib/apt/lists/partial", "/var/cache/apt/archives/partial", "/usr/share/polkit-1/rules.d" },
  files = {
    "/etc/apt/auth.conf", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/triggers/Lock", "/var/cache/debconf/passwords.dat",
  },
}

return host_view
