-- complete: what could come next on a command line, a candidate a line, a tab before what it is. The scripts that
-- `tinylua completion` prints call it; ":files" and ":dirs" ask the shell for names of files.
return {
  summary = "Tell what could come next on a command line (for shells)",
  hidden = true,
  args = { { "words", trailing = true, required = false, value = "WORD", help = "What was typed, after the program's name" } },
  run = function(args)
    local format = require "tiny.format"
    for _, item in ipairs(require("tiny.cli.completion").words(args.words)) do
      format.line(item[2] and item[1] .. "\t" .. item[2] or item[1])
    end
  end,
}
