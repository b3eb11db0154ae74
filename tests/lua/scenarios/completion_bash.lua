-- Completion in a real bash.
local shells = require "shells"

shells.need "bash"
shells.prepare()
shells.at_terminal({ "bash", "--norc", "--noprofile" }, "bind 'set bell-style none'; . <(tinylua completion bash)", shells.tries)

-- Next to other completions, a file name is quoted here, not by readline.
tiny.mkdir("/tmp/files")
tiny.write_file("/tmp/files/hey;x y", "")
shells.at_terminal({ "bash", "--norc", "--noprofile" }, "bind 'TAB:menu-complete'; cd /tmp/files; . <(tinylua completion bash)", {
  { "tinylua run he\t", "y\\;x\\ y" },
})
