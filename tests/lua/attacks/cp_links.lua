-- CVE-2018-15664: a container replaces a directory with a link while it is copied. `../scenarios/cp` races for this;
-- here the copy is paused in the middle, so that the swap always comes at the worst moment.
local check = require "check"

-- The machine's directory stays unchanged.
tiny.mount_tmpfs("/srv")
tiny.mkdir("/srv/host/deep", { parents = true })
tiny.write_file("/srv/host/secret", "of the host")
tiny.write_file("/srv/host/deep/secret", "of the host")
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
local inside = ("/proc/%s/root/race"):format(check.succeeds("inspect", "--format", "state.pid", "c"):match("%d+"))

-- Two directories, each larger than a pipe's capacity: while the first is packed, the second is known to be a directory
-- and is not yet opened. The file system determines which one is first.
local function fresh()
  tiny.try(tiny.remove, inside, { recursive = true })
  for _, name in ipairs { "/one", "/two" } do
    tiny.mkdir(inside .. name .. "/deep", { parents = true })
    tiny.write_file(inside .. name .. "/large", ("x"):rep(4 << 20))
  end
end

-- Packs /race, and replaces the later directory with `target` once the first is being packed. Returns the whole
-- archive.
local function packed(target)
  fresh()
  local from, into = tiny.pipe()
  local err, err_end = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { "/proc/self/exe", "--root", check.root, "cp", "c:/race/.", "-" }
  end)
  into:close()
  err_end:close()
  local got, later = "", nil
  for bytes in function() return from:read("64k") end do
    got = got .. bytes
    local first = not later and got:match("(%a+)/large\0")
    if first then
      later = first == "one" and "two" or "one"
      tiny.rename(inside .. "/" .. later, inside .. "/away")
      tiny.symlink(target, inside .. "/" .. later)
    end
  end
  assert(later, "the swap was made")
  return child:wait(), got, err:read() or ""
end

for _, target in ipairs { "/srv/host", "../../../../../../../../srv/host", "/", "away", "../race/away" } do
  local status, got, said = packed(target)
  check.equal(status, 125, target .. ": " .. said)
  assert(said:find("ELOOP: Too many symbolic links", 1, true) or said:find("a directory was replaced by a link during the copy", 1, true), said)
  assert(not got:find("of the host", 1, true) and not got:find("secret", 1, true), target .. ": the host's file is in the archive")
end

-- Links that exist throughout are copied as links.
fresh()
tiny.symlink("/srv/host", inside .. "/one/out")
tiny.symlink("/srv/host/secret", inside .. "/one/file")
check.succeeds("cp", "c:/race", "copy")
check.equal(tiny.readlink("copy/one/out"), "/srv/host")
check.equal(tiny.readlink("copy/one/file"), "/srv/host/secret")

-- Into a container: a directory created from the archive becomes a link before the next entry is unpacked into it.
os.execute("mkdir -p d/e && echo 1 >d/one && echo 2 >d/e/two && tar --no-recursion -cf in.tar d d/one d/e d/e/two")
local archive = tiny.read_file("in.tar")
for _, target in ipairs { "/srv/host", "../../../../../../srv/host" } do
  tiny.try(tiny.remove, inside, { recursive = true })
  tiny.mkdir(inside)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    into:close()
    tiny.dup2(from, 0)
    tiny.exec { "/proc/self/exe", "--root", check.root, "cp", "-", "c:/race" }
  end)
  from:close()
  -- The directory and the first file; if that exists, it has been unpacked.
  into:write(archive:sub(1, 1536))
  while not tiny.stat(inside .. "/d/one") do tiny.poll({}, 0.01) end
  tiny.rename(inside .. "/d", inside .. "/away")
  tiny.symlink(target, inside .. "/d")
  tiny.try(into.write, into, archive:sub(1537))
  into:close()
  child:wait()
  check.equal(tiny.stat("/srv/host/e"), nil, "nothing is made on the host")
end
check.succeeds("rm", "-f", "c")
check.no_container()
