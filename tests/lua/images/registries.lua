-- registries.lua and registries.conf: which servers an image comes from; what is wrong in the files; proxies.
local check, web = require "check", require "web"
local registries, reference = require "tiny.images.registries", require "tiny.images.reference"
local registries_conf, proxies = require "tiny.images.registries_conf", require "tiny.images.proxies"
web.own_etc()
for _, name in ipairs { "tinylua", "containers" } do
  tiny.mkdir("/etc/" .. name, { parents = true })
  tiny.mount_tmpfs("/etc/" .. name)
end
local CONFIG, CONF = "/etc/tinylua/registries.lua", "/etc/containers/registries.conf"
local environment = { HOME = web.folder, http_proxy = false, https_proxy = false, no_proxy = false, all_proxy = false, HTTP_PROXY = false, HTTPS_PROXY = false, ALL_PROXY = false, NO_PROXY = false }
local getenv = os.getenv
os.getenv = function(name)
  if environment[name] == false then return nil end
  return environment[name] or getenv(name)
end

local function configure(lua, conf)
  tiny.write_file(CONFIG, lua or "return {}")
  tiny.write_file(CONF, conf or "")
  registries.reload()
end
local function resolved(name) return reference.full(registries.resolve(reference.parse(name))) end
-- The servers of an image: "host/repository", with "!" for an insecure one.
local function sources(name)
  local list = {}
  for _, source in ipairs(registries.sources(registries.resolve(reference.parse(name)))) do
    table.insert(list, ("%s/%s%s"):format(source.host, source.repository, source.insecure and "!" or ""))
  end
  return table.concat(list, " ")
end
local function wrong(lua, message)
  configure(lua)
  local _, err = tiny.try(registries.settings)
  check.equal(err and err.message, message)
end

configure()
check.equal(sources "debian:12", "registry-1.docker.io/library/debian")
check.equal(sources "ghcr.io/a/b", "ghcr.io/a/b")
check.equal(sources "localhost:5000/a", "localhost:5000/a!", "this host needs no certificate")
check.equal(sources "127.0.0.1/a", "127.0.0.1/a!")
local plain = registries.sources(reference.parse "ghcr.io/a/b")[1]
check.equal(plain.timeout .. plain.stall .. plain.attempts .. plain.parallel .. plain.image .. plain.registry, "20s30s53ghcr.io/a/b:latestghcr.io")

