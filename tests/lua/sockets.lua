-- Helpers of the network tests: sockets in a namespace, through perl, because a test's oracle must not be tinylua
-- itself.
local check = require "check"
local sockets = {}

-- Skips the test without perl to open sockets.
function sockets.needed()
  local p = io.popen("perl -MIO::Socket::IP -e 'print 1' 2>/dev/null")
  local found = p:read("a") == "1"
  p:close()
  if not found then check.skip("needs perl with IO::Socket::IP for real traffic") end
end

-- Runs f in a namespace (nil: the caller's own) and returns to the old one; programs started there stay there.
function sockets.inside(netns, f)
  if not netns then return f() end
  local home <close> = tiny.open_ns("net")
  tiny.setns(netns)
  local results = table.pack(tiny.try(f))
  tiny.setns(home)
  if results[1] == nil and results[2] then error(results[2], 0) end
  return table.unpack(results, 1, results.n)
end

-- What nft(8) lists in a namespace; "" if there is nothing, or no nft.
function sockets.ruleset(netns)
  return sockets.inside(netns, function()
    local p = io.popen("nft list ruleset 2>/dev/null")
    local text = p:read("a")
    p:close()
    return text
  end)
end

function sockets.default_gateway(netns)
  return sockets.inside(netns, function()
    for line in io.lines("/proc/self/net/route") do
      local dest, gateway = line:match("^%S+\t(%x+)\t(%x+)")
      if dest == "00000000" then
        local d, c, b, a = gateway:match("(%x%x)(%x%x)(%x%x)(%x%x)")
        return ("%d.%d.%d.%d"):format(tonumber(a, 16), tonumber(b, 16), tonumber(c, 16), tonumber(d, 16))
      end
    end
  end)
end

local SERVER = [[exec perl -MIO::Socket::IP -e '$| = 1; alarm 10;
  my ($proto, $port, $six) = @ARGV;
  my @listen = $proto eq "tcp" ? (Listen => 1, ReuseAddr => 1) : ();
  my $family = $six ? Socket::AF_INET6 : Socket::AF_INET;
  my $s = IO::Socket::IP->new(Family => $family, Proto => $proto, LocalPort => $port, @listen) or die "listen: $!";
  print "ready $$\n";
  if ($proto eq "tcp") { my $c = $s->accept; print $c->peerhost, "\n"; print $c "hello\n"; }
  else { $s->recv(my $text, 100); print $s->peerhost, "\n"; $s->send("hello\n"); }' ]]
local CLIENT = [[exec perl -MIO::Socket::IP -e 'alarm 5;
  my ($proto, $addr, $port, $timeout) = @ARGV;
  my $c = IO::Socket::IP->new(Proto => $proto, PeerAddr => $addr, PeerPort => $port, Timeout => $timeout) or do { print "connect: $!"; exit };
  $c->send("x") if $proto eq "udp";
  $c->recv(my $text, 100); print $text;' ]]

-- Serves once in namespace `to` on `port` and connects from namespace `from` to `addr` and `at_port`, by IPv6 if `addr`
-- is such an address: the kernel joins the multicast group of a new address with a delay, and repeats a neighbor
-- solicitation after a second. Returns the client's address as seen by the server, or nil and the client's error.
function sockets.connect(o)
  local proto, port = o.proto or "tcp", o.port or 7000
  local server = sockets.inside(o.to, function() return io.popen(SERVER .. proto .. " " .. port .. (o.addr:find(":") and " six" or "")) end)
  local pid = server:read("l"):match("^ready (%d+)$")
  local said = sockets.inside(o.from, function()
    local client = io.popen(CLIENT .. proto .. " " .. o.addr .. " " .. (o.at_port or port) .. " " .. (o.addr:find(":") and 4 or 1))
    local text = client:read("a")
    client:close()
    return text
  end)
  if said ~= "hello\n" then
    os.execute("kill " .. pid)
    server:close()
    return nil, said
  end
  local seen = server:read("l")
  server:close()
  return seen
end

return sockets
