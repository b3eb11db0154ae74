-- What the throwaway view shows of the host: programs, libraries, shared data, certificates and the databases of
-- packages, as far as an ordinary user of the host may read them. What is not named here is not there.
local host_view = {}

-- Access to what is shown is checked as if this user, who owns nothing, asked for it.
host_view.NOBODY = 65534

-- By folder: what is shown of it, folders with all that is in them. A "*" stands for any part of a name.
host_view.shown = {
  ["/"] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr" },
  ["/etc"] = {
    -- Programs and libraries.
    "alternatives", "ld.so.*", "java*", "jvm*", "perl", "php*", "python*", "ruby*", "R", "lua*", "node*", "ghc*", "maven*", "gdb",
    "OpenCL", "vulkan", "glvnd", "libnl*", "texmf", "emacs", "vim", "nanorc", "groff", "manpath.config", "terminfo",
    -- Shells and languages.
    "profile", "profile.d", "bash.bashrc", "bash_completion.d", "bashrc", "zsh", "zshrc", "zshenv", "zprofile", "csh.*", "inputrc", "skel", "shells",
    "locale.*", "locale.alias", "localtime", "timezone", "ucf.conf", "fonts", "X11", "xdg", "gtk-*", "dconf", "sgml", "xml", "xattr.conf",
    -- Who and where one is.
    "passwd", "group", "subuid", "subgid", "login.defs", "adduser.conf", "deluser.conf", "nsswitch.conf", "pam.d", "pam.conf", "security", "hosts", "hostname",
    "host.conf", "gai.conf", "protocols", "services", "rpc", "netconfig", "iproute2", "os-release",
    "*-release", "*_version", "lsb-release", "mtab", "mime.types", "mke2fs.conf",
    -- Certificates.
    "ca-certificates", "ca-certificates.conf", "crypto-policies", "pkcs11",
    -- Packages, and what theirs are put into.
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

-- Of these a link is not shown as such: it leads to what is not shown.
host_view.followed = { ["/etc"] = { "resolv.conf" } }

-- Shown where they are links; folders of these names are the container's own.
host_view.links = { ["/var"] = { "lock", "run", "mail" } }

-- Folders that are the container's own and empty, by mode.
host_view.empty = {
  ["755"] = { "boot", "dev", "home", "media", "mnt", "opt", "run", "srv", "var/backups", "var/local", "var/log", "var/opt", "var/spool" },
  ["555"] = { "proc", "sys" }, ["700"] = { "root" }, ["1777"] = { "tmp", "var/tmp" },
}

-- Below shown folders: what is the container's own, and empty, since the host's is root's alone and package managers
-- write to it; and what holds passwords of repositories.
host_view.own = {
  folders = { "/etc/apt/auth.conf.d", "/var/lib/apt/lists/partial", "/var/cache/apt/archives/partial", "/usr/share/polkit-1/rules.d" },
  files = {
    "/etc/apt/auth.conf", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/triggers/Lock", "/var/cache/debconf/passwords.dat",
  },
}

return host_view
