-- Credentials: the files of docker and podman, their keys, credential helpers; the challenges of a registry; base 64.
local check, web = require "check", require "web"
local auth, base64 = require "tiny.images.auth", require "tiny.base.base64"

local home = web.folder .. "/home"
tiny.mkdir(home .. "/.docker", { parents = true })
tiny.mkdir(home .. "/run/containers", { parents = true })
local environment = { HOME = home, XDG_RUNTIME_DIR = home .. "/run", XDG_CONFIG_HOME = "", DOCKER_CONFIG = false, REGISTRY_AUTH_FILE = "" }
local getenv = os.getenv
os.getenv = function(name)
  if environment[name] == false then return nil end
  return environment[name] or getenv(name)
end
local docker, podman = home .. "/.docker/config.json", home .. "/run/containers/auth.json"
local function write(path, content) tiny.write_file(path, tiny.json_encode(content)) end
local function entry(user, password) return { auth = base64.encode(user .. ":" .. password) } end

-- RFC 4648, section 10.
for text, encoded in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy", ["\255\0"] = "/wA=" } do
  check.equal(base64.encode(text), encoded)
  check.equal(base64.decode(encoded), text)
  check.equal(base64.decode((encoded:gsub("=", ""))), text)
end
for _, text in ipairs { "a", "a===", "ab c", "ab=c" } do
  check.equal(base64.decode(text), nil, text)
end

-- Keys in all their spellings; the first file that has the registry counts; a namespace's own entry.
check.equal(auth.find "docker.io", nil)
write(docker, { auths = { ["https://index.docker.io/v1/"] = entry("hub", "a:b"), ["https://r.test:5000/v2/"] = entry("r", "1"), ["q.test"] = entry("q", "2") } })
write(podman, { auths = { ["q.test/team"] = entry("team", "3"), ["q.test/team/app"] = entry("app", "4") } })
local found = auth.find "docker.io"
check.equal(found.user .. " " .. found.password, "hub a:b")
check.equal(found.path, docker)
check.equal(auth.find("r.test:5000").user, "r")
check.equal(auth.find("q.test", "other").user, "q")
check.equal(auth.find("q.test", "team/app").user, "app")
check.equal(auth.find("q.test", "team/lib").user, "team")
check.equal(auth.find("q.test", "teams").user, "q")
check.equal(auth.find "r.test", nil)

-- Damage is an error that names the file.
write(docker, { auths = { ["r.test"] = { auth = "%%" } } })
local _, err = tiny.try(auth.find, "r.test")
check.equal(err.message, ("the entry of r.test in %s is damaged"):format(docker))
tiny.write_file(docker, "{")
_, err = tiny.try(auth.find, "r.test")
assert(err.message:find(("the credentials in %s are not valid JSON"):format(docker), 1, true), err.message)

-- Helpers: only the one of the registry runs, and not for ever.
local bin = web.folder .. "/bin"
tiny.mkdir(bin)
local function helper(name, body)
  tiny.write_file(("%s/docker-credential-%s"):format(bin, name), ("#!/bin/sh\nread server\necho $1 $server >> %s/called\n%s\n"):format(web.folder, body), { mode = 493 })
end
helper("good", [[echo '{"Username":"help","Secret":"me"}']])
helper("token", [[echo '{"Username":"<token>","Secret":"refresh"}']])
helper("none", "echo credentials not found in native keychain; exit 1")
helper("fails", "echo the key ring is locked; exit 2")
helper("odd", "echo hello")
tiny.write_file(web.folder .. "/called", "")
local path = getenv "PATH"
write(docker, { credHelpers = { ["a.test"] = "good", ["b.test"] = "token", ["c.test"] = "none", ["d.test"] = "fails", ["e.test"] = "odd", ["f.test"] = "missing", ["g.test"] = "../../x" } })
check.inside({}, function()
  -- `exec` searches the PATH of its environment.
  local exec = tiny.exec
  tiny.exec = function(program) exec { env = { PATH = bin .. ":" .. path }, table.unpack(program) } end
  found = auth.find "a.test"
  check.equal(found.user .. " " .. found.password, "help me")
  check.equal(tiny.read_file(web.folder .. "/called"), "get a.test\n", "no other helper was called")
  check.equal(auth.find("b.test").identity, "refresh")
  check.equal(auth.find "c.test", nil)
  for registry, why in pairs { ["d.test"] = "the key ring is locked", ["e.test"] = false, ["f.test"] = "docker-credential-missing: no such program", ["g.test"] = '"../../x" is not the name of a helper' } do
    _, err = tiny.try(auth.find, registry)
    check.equal(err.message, why and ("the credential helper of %s fails: %s"):format(registry, why) or ("the credential helper of %s prints no Username and Secret"):format(registry))
  end
  write(docker, { credsStore = "good" })
  check.equal(auth.find("docker.io").user, "help")
  assert(tiny.read_file(web.folder .. "/called"):find("get https://index.docker.io/v1/\n", 1, true))
  check.equal(auth.store("s.test", "u", "p"), podman, "the first file that exists")
  helper("hangs", "exec sleep 100")
  write(docker, { credHelpers = { ["h.test"] = "hangs" } })
  auth.HELPER_LIMIT = 0.3
  _, err = tiny.try(auth.find, "h.test")
  check.equal(err.message, "the credential helper of h.test fails: docker-credential-hangs did not end after 0.3 s")
end)

