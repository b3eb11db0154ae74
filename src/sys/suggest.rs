//! Suggestions for misspelt words.

/// The candidate closest to `word`, if it is similar enough.
pub fn did_you_mean<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|c| (similarity(word, c), c))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// From 0 to 1. One wrong, missing, additional or swapped letter is similar, also in a short word such as `rnu`.
fn similarity(word: &str, candidate: &str) -> f64 {
    let score = strsim::jaro_winkler(word, candidate);
    match candidate.len().max(word.len()) > 2 && strsim::osa_distance(word, candidate) == 1 {
        true => 0.9 + score / 10.0,
        false => score,
    }
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn short_words_and_long_ones() {
        let suggest = |word| did_you_mean(word, ["run", "rm", "logs", "network", "restart"].into_iter());
        assert_eq!(suggest("rnu"), Some("run"));
        assert_eq!(suggest("rnn"), Some("run"));
        assert_eq!(suggest("lgos"), Some("logs"));
        assert_eq!(suggest("netwrok"), Some("network"));
        assert_eq!(suggest("images"), None);
        assert_eq!(suggest("xx"), None);
        // The closest one, whatever their order; one wrong letter of two is another word.
        for names in [["stop", "start"], ["start", "stop"]] {
            assert_eq!(did_you_mean("stpo", names.into_iter()), Some("stop"));
            assert_eq!(did_you_mean("strat", names.into_iter()), Some("start"));
        }
        assert_eq!(did_you_mean("prs", ["port", "ps"].into_iter()), Some("ps"));
        assert_eq!(did_you_mean("rx", ["rm"].into_iter()), None);
    }
}
