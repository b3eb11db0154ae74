//! What a process may do: its capabilities, and what Landlock leaves it.

pub mod capabilities;
pub mod landlock;
