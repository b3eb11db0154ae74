//! The registry as text: `tinylua doc`, `help()`, editor stubs, the reference manual.
