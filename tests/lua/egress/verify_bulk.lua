-- verify = "sni": 100 MB in both directions at once arrive unchanged, also when a side ends its half first, and a reader that
-- pauses stops the writer.
local check = require "check"
local hello = require "tls_hello"
local rig = require "verify_rig"

local r = rig.start { hosts = { ["api.example"] = { rig.world4, rig.world6 } } }
local HELLO = hello.of "api.example"

-- Sends and receives 100 MB at once; the digest of what came is compared. ends: "client" or "server" ends its half first.
local SIDE = [[
import hashlib, os, socket, sys, threading
role, addr, port, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), bytes.fromhex(sys.argv[4]), int(sys.argv[5])
family = socket.AF_INET6 if ":" in addr else socket.AF_INET
s = socket.socket(family)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if role == "server":
    s.bind((addr, port)); s.listen(1); print("ready", flush=True); s = s.accept()[0]
    left = len(first)
    while left: left -= len(s.recv(left))
else:
    s.connect((addr, port)); s.sendall(first)
block = hashlib.sha256(role.encode()).digest() * 2048
def send():
    for _ in range(count // len(block)): s.sendall(block)
    s.shutdown(socket.SHUT_WR)
t = threading.Thread(target=send); t.start()
got, size = hashlib.sha256(), 0
while True:
    part = s.recv(1 << 18)
    if not part: break
    got.update(part); size += len(part)
t.join()
other = hashlib.sha256(("client" if role == "server" else "server").encode()).digest() * 2048
want = hashlib.sha256()
for _ in range(count // len(other)): want.update(other)
print("same" if got.digest() == want.digest() and size == count else "differs: %d" % size)
]]
tiny.write_file("/tmp/side.py", SIDE)

local function command(role, addr, count)
  return ("python3 /tmp/side.py %s %s 443 %s %d"):format(role, addr, HELLO:gsub(".", function(c) return ("%02x"):format(c:byte()) end), count)
end

for addr, count in pairs { [rig.world4] = 100 << 20, [rig.world6] = 20 << 20 } do
  local from, into = tiny.pipe()
  local server = tiny.fork(function()
    tiny.setns(r.world)
    tiny.dup2(into, 1)
    tiny.exec { "sh", "-c", command("server", addr, count), env = { PATH = os.getenv "PATH" } }
  end)
  into:close()
  check.equal(from:read(), "ready\n")
  local text = rig.run(r.client, command("client", addr, count))
  check.equal(text, "same\n", addr)
  check.equal(from:read(), "same\n", addr)
  server:wait()
end

-- The server reads nothing: the client is stopped after what the buffers hold.
local listener <close> = r:listen(rig.world4, 443)
local client = r:connect(rig.world4, 443)
client:write(HELLO)
local server = rig.accept(listener)
local piece, written = ("x"):rep(1 << 20), 0
while #select(2, tiny.poll({}, "300ms", { write = { client } })) > 0 do
  written = written + client:write(piece, { wait = false })
  assert(written < 64 << 20, written)
end
local total = #HELLO + written
local got = rig.read(server, total, 20)
check.equal(got and #got, total)
check.equal(got:sub(1, #HELLO), HELLO)
-- The end of the client's half arrives; the server's half is still open.
require("streams").shut(client)
check.equal(rig.read(server, 1), "", "the end")
server:write "late answer"
check.equal(rig.read(client, 11), "late answer")
server:close()
check.equal(rig.read(client, 1), "", "the end of the other half")

-- A reset arrives as a reset, in both directions.
for _, from_client in ipairs { true, false } do
  local one = r:connect(rig.world4, 443)
  one:write(HELLO)
  local other = rig.accept(listener)
  check.equal(rig.read(other, #HELLO), HELLO)
  tiny.tcp_reset(from_client and one or other)
  check.equal(select(2, rig.read(from_client and other or one, 1)), "ECONNRESET")
end
-- A server that refuses the connection: so does the check.
listener:close()
local refused = r:connect(rig.world4, 443)
refused:write(HELLO)
check.equal(select(2, rig.read(refused, 1)), "ECONNRESET")
check.equal(r:next(0.1), nil, "no denial")
r:stop()
