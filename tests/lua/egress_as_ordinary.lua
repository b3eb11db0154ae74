-- Runs a test of egress rules as an unprivileged user, with pasta or slirp4netns: `names pasta`.
local ordinary = require "ordinary"
local args = ...
ordinary.make()
ordinary.tun()
require("egress_rig").network = args[2]
require("egress." .. args[1])
