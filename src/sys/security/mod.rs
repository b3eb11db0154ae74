//! What a process may do: its capabilities.

pub mod capabilities;