configure [[return {
  timeout = "5s",
  short_names = { app = "r.test/team/app", pinned = "r.test/p:1" },
  registries = {
    ["docker.io"] = { mirrors = { "m.test:5000", "cache.test/hub", { host = "n.test", insecure = true } } },
    ["r.test"] = { scheme = "http", timeout = 7, ca = "/a.crt" },
    ["localhost"] = { insecure = false },
    ["bad.test"] = { blocked = true },
  },
  rewrite = function(ref)
    if ref.registry == "quay.io" then ref.registry = "r.test" end
    if ref.repository == "old/name" then return "r.test/new/name:3" end
  end,
}]]
check.equal(resolved "app", "r.test/team/app:latest")
check.equal(resolved "app:2", "r.test/team/app:2")
check.equal(resolved "pinned:2", "r.test/p:1")
check.equal(resolved "x/app", "docker.io/x/app:latest", "only a name without slash is short")
check.equal(resolved "quay.io/a/b:1", "r.test/a/b:1")
check.equal(resolved "ghcr.io/old/name:1", "r.test/new/name:3")
check.equal(sources "debian", "m.test:5000/library/debian cache.test/hub/library/debian n.test/library/debian! registry-1.docker.io/library/debian")
check.equal(sources "localhost/a", "localhost/a")
local own = registries.sources(reference.parse "r.test/a")[1]
check.equal(own.scheme .. own.timeout .. own.ca[#own.ca], "http7/a.crt")
local _, err = tiny.try(sources, "bad.test/a")
check.equal(err.message, "bad.test/a:latest: bad.test is blocked by the configuration of this host")

wrong("return { registrys = {} }", CONFIG .. ': the file has no key "registrys"')
wrong("return { registries = { a = { insecure = 1 } } }", CONFIG .. ': registries["a"]: insecure is not a boolean')
wrong('return { timeout = "soon" }', CONFIG .. ': the file: timeout is not a duration such as "20s"')
wrong('return { registries = { a = { scheme = "ftp" } } }', CONFIG .. ': registries["a"]: scheme is not "http" or "https"')
wrong("return { registries = { a = { mirrors = { {} } } } }", CONFIG .. ": a mirror of a has no host")
wrong("return 1", CONFIG .. ": the file is not a table")
wrong("return { short_names = { a = 1 } }", CONFIG .. ': short_names has entries such as app = "registry.example/app"')
configure "os.exit(1)"
_, err = tiny.try(registries.settings)
assert(err.message:find("^" .. CONFIG:gsub("%.", "%%.") .. ": .*'os'"), err.message)
configure "return { rewrite = function() error 'no' end }"
_, err = tiny.try(resolved, "a")
assert(err.message:find("rewrite fails for a:latest", 1, true), err.message)

-- registries.conf.
configure(nil, [=[
unqualified-search-registries = ["q.test", # first
  'docker.io']
short-name-mode = "enforcing"

[aliases]
"fedora" = "registry.f.test/fedora"

[[registry]]
prefix = "docker.io/library"
location = "mirror.test/lib#rary"
insecure = true
[[registry.mirror]]
location = "one.test/lib"
[[registry.mirror]]
location = "two.test/lib"
insecure = true
pull-from-mirror = "digest-only"

[[registry]]
location = "blocked.test"
blocked = true
[[registry]]
prefix = "*.wild.test"
location = "tame.test"
]=])
check.equal(resolved "fedora:40", "registry.f.test/fedora:40")
check.equal(resolved "thing", "q.test/thing:latest")
-- All names that a short one may stand for, and whether one has to be chosen.
local function candidates(text)
  local names, refs, ambiguous = {}, registries.candidates(reference.parse(text))
  for i, ref in ipairs(refs) do names[i] = reference.full(ref) end
  return table.concat(names, " ") .. (ambiguous and " ?" or "")
end
check.equal(candidates "thing", "q.test/thing:latest docker.io/library/thing:latest ?")
check.equal(candidates "team/thing:1", "q.test/team/thing:1 docker.io/team/thing:1 ?")
check.equal(candidates "fedora", "registry.f.test/fedora:latest")
check.equal(candidates "docker.io/thing", "docker.io/library/thing:latest")
check.equal(sources "docker.io/library/debian", "one.test/lib/debian mirror.test/lib#rary/debian!")
check.equal(sources("docker.io/library/debian@sha256:" .. ("a"):rep(64)), "one.test/lib/debian two.test/lib/debian! mirror.test/lib#rary/debian!")
check.equal(sources "docker.io/other/debian", "registry-1.docker.io/other/debian")
check.equal(sources "a.wild.test/x/y", "tame.test/x/y")
_, err = tiny.try(sources, "blocked.test/x")
check.equal(err.message, "blocked.test/x:latest: blocked.test is blocked by the configuration of this host")
for text, message in pairs { ["a"] = 'x:1: "a" is not KEY = VALUE', ["\na = b"] = 'x:2: "b" is not a value', ['a = "b'] = [[x:1: "\"b" is not a value]], ["[[a.b]]"] = "x:1: there is no a before a.b",
  ["a = 1\n[a.b]"] = "x:2: there is no a before a.b", ["a = 1\n[[a]]"] = "x:2: a is a value and a table" } do
  _, err = tiny.try(registries_conf.parse, text, "x")
  check.equal(err and err.message, message)
end

-- Proxies.
check.equal(proxies.for_url "https://r.test/", nil)
environment.HTTPS_PROXY, environment.http_proxy, environment.NO_PROXY = "p.test:3128", "http://q.test", "no.test, .dot.test,10.0.0.0/8,port.test:5000"
check.equal(proxies.for_url "https://r.test/", "http://p.test:3128")
check.equal(proxies.for_url "http://r.test/", "http://q.test")
for _, url in ipairs { "https://no.test/", "https://a.no.test:5/", "https://a.dot.test/", "https://10.2.3.4/", "https://port.test:5000/", "https://localhost:5000/", "https://127.0.0.1/", "https://[::1]/" } do
  check.equal(proxies.for_url(url), nil, url)
end
for _, url in ipairs { "https://xno.test/", "https://11.2.3.4/", "https://port.test/" } do check.equal(proxies.for_url(url), "http://p.test:3128", url) end
environment.NO_PROXY = "*"
check.equal(proxies.for_url "https://r.test/", nil)
