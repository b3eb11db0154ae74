//! From a profile to a filter: one block per architecture, containing a binary search over ranges of call numbers with
//! the same result, and at its leaves the tests of the arguments.

use std::collections::BTreeMap;

use super::bpf::{Insn, MOST, Test, branch};
use super::calls::{Arch, NATIVE};
use super::profile::{Condition, Op, Profile};

/// Offsets in struct seccomp_data (seccomp(2)).
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

/// From this number on, calls belong to the x32 ABI.
const X32: u32 = 0x4000_0000;

const ENOSYS: u32 = 38;

/// The result for one call: the first rule whose conditions hold, else the default.
#[derive(Default, PartialEq, Clone)]
struct Decision {
    rules: Vec<(Vec<Condition>, u32)>,
    always: Option<u32>,
}

/// Compiles a profile. The error is a message for the user.
pub fn compile(profile: &Profile) -> Result<Vec<Insn>, String> {
    // The default for architectures without a block: their calls are never allowed.
    let foreign = if profile.default_denies() { profile.default } else { Profile::errno(ENOSYS) };
    let mut program = vec![Insn::ret(foreign)];
    for arch in profile.arches.iter().filter(|arch| arch.is_sub()) {
        program = branch(Test::Equal, arch.audit(), &block(profile, *arch), program);
    }
    let mut native = vec![Insn::load(NUMBER)];
    let calls = search(&ranges(profile, NATIVE), profile.default);
    match NATIVE {
        Arch::X86_64 => native.extend(branch(Test::AtLeast, X32, &[Insn::ret(foreign)], calls)),
        _ => native.extend(calls),
    }
    program = branch(Test::Equal, NATIVE.audit(), &native, program);
    program.insert(0, Insn::load(ARCH));
    match program.len() {
        0..=MOST => Ok(program),
        length => Err(format!("the filter has {length} instructions; the kernel accepts at most {MOST}")),
    }
}

fn block(profile: &Profile, arch: Arch) -> Vec<Insn> {
    let mut block = vec![Insn::load(NUMBER)];
    block.extend(search(&ranges(profile, arch), profile.default));
    block
}

/// The first number of each range and its result; the first range starts at 0.
fn ranges(profile: &Profile, arch: Arch) -> Vec<(u32, Decision)> {
    let mut decisions: BTreeMap<u32, Decision> = BTreeMap::new();
    for rule in &profile.rules {
        for (name, number) in rule.names.iter().filter_map(|name| Some((name, arch.number(name)?))) {
            let decision = decisions.entry(number).or_default();
            // Like libseccomp: a rule without conditions replaces those with conditions, and the first of its kind
            // applies.
            match rule.conditions.is_empty() {
                true => drop(decision.always.get_or_insert(rule.action)),
                false => {
                    let conditions = rule.conditions.iter().map(|c| c.of_call(arch, name)).collect();
                    decision.rules.push((conditions, rule.action));
                }
            }
        }
    }
    // A call newer than all calls in the profile returns ENOSYS, so that a C library uses its fallback; it would treat
    // EPERM as final (runc does the same).
    let beyond = if profile.default_is_errno() { Profile::errno(ENOSYS) } else { profile.default };
    let mut found = vec![(0, Decision::default())];
    for (number, mut decision) in decisions {
        if decision.always.is_some() {
            decision.rules.clear();
        }
        // The gap before it is empty.
        found.pop_if(|last| last.0 == number);
        found.push((number, decision));
        found.push((number + 1, Decision::default()));
    }
    if let Some(last) = found.last_mut().filter(|last| last.0 > 0) {
        last.1.always = Some(beyond);
    }
    found.dedup_by(|next, range| next.1 == range.1);
    found
}

fn search(ranges: &[(u32, Decision)], default: u32) -> Vec<Insn> {
    match ranges {
        [] => vec![Insn::ret(default)],
        [(_, decision)] => decide(decision, default),
        _ => {
            let (left, right) = ranges.split_at(ranges.len() / 2);
            branch(Test::AtLeast, right[0].0, &search(right, default), search(left, default))
        }
    }
}

fn decide(decision: &Decision, default: u32) -> Vec<Insn> {
    let mut block = Vec::new();
    for (conditions, action) in &decision.rules {
        block.extend(rule(conditions, *action));
    }
    block.push(Insn::ret(decision.always.unwrap_or(default)));
    block
}

