//! Resource usage and limit events of a cgroup, from the files of all its hierarchies. Figures of missing controllers
//! are left out.

use std::path::{Path, PathBuf};

use super::super::{Error, Result};
use super::limits::memory;
use super::{Group, Mount, below, file};

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
    /// The peak of `pids` (kernel 6.1).
    pub pids_peak: Option<u64>,
    /// CPU time in seconds.
    pub cpu_seconds: Option<f64>,
    /// The part of it in user mode.
    pub user_seconds: Option<f64>,
    /// The part of it in the kernel.
    pub system_seconds: Option<f64>,
    /// Bytes read from block devices.
    pub read_bytes: Option<u64>,
    /// Bytes written to block devices.
    pub write_bytes: Option<u64>,
    /// Read operations of block devices.
    pub reads: Option<u64>,
    /// Write operations of block devices.
    pub writes: Option<u64>,
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
    /// Where it exists. Errors: ENOENT if that is nowhere.
    fn found_homes(&self) -> Result<Vec<(&Mount, PathBuf)>> {
        let homes: Vec<_> = self.homes().collect();
        if homes.is_empty() { Err(self.missing()) } else { Ok(homes) }
    }

    /// The figures. Errors: ENOENT if the cgroup does not exist.
    pub fn stats(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        for (mount, folder) in self.found_homes()? {
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

    /// Only what accumulates, and stays after the processes have ended: peaks, CPU time, I/O, OOM kills. It reads a third
    /// of the files. Errors: ENOENT if the cgroup does not exist.
    pub fn totals(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        for (mount, folder) in self.found_homes()? {
            if mount.unified {
                stats.totals_v2(&folder)?;
            }
            for controller in mount.controllers.iter().filter(|_| !mount.unified) {
                match controller.as_str() {
                    "memory" => {
                        stats.memory_peak = file::number(&folder.join("memory.max_usage_in_bytes"))?;
                        stats.oom_kills = keyed(folder.join("memory.oom_control"), "oom_kill")?;
                    }
                    "pids" => stats.pids_peak = file::number(&folder.join("pids.peak"))?,
                    "cpuacct" | "blkio" => stats.v1(controller, &folder)?,
                    _ => {}
                }
            }
        }
        Ok(stats)
    }
}

impl Stats {
    fn totals_v2(&mut self, folder: &Path) -> Result<()> {
        self.memory_peak = file::number(&folder.join("memory.peak"))?;
        self.oom_kills = keyed(folder.join("memory.events"), "oom_kill")?;
        self.pids_peak = file::number(&folder.join("pids.peak"))?;
        self.times_v2(folder)
    }

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
        self.times_v2(folder)?;
        let events = file::read(&folder.join("cgroup.events"))?;
        self.populated = file::keyed(&events, "populated") == Some(1);
        self.frozen = file::keyed(&events, "frozen") == Some(1);
        Ok(())
    }

    fn times_v2(&mut self, folder: &Path) -> Result<()> {
        if let Some(stat) = file::read_if_there(&folder.join("cpu.stat"))? {
            let seconds = |key: &str| file::keyed(&stat, key).map(|n| n as f64 / 1e6);
            self.cpu_seconds = seconds("usage_usec");
            self.user_seconds = seconds("user_usec");
            self.system_seconds = seconds("system_usec");
            self.throttled = file::keyed(&stat, "nr_throttled");
            self.throttled_seconds = seconds("throttled_usec");
        }
        if let Some(stat) = file::read_if_there(&folder.join("io.stat"))? {
            self.io_v2(&stat);
        }
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
                let seconds = |name: &str| Ok::<_, Error>(file::number(&folder.join(name))?.map(|n| n as f64 / 1e9));
                self.cpu_seconds = seconds("cpuacct.usage")?;
                self.user_seconds = seconds("cpuacct.usage_user")?;
                self.system_seconds = seconds("cpuacct.usage_sys")?;
            }
            "blkio" => {
                let sums = |name: &str| {
                    let text = file::read_if_there(&folder.join(format!("blkio.throttle.{name}_recursive")))?;
                    Ok::<_, Error>(text.map(|text| (sum_v1(&text, "Read"), sum_v1(&text, "Write"))).unzip())
                };
                (self.read_bytes, self.write_bytes) = sums("io_service_bytes")?;
                (self.reads, self.writes) = sums("io_serviced")?;
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

    /// io.stat: a line `MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N …` for each device.
    fn io_v2(&mut self, stat: &str) {
        let sum = |key: &str| {
            let values = stat.split_ascii_whitespace().filter_map(|word| word.strip_prefix(key)?.strip_prefix('='));
            Some(values.filter_map(|value| value.parse::<u64>().ok()).sum())
        };
        (self.read_bytes, self.write_bytes) = (sum("rbytes"), sum("wbytes"));
        (self.reads, self.writes) = (sum("rios"), sum("wios"));
    }

    fn pids(&mut self, folder: &Path) -> Result<()> {
        self.pids = file::number(&folder.join("pids.current"))?;
        self.pids_peak = file::number(&folder.join("pids.peak"))?;
        self.pids_limit = file::number(&folder.join("pids.max"))?;
        Ok(())
    }
}

/// The sum over the devices of blkio's lines `MAJOR:MINOR KIND N`.
fn sum_v1(text: &str, kind: &str) -> u64 {
    let of_line = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(1);
        (words.next()? == kind).then(|| words.next()?.parse::<u64>().ok()).flatten()
    };
    text.lines().filter_map(of_line).sum()
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
