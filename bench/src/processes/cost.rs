use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Linux tells programs of ticks of a hundredth of a second, whatever its own are.
const TICK_MILLIS: u64 = 10;

/// The processor time that the processes and all their descendants have used, user and system (`/proc/PID/stat`), in steps of a
/// clock tick, which is 10 ms.
#[must_use]
pub fn cpu_time(pids: &[u32]) -> Duration {
    let all = processes();
    let mut wanted = pids.to_vec();
    let mut ticks = 0;
    let mut seen = BTreeSet::new();
    while let Some(pid) = wanted.pop() {
        if !seen.insert(pid) {
            continue;
        }
        ticks += all.get(&pid).map_or(0, |process| process.ticks);
        let children = all.iter().filter(|(_, process)| process.parent == pid);
        wanted.extend(children.map(|(child, _)| child));
    }
    Duration::from_millis(ticks * TICK_MILLIS)
}

/// The processor time that anybody has used on any core since the system started, and what a hypervisor kept from it (`/proc/stat`).
#[must_use]
pub fn machine_cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = stat.lines().next().unwrap_or_default();
    let numbers = all
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or(0));
    let ticks: Vec<u64> = numbers.collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is contained in these.
    let busy = ticks.iter().take(8).sum::<u64>();
    let idle = ticks.iter().skip(3).take(2).sum::<u64>();
    Duration::from_millis((busy - idle) * TICK_MILLIS)
}

/// The memory of a process that is in RAM; 0 if it has ended.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

struct Process {
    parent: u32,
    ticks: u64,
}

fn processes() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may contain anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let parent = u32::try_from(number(1)?).ok()?;
        let ticks = number(11)? + number(12)?;
        Some((pid, Process { parent, ticks }))
    })
    .collect()
}
