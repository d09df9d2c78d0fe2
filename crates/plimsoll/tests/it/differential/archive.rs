//! Archives for ADD, written as lines: `file PATH MODE UID:GID TEXT`, `dir PATH MODE UID:GID`,
//! `fifo PATH MODE UID:GID`, `symlink PATH MODE UID:GID TARGET`, `hardlink PATH MODE UID:GID FILE`.

use std::process::Command;

use tar::{EntryType, Header};

use crate::harness::finish;

/// The archive, compressed as said.
pub fn make(lines: &[String], compression: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for line in lines.iter().filter(|line| !line.is_empty()) {
        append(&mut tar, line);
    }
    let plain = tar.into_inner().expect("memory can be written");
    let program = match compression {
        "none" => return plain,
        "gz" => "gzip",
        "bz2" => "bzip2",
        "xz" => "xz",
        "zst" => "zstd",
        other => panic!("no compression is called '{other}'"),
    };
    let mut command = Command::new(program);
    command.arg("-c");
    finish(command, plain).ok().bytes.clone()
}

fn append(tar: &mut tar::Builder<Vec<u8>>, line: &str) {
    let words: Vec<&str> = line.splitn(5, ' ').collect();
    let [kind, path, mode, owner] = words[..4] else {
        panic!("an entry has a type, path, mode, owner: {line}")
    };
    let (uid, gid) = owner.split_once(':').expect("an owner is UID:GID");
    let rest = words.get(4).copied().unwrap_or_default();
    let mut header = Header::new_gnu();
    header.set_mtime(1_000_000_000);
    header.set_mode(u32::from_str_radix(mode, 8).expect("a mode is octal"));
    header.set_uid(uid.parse().expect("a user is a number"));
    header.set_gid(gid.parse().expect("a group is a number"));
    header.set_size(0);
    header.set_entry_type(match kind {
        "file" => EntryType::Regular,
        "dir" => EntryType::Directory,
        "fifo" => EntryType::Fifo,
        "symlink" => EntryType::Symlink,
        "hardlink" => EntryType::Link,
        other => panic!("no entry is called '{other}'"),
    });
    if matches!(kind, "symlink" | "hardlink") {
        tar.append_link(&mut header, path, rest).expect("memory can be written");
        return;
    }
    header.set_size(rest.len() as u64);
    tar.append_data(&mut header, path, rest.as_bytes()).expect("memory can be written");
}
