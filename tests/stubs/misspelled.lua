-- A misspelled key of a container: the checker reports the table with it, which begins on the next line.
return require("tiny.container").new { -- WRONG
  command = "true",
  memry = "64m",
}
