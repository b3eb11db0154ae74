//! Every parser of untrusted input accepts any bytes: no panic, no endless loop, and errors are
//! one sentence. Inputs are seeds from tests/corpus with random changes, and arbitrary bytes;
//! PROPTEST_CASES sets their number. Failing inputs are kept in the corpus.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bytes;
mod layers;
mod lua;
mod records;
mod seeds;
mod tables;