/// The target of a test of a condition.
#[derive(Clone, Copy)]
enum Go {
    /// The next instruction.
    On,
    /// The condition holds: after it.
    Holds,
    /// It does not hold: after the whole rule.
    Fails,
}

/// The tests of all conditions, then the action; a failed condition jumps past it.
fn rule(conditions: &[Condition], action: u32) -> Vec<Insn> {
    let mut block = vec![Insn::ret(action)];
    for condition in conditions.iter().rev() {
        let steps = steps(condition);
        let mut tests = Vec::with_capacity(steps.len() + block.len());
        for (i, step) in steps.iter().enumerate() {
            let left = steps.len() - 1 - i;
            // At most six conditions of six steps each: far below the 255 of a jump.
            let over = |go: Go| match go {
                Go::On => 0,
                Go::Holds => left as u8,
                Go::Fails => (left + block.len()) as u8,
            };
            tests.push(match *step {
                Step::Plain(insn) => insn,
                Step::Test(test, k, yes, no) => Insn::jump(test, k, over(yes), over(no)),
            });
        }
        tests.append(&mut block);
        block = tests;
    }
    block
}

enum Step {
    Plain(Insn),
    Test(Test, u32, Go, Go),
}

/// The offsets of an argument's halves, the lower one first.
fn places(index: u32) -> (u32, u32) {
    let low = ARGS + 8 * index;
    if cfg!(target_endian = "little") { (low, low + 4) } else { (low + 4, low) }
}

/// The steps of a condition on an argument of at most 32 bits.
fn narrow(condition: &Condition) -> Vec<Step> {
    use Go::{Fails, On};
    let (value, taken) = (condition.value as u32, u32::MAX >> (32 - condition.bits));
    let (mask, test, yes, no) = match condition.op {
        Op::Equal => (taken, Test::Equal, On, Fails),
        Op::NotEqual => (taken, Test::Equal, Fails, On),
        Op::Masked(mask) => (taken & mask as u32, Test::Equal, On, Fails),
        Op::Greater => (taken, Test::Greater, On, Fails),
        Op::AtLeast => (taken, Test::AtLeast, On, Fails),
        Op::Less => (taken, Test::AtLeast, Fails, On),
        Op::AtMost => (taken, Test::Greater, Fails, On),
    };
    let mut steps = vec![Step::Plain(Insn::load(places(condition.index).0))];
    if mask != u32::MAX {
        steps.push(Step::Plain(Insn::and(mask)));
    }
    steps.push(Step::Test(test, value, yes, no));
    steps
}

/// The steps of one condition. An argument has 64 bits and BPF loads 32: for a wide one the upper half is compared
/// first.
fn steps(condition: &Condition) -> Vec<Step> {
    use Go::{Fails, Holds, On};
    if condition.bits < 64 {
        return narrow(condition);
    }
    let (low, high) = places(condition.index);
    let halves = |value: u64| ((value >> 32) as u32, value as u32);
    let (upper, lower) = halves(condition.value);
    let load = |offset| Step::Plain(Insn::load(offset));
    let order = |yes, no, test, low_yes, low_no| {
        vec![
            load(high),
            Step::Test(Test::Greater, upper, yes, On),
            Step::Test(Test::Equal, upper, On, no),
            load(low),
            Step::Test(test, lower, low_yes, low_no),
        ]
    };
    match condition.op {
        Op::Equal => vec![
            load(high),
            Step::Test(Test::Equal, upper, On, Fails),
            load(low),
            Step::Test(Test::Equal, lower, On, Fails),
        ],
        Op::NotEqual => vec![
            load(high),
            Step::Test(Test::Equal, upper, On, Holds),
            load(low),
            Step::Test(Test::Equal, lower, Fails, On),
        ],
        Op::Masked(mask) => {
            let (mask_upper, mask_lower) = halves(mask);
            vec![
                load(high),
                Step::Plain(Insn::and(mask_upper)),
                Step::Test(Test::Equal, upper, On, Fails),
                load(low),
                Step::Plain(Insn::and(mask_lower)),
                Step::Test(Test::Equal, lower, On, Fails),
            ]
        }
        Op::Greater => order(Holds, Fails, Test::Greater, On, Fails),
        Op::AtLeast => order(Holds, Fails, Test::AtLeast, On, Fails),
        Op::Less => order(Fails, Holds, Test::AtLeast, Fails, On),
        Op::AtMost => order(Fails, Holds, Test::Greater, Fails, On),
    }
}
