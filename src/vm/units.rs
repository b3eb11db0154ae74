//! The parser of units: sizes, rates, durations, addresses. Rust and Lua (`tiny.parse`) both use it.

use std::net::IpAddr;

/// Bytes of a size such as "128m", "1.5g", "64KiB" or "4096". Multiples are binary, as in docker,
/// podman and systemd; case does not matter.
pub fn size(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is not a size; write bytes or a number with k, m, g or t: \"128m\"");
    let lower = text.trim().to_ascii_lowercase();
    let split = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, suffix) = lower.split_at(split);
    let shift = match suffix {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(bad()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift).filter(|n| *n <= i64::MAX as u64).ok_or_else(bad);
    }
    let value = number.parse::<f64>().map_err(|_| bad())? * (1u64 << shift) as f64;
    if value.is_finite() && value < i64::MAX as f64 { Ok(value as u64) } else { Err(bad()) }
}

/// Bits per second of a rate such as "10mbit", "512kbit", "1.5gbit" or "8000". Multiples are decimal,
/// as usual for rates.
pub fn rate(text: &str) -> Result<u64, String> {
    let bad =
        || format!("{text:?} is not a rate; write bits per second or a number with kbit, mbit or gbit: \"10mbit\"");
    let lower = text.trim().to_ascii_lowercase();
    let split = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, suffix) = lower.split_at(split);
    let factor = match suffix {
        "" | "bit" => 1.0,
        "kbit" => 1e3,
        "mbit" => 1e6,
        "gbit" => 1e9,
        "tbit" => 1e12,
        _ => return Err(bad()),
    };
    let value = number.parse::<f64>().map_err(|_| bad())? * factor;
    if value.is_finite() && value < i64::MAX as f64 { Ok(value as u64) } else { Err(bad()) }
}

/// Seconds of a duration such as "10s", "500ms", "1m30s", "2h" or "1.5".
pub fn duration(text: &str) -> Result<f64, String> {
    let bad = || format!("{text:?} is not a duration; write seconds or a number with ms, s, m, h or d: \"10s\"");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let value: f64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += value
            * match &rest[..letters] {
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "" | "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return Err(bad()),
            };
        rest = &rest[letters..];
    }
    Ok(total)
}

/// An address with its prefix length: "10.10.0.2/24", "fd00::2/64".
pub fn cidr(text: &str) -> Result<(IpAddr, u8), String> {
    let bad = || format!("{text:?} is not an address in CIDR form, such as \"10.10.0.2/24\"");
    let (addr, prefix) = text.split_once('/').ok_or_else(bad)?;
    let addr: IpAddr = addr.parse().map_err(|_| bad())?;
    let prefix: u8 = prefix.parse().map_err(|_| bad())?;
    let most = if addr.is_ipv4() { 32 } else { 128 };
    if prefix > most {
        return Err(format!("{text:?}: a prefix length is at most {most}"));
    }
    Ok((addr, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("128m"), Ok(128 << 20));
        assert_eq!(size("1.5G"), Ok(3 << 29));
        assert_eq!(size("64KiB"), Ok(64 << 10));
        assert_eq!(size("2g"), Ok(2 << 30));
        assert_eq!(size("3TiB"), Ok(3 << 40));
        assert_eq!(size("7b"), Ok(7));
        assert_eq!(size("0"), Ok(0));
        for bad in ["", "x", "1x", "-1", "1e9", "9999999t", "1.2.3m", "m"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates() {
        assert_eq!(rate("10mbit"), Ok(10_000_000));
        assert_eq!(rate("512Kbit"), Ok(512_000));
        assert_eq!(rate("1.5gbit"), Ok(1_500_000_000));
        assert_eq!(rate("2tbit"), Ok(2_000_000_000_000));
        assert_eq!(rate("8000"), Ok(8000));
        for bad in ["", "bit", "10m", "10mb", "-1mbit", "1e3", "9999999999tbit"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("10s"), Ok(10.0));
        assert_eq!(duration("500ms"), Ok(0.5));
        assert_eq!(duration("1m30s"), Ok(90.0));
        assert_eq!(duration("2h"), Ok(7200.0));
        assert_eq!(duration("1d1h"), Ok(90_000.0));
        assert_eq!(duration("250us"), duration("250µs"));
        assert!(duration("250us").is_ok_and(|seconds| (seconds - 0.00025).abs() < 1e-9));
        assert_eq!(duration("2"), Ok(2.0));
        for bad in ["", "s", "1y", "-1s", "1s-2s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(cidr("10.0.0.1/8"), Ok(("10.0.0.1".parse().expect("an address"), 8)));
        assert!(cidr("fd00::1/64").is_ok());
        assert!(cidr("10.0.0.1/32").is_ok() && cidr("fd00::1/128").is_ok() && cidr("0.0.0.0/0").is_ok());
        for bad in ["10.0.0.1", "10.0.0.1/33", "x/8", "10.0.0.1/", "fd00::/129"] {
            assert!(cidr(bad).is_err(), "{bad}");
        }
    }
}
