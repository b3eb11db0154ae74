//! Rules of which devices may be used, of which the last one that matches decides, and how the files of v1's devices
//! controller say it.

use std::collections::BTreeMap;

/// A rule that allows or denies.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRule {
    /// Whether it allows.
    pub allow: bool,
    /// Whether it is a block device; `None` for both kinds.
    pub block: Option<bool>,
    /// The major number; `None` for all.
    pub major: Option<u32>,
    /// The minor number; `None` for all.
    pub minor: Option<u32>,
    /// Read, write, and make with mknod.
    pub access: Access,
}

/// What is done with a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access {
    /// Read from it.
    pub read: bool,
    /// Write to it.
    pub write: bool,
    /// Make its node.
    pub mknod: bool,
}

/// The lines for devices.allow or devices.deny, after one of everything.
#[derive(Debug, PartialEq)]
pub(super) struct Lines {
    /// Whether everything else is allowed: the lines then are those of devices.deny.
    pub allow: bool,
    /// The exceptions: "c 1:3 rwm".
    pub lines: Vec<String>,
}

/// The devices of an exception: kind, major and minor number.
type Devices = (char, Option<u32>, Option<u32>);

impl DeviceRule {
    fn devices(&self) -> Vec<Devices> {
        let kinds: &[char] = match self.block {
            None => &['b', 'c'],
            Some(true) => &['b'],
            Some(false) => &['c'],
        };
        kinds.iter().map(|kind| (*kind, self.major, self.minor)).collect()
    }

    /// "a" in the files means everything, whatever else the line says.
    fn is_everything(&self) -> bool {
        (self.block, self.major, self.minor) == (None, None, None) && self.access.bits() == ALL
    }
}

const LETTERS: [char; 3] = ['r', 'w', 'm'];
const ALL: u8 = 0b111;

impl Access {
    fn bits(self) -> u8 {
        u8::from(self.read) | u8::from(self.write) << 1 | u8::from(self.mknod) << 2
    }
}

/// What the rules come to, from "all are denied" on. v1 has a default and exceptions to it, and a line only takes back
/// exceptions for the same devices. The error names a rule that would need an exception to an exception.
pub(super) fn lines(rules: &[DeviceRule]) -> Result<Lines, String> {
    let mut allow = false;
    let mut exceptions: BTreeMap<Devices, u8> = BTreeMap::new();
    for rule in rules {
        if rule.is_everything() {
            allow = rule.allow;
            exceptions.clear();
            continue;
        }
        for devices in rule.devices() {
            if rule.allow != allow {
                *exceptions.entry(devices).or_default() |= rule.access.bits();
                continue;
            }
            for (others, access) in exceptions.iter_mut().filter(|(others, _)| overlap(**others, devices)) {
                let both = *access & rule.access.bits();
                if both != 0 && !contains(devices, *others) {
                    let (one, other) = if rule.allow { ("allow", "denies") } else { ("deny", "allows") };
                    let why = format!("cgroup v1 cannot {one} {}, since another rule {other}", line(devices, both));
                    return Err(format!("{why} {}", line(*others, *access)));
                }
                *access &= !both;
            }
        }
    }
    let left = exceptions.into_iter().filter(|(_, access)| *access != 0);
    Ok(Lines { allow, lines: left.map(|(devices, access)| line(devices, access)).collect() })
}

fn overlap(one: Devices, other: Devices) -> bool {
    let same = |a: Option<u32>, b: Option<u32>| a.is_none() || b.is_none() || a == b;
    one.0 == other.0 && same(one.1, other.1) && same(one.2, other.2)
}

fn contains(whole: Devices, part: Devices) -> bool {
    let all = |whole: Option<u32>, part: Option<u32>| whole.is_none() || whole == part;
    whole.0 == part.0 && all(whole.1, part.1) && all(whole.2, part.2)
}

fn line((kind, major, minor): Devices, access: u8) -> String {
    let number = |n: Option<u32>| n.map_or_else(|| "*".into(), |n| n.to_string());
    let letters = LETTERS.iter().enumerate().filter(|(i, _)| access & 1 << i != 0);
    let access: String = letters.map(|(_, letter)| *letter).collect();
    format!("{kind} {}:{} {access}", number(major), number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule from "+c 1:3 rw"; the kind "a" is both.
    fn rule(text: &str) -> DeviceRule {
        let parts: Vec<&str> = text[1..].split([' ', ':']).collect();
        let has = |letter| parts[3].contains(letter);
        DeviceRule {
            allow: text.starts_with('+'),
            block: (parts[0] != "a").then_some(parts[0] == "b"),
            major: parts[1].parse().ok(),
            minor: parts[2].parse().ok(),
            access: Access { read: has('r'), write: has('w'), mknod: has('m') },
        }
    }

    fn told(rules: &[&str]) -> String {
        let rules: Vec<DeviceRule> = rules.iter().map(|text| rule(text)).collect();
        match lines(&rules) {
            Ok(found) => format!("{} {}", if found.allow { "but" } else { "only" }, found.lines.join(", ")),
            Err(why) => why,
        }
    }

    #[test]
    fn the_last_rule_decides() {
        assert_eq!(told(&[]), "only ");
        assert_eq!(told(&["+c 1:3 rw", "+c 1:3 m", "+a *:* m"]), "only b *:* m, c *:* m, c 1:3 rwm");
        assert_eq!(told(&["+c 1:3 rwm", "-c 1:3 w"]), "only c 1:3 rm");
        assert_eq!(told(&["-c 1:3 w", "+c 1:3 rwm"]), "only c 1:3 rwm");
        assert_eq!(told(&["+c 1:3 rw", "+c 1:5 rw", "-c 1:* w"]), "only c 1:3 r, c 1:5 r");
        assert_eq!(told(&["+c 1:3 rw", "+b 8:0 r", "-a *:* rwm", "+c 1:7 r"]), "only c 1:7 r");
        assert_eq!(told(&["+c 1:3 r", "+a *:* rwm", "-b *:* w", "-c 1:1 rw", "+c 1:1 r"]), "but b *:* w, c 1:1 w");
        // What v1 would ignore.
        let denied = "cgroup v1 cannot deny c 1:3 w, since another rule allows c *:* rw";
        assert_eq!(told(&["+c *:* rw", "-c 1:3 w"]), denied);
        let allowed = "cgroup v1 cannot allow c 1:3 r, since another rule denies c 1:* rwm";
        assert_eq!(told(&["+a *:* rwm", "-c 1:* rwm", "+c 1:3 r"]), allowed);
        assert_eq!(told(&["+c *:* m", "-c 1:3 rw", "-b 1:3 m"]), "only c *:* m");
    }
}
