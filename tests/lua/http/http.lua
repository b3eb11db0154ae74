-- http, http_read, http_save: requests and responses, limits, what a broken server does, names, proxies, TLS.
local check, web = require "check", require "web"

local big = ("0123456789abcdef"):rep(1 << 14)
local server <close> = web.serve(function(request, connection)
  local path = request.path
  if path == "/echo" then
    return web.reply(200, { ["X-Method"] = request.method, ["X-Peer"] = connection.path, ["X-Agent"] = request.headers["user-agent"], ["X-Own"] = request.headers["x-own"] or "none" }, request.body)
  elseif path == "/empty" then return web.reply(204)
  elseif path == "/twice" then return "HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 0\r\n\r\n"
  elseif path == "/chunked" then return web.reply(200, { ["Transfer-Encoding"] = "chunked" }, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
  elseif path == "/moved" then return web.reply(302, { Location = "/echo" })
  elseif path == "/big" then
    local from = tonumber((request.headers.range or ""):match("bytes=(%d+)-"))
    if from then return web.reply(206, { ["Content-Range"] = ("bytes %d-%d/%d"):format(from, #big - 1, #big) }, big:sub(from + 1)) end
    return web.reply(200, nil, big)
  elseif path == "/cut" then
    connection:write(web.reply(200, { ["Content-Length"] = tostring(#big) }, big:sub(1, 1000)))
    return nil
  elseif path == "/garbage" then
    connection:write("SSH-2.0-OpenSSH_9.2\r\n\r\n")
    return nil
  elseif path == "/headers" then return "HTTP/1.1 200 OK\r\nX: " .. ("x"):rep(1 << 20) .. "\r\n\r\n"
  elseif path == "/silent" then return ""
  elseif path == "/stall" then return web.reply(200, { ["Content-Length"] = "10" }, "12345")
  end
  return web.reply(404, nil, "no such page")
end)
local function url(path) return "http://" .. server.place .. path end
local quick = { timeout = "2s", stall = "0.3s" }

local response = tiny.http(url "/echo", { headers = { ["X-Own"] = "yes" } })
check.equal(response.status, 200)
check.equal(response.headers["x-method"], "GET")
check.equal(response.headers["x-own"], "yes")
assert(response.headers["x-agent"]:find("^tinylua/"), response.headers["x-agent"])
check.equal(response:read(10), "")
check.refuses("the response handle is closed or was used up", response.read, response, 10)
check.equal(tostring(response), ("<response %s>"):format(url "/echo"))
check.equal(tiny.http(url "/chunked"):read(5), "abcde")
check.equal(tiny.http(url "/twice").headers["x-a"], "1, 2")
check.equal(tiny.http(url "/empty").status, 204)
check.equal(tiny.http(url "/none").status, 404)
check.equal(tiny.http(url "/moved").headers.location, "/echo", "redirects are returned")
check.equal(tiny.http(url "/echo", { method = "POST", body = "question" }):read("1k"), "question")
check.equal(tiny.http(url "/echo", { method = "PUT" }).headers["x-method"], "PUT")
check.equal(tiny.http(url "/echo", { method = "HEAD" }).headers["x-method"], "HEAD")

-- The body is the rest of a file.
local path = web.folder .. "/body"
tiny.write_file(path, "skipped-and-sent")
local file <close> = tiny.open(path)
file:read(12)
check.equal(tiny.http(url "/echo", { method = "PATCH", body = file }):read("1k"), "sent")

-- How much of a file was sent; a failure of the function ends the request.
local sent = {}
tiny.write_file(path, big)
do
  local long <close> = tiny.open(path)
  check.equal(tiny.http(url "/echo", { method = "PUT", body = long, progress = function(bytes) table.insert(sent, bytes) end }):read("1m"), big)
end
check.equal(sent[#sent], #big)
local again <close> = tiny.open(path)
local _, stopped = tiny.try(tiny.http, url "/echo", { method = "PUT", body = again, progress = function() tiny.fail { message = "enough" } end })
assert(stopped.message:find "^enough", stopped.message)
check.refuses("`progress` needs an open file as the `body`", tiny.http, url "/echo", { method = "PUT", body = "x", progress = print })

-- A connection is used again, but not in a child, which has its own.
local function peer()
  local answer = tiny.http(url "/echo")
  answer:read(1)
  return answer.headers["x-peer"]
end
local own = peer()
check.equal(peer(), own)
check.inside({}, function() assert(peer() ~= own, "the connection of the parent") end)
check.equal(peer(), own)

-- Saving: the digest is that of the whole file; a limit; a rest; the file keeps what has arrived.
local saved = web.folder .. "/saved"
local want = "sha256:" .. tiny.sha256(big)
local told = {}
local done = tiny.http(url "/big"):save(saved, { mode = 384, progress = function(bytes) table.insert(told, bytes) end })
check.equal(done.bytes, #big)
check.equal(done.digest, want)
check.equal(told[#told], #big)
check.equal(tiny.stat(saved).mode & 511, 384)
check.equal(tiny.http(url "/big"):save(saved).digest, want, "it is replaced")
tiny.write_file(saved, big:sub(1, 70000))
check.equal(tiny.http(url "/big", { headers = { Range = "bytes=70000-" } }):save(saved, { resume = true }).digest, want)
local err = check.fails("EFBIG", function() tiny.http(url "/big"):save(saved, { limit = 5000 }) end)
check.equal(err.path, saved)
err = check.fails("ECONNRESET", function() tiny.http(url "/cut"):save(saved) end)
check.equal(err.detail, "the server closed the connection before the end")
check.equal(tiny.stat(saved).size, 1000)
check.fails("EMSGSIZE", function() return tiny.http(url "/big"):read(#big - 1) end)
check.equal(#tiny.http(url "/big"):read(#big), #big)
local handle <close> = tiny.open(saved, { read = true, write = true })
check.equal(tiny.http(url "/big"):save(handle).digest, want)
local _, stopped = tiny.try(function() tiny.http(url "/big"):save(saved, { progress = function() error("enough", 0) end }) end)
assert(tostring(stopped):find("enough", 1, true), tostring(stopped))
check.fails("ENOENT", function() tiny.http(url "/big"):save("/nowhere/file") end)

-- Broken servers.
err = check.fails("EPROTO", tiny.http, url "/garbage", quick)
assert(err.detail:find("not valid HTTP", 1, true), err.detail)
check.fails("EMSGSIZE", tiny.http, url "/headers", quick)
err = check.fails("ETIMEDOUT", tiny.http, url "/silent", { timeout = "0.3s" })
check.equal(err.detail, "no response after 0.3 s")
err = check.fails("ETIMEDOUT", function() tiny.http(url "/stall", quick):read(10) end)
check.equal(err.detail, "nothing was received for 0.3 s")
err = check.fails("ECONNREFUSED", tiny.http, "http://127.0.0.1:1/")
check.equal(err.path, "127.0.0.1:1")
err = check.fails("EPROTO", tiny.http, "https://" .. server.place .. "/", { insecure = true })
check.equal(err.detail, "the server does not use TLS on this port")
-- Nobody has this address.
local other <close> = tiny.netns()
tiny.veth_pair({ name = "ta0", addr = "10.10.0.1/24" }, { name = "eth0", netns = other, addr = "10.10.0.2/24" })
err = check.fails("ETIMEDOUT", tiny.http, "http://10.10.0.77/", { timeout = "0.2s" })
check.equal(err.path, "10.10.0.77:80")

-- A signal that ends a recipe, such as a time limit, ends the wait.
tiny.set_time_limit(0.2)
_, err = tiny.try(tiny.http, url "/silent")
tiny.set_time_limit(0)
check.equal(err.message, "the time limit has expired")

-- Arguments. A password is not part of a message.
check.refuses('url: "ftp://x/" does not begin with http:// or https://', tiny.http, "ftp://x/")
check.refuses("a GET request has no `body`", tiny.http, url "/", { body = "x" })
check.refuses("`cert` and `key` are only useful together", tiny.http, url "/", { cert = "/x" })
check.fails("EINVAL", tiny.http, "http://", {})
check.fails("EINVAL", tiny.http, url "/", { headers = { ["a b"] = "c" } })
check.fails("EINVAL", tiny.http, url "/", { proxy = "socks5://127.0.0.1:1" })
err = check.fails("ECONNREFUSED", tiny.http, "http://127.0.0.1:1/", { headers = { Authorization = "Basic SECRET" }, proxy = "http://me:SECRET@127.0.0.1:1" })
assert(not tostring(err):find("SECRET", 1, true), tostring(err))

-- IPv6, and a name with several addresses, of which only one answers.
if tiny.try(tiny.tcp_listen, "[::1]:0") then
  local six <close> = web.serve(function() return web.reply(200, nil, "six") end, "[::1]")
  check.equal(tiny.http("http://" .. six.place .. "/"):read(3), "six")
end
check.equal(tiny.http(("http://localhost:%d/echo"):format(server.port)).status, 200)

-- A proxy is asked to connect, with its password.
local proxy <close> = web.serve(function(request, connection)
  check.equal(request.method, "CONNECT")
  if request.headers["proxy-authorization"] ~= "Basic bWU6cHc=" then return web.reply(407) end
  connection:write("HTTP/1.1 200 Connected\r\n\r\n")
  return ""
end)
err = check.fails("ECONNREFUSED", tiny.http, "http://registry.invalid/", { proxy = "http://" .. proxy.place })
assert(err.detail:find("^the proxy refuses"), err.detail)
tiny.try(tiny.http, "http://registry.invalid/x", { proxy = "http://me:pw@" .. proxy.place, timeout = "0.5s" })
local asked = proxy.requests()
check.equal(asked[2].path, "registry.invalid:80")
check.equal(asked[3].path, "/x", "the request goes through")
