-- complete: prints the possible completions of a command line, one per line, each with a tab and its description. The
-- scripts that `tinylua completion` prints call it. ":files" and ":dirs" ask the shell to complete file names.
return {
  summary = "Print the completions of a command line (for shells)",
  hidden = true,
  args = { { "words", trailing = true, required = false, value = "WORD", help = "The words of the command line, without the program name" } },
  run = function(args)
    local format = require "tiny.format"
    for _, item in ipairs(require("tiny.cli.completion").words(args.words)) do
      format.line(item[2] and item[1] .. "\t" .. item[2] or item[1])
    end
  end,
}
