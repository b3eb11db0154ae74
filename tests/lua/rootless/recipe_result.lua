-- recipe_result: the same by an ordinary user.
require("ordinary").runs "scenarios.recipe_result"
