-- Helpers of the network tests.
local check = require "check"

local networked = {}

-- Skips the test if the kernel or the host lacks a requirement.
function networked.needs()
  if tiny.probe().network.nftables == false then check.skip("this kernel has no nftables") end
  if not tiny.stat("/bin/busybox") then check.skip("needs /bin/busybox in the view of the host") end
end

-- The command fails with this status and exactly this text.
function networked.refused(words, text, status)
  local result = check.run(words)
  check.equal(result.err, "tinylua: " .. text, table.concat(words, " "))
  check.equal(result.status, status or 125, table.concat(words, " "))
end

-- A web server that serves its hostname; returns the container's id.
function networked.serve(name, ...)
  local words = { "run", "-d", "--name", name, "--hostname", name, ... }
  table.insert(words, "mkdir -p /srv && hostname > /srv/index.html && exec busybox httpd -f -vv -p 80 -h /srv")
  table.insert(words, #words, "sh")
  table.insert(words, #words, "-c")
  return check.succeeds(table.unpack(words)):sub(1, 12)
end

-- The contents of a URL, retried until there is an answer; nil if there is none.
function networked.fetch(url, netns)
  local out, out_end = tiny.pipe()
  local child = tiny.fork(function()
    if netns then tiny.setns(netns) end
    tiny.dup2(out_end, 1)
    tiny.exec { "/bin/sh", "-c", ("for i in 1 2 3 4 5 6 7 8 9 10; do busybox timeout 5 busybox wget -qO- %s 2>/dev/null && exit; busybox usleep 100000; done; exit 1"):format(url) }
  end)
  out_end:close()
  local text = ""
  for bytes in function() return out:read() end do text = text .. bytes end
  out:close()
  if child:wait() ~= 0 then return nil end
  return (text:gsub("\n$", ""))
end

-- The kernel has nothing of any network.
function networked.nothing_left()
  for _, link in ipairs(tiny.links()) do assert(link.name == "lo" or link.name:match("^test"), "left: " .. link.name) end
  check.equal(tiny.sysctl("net.ipv4.ip_forward"), "0", "forwarding")
  check.fails("ENOENT", tiny.publish_clear)
  check.fails("ENOENT", tiny.pin_clear)
end

return networked
