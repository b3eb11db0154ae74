-- completion: prints the completion script of a shell.
return {
  summary = "Print a shell completion script",
  section = "System",
  order = 404,
  about = "bash: tinylua completion bash > /etc/bash_completion.d/tinylua, or . <(tinylua completion bash)\n"
    .. "zsh:  tinylua completion zsh > DIR/_tinylua with DIR in $fpath, or . <(tinylua completion zsh)\n"
    .. "fish: tinylua completion fish > ~/.config/fish/completions/tinylua.fish\n"
    .. "Names of containers, networks and recipes, and your own commands, are looked up at completion time.",
  args = { { "shell", choices = { "bash", "zsh", "fish" }, value = "SHELL", help = "bash, zsh or fish" } },
  run = function(args)
    require("tiny.format").write(require("tiny.cli.shells")[args.shell])
  end,
}
