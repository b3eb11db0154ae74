-- config_dir: $XDG_CONFIG_HOME/tinylua, else ~/.config/tinylua.
local check = require "check"

local config, home = os.getenv("XDG_CONFIG_HOME"), os.getenv("HOME")
local want = config and config ~= "" and config .. "/tinylua" or home and home ~= "" and home .. "/.config/tinylua" or nil
if want and want:sub(1, 1) ~= "/" then want = nil end
check.equal(tiny.config_dir(), want)
check.refuses("takes at most 0 arguments: config_dir()", tiny.config_dir, "x")
