//! Every parser of foreign input takes whatever bytes come: no panic, no endless work, and what it
//! refuses it refuses in one sentence. Inputs are seeds from tests/corpus with random damage, and
//! arbitrary ones; PROPTEST_CASES says how many. What was found stays in the corpus.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bytes;
mod lua;
mod records;
mod seeds;
mod tables;
