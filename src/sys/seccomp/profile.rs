//! A profile in the JSON format of Docker and podman: the part that applies on this machine to a process with these
//! capabilities. Unknown content is refused with its position, since a filter that forbids less than it states is worse
//! than none. Lists count from 1.

use serde_json::Value;

use super::super::security::capabilities;
use super::action::{Actions, NOTIFY};
use super::calls::{ARCHES, Arch, NATIVE};
use super::flag;
use super::places::{Reader, Result, object, refuse, unknown};
use super::widths;

/// The result of reading a profile.
pub struct Profile {
    /// The action for a call without a rule.
    pub default: u32,
    /// The architectures, including the native one.
    pub arches: Vec<Arch>,
    /// The rules that apply here, in the profile's order.
    pub rules: Vec<Rule>,
    /// The flags with which the filter is to be loaded.
    pub flags: u64,
}

/// The action for some calls.
pub struct Rule {
    /// Their names; those that an architecture does not have are ignored.
    pub names: Vec<String>,
    /// The filter's return value.
    pub action: u32,
    /// Conditions on the arguments, all of which must hold.
    pub conditions: Vec<Condition>,
}

/// A test of one argument.
#[derive(PartialEq, Clone, Copy, Debug)]
pub struct Condition {
    /// The argument's index, from 0.
    pub index: u32,
    /// The comparison.
    pub op: Op,
    /// The value to compare with.
    pub value: u64,
    /// The number of bits that the kernel uses.
    pub bits: u32,
}

impl Condition {
    /// The condition limited to the bits that the call uses. A value that does not fit, possible only in a 32-bit call,
    /// is kept: the register's upper half is zero there.
    pub fn of_call(&self, arch: Arch, call: &str) -> Condition {
        let bits = widths::of(arch, call, self.index);
        widths::fit(self.value, bits).map_or(*self, |value| Condition { value, bits, ..*self })
    }
}

/// A comparison of an argument; unsigned.
#[derive(PartialEq, Clone, Copy, Debug)]
pub enum Op {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// These bits are equal to the value.
    Masked(u64),
}

/// The process for which a profile is evaluated.
pub struct Subject {
    /// The capabilities that the process may have, as a mask.
    pub caps: u64,
    /// The kernel's version, major and minor.
    pub kernel: (u32, u32),
    /// Whether an unknown call name is an error.
    pub strict: bool,
    /// Whether a supervisor answers calls with SCMP_ACT_NOTIFY.
    pub answered: bool,
}

/// The last two of them are for whoever gets the listener (runtime-spec).
const KEYS: &[&str] = &[
    "defaultAction",
    "defaultErrnoRet",
    "defaultErrno",
    "architectures",
    "archMap",
    "syscalls",
    "flags",
    "listenerPath",
    "listenerMetadata",
];
const CALL_KEYS: &[&str] = &["names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes"];
const ARG_KEYS: &[&str] = &["index", "value", "valueTwo", "op"];
const FILTER_KEYS: &[&str] = &["caps", "arches", "minKernel"];

/// A comparison and its value, of the two values of a condition.
type Compared = fn(u64, u64) -> (Op, u64);

const OPS: [(&str, Compared); 7] = [
    ("SCMP_CMP_NE", |value, _| (Op::NotEqual, value)),
    ("SCMP_CMP_LT", |value, _| (Op::Less, value)),
    ("SCMP_CMP_LE", |value, _| (Op::AtMost, value)),
    ("SCMP_CMP_EQ", |value, _| (Op::Equal, value)),
    ("SCMP_CMP_GE", |value, _| (Op::AtLeast, value)),
    ("SCMP_CMP_GT", |value, _| (Op::Greater, value)),
    ("SCMP_CMP_MASKED_EQ", |mask, value| (Op::Masked(mask), value)),
];

/// The names of the comparisons.
pub fn operators() -> impl Iterator<Item = &'static str> {
    OPS.into_iter().map(|(name, _)| name)
}

impl Profile {
    /// Reads a profile for a subject. The error is a message that starts with the position.
    pub fn read(value: &Value, subject: &Subject) -> Result<Profile> {
        let top = object(value, "profile")?;
        top.known(KEYS)?;
        let flags = flag::read(&top)?;
        let Some(default) = Actions::read(&top, "defaultAction", "defaultErrnoRet", "defaultErrno")? else {
            return refuse("profile", "defaultAction is missing");
        };
        subject.has_answer(&top.at("defaultAction"), default)?;
        let arches = arches(&top)?;
        let mut rules = Vec::new();
        for (place, item) in top.list("syscalls")? {
            let call = object(item, &place)?;
            call.known(CALL_KEYS)?;
            let holds = included(&call, subject, &arches)?;
            let rule = read_rule(&call, subject, &arches)?;
            // A rule with the default action needs no test, and must not hide a later rule.
            if holds && rule.first().is_some_and(|rule| rule.action != default) {
                rules.extend(rule);
            }
        }
        Ok(Profile { default, arches, rules, flags })
    }

    /// The filter's return value for a call that fails with this errno.
    pub fn errno(number: u32) -> u32 {
        Actions::errno_value(number)
    }

    /// Whether a call without a rule fails.
    pub fn default_is_errno(&self) -> bool {
        Actions::is_errno(self.default)
    }

    /// Whether a call without a rule is not executed.
    pub fn default_denies(&self) -> bool {
        Actions::denies(self.default)
    }
}

impl Subject {
    fn has_answer(&self, place: &str, action: u32) -> Result<()> {
        match action == NOTIFY && !self.answered {
            true => refuse(place, "SCMP_ACT_NOTIFY needs a supervisor that answers the calls"),
            false => Ok(()),
        }
    }
}

