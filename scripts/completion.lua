-- completion: what makes a shell complete tinylua's command lines.
return {
  summary = "Print what makes bash, zsh or fish complete command lines",
  about = "bash: tinylua completion bash > /etc/bash_completion.d/tinylua, or . <(tinylua completion bash)\n"
    .. "zsh:  tinylua completion zsh > a folder of $fpath/_tinylua, or . <(tinylua completion zsh)\n"
    .. "fish: tinylua completion fish > ~/.config/fish/completions/tinylua.fish\n"
    .. "Names of containers, networks and recipes are looked up when they are asked for, and so are your own commands.",
  args = { { "shell", choices = { "bash", "zsh", "fish" }, value = "SHELL", help = "bash, zsh or fish" } },
  run = function(args)
    require("tiny.format").write(require("tiny.cli.shells")[args.shell])
  end,
}
