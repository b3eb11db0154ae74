-- Against Debian's docker-registry: upload, fetch, mount, list, log in, search, certificates and mirrors.
local check, web = require "check", require "web"
web.need("htpasswd", "apache2-utils")
local registry = require "tiny.images.registry"
local registries, reference = require "tiny.images.registries", require "tiny.images.reference"

local credentials, home = web.folder .. "/auth.json", web.folder .. "/home"
tiny.mkdir(home, { parents = true })
web.own_etc()
tiny.mkdir "/etc/tinylua"
local environment = { REGISTRY_AUTH_FILE = credentials, HOME = home, XDG_CONFIG_HOME = home .. "/.config" }
local getenv = os.getenv
os.getenv = function(name) return environment[name] or getenv(name) end

os.execute(("htpasswd -Bbn me SECRET > %s/htpasswd"):format(web.folder))
local open_server <close>, open_place = web.registry()
local closed_server <close>, closed_place = web.registry(("auth:\n  htpasswd: {realm: test, path: %s/htpasswd}\n"):format(web.folder))

local function source(text) return registries.sources(registries.resolve(reference.parse(text)))[1] end

-- A blob is uploaded, found, mounted into another repository and fetched; a manifest by tag and by digest.
local layer = ("layer"):rep(300000)
local file, digest = web.folder .. "/layer", "sha256:" .. tiny.sha256(layer)
tiny.write_file(file, layer)
local config = '{"architecture":"amd64","os":"linux"}'
local config_digest = "sha256:" .. tiny.sha256(config)
tiny.write_file(web.folder .. "/config", config)
local MANIFEST = "application/vnd.oci.image.manifest.v1+json"
local manifest = tiny.json_encode {
  schemaVersion = 2, mediaType = MANIFEST, config = { mediaType = "application/vnd.oci.image.config.v1+json", digest = config_digest, size = #config },
  layers = { { mediaType = "application/vnd.oci.image.layer.v1.tar", digest = digest, size = #layer } },
}
local app = source(open_place .. "/team/app:1")
check.equal(app.scheme, "https", "a registry on this host is tried with TLS first")
check.equal(registry.exists(app, digest), false)
check.equal(app.scheme, "http")
registry.upload(app, digest, file)
registry.upload(app, config_digest, web.folder .. "/config")
check.equal(registry.exists(app, digest), true)
registry.put_manifest(app, "1", manifest, MANIFEST)
registry.put_manifest(app, "2", manifest, MANIFEST)
local text, media_type, found = registry.manifest(app, "1")
check.equal(text, manifest)
check.equal(media_type, MANIFEST)
check.equal(registry.manifest(app, found), manifest)
local promised, kind, size = registry.head(app, "1")
check.equal(promised, found)
check.equal(kind, MANIFEST)
check.equal(size, #manifest)
check.equal(registry.small_blob(app, config_digest, #config), config)
local tags = registry.tags(app)
table.sort(tags)
check.equal(table.concat(tags, " "), "1 2")
local other = source(open_place .. "/other:1")
registry.upload(other, digest, "/nonexistent", { from = "team/app" })
check.equal(registry.exists(other, digest), true, "mounted")
local copy = web.folder .. "/copy"
tiny.write_file(copy, layer:sub(1, 12345))
registry.blob(other, digest, #layer, copy)
check.equal(tiny.read_file(copy), layer, "the rest is fetched")
for i = 1, 120 do registry.upload(source(("%s/many/r%d"):format(open_place, i)), digest, "/nonexistent", { from = "team/app" }) end
check.equal(#registry.catalog(registries.server(open_place)), 122, "several pages")

-- Commands: search, login, logout. They read the same files.
check.environment = environment
for _, name in ipairs { "PATH" } do environment[name] = getenv(name) end
local listed = check.succeeds("search", open_place .. "/team")
assert(listed:find(open_place .. "/team/app", 1, true), listed)
check.equal(#check.succeeds("search", "--list-tags", open_place .. "/team/app"), 4)
check.equal(#tiny.json_decode(check.succeeds("search", "--format", "json", "--limit", "7", open_place .. "/many")), 7)
check.refused(("%s requires a login for this repository, or does not have it\n  hint: check the name; `tinylua login %s`"):format(closed_place, closed_place), "search", closed_place .. "/x")
local bad = check.run({ "login", "-u", "me", "--password-stdin", closed_place }, "WRONG\n")
check.equal(bad.status, 125)
assert(bad.err:find("does not accept the credentials of this command", 1, true), bad.err)
check.equal(tiny.stat(credentials), nil, "wrong credentials are not stored")
local good = check.run({ "login", "-u", "me", "--password-stdin", closed_place }, "SECRET\n")
check.equal(good.err .. good.out, "Login succeeded; the credentials are in " .. credentials .. "\n")
check.equal(tiny.stat(credentials).mode & 511, 384)
check.succeeds("search", closed_place .. "/x")
local private = source(closed_place .. "/private:1")
registry.upload(private, digest, file)
check.equal(registry.exists(private, digest), true)
check.equal(check.succeeds("logout", closed_place), ("Removed the credentials for %s from %s\n"):format(closed_place, credentials))
check.equal(check.succeeds("logout", closed_place), ("There are no credentials for %s\n"):format(closed_place))

-- A registry with a private authority: its certificate in certs.d, or in registries.lua.
local authority = web.certificate("authority", { authority = true })
environment.SSL_CERT_FILE = web.certificate("none", { authority = true })
local cert, key = web.certificate("named", { from = "authority", names = { "DNS:registry.test" } })
local tls_server <close>, tls_place = web.registry(("  tls: {certificate: %s, key: %s}\n"):format(cert, key))
local named = tls_place:gsub("127.0.0.1", "registry.test")
tiny.write_file("/etc/hosts", "127.0.0.1 localhost registry.test\n")
local function try_tls(where) return tiny.try(registry.catalog, registries.server(where)) end
local _, err = try_tls(named)
check.equal(err.message, named .. " has a certificate that is not accepted: the server's certificate is from an unknown authority")
local folder = ("%s/.config/containers/certs.d/%s"):format(home, named)
tiny.mkdir(folder, { parents = true })
tiny.write_file(folder .. "/ca.crt", tiny.read_file(authority))
check.equal(#assert(try_tls(named)), 0)
tiny.remove(folder .. "/ca.crt")
tiny.write_file("/etc/tinylua/registries.lua", ("return { registries = { [%q] = { ca = %q } } }"):format(named, authority))
registries.reload()
check.equal(#assert(try_tls(named)), 0)

-- A mirror that lacks the image, and one that has it.
tiny.write_file("/etc/tinylua/registries.lua", ([[return {
  short_names = { app = "docker.io/team/app" },
  registries = { ["docker.io"] = { mirrors = { %q, { host = %q, insecure = true } } } },
}]]):format(named, open_place))
registries.reload()
local list = registries.sources(registries.resolve(reference.parse "app:2"))
check.equal(#list, 3)
list[1].insecure = true
check.equal((registry.first(list, function(one) return registry.manifest(one, "2") end)), manifest)
