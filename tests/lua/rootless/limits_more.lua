-- limits_more: the same by an ordinary user.
require("ordinary").runs("scenarios.limits_more", { needs = "cpuset" })
