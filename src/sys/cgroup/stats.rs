//! Resource usage and limit events of a cgroup, from the files of all its hierarchies. Figures of missing controllers
//! are left out.

use std::path::{Path, PathBuf};

use super::super::Result;
use super::limits::memory;
use super::{Group, below, file};

/// The figures of a cgroup; `None` where no controller counts them or no limit is set.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Stats {
    /// Bytes in use.
    pub memory: Option<u64>,
    /// The peak of bytes in use.
    pub memory_peak: Option<u64>,
    /// The limit in bytes.
    pub memory_limit: Option<u64>,
    /// Swap in use, in bytes.
    pub swap: Option<u64>,
    /// The swap limit in bytes.
    pub swap_limit: Option<u64>,
    /// Processes killed by the OOM killer.
    pub oom_kills: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Their limit.
    pub pids_limit: Option<u64>,
    /// Forks refused by the limit.
    pub pids_refused: Option<u64>,
    /// CPU time in seconds.
    pub cpu_seconds: Option<f64>,
    /// Periods in which the CPU limit throttled the cgroup.
    pub throttled: Option<u64>,
    /// Time it was throttled, in seconds.
    pub throttled_seconds: Option<f64>,
    /// Whether it or a cgroup below it has a process.
    pub populated: bool,
    /// Whether all its processes are frozen.
    pub frozen: bool,
}

impl Group {
    /// The figures. Errors: ENOENT if the cgroup does not exist.
    pub fn stats(&self) -> Result<Stats> {
        let homes: Vec<_> = self.homes().collect();
        if homes.is_empty() {
            return Err(self.missing());
        }
        let mut stats = Stats::default();
        for (mount, folder) in homes {
            if mount.unified {
                stats.unified(&folder)?;
                continue;
            }
            for controller in &mount.controllers {
                stats.v1(controller, &folder)?;
            }
            // Its base is v1: there is no cgroup.events to report whether it has processes.
            if self.layout.base() == mount {
                stats.populated = populated(&folder)?;
            }
        }
        Ok(stats)
    }
}

impl Stats {
    fn unified(&mut self, folder: &Path) -> Result<()> {
        let number = |name: &str| file::number(&folder.join(name));
        self.memory = number("memory.current")?;
        self.memory_peak = number("memory.peak")?;
        self.memory_limit = number("memory.max")?;
        self.swap = number("memory.swap.current")?;
        self.swap_limit = number("memory.swap.max")?;
        self.oom_kills = keyed(folder.join("memory.events"), "oom_kill")?;
        self.pids(folder)?;
        self.pids_refused = keyed(folder.join("pids.events"), "max")?;
        if let Some(stat) = file::read_if_there(&folder.join("cpu.stat"))? {
            self.cpu_seconds = file::keyed(&stat, "usage_usec").map(|n| n as f64 / 1e6);
            self.throttled = file::keyed(&stat, "nr_throttled");
            self.throttled_seconds = file::keyed(&stat, "throttled_usec").map(|n| n as f64 / 1e6);
        }
        let events = file::read(&folder.join("cgroup.events"))?;
        self.populated = file::keyed(&events, "populated") == Some(1);
        self.frozen = file::keyed(&events, "frozen") == Some(1);
        Ok(())
    }

    fn v1(&mut self, controller: &str, folder: &Path) -> Result<()> {
        match controller {
            "memory" => self.memory_v1(folder)?,
            "pids" => {
                self.pids(folder)?;
                self.pids_refused = keyed(folder.join("pids.events"), "max")?;
            }
            "cpu" => {
                let stat = file::read(&folder.join("cpu.stat"))?;
                self.throttled = file::keyed(&stat, "nr_throttled");
                self.throttled_seconds = file::keyed(&stat, "throttled_time").map(|n| n as f64 / 1e9);
            }
            "cpuacct" => {
                self.cpu_seconds = file::number(&folder.join("cpuacct.usage"))?.map(|n| n as f64 / 1e9);
            }
            "freezer" => {
                let state = file::read_if_there(&folder.join("freezer.state"))?;
                self.frozen |= state.is_some_and(|s| s.trim() == "FROZEN");
            }
            _ => {}
        }
        Ok(())
    }

    fn memory_v1(&mut self, folder: &Path) -> Result<()> {
        let number = |name: &str| file::number(&folder.join(name));
        self.memory = number("memory.usage_in_bytes")?;
        self.memory_peak = number("memory.max_usage_in_bytes")?;
        self.memory_limit = memory(&folder.join("memory.limit_in_bytes"))?;
        self.oom_kills = keyed(folder.join("memory.oom_control"), "oom_kill")?;
        // v1 counts and limits the sum of memory and swap.
        let less = |sum: Option<u64>, part: Option<u64>| Some(sum?.saturating_sub(part?));
        self.swap = less(number("memory.memsw.usage_in_bytes")?, self.memory);
        self.swap_limit = less(memory(&folder.join("memory.memsw.limit_in_bytes"))?, self.memory_limit);
        Ok(())
    }

    fn pids(&mut self, folder: &Path) -> Result<()> {
        self.pids = file::number(&folder.join("pids.current"))?;
        self.pids_limit = file::number(&folder.join("pids.max"))?;
        Ok(())
    }
}

fn keyed(path: PathBuf, key: &str) -> Result<Option<u64>> {
    Ok(file::read_if_there(&path)?.and_then(|text| file::keyed(&text, key)))
}

pub(super) fn populated(folder: &Path) -> Result<bool> {
    for folder in below(folder)?.iter().map(PathBuf::as_path).chain([folder]) {
        if !file::pids(folder)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
