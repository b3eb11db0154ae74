-- fake_null: the same by an ordinary user.
require("ordinary").runs "attacks.fake_null"
