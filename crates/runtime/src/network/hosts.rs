//! Names of a network's members in their `/etc/hosts`.
//!
//! The file is the one in the container's directory that is mounted on `/etc/hosts`. It is changed in
//! place, by descriptor: a new file would not be seen through the mount. Only its lines can be written
//! from inside; lines that are not ours stay as they are.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags};

use super::leases::Lease;

/// Ends every line of ours.
const MARK: &str = "# plimsoll";
/// A file that a container has made larger than this is left alone.
const LIMIT: u64 = 256 << 10;

/// The lines a member of these networks gets: its own first. `own` is the container's id.
pub(super) fn lines(own: &str, networks: &[Vec<Lease>]) -> Vec<String> {
    let joined = networks.iter().filter(|leases| leases.iter().any(|lease| lease.container == own));
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for lease in joined.flatten() {
        let lines = if lease.container == own { &mut mine } else { &mut others };
        lines.push(format!("{}\t{}\t{MARK}", lease.address, lease.names.join(" ")));
    }
    mine.extend(others);
    mine
}

/// Put these lines in the place of ours in a file; nothing is done if it is not there.
pub(super) fn rewrite(path: &Path, lines: &[String]) -> io::Result<()> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        file => File::from(file?),
    };
    if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut old = Vec::new();
    (&file).take(LIMIT + 1).read_to_end(&mut old)?;
    if old.len() as u64 > LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let new = replaced(&old, lines);
    if new != old {
        file.write_all_at(&new, 0)?;
        file.set_len(new.len() as u64)?;
    }
    Ok(())
}

/// The text without our old lines and with the new ones.
fn replaced(old: &[u8], lines: &[String]) -> Vec<u8> {
    let is_ours = |line: &&[u8]| line.trim_ascii_end().ends_with(MARK.as_bytes());
    let mut new: Vec<u8> = Vec::new();
    for line in old.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_ours(line)) {
        new.extend_from_slice(line);
    }
    if !new.is_empty() && !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    for line in lines {
        new.extend_from_slice(line.as_bytes());
        new.push(b'\n');
    }
    new
}

/// What can stand in a hosts file without meaning anything else: letters, digits, `_`, `.`, `-`.
pub(super) fn is_host_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process_id::ProcessId;

    fn lease(last: u8, container: &str, names: &[&str]) -> Lease {
        Lease {
            address: [10, 9, 0, last].into(),
            container: container.into(),
            names: names.iter().map(|name| (*name).to_string()).collect(),
            interface: "eth0".into(),
            cable: "pv-0".into(),
            monitor: ProcessId { pid: 1, start: 1 },
            boot_id: String::new(),
        }
    }

    #[test]
    fn a_member_finds_itself_and_those_in_its_own_networks() {
        let networks = [
            vec![lease(2, "web", &["web"]), lease(3, "db", &["db", "sql"])],
            vec![lease(4, "cron", &["cron"])],
            vec![lease(5, "db", &["db"]), lease(6, "web", &["web"])],
        ];
        let lines = lines("web", &networks);
        let addresses: Vec<_> = lines.iter().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(addresses, ["10.9.0.2", "10.9.0.6", "10.9.0.3", "10.9.0.5"]);
        assert_eq!(lines[2], "10.9.0.3\tdb sql\t# plimsoll");
        assert!(super::lines("nobody", &networks).is_empty());
    }

    #[test]
    fn only_lines_of_ours_are_replaced_and_the_file_stays_the_same_one() {
        use std::os::unix::fs::MetadataExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts");
        std::fs::write(&path, "127.0.0.1\tlocalhost\n10.0.0.1\told\t# plimsoll\n1.2.3.4\tadded").unwrap();
        let inode = std::fs::metadata(&path).unwrap().ino();
        rewrite(&path, &["10.9.0.2\tweb\t# plimsoll".into()]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "127.0.0.1\tlocalhost\n1.2.3.4\tadded\n10.9.0.2\tweb\t# plimsoll\n");
        rewrite(&path, &[]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "127.0.0.1\tlocalhost\n1.2.3.4\tadded\n");
        assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
    }

    #[test]
    fn links_devices_and_large_files_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (directory.path().join("target"), directory.path().join("link"));
        std::fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(rewrite(&link, &["x".into()]).is_err());
        std::fs::write(&target, vec![b'\n'; LIMIT as usize + 1]).unwrap();
        assert!(rewrite(&target, &["x".into()]).is_err());
        assert_eq!(std::fs::metadata(&target).unwrap().len(), LIMIT + 1);
        rewrite(&directory.path().join("nothing"), &["x".into()]).unwrap();
    }

    #[test]
    fn names_that_would_be_more_than_a_name() {
        for name in ["web", "a-b.c_d", "0"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in ["", "a b", "a\nb", "a#b", "a\tb", "é"] {
            assert!(!is_host_name(name), "{name}");
        }
    }
}
