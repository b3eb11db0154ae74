-- Helpers of the HTTP tests: a web server that behaves as told, Debian's docker-registry, and certificates.
local check = require "check"
local web = {}

web.folder = "/tmp/web-" .. tiny.random_id(8)
tiny.mkdir(web.folder)

-- A response as bytes.
function web.reply(status, headers, body)
  local lines = { ("HTTP/1.1 %d Because"):format(status) }
  headers = headers or {}
  if not headers["Content-Length"] and not headers["Transfer-Encoding"] then headers["Content-Length"] = tostring(#(body or "")) end
  for name, value in pairs(headers) do table.insert(lines, name .. ": " .. value) end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

local function parse(head)
  local request = { headers = {} }
  request.method, request.path = head:match("^(%S+) (%S+)")
  for name, value in head:gmatch("\r\n([^:\r\n]+):%s*([^\r\n]*)") do request.headers[name:lower()] = value end
  return request
end

-- Handles what a connection has sent; returns false at its end.
local function serve_one(state, connection, handler)
  -- A client that closes early resets the connection.
  local bytes = tiny.try(connection.read, connection)
  if bytes == nil then return false end
  state.text = state.text .. (bytes or "")
  -- TLS, which this server does not have.
  if state.text:sub(1, 1) == "\22" then
    tiny.try(connection.write, connection, web.reply(400))
    return false
  end
  while true do
    local head, past = state.text:match("^(.-)\r\n\r\n()")
    if not head then return true end
    local request = parse(head)
    local length = tonumber(request.headers["content-length"] or 0)
    if #state.text - past + 1 < length then return true end
    request.body = state.text:sub(past, past + length - 1)
    state.text = state.text:sub(past + length)
    tiny.append_file(state.log, tiny.json_encode(request) .. "\n")
    local reply = handler(request, connection)
    if not reply then return false end
    if not tiny.try(connection.write, connection, reply) then return false end
  end
end

-- Starts a server whose handler gets each request (method, path, headers, body) and the connection, and returns bytes, or nil to
-- close the connection. The handle has `port`, `place` (127.0.0.1:PORT) and `requests()`.
function web.serve(handler, address)
  local listener = tiny.tcp_listen((address or "127.0.0.1") .. ":0")
  local log = ("%s/log-%d"):format(web.folder, listener.port)
  tiny.write_file(log, "")
  local child = tiny.clone({}, function()
    local open = {}
    while true do
      local waiting = { listener }
      for connection in pairs(open) do table.insert(waiting, connection) end
      for _, ready in ipairs(tiny.poll(waiting)) do
        if ready == listener then
          local connection = listener:accept()
          if connection then open[connection] = { text = "", log = log } end
        elseif not serve_one(open[ready], ready, handler) then
          open[ready] = nil
          ready:close()
        end
      end
    end
  end)
  local server = { port = listener.port, place = (address or "127.0.0.1") .. ":" .. listener.port }
  listener:close()
  function server.requests()
    local list = {}
    for line in tiny.read_file(log):gmatch("[^\n]+") do table.insert(list, (tiny.json_decode(line))) end
    return list
  end
  function server.close() child:close() end
  return setmetatable(server, { __close = server.close })
end

-- Mounts an overlay at /etc, which in a private host is that of the machine: what the test writes there goes to /tmp.
function web.own_etc()
  local upper, work = web.folder .. "/etc-upper", web.folder .. "/etc-work"
  tiny.mkdir(upper)
  tiny.mkdir(work)
  web.etc = tiny.mount_overlay("/etc", { lower = { "/etc" }, upper = upper, work = work })
  local mount = check.mount_at "/etc"
  if not mount or mount.fstype ~= "overlay" then error("/etc is not an overlay", 2) end
end

-- Runs a program with its output in a file; skips the test if it is missing.
function web.need(program, package)
  for folder in (os.getenv "PATH" or "/usr/bin"):gmatch("[^:]+") do
    if tiny.stat(folder .. "/" .. program) then return end
  end
  check.skip(("needs %s of Debian's package %s"):format(program, package))
end

-- Starts a program; it ends with the test.
function web.start(arguments)
  return tiny.clone({}, function()
    local out = tiny.open(web.folder .. "/out", { write = true, create = true, append = true })
    tiny.dup2(out, 1)
    tiny.dup2(out, 2)
    tiny.exec(arguments)
  end)
end

-- Waits until a port accepts connections.
function web.wait_for(place)
  local limit = tiny.clock "monotonic" + 20
  while true do
    local connection = tiny.try(tiny.tcp_connect, place, { timeout = "1s" })
    if connection then return connection:close() end
    if tiny.clock "monotonic" > limit then error("nobody listens on " .. place .. ": " .. tiny.read_file(web.folder .. "/out"), 2) end
    tiny.poll({}, "20ms")
  end
end

local function openssl(command)
  local done = os.execute(("cd %s && openssl %s > openssl.out 2>&1"):format(web.folder, command))
  if not done then error("openssl " .. command .. ": " .. tiny.read_file(web.folder .. "/openssl.out"), 2) end
end

-- A certificate NAME.crt and its key NAME.key. options: from (the name of the authority; none: self-signed), names (a list such as
-- DNS:localhost), expired, authority.
function web.certificate(name, options)
  web.need("openssl", "openssl")
  local extensions = ("basicConstraints=critical,CA:%s\nsubjectAltName=%s\n"):format(options.authority and "TRUE" or "FALSE", table.concat(options.names or { "DNS:localhost", "IP:127.0.0.1" }, ","))
  tiny.write_file(web.folder .. "/ext", extensions)
  openssl(("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out %s.csr -subj /CN=%s"):format(name, name, name))
  if options.expired then
    tiny.write_file(web.folder .. "/ca.conf", "[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
    tiny.write_file(web.folder .. "/index", "")
    tiny.write_file(web.folder .. "/serial", "01\n")
    openssl(("ca -batch -config ca.conf -cert %s.crt -keyfile %s.key -in %s.csr -out %s.crt -extfile ext -startdate 200101000000Z -enddate 210101000000Z -notext"):format(options.from, options.from, name, name))
  else
    local by = options.from and ("-CA %s.crt -CAkey %s.key -CAcreateserial"):format(options.from, options.from) or ("-signkey %s.key"):format(name)
    openssl(("x509 -req -in %s.csr -out %s.crt -days 2 -extfile ext %s"):format(name, name, by))
  end
  return web.folder .. "/" .. name .. ".crt", web.folder .. "/" .. name .. ".key"
end

-- A port that was free just now.
function web.free_port()
  local port <close> = tiny.reserve_port "0/tcp"
  return port.port
end

-- Debian's docker-registry. config: further lines of its configuration; level: of its log, which is web.folder/out. Returns a handle to
-- close and its place.
function web.registry(config, level)
  web.need("docker-registry", "docker-registry")
  local place = "127.0.0.1:" .. web.free_port()
  local folder = web.folder .. "/registry-" .. place:match("%d+$")
  tiny.mkdir(folder)
  tiny.write_file(folder .. ".yml", ("version: 0.1\nlog: {level: %s}\nstorage:\n  filesystem: {rootdirectory: %s}\n  delete: {enabled: true}\nhttp:\n  addr: %s\n  secret: test\n%s"):format(level or "warn", folder, place, config or ""))
  local child = web.start { "docker-registry", "serve", folder .. ".yml" }
  web.wait_for(place)
  return child, place
end

return web
