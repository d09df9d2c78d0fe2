//! Which files ADD unpacks: by content, never by name.

use std::io::Read;

use super::tar_reader::TarReader;
use crate::compression;

/// Whether a stream is a tar archive with at least one entry, plain or packed. As in BuildKit
/// (`solver/llbsolver/file/unpack.go`) the first header decides: a packed file with something else
/// inside is copied as it is, and so is a damaged one.
pub fn is_archive(content: impl Read) -> bool {
    let Ok((_, plain)) = compression::decoder(content) else { return false };
    matches!(TarReader::new(plain).next(), Ok(Some(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_header_decides() {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        tar.append_data(&mut header, "f", &b"x"[..]).unwrap();
        let tar = tar.into_inner().unwrap();
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        assert!(is_archive(&tar[..]));
        assert!(is_archive(&zstd(&tar)[..]));
        for no in [&b""[..], b"text", &[0; 1024], &tar[..511], &zstd(b"log line")] {
            assert!(!is_archive(no));
        }
    }
}
