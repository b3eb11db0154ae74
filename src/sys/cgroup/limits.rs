//! Limits. `None` means unlimited. Each value is read back, since the kernel rounds and clamps silently. The binding
//! validates the arguments; this layer only reports the kernel's errors.

use std::path::Path;

use nix::errno::Errno;

use super::super::{Error, Result};
use super::{Group, file};

/// The minimum and maximum period of a CPU limit in microseconds; the quota has the same minimum (kernel/sched/core.c,
/// min_cfs_quota_period).
pub const PERIOD_RANGE: (u64, u64) = (1_000, 1_000_000);

impl Group {
    /// Limits memory to a number of bytes, rounded down to whole pages. Errors: EBUSY on v1 if more is in use and
    /// cannot be reclaimed; v2 kills instead.
    pub fn set_memory_limit(&self, bytes: Option<u64>) -> Result<()> {
        let folder = self.provide("memory")?;
        if folder.join("memory.max").exists() {
            return write_memory(&folder.join("memory.max"), bytes);
        }
        let limit = folder.join("memory.limit_in_bytes");
        let both = folder.join("memory.memsw.limit_in_bytes");
        let old = memory(&limit)?;
        // v1 limits memory and memory + swap, and the second must not be below the first. The swap allowance is kept,
        // so the order of the two writes depends on the direction.
        let swap = match (memory(&both)?, old) {
            (Some(both), Some(old)) => both.checked_sub(old),
            _ => None,
        };
        let Some(swap) = swap else { return write_memory(&limit, bytes).map_err(|e| in_use(e, &folder)) };
        let sum = bytes.map(|b| b.saturating_add(swap));
        if bytes.unwrap_or(u64::MAX) > old.unwrap_or(u64::MAX) {
            write_memory(&both, sum)?;
            return write_memory(&limit, bytes);
        }
        write_memory(&limit, bytes).and_then(|()| write_memory(&both, sum)).map_err(|e| in_use(e, &folder))
    }

    /// Limits swap to a number of bytes in addition to the memory limit. Errors: EINVAL on v1 without a memory limit,
    /// ENOENT on a kernel without swap accounting.
    pub fn set_swap_limit(&self, bytes: Option<u64>) -> Result<()> {
        let folder = self.provide("memory")?;
        let (swap, both) = (folder.join("memory.swap.max"), folder.join("memory.memsw.limit_in_bytes"));
        if swap.exists() {
            return write_memory(&swap, bytes);
        }
        if !both.exists() {
            return Err(Error::new(Errno::ENOENT)
                .with_path(if folder.join("memory.max").exists() { swap } else { both })
                .with_detail("the kernel does not account swap")
                .with_hint("boot with swapaccount=1, on a kernel with CONFIG_SWAP"));
        }
        match (memory(&folder.join("memory.limit_in_bytes"))?, bytes) {
            (_, None) => write_memory(&both, None),
            (Some(limit), Some(bytes)) => write_memory(&both, Some(limit.saturating_add(bytes))),
            (None, Some(_)) => Err(Error::new(Errno::EINVAL)
                .with_path(both)
                .with_detail("cgroup v1 limits the sum of memory and swap, and memory has no limit here")
                .with_hint("call tiny.set_memory_limit first")),
        }
    }

    /// Limits CPU time to `cpus` processors in every period of that many microseconds; without `period` the cgroup's
    /// period is kept (the default is 100 ms).
    pub fn set_cpu_limit(&self, cpus: Option<f64>, period: Option<u64>) -> Result<()> {
        let folder = self.provide("cpu")?;
        let max = folder.join("cpu.max");
        if max.exists() {
            let period = match period {
                Some(period) => period,
                None => file::read(&max)?.split_whitespace().nth(1).and_then(|p| p.parse().ok()).unwrap_or(100_000),
            };
            let quota = cpus.map(|cpus| quota(cpus, period, &max)).transpose()?;
            return file::write(&max, &format!("{} {period}", word(quota, "max")));
        }
        let (quota_path, period_path) = (folder.join("cpu.cfs_quota_us"), folder.join("cpu.cfs_period_us"));
        let old = file::number(&period_path)?.unwrap_or(100_000);
        let quota = cpus.map(|cpus| quota(cpus, period.unwrap_or(old), &quota_path)).transpose()?;
        if let Some(period) = period.filter(|p| *p != old) {
            // The kernel checks each write against the ancestors' ratio. The old quota with the new period could exceed
            // it, so the quota is removed first.
            file::write(&quota_path, "-1")?;
            file::write(&period_path, &period.to_string())?;
        }
        file::write(&quota_path, &word(quota, "-1"))
    }

    /// Limits the number of processes and threads. Existing ones above the limit keep running; forks fail.
    pub fn set_pids_limit(&self, count: Option<u64>) -> Result<()> {
        let folder = self.provide("pids")?;
        file::write(&folder.join("pids.max"), &word(count, "max"))
    }
}

/// The size of a page in bytes: memory is limited in whole pages.
pub fn page_size() -> u64 {
    use nix::unistd::{SysconfVar, sysconf};
    sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|n| u64::try_from(n).ok()).unwrap_or(4096)
}

/// A memory limit; v1 shows "unlimited" as the largest number of whole pages.
pub fn memory(path: &Path) -> Result<Option<u64>> {
    Ok(file::number(path)?.filter(|n| *n < i64::MAX as u64 / page_size() * page_size()))
}

fn write_memory(path: &Path, bytes: Option<u64>) -> Result<()> {
    let none = if path.to_string_lossy().ends_with("max") { "max" } else { "-1" };
    file::write(path, &word(bytes, none))?;
    let took = memory(path)?;
    if took == bytes.map(|b| b / page_size() * page_size()).filter(|b| *b < i64::MAX as u64 - page_size()) {
        return Ok(());
    }
    Err(Error::new(Errno::EINVAL)
        .with_path(path)
        .with_detail(format!("the kernel set {} bytes instead", word(took, "an unlimited number of"))))
}

fn word(value: Option<u64>, none: &str) -> String {
    value.map_or_else(|| none.to_owned(), |v| v.to_string())
}

fn quota(cpus: f64, period: u64, path: &Path) -> Result<u64> {
    let quota = (cpus * period as f64).round() as u64;
    if quota >= PERIOD_RANGE.0 {
        return Ok(quota);
    }
    Err(Error::new(Errno::EINVAL)
        .with_path(path)
        .with_detail(format!("{cpus} CPUs are {quota} µs per period of {period} µs; the kernel's minimum is 1000 µs"))
        .with_hint("a longer period (at most { period = \"1s\" }) allows a smaller share"))
}

fn in_use(error: Error, folder: &Path) -> Error {
    if error.errno != Errno::EBUSY {
        return error;
    }
    let usage = file::number(&folder.join("memory.usage_in_bytes")).ok().flatten().unwrap_or(0);
    error.with_detail(format!("{usage} bytes are in use and cannot be reclaimed")).with_hint(
        "cgroup v1 accepts no limit below the current usage: set the limit before the processes start, or end some of \
         them",
    )
}
