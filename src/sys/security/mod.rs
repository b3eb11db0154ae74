//! Security of a process: its capabilities, and Landlock.

pub mod capabilities;
pub mod landlock;
