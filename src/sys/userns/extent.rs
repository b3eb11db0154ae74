//! A line of a user namespace's map (user_namespaces(7)).

/// The maximum number of lines in a map (user_namespaces(7), kernel 4.15).
pub const MOST: usize = 340;

/// A range of ids: `count` of them, from `inside` in the namespace and from `outside` in the caller's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// The first id in the namespace.
    pub inside: u32,
    /// The first id in the caller's namespace.
    pub outside: u32,
    /// The number of ids.
    pub count: u32,
}

impl Extent {
    pub(super) fn line(self) -> String {
        format!("{} {} {}\n", self.inside, self.outside, self.count)
    }
}
