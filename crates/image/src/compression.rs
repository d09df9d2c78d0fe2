//! Compression by content: what the first bytes say counts, not a name or a media type.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// A packed stream may give so many bytes whatever its own size.
pub const EXPANSION_FREE: u64 = 1 << 30;

/// Above [`EXPANSION_FREE`] a stream may give this many times the bytes that were read of it. Real
/// layers stay below 20; gzip cannot exceed 1032, zstd can exceed anything.
pub const EXPANSION_LIMIT: u64 = 200;

/// The most memory an xz stream may ask for, in KiB: twice the dictionary of `xz -9`. The format
/// allows 4 GiB.
const XZ_MEMORY: u32 = 128 << 10;

/// The most bytes that a stream of so many packed bytes may stand for.
pub(crate) fn expansion_limit(packed: u64) -> u64 {
    packed.saturating_mul(EXPANSION_LIMIT).max(EXPANSION_FREE)
}

/// How a stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Compression {
    /// What the first bytes (six are enough) say.
    pub fn detect(start: &[u8]) -> Self {
        // Zstandard's frames, and the skippable ones that eStargz-like tools put first (RFC 8878, 3.1).
        let skippable = start.len() >= 4 && start[0] & 0xf0 == 0x50 && start[1..4] == [0x2a, 0x4d, 0x18];
        match start {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            [b'B', b'Z', b'h', ..] => Compression::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            _ if skippable => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// The word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Compression::None => "plain",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
        }
    }
}

/// Unpack a stream by its content; gives what it was and the plain stream, which fails when it grows
/// beyond what [`EXPANSION_LIMIT`] allows.
pub fn decoder<'a>(stream: impl Read + 'a) -> io::Result<(Compression, Box<dyn Read + 'a>)> {
    let packed = Rc::new(Cell::new(0));
    let counted = Gather { stream, count: Rc::clone(&packed) };
    let mut stream = BufReader::with_capacity(128 << 10, counted);
    let compression = Compression::detect(stream.fill_buf()?);
    let plain: Box<dyn Read + 'a> = match compression {
        Compression::None => Box::new(stream),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(stream)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(stream)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(stream)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(stream, true, XZ_MEMORY)),
    };
    Ok((compression, Box::new(Bounded { plain, packed, seen: 0 })))
}

/// Stops a stream that grows too much.
struct Bounded<'a> {
    plain: Box<dyn Read + 'a>,
    packed: Rc<Cell<u64>>,
    seen: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(buffer).map_err(too_greedy)?;
        self.seen = self.seen.saturating_add(count as u64);
        match self.seen > expansion_limit(self.packed.get()) {
            true => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it unpacks to more than is allowed for its packed size",
            )),
            false => Ok(count),
        }
    }
}

/// The decoder's own word for a dictionary above [`XZ_MEMORY`] speaks of its parameters.
fn too_greedy(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::OutOfMemory => {
            let why = format!("it asks for more than {} MiB of memory to be unpacked", XZ_MEMORY >> 10);
            io::Error::new(io::ErrorKind::OutOfMemory, why)
        }
        _ => error,
    }
}

/// Counts, and fills the buffer as far as the stream gives, so that the first look sees the whole magic number
/// although a pipe hands out single bytes.
struct Gather<R> {
    stream: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Gather<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len().min(6) {
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.count.set(self.count.get() + filled as u64);
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    /// `abc`, packed by bzip2 1.0.8.
    const BZIP2: &[u8] =
        b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x64\x8c\xbb\x73\x00\x00\x00\x01\x00\x38\x00\x20\
        \x00\x21\x98\x19\x84\x61\x77\x24\x53\x85\x09\x06\x48\xcb\xb7\x30";
    /// `abc`, packed by xz 5.4.
    const XZ: &[u8] =
        b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\
        \xe5\xa3\x01\x00\x02\x61\x62\x63\x00\x00\x27\x76\x27\x1a\x4a\x09\xd8\x2c\x00\x01\x1b\x03\
        \x0b\x2f\xb9\x10\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";
    /// `abc`, packed by xz with a dictionary of 1 GiB.
    const XZ_1_GIB: &[u8] =
        b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x24\x00\x00\x00\x5e\x1f\
        \xc7\xf9\x01\x00\x02\x61\x62\x63\x00\x00\x27\x76\x27\x1a\x4a\x09\xd8\x2c\x00\x01\x1b\x03\
        \x0b\x2f\xb9\x10\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";

    fn unpacked(bytes: &[u8]) -> (Compression, Vec<u8>) {
        let (compression, mut plain) = decoder(Drip(bytes)).unwrap();
        let mut all = Vec::new();
        plain.read_to_end(&mut all).unwrap();
        (compression, all)
    }

    #[test]
    fn the_content_decides() {
        let mut gzip = flate2::read::GzEncoder::new(&b"abc"[..], flate2::Compression::fast());
        let mut packed = Vec::new();
        gzip.read_to_end(&mut packed).unwrap();
        assert_eq!(unpacked(&packed), (Compression::Gzip, b"abc".to_vec()));
        let twice = [packed.clone(), packed].concat();
        assert_eq!(unpacked(&twice).1, b"abcabc");
        assert_eq!(
            unpacked(&zstd::encode_all(&b"abc"[..], 1).unwrap()),
            (Compression::Zstd, b"abc".to_vec())
        );
        assert_eq!(unpacked(b"abc"), (Compression::None, b"abc".to_vec()));
        assert_eq!(unpacked(b""), (Compression::None, Vec::new()));
        assert_eq!(unpacked(BZIP2), (Compression::Bzip2, b"abc".to_vec()));
        assert_eq!(unpacked(&[BZIP2, BZIP2].concat()).1, b"abcabc");
        assert_eq!(unpacked(XZ), (Compression::Xz, b"abc".to_vec()));
        assert_eq!(unpacked(&[XZ, XZ].concat()).1, b"abcabc");
    }

    #[test]
    fn damaged_and_greedy_streams_are_errors() {
        let fails = |bytes: &[u8]| {
            let (_, mut plain) = decoder(bytes).unwrap();
            plain.read_to_end(&mut Vec::new()).unwrap_err().to_string()
        };
        for packed in [BZIP2, XZ] {
            fails(&packed[..packed.len() - 4]);
            let mut damaged = packed.to_vec();
            damaged[packed.len() / 2] ^= 0x10;
            fails(&damaged);
        }
        assert_eq!(fails(XZ_1_GIB), "it asks for more than 128 MiB of memory to be unpacked");
    }
}
