-- The output and the name of a container do not control the user's terminal: not in `logs`, `attach` or a run in the
-- foreground, and not in names in the output and error messages of other commands.
local check = require "check"

-- Runs the command on a separate terminal; returns what arrived there.
local function at_terminal(...)
  local master, slave = tiny.openpty("/dev/pts")
  local words = { ... }
  local child <close> = check.start(function()
    for number = 0, 2 do tiny.dup2(slave, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
  slave:close()
  local got = {}
  while true do
    local bytes = tiny.try(master.read, master)
    if not bytes then break end
    table.insert(got, bytes)
  end
  child:wait()
  return (table.concat(got):gsub("\r\n", "\n"))
end

-- Whatever controls a terminal, apart from colors.
local function steering(text)
  text = text:gsub("\27%[[%d;]*m", "")
  return text:match("[\0-\8\11\12\14-\31\127]") or text:match("\xc2[\x80-\x9f]") or text:match("\xe2\x80[\xaa-\xae]") or (not utf8.len(text) and "no UTF-8")
end
local function harmless(what, text)
  local found = steering(text)
  if found then error(("%s: %q is in %q"):format(what, found, text), 2) end
end

local EVIL = [[printf '\033]0;title\007\033[2Jcleared \033[31mred\033[0m \233 2J \302\233 2J \342\200\256turned \010\010 é\n']]
local SHOWN = "\\x1b]0;title\\x07\\x1b[2Jcleared \27[31mred\27[0m \\x9b 2J \\xc2\\x9b 2J \\xe2\\x80\\xaeturned \\x08\\x08 é\n"
local RAW = "\27]0;title\7\27[2Jcleared \27[31mred\27[0m \x9b 2J \xc2\x9b 2J \xe2\x80\xaeturned \8\8 é\n"

-- In the foreground, on both streams; raw; through a pipe.
check.equal(at_terminal("run", "--rm", "sh", "-c", EVIL), SHOWN)
check.equal(at_terminal("run", "--rm", "sh", "-c", EVIL .. " >&2"), SHOWN)
check.equal(at_terminal("run", "--rm", "--raw", "sh", "-c", EVIL), RAW)
check.equal(check.succeeds("run", "--rm", "sh", "-c", EVIL), RAW)
-- A sequence that arrives in parts, and one that never ends.
local pieces = at_terminal("run", "--rm", "sh", "-c", [[printf 'a\033'; sleep 0.2; printf '[2'; sleep 0.2; printf 'J\342'; sleep 0.2; printf '\200\256'; printf '\033[3']])
check.equal(pieces, "a\\x1b[2J\\xe2\\x80\\xae\\x1b[3")

-- The log.
check.succeeds("run", "-d", "--name", "c", "sh", "-c", EVIL .. "; printf 'good\\revil\\n'; sleep 1000")
check.succeeds("exec", "c", "true")
while not check.succeeds("logs", "c"):find("evil", 1, true) do tiny.poll({}, 0.05) end
check.equal(at_terminal("logs", "c"), SHOWN .. "good\revil\n")
check.equal(at_terminal("logs", "--raw", "c"), RAW .. "good\revil\n")
check.equal(check.succeeds("logs", "c"), RAW .. "good\revil\n")
-- exec, on both streams, including output that remains in the pipe when the program ends.
check.equal(at_terminal("exec", "c", "sh", "-c", EVIL), SHOWN)
check.equal(at_terminal("exec", "c", "sh", "-c", EVIL .. " >&2"), SHOWN)
check.equal(at_terminal("exec", "--raw", "c", "sh", "-c", EVIL), RAW)
check.equal(check.succeeds("exec", "c", "sh", "-c", EVIL), RAW)
local flood = at_terminal("exec", "c", "sh", "-c", "yes | head -c 100000; sleep 3 & printf 'last\\033['")
check.equal(#flood, 100000 + #"last\\x1b[")
assert(at_terminal("logs", "-t", "c"):find("Z good\\x0devil\n", 1, true), "a time is not written over")
local json = at_terminal("logs", "--format", "json", "c")
harmless("logs --format json", json)
check.equal(json, at_terminal("logs", "--format", "json", "c"))
check.succeeds("rm", "-f", "c")

-- Attached, with a log and without.
for _, driver in ipairs { "json", "none" } do
  check.succeeds("run", "-d", "--name", "c", "--log-driver", driver, "sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.05; done; " .. EVIL)
  local starter = tiny.fork(function()
    tiny.poll({}, 1)
    check.run { "exec", "c", "touch", "/tmp/go" }
  end)
  check.equal(at_terminal("attach", "--no-stdin", "c"), SHOWN, driver)
  starter:wait()
  check.succeeds("rm", "-f", "c")
end

-- Names of files and processes, labels, health.
check.succeeds("run", "-d", "--name", "c", "--label", "k=\27[2J\xe2\x80\xae", "--env", "X=\xc2\x9b2J", "--health-cmd", EVIL, "--health-interval", "1s", "sh", "-c",
  [[cd /tmp; n=$(printf 'e\033[2J\302\233\342\200\256\n\233x'); mkdir "$n"; cp "$(readlink -f /bin/sleep)" "$n/$n"; "$n/$n" 1000 & sleep 1000]])
while not check.succeeds("top", "c"):find("/e\\x1b", 1, true) do tiny.poll({}, 0.05) end
while check.succeeds("inspect", "--format", "state.health", "c") == "starting\n" do tiny.poll({}, 0.1) end
for _, command in ipairs {
  { "top", "c" }, { "diff", "c" }, { "explain", "c" }, { "explain", "--format", "json", "c" }, { "inspect", "c" }, { "inspect", "--format", "health", "c" },
  { "inspect", "--format", "health.log and health.log[1] and health.log[1].output or tiny.show(health)", "c" }, { "inspect", "--format", "config.labels.k", "c" },
  { "ps" }, { "ps", "--format", "json" }, { "events", "--since", "1h", "--no-stream" }, { "events", "--since", "1h", "--no-stream", "--format", "json" },
  { "stats", "--no-stream" }, { "cp", "c:/tmp/\27[2J\xc2\x9b", "." }, { "cp", "c:/tmp/.", "/dev/null/x" }, { "exec", "c", "/\27[2J" }, { "logs", "\27[2J" },
  { "exec", "-u", "\27[2J", "c", "true" },
} do
  harmless(table.concat(command, " "), at_terminal(table.unpack(command)))
end
check.succeeds("rm", "-f", "c")
check.no_container()
