-- explain --html: one well-formed page that loads nothing, in which no text of a container becomes markup: the names of
-- its process, mounts, links and volume source contain markup and escape sequences.
local check = require "check"
require("networked").needs()

local VOID = { meta = true, rect = true, path = true }
local KNOWN = {}
for name in ([[html head meta title style body header main footer nav section h1 h2 p b a div span code dl dt dd ul li table thead
  tbody tr th td figure svg rect text path]]):gmatch("%a%w*") do KNOWN[name] = true end

-- Parses the tags of the page and permits only the expected ones; returns its texts and the number of each tag.
local function parsed(page)
  local body = page:match("^<!DOCTYPE html>\n(<html.*</html>)\n$")
  assert(body, page:sub(1, 200))
  local open, texts, count, at = {}, {}, {}, 1
  while at <= #body do
    local text, after = body:match("^([^<]+)()", at)
    if text then
      -- An & begins an entity; the text of a style is tinylua's own.
      if open[#open] ~= "style" then
        check.equal(text:gsub("&%a+;", ""):gsub("&#39;", ""):find("&"), nil, text)
        check.equal(text:find("[^\n -~\x80-\xff]"), nil, text)
      end
      table.insert(texts, text)
      at = after
    else
      local close, name, attributes, own, past = body:match("^<(/?)(%w+)([^<>]-)(/?)>()", at)
      assert(name and KNOWN[name], body:sub(at, at + 80))
      check.equal(attributes:gsub('%s[%w-]+="[^"<>]*"', ""), "", name)
      check.equal(attributes:find('%son%a+=') or attributes:find("%ssrc=") or attributes:find('href="[^#]'), nil, attributes)
      if close == "/" then check.equal(table.remove(open), name) elseif own ~= "/" then table.insert(open, name) else assert(VOID[name], name) end
      if close == "" then count[name] = (count[name] or 0) + 1 end
      at = past
    end
  end
  check.equal(#open, 0)
  return table.concat(texts, "\n"), count
end

local EVIL = "<script>x</script>\27]0;t\7&'\""
tiny.mkdir("/tmp/<img src=x onerror=y>\27[2J")
local command = ([[ip link add '<b>&"' type veth peer name "it's<i>"; cp /bin/sleep "/tmp/s"; exec -a "$NAME" /tmp/s 1000]])
check.succeeds("run", "-d", "--name", "evil", "--network", "bridge", "--cap-add", "NET_ADMIN", "-p", "8080:80", "-m", "64m", "-e", "NAME=" .. EVIL,
  "-v", "/tmp/<img src=x onerror=y>\27[2J:/srv/<svg onload=1>", "bash", "-c", command)
local page
repeat
  page = check.succeeds("explain", "--html", "-", "evil")
until page:find("&lt;script&gt;x&lt;/script&gt;\\x1b]0;t\\x07&amp;&#39;&quot; 1000", 1, true)
local text, count = parsed(page)
for _, one in ipairs { "Processes", "Namespaces", "Mounts", "Limits and usage", "Capabilities", "Confinement", "Network", "its root is the host", "64 MiB" } do
  assert(text:find(one, 1, true), one)
end
assert(text:find("the host&#39;s /tmp/&lt;img src=x onerror=y&gt;\\x1b[2J", 1, true), "the source")
assert(text:find("/srv/&lt;svg onload=1&gt;", 1, true), "the target")
assert(text:find("&lt;b&gt;&amp;", 1, true) and text:find("it&#39;s&lt;i&gt;", 1, true), "the links")
check.equal(count.section, 7)
check.equal(count.svg, 1)
check.equal(select(2, page:gsub('class="tile', "")), 8 + 1) -- with their grid
check.equal(page:gsub(' xmlns="http://www.w3.org/2000/svg"', ""):match("https?:[%w./]+"), nil)
assert(page:find([[http-equiv="Content-Security-Policy"]], 1, true))

-- To a file that others may read.
check.equal(check.succeeds("explain", "--html", "/tmp/evil.html", "evil"), "")
check.equal(tiny.stat("/tmp/evil.html").mode & 511, 420)
parsed(tiny.read_file("/tmp/evil.html"))
check.equal(check.run({ "explain", "--html", "/no/such/x", "evil" }).status, 125)
-- A target that is not a regular file stays what it is.
tiny.mknod("/tmp/odd", "fifo")
local refused = check.run { "explain", "--html", "/tmp/odd", "evil" }
check.equal(refused.err, 'tinylua: --html: "/tmp/odd" exists and is not a regular file\n  hint: - is standard output\n')
check.equal(tiny.stat("/tmp/odd").kind, "fifo")
-- So does a link, such as /dev/stdout.
tiny.symlink("/tmp/evil.html", "/tmp/linked")
check.equal(check.run({ "explain", "--html", "/tmp/linked", "evil" }).status, 125)
check.equal(tiny.readlink("/tmp/linked"), "/tmp/evil.html")
check.succeeds("rm", "-f", "evil")

-- Without a network there is no drawing, and a container on the host's network says so.
check.succeeds("run", "-d", "--name", "host", "--network", "host", "sleep", "1000")
text, count = parsed(check.succeeds("explain", "--html", "-", "host"))
assert(text:find("its links, addresses and ports", 1, true))
check.equal(count.svg, nil)
check.succeeds("rm", "-f", "host")
check.no_container()
