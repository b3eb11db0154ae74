-- CVE-2024-21626: a descriptor of the host that is still open during setup, as working directory: /proc/self/fd/N leads
-- out of any root.
local check = require "check"

tiny.mkdir("/tmp/host/deep", { parents = true })
tiny.write_file("/tmp/host/secret", "the host's")
local tried, refused = 0, 0
local function try(...)
  local words = { ... }
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.dup2(into, 2)
    -- Leaked by the caller, such as a shell or a CI runner.
    tiny.exec { "sh", "-c", 'exec 7</tmp/host/deep 8</; me=$1; shift; exec "$me" "$@"', "sh", "/tmp/tinylua", "--root", check.root, table.unpack(words) }
  end)
  into:close()
  local text = ""
  for bytes in function() return from:read() end do text = text .. bytes end
  tried, refused = tried + 1, refused + (child:wait() ~= 0 and 1 or 0)
  assert(not text:match("the host's"), text)
end
check.copy_program("/tmp/tinylua")

local look = "cat ../secret secret ../tmp/host/secret ../../tmp/host/secret tmp/host/secret 2>/dev/null; pwd; exit 0"
check.succeeds("run", "-d", "--name", "c", "sleep", "100")
for number = 5, 14 do
  for _, path in ipairs { "/proc/self/fd/%d", "/proc/thread-self/fd/%d/.." } do
    try("run", "--rm", "-w", path:format(number), "sh", "-c", look)
    try("exec", "-w", path:format(number), "c", "sh", "-c", look)
  end
end
-- Through a link in the container's image.
check.succeeds("exec", "c", "ln", "-s", "/proc/self/fd/7", "/way")
for _ = 1, 5 do try("exec", "-w", "/way", "c", "sh", "-c", look) end
print(("%d tries, %d refused"):format(tried, refused))
check.equal(refused, tried, "each names a descriptor")
check.equal(table.concat(tiny.list_dir("/tmp/host"), " "), "deep secret", "nothing is made there")
check.succeeds("rm", "-f", "c")
check.no_container()
