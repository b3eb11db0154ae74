-- cow_changes: every kind of change; what is the same is no change; conflicts with the host; nothing is written.
local check = require "check"
local maker = require "cow_maker"

maker.folder "folder"
local before = maker.shown("folder", true)
maker.change("folder", "place", maker.CHANGES .. [[ && mkfifo fifo && mknod null c 1 3 && rm pipe]])
check.equal(maker.list("place", "folder"), ([[
added dir moved
added dir moved/lib
added dir new
added dir new/er
added dir new/er/est
added file again/new
added file holes
added file keep/renamed
added file moved/lib/l
added file moved/lib/n
added file new/er/est/n
added file new/twin
added file odd%s
added file to-dir/in
added file tool
added link dangling
changed dir empty
changed file keep/a
changed file keep/b
changed file mode
changed file same
changed link link
deleted dir gone
deleted dir src
deleted fifo pipe
deleted file again/r
deleted file keep/hard
replaced dir to-dir
replaced file to-file
skipped char null !a char
skipped fifo fifo !a fifo]]):format("\n\27[31m \xe4name"))
check.equal(maker.shown("folder", true), before, "the folder")

local by_path = {}
for _, row in ipairs(tiny.cow_changes("place", "folder")) do by_path[row.path] = row end
check.equal(by_path["to-dir"].was, "file")
check.equal(by_path.tool.mode, tonumber("4755", 8))
check.equal(by_path.mode.old_mode, tonumber("644", 8))
check.equal(by_path.holes.size, (50 << 20) + 3)
check.equal(by_path.link.target, "elsewhere")
check.equal(by_path["keep/b"].links, 2)

-- What was only opened for writing, or changed and changed back, is the same.
maker.run "mkdir f2 && echo one >f2/one && echo two >f2/two && touch -d @1500000000 f2/*"
maker.change("f2", "p2", [[: >>one && chmod 600 one && chmod 644 one && touch -d @1500000000 one two && mkdir x && rmdir x && echo y >y && rm y]])
check.equal(maker.list("p2", "f2"), "")
-- The same size and time, with other content, is a change.
maker.change("f2", "p2", [[printf 'TWO\n' >two && touch -d @1500000000 two]])
check.equal(maker.list("p2", "f2"), "changed file two")

-- Conflicts: files that the host changed, removed or created meanwhile; what it did elsewhere is none.
maker.run [[mkdir -p f3/dir/sub f3/kept && echo a | tee f3/mod f3/del f3/both f3/gone f3/dir/sub/f f3/kept/k >f3/type && ln f3/both f3/both2]]
maker.change("f3", "p3", [[echo x >>mod && rm del && echo y >>gone && rm -r dir && rm type && mkdir type && echo n >new && echo k >>kept/k && mkdir made && echo m >made/m]])
tiny.poll({}, 0.02)
maker.run [[cd f3 && echo h >>mod && echo h >>del && rm gone && echo h >dir/sub/h && echo h >>type && echo h >new && echo h >unrelated && echo h >kept/other && mkdir made]]
check.equal(maker.list("p3", "f3"), [[
added file gone !it was deleted or its directory changed on the host meanwhile
added file made/m
changed file kept/k
changed file mod !it changed on the host meanwhile
changed file new !it changed on the host meanwhile
deleted dir dir !sub in it changed on the host meanwhile
deleted file del !it changed on the host meanwhile
replaced dir type !it changed on the host meanwhile]])

check.equal(#tiny.cow_changes("p3", "f3", { max = 1 }), 1)
-- A link of the host's in place of a directory is not followed.
maker.run [[mkdir -p f4/d && echo a >f4/d/a && mkdir away && echo secret >away/a]]
maker.change("f4", "p4", "echo x >>d/a")
maker.run "mv f4/d f4/e && ln -s ../away f4/d"
check.equal(maker.list("p4", "f4"), "added file d/a\nreplaced dir d !it changed on the host meanwhile")
