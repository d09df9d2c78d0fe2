//! Which processes belong to a container, told by their pid namespace.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The namespace of a kind a process is in.
pub(crate) fn namespace(pid: u32, kind: &str) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/{kind}"))
}

/// The processes of the container whose first process is `pid`: all of its pid namespace, or, where that
/// is shared with others, those that descend from it.
pub(crate) fn members(pid: u32) -> io::Result<Vec<u32>> {
    if !leads_namespace(pid) {
        return Ok(descendants(pid));
    }
    let namespace = namespace(pid, "pid")?;
    let entries = fs::read_dir("/proc")?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter(|member| self::namespace(*member, "pid").is_ok_and(|its| its == namespace)).collect())
}

/// It is PID 1 of its own namespace: the last number of NSpid (proc_pid_status(5)) is 1.
fn leads_namespace(pid: u32) -> bool {
    let status = fs::read(format!("/proc/{pid}/status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_ascii_whitespace().next_back() == Some("1"))
}

fn descendants(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let children: Vec<u32> = lists
            .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
            .collect();
        // A pid that came back during the walk must not lead it in a circle.
        let new: Vec<u32> = children.into_iter().filter(|child| !found.contains(child)).collect();
        found.extend(new);
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_shared_namespace_only_descendants_count() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let own = std::process::id();
        let found = members(own).unwrap();
        assert!(found.contains(&own) && found.contains(&child.id()));
        assert_eq!(members(child.id()).unwrap(), [child.id()]);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