-- What is stored can be read, other content stays, and nobody else can read it.
environment.REGISTRY_AUTH_FILE = web.folder .. "/own/auth.json"
check.equal(auth.store("s.test", "u", "p:x"), environment.REGISTRY_AUTH_FILE)
check.equal(tiny.stat(environment.REGISTRY_AUTH_FILE).mode & 511, 384)
write(environment.REGISTRY_AUTH_FILE, { auths = { ["https://s.test/v1/"] = entry("old", "1"), ["t.test"] = entry("t", "2") }, other = "kept" })
auth.store("s.test", "u", "p:x")
local content = tiny.json_decode(tiny.read_file(environment.REGISTRY_AUTH_FILE))
check.equal(content.other, "kept")
check.equal(content.auths["https://s.test/v1/"], nil)
check.equal(auth.find("s.test").password, "p:x")
check.equal(#auth.erase "s.test", 1)
check.equal(#auth.erase "s.test", 0)
check.equal(auth.find("t.test").user, "t")

-- Challenges.
local function shown(text)
  local parts = {}
  for _, challenge in ipairs(auth.challenges(text)) do
    local names = {}
    for name, value in pairs(challenge.parameters) do table.insert(names, name .. "=" .. value) end
    table.sort(names)
    table.insert(parts, challenge.scheme .. "(" .. table.concat(names, ";") .. ")")
  end
  return table.concat(parts, " ")
end
for text, want in pairs {
  [""] = "", ["Basic"] = "basic()", ['BASIC Realm="a, \\"b\\""'] = 'basic(realm=a, "b")',
  ['Bearer realm="https://a/t",service=s , scope="repository:x:pull,push"'] = "bearer(realm=https://a/t;scope=repository:x:pull,push;service=s)",
  ['Negotiate, Bearer realm="r", Basic realm="x"'] = "negotiate() bearer(realm=r) basic(realm=x)",
  ['Bearer realm="unclosed'] = "bearer(realm=unclosed)", ['Bearer realm="a",realm="b"'] = "bearer(realm=a)",
  [",,=,Bearer"] = "bearer()", ['"quoted" Basic'] = "",
} do check.equal(shown(text), want, text) end
-- Any bytes end, without an error.
local state = 1
for _ = 1, 3000 do
  local bytes = {}
  for i = 1, 30 do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    bytes[i] = ('Bearer realm="\\ ,=\255\0a'):sub(1 + state // 65536 % 21, 1 + state // 65536 % 21)
  end
  auth.challenges(table.concat(bytes))
end

-- URLs and sites.
check.equal(auth.parse_url("HTTPS://Host:5000/x?y#z").origin, "https://host:5000")
check.equal(auth.parse_url("http://[::1]/").origin, "http://[::1]:80")
for _, url in ipairs { "ftp://x", "http://", "http://a@b/", "http://a b/", "x", "http://a\n/" } do check.equal(auth.parse_url(url), nil, url) end
for pair, same in pairs { ["a.test a.test"] = true, ["registry-1.docker.io auth.docker.io"] = true, ["a.docker.io docker.io"] = true, ["docker.io evil.io"] = false, ["127.0.0.1 127.0.0.2"] = false, ["localhost localhost"] = true, ["a b"] = false } do
  local one, other = pair:match("(%S+) (%S+)")
  check.equal(auth.same_site(one, other), same, pair)
end
for text, name in pairs { ["https://r.test:5000/v2/"] = "r.test:5000", ["index.docker.io"] = "docker.io", ["ghcr.io"] = "ghcr.io" } do check.equal(auth.registry_name(text), name) end
_, err = tiny.try(auth.registry_name, "ghcr.io/owner/name")
check.equal(err.message, '"ghcr.io/owner/name" is not a registry')
