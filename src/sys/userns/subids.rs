//! The ranges of ids that a user may map besides its own: /etc/subuid and /etc/subgid (subuid(5)). Lines are
//! "name:first:count" or "uid:first:count"; invalid lines are ignored, as by the helpers.

use super::super::{Context, Result};

/// The ranges of one user as (first, count), in the order of the files.
#[derive(Debug, Default, PartialEq)]
pub struct SubIds {
    /// Of user ids.
    pub uids: Vec<(u32, u32)>,
    /// Of group ids.
    pub gids: Vec<(u32, u32)>,
}

/// The ranges of a user by name or number; of all users without one. A missing file has none.
pub fn subids(user: Option<&str>) -> Result<SubIds> {
    let owners = user.map(names).transpose()?;
    let of = |text: String| parse(&text, owners.as_deref());
    Ok(SubIds { uids: of(read("/etc/subuid")?), gids: of(read("/etc/subgid")?) })
}

fn read(path: &str) -> Result<String> {
    match std::fs::read_to_string(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text.at(path),
    }
}

/// The name and number of a user, given either: the files may use both.
fn names(user: &str) -> Result<Vec<String>> {
    let mut names = vec![user.to_owned()];
    for line in read("/etc/passwd")?.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1)) {
            if name == user {
                names.push(uid.to_owned());
            } else if uid == user {
                names.push(name.to_owned());
            }
        }
    }
    Ok(names)
}

fn parse(text: &str, owners: Option<&[String]>) -> Vec<(u32, u32)> {
    let range = |line: &str| {
        let mut fields = line.trim().split(':');
        let owner = fields.next()?;
        let (first, count): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let theirs = owners.is_none_or(|names| names.iter().any(|name| name == owner));
        (theirs && count > 0 && first.checked_add(count).is_some()).then_some((first, count))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn damaged_lines_are_passed_over() {
        let text = "web:100000:65536\n# a comment\nweb:x:5\nweb:4294967295:9\n1001:200000:10\nother:1:1\nweb:7:0\n";
        let web = ["web".to_owned(), "1001".to_owned()];
        assert_eq!(parse(text, Some(&web)), [(100_000, 65_536), (200_000, 10)]);
        assert_eq!(parse(text, None).len(), 3);
    }
}
