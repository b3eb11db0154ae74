-- Completion in a real bash.
local shells = require "shells"

shells.need "bash"
shells.prepare()
shells.at_terminal({ "bash", "--norc", "--noprofile" }, "bind 'set bell-style none'; . <(tinylua completion bash)", shells.tries)
