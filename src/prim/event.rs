//! Waiting for events.

use crate::vm::registry::Primitive;

/// The family's entries.
pub const FAMILY: &[Primitive] = &[];
