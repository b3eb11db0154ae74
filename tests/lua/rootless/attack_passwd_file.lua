-- passwd_file: the same by an ordinary user.
require("ordinary").runs "attacks.passwd_file"
