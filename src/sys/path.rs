//! Paths below a root, resolved by descriptor (openat2(2)).
