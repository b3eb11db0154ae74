-- Completion in a real zsh.
local shells = require "shells"

shells.need "zsh"
shells.prepare()
shells.at_terminal({ "zsh", "-f" }, "autoload -U compinit; compinit -u -D; . <(tinylua completion zsh)", shells.tries)