/// The names of the architectures.
pub fn architectures() -> Vec<String> {
    ARCHES.iter().map(|name| format!("SCMP_ARCH_{name}")).collect()
}

/// The native architecture, and others that the kernel also runs and the profile lists.
fn arches(top: &Reader<'_>) -> Result<Vec<Arch>> {
    let mut found = vec![NATIVE];
    let mut add = |place: String, value: &Value, counts: bool| -> Result<Option<Arch>> {
        let Some(name) = value.as_str() else { return refuse(&place, "it is not a string") };
        if !name.strip_prefix("SCMP_ARCH_").is_some_and(|name| ARCHES.contains(&name)) {
            let known = architectures();
            return refuse(&place, &unknown("architecture", name, known.iter().map(String::as_str)));
        }
        let arch = Arch::named(name);
        found.extend(arch.filter(|arch| counts && arch.is_sub()));
        Ok(arch)
    };
    for (place, item) in top.list("architectures")? {
        add(place, item, true)?;
    }
    for (place, item) in top.list("archMap")? {
        let entry = object(item, &place)?;
        entry.known(&["architecture", "subArchitectures"])?;
        let main = add(entry.at("architecture"), entry.get("architecture"), false)?;
        for (place, sub) in entry.list("subArchitectures")? {
            add(place, sub, main == Some(NATIVE))?;
        }
    }
    found.dedup();
    Ok(found)
}

/// Whether a rule's `includes` and `excludes` make it apply here.
fn included(call: &Reader<'_>, subject: &Subject, arches: &[Arch]) -> Result<bool> {
    let mut holds = true;
    for (key, wanted) in [("includes", true), ("excludes", false)] {
        if call.get(key).is_null() {
            continue;
        }
        let place = call.at(key);
        let filter = object(call.get(key), &place)?;
        filter.known(FILTER_KEYS)?;
        for (place, cap) in filter.list("caps")? {
            let name = cap.as_str().unwrap_or_default();
            let Some(bit) = capabilities::bit(name) else {
                return refuse(&place, &unknown("capability", name, capabilities::NAMES.into_iter()));
            };
            holds &= (subject.caps & bit != 0) == wanted;
        }
        let mut listed = filter.list("arches")?.peekable();
        if listed.peek().is_some() {
            let named: Vec<&str> = listed.filter_map(|(_, arch)| arch.as_str()).collect();
            holds &= arches.iter().take(1).any(|arch| named.contains(&arch.word())) == wanted;
        }
        if let Some(version) = filter.text("minKernel")? {
            let Some(least) = kernel(version) else {
                return refuse(&filter.at("minKernel"), "it is not a version such as 4.8");
            };
            holds &= (subject.kernel >= least) == wanted;
        }
    }
    Ok(holds)
}

/// "6.1.0-13-amd64" as (6, 1).
pub fn kernel(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn read_rule(call: &Reader<'_>, subject: &Subject, arches: &[Arch]) -> Result<Vec<Rule>> {
    let Some(action) = Actions::read(call, "action", "errnoRet", "errno")? else {
        return refuse(&call.place, "it has no action");
    };
    subject.has_answer(&call.at("action"), action)?;
    let names = names(call)?;
    if subject.strict
        && let Some((place, name)) =
            names.iter().find(|(_, name)| arches.iter().all(|arch| arch.number(name).is_none()))
    {
        return refuse(place, &unknown("system call", name, NATIVE.calls().into_iter()));
    }
    let names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
    let conditions =
        call.list("args")?.map(|(place, arg)| condition(&object(arg, &place)?, &names)).collect::<Result<Vec<_>>>()?;
    let twice = conditions.iter().enumerate().any(|(i, a)| conditions[..i].iter().any(|b| a.index == b.index));
    // Two tests of one argument become two rules, like in runc: one of them is enough.
    let split = if twice { conditions.chunks(1).map(<[_]>::to_vec).collect() } else { vec![conditions] };
    Ok(split.into_iter().map(|conditions| Rule { names: names.clone(), action, conditions }).collect())
}

fn names(call: &Reader<'_>) -> Result<Vec<(String, String)>> {
    let mut names: Vec<(String, String)> =
        call.text("name")?.map(|n| (call.at("name"), n.to_owned())).into_iter().collect();
    for (place, name) in call.list("names")? {
        match name.as_str() {
            Some(name) => names.push((place, name.to_owned())),
            None => return refuse(&place, "it is not a string"),
        }
    }
    if names.is_empty() { refuse(&call.place, "it contains no system call names") } else { Ok(names) }
}

fn condition(arg: &Reader<'_>, names: &[String]) -> Result<Condition> {
    arg.known(ARG_KEYS)?;
    let Some(index) = arg.number("index")?.and_then(|n| u32::try_from(n).ok()).filter(|n| *n < 6) else {
        return refuse(&arg.at("index"), "it is not a number from 0 to 5");
    };
    let value = arg.number("value")?.unwrap_or_default();
    let second = arg.number("valueTwo")?.unwrap_or_default();
    let name = arg.text("op")?.unwrap_or_default();
    let Some((_, compared)) = OPS.iter().find(|(known, _)| *known == name) else {
        return refuse(&arg.at("op"), &unknown("operator", name, operators()));
    };
    let (op, value) = compared(value, second);
    for name in names {
        let bits = widths::of(NATIVE, name, index);
        if widths::fit(value, bits).is_none() {
            return refuse(&arg.at("value"), &format!("{value} has more than the {bits} bits that {name} uses"));
        }
    }
    Ok(Condition { index, op, value, bits: 64 })
}
