//! Which files ADD unpacks: by content, never by name.

use std::io::Read;

/// Bytes needed to recognise an archive: a tar header.
const HEADER: usize = 512;

/// Whether the first bytes are those of a tar archive, plain or compressed by gzip, bzip2, xz or zstd.
///
/// A compressed file counts as an archive if the compression is recognised, as in BuildKit, which
/// then fails if there is no tar inside; we look at the content of a plain file only.
pub fn is_archive(mut content: impl Read) -> std::io::Result<bool> {
    let mut head = Vec::with_capacity(HEADER);
    content.by_ref().take(HEADER as u64).read_to_end(&mut head)?;
    let compressed: [&[u8]; 4] =
        [&[0x1f, 0x8b, 0x08], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z', 0], &[0x28, 0xb5, 0x2f, 0xfd]];
    let tar = head.len() == HEADER && &head[257..262] == b"ustar";
    Ok(tar || compressed.iter().any(|magic| head.starts_with(magic)))
}
