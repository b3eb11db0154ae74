-- At a terminal, a run with copy-on-write folders asks at its end: all, some or none of the changes are applied.
local check = require "check"
local sit = require "person"

local store = tiny.stat(check.root)
local OWNER = store and store.uid or 0
local P = "/tmp/project"
-- Without colours.
check.environment = check.environment or { PATH = os.getenv "PATH", HOME = "/tmp", TERM = "dumb" }

local function read(name) return tiny.read_file(P .. "/" .. name) end
local function fresh()
  assert(os.execute(("rm -rf %s; mkdir -p %s && cd %s && echo a >keep && echo b >gone && chown -hR %d:%d ."):format(P, P, P, OWNER, OWNER)))
end
local SCRIPT = "cd /work && echo more >>keep && rm gone && mkdir new && printf 'one\\033[31m\\n' >new/file && mkdir -p .git && echo x >.git/config"
local QUESTION = "%[a%]ll, %[s%]ome, %[n%]one and keep them, %[d%]iscard: $"

-- All of them, after the list and the differences; control characters do not reach the terminal. What git acts on comes first.
fresh()
local one = sit("run", "--rm", "--name", "c", "--cow", P .. ":/work", "sh", "-c", SCRIPT)
one:sees("6 changes of c:.-added    /tmp/project/.git/config  git on the host acts on it.-changed  /tmp/project/keep")
one:sees("%-%-%- a/keep\r\n%+%+%+ b/keep\r\n@@ %-1 %+1,2 @@\r\n a\r\n%+more\r\n.-%+one\\x1b%[31m\r\n.*" .. QUESTION)
one:type("what?\n")
one:sees(QUESTION)
one:type("a\n")
one:sees("6 changes applied\r\n")
check.equal(one:leaves(), 0)
check.equal(read "keep", "a\nmore\n")
check.equal(read ".git/config", "x\n")
check.equal(read "gone", nil)
check.no_container()

-- Some: each one is asked for; a new directory comes with its file.
fresh()
local some = sit("run", "--rm", "--name", "c", "--on-exit", "ask", "--cow", P .. ":/work", "sh", "-c", SCRIPT)
some:sees(QUESTION)
some:type("s\n")
for _, answer in ipairs { { ".git/config", "n" }, { ".git/", "n" }, { "gone", "y" }, { "keep", "n" }, { "new/", "n" }, { "new/file", "y" } } do
  some:sees("/tmp/project/" .. answer[1]:gsub("[.]", "%%.") .. "[ \r].*%[q%]uit: $")
  some:type(answer[2] .. "\n")
end
some:sees("3 changes applied\r\n.*the changes are kept: see `tinylua changes c`")
check.equal(some:leaves(), 0)
check.equal(read "keep", "a\n")
check.equal(read "gone", nil)
check.equal(read "new/file", "one\27[31m\n")
check.equal(read ".git/config", nil)
check.succeeds("rm", "-f", "c")

-- None; and with a terminal of its own, where the container's status counts.
for _, answer in ipairs { "n", "d", "\4" } do
  fresh()
  local words = { "run", "-it", "--rm", "--name", "c", "--cow", P .. ":/work", "sh", "-c", SCRIPT .. "; exit 7" }
  local two = sit(table.unpack(words))
  two:sees(QUESTION)
  two:type(answer == "\4" and answer or answer .. "\n")
  check.equal(two:leaves(), 7)
  check.equal(read "keep", "a\n")
  check.equal(read "gone", "b\n")
  if answer ~= "d" then check.succeeds("rm", "-f", "c") end
  check.no_container()
end

-- Nothing is asked without changes.
local three = sit("run", "--rm", "--cow", P .. ":/work", "true")
check.equal(three:leaves(), 0)
check.no_container()
