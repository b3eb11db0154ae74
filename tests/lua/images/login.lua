-- login at a terminal: it asks for the name and the password, which is not shown, can be corrected and cancelled.
local check, web, person = require "check", require "web", require "person"

local base64 = require "tiny.base.base64"
local server <close> = web.serve(function(request)
  if request.headers.authorization == "Basic " .. base64.encode("me:SECRET") then return web.reply(200) end
  return web.reply(401, { ["WWW-Authenticate"] = 'Basic realm="r"' })
end)
local credentials = web.folder .. "/auth.json"
check.environment = { PATH = os.getenv "PATH", HOME = web.folder, TERM = "xterm", REGISTRY_AUTH_FILE = credentials }

local user = person("login", server.place)
user:sees("User name for " .. server.place:gsub("%p", "%%%0") .. ": ")
user:type "me\r"
user:sees "Password: "
user:type "wrong\21SECREX\127T\r"
local before = user:sees "(.-)Login succeeded"
assert(not before:find("SECR", 1, true) and not before:find("wrong", 1, true), before)
check.equal(user:leaves(), 0)
local stored = tiny.json_decode(tiny.read_file(credentials))
check.equal(base64.decode(stored.auths[server.place].auth), "me:SECRET")

user = person("login", "-u", "me", server.place)
user:sees "Password: "
user:type "SEC\3"
user:sees "cancelled"
check.equal(user:leaves(), 130)

-- Without a terminal, the password has to come from standard input.
check.refused("there is no terminal to ask for a password\n  hint: use --password-stdin", "login", "-u", "me", server.place)
