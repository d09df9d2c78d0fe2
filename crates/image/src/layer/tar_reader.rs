//! Reading tar: ustar, GNU (long names, sparse files) and PAX, from a stream nobody trusts.
//!
//! Own, since a reader for hostile input has to bound what it keeps in memory (a long name or PAX
//! header of gigabytes), and since sizes in PAX headers decide where the next header stands. Source of
//! the formats: POSIX pax, GNU tar's manual "Basic Tar Format", and Go's archive/tar for what real
//! images contain.

use std::io::{self, Read};

use super::sparse::{self, Segments};

/// A long name or a PAX header may have so many bytes.
const EXTENSION_LIMIT: u64 = 1 << 20;

pub(super) const BLOCK: usize = 512;

/// The type of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TarKind {
    File,
    HardLink,
    Symlink,
    Directory,
    Fifo,
    Device { block: bool, major: u32, minor: u32 },
}

/// One entry of an archive, extensions applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TarEntry {
    pub path: Vec<u8>,
    pub kind: TarKind,
    /// Target of a hard or symbolic link.
    pub link: Vec<u8>,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: i64,
    /// Bytes of the file, holes included.
    pub size: u64,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Why an archive cannot be read further.
#[derive(Debug)]
pub(crate) enum TarError {
    /// The stream failed.
    Stream(io::Error),
    /// The archive is no valid tar there; the name of the entry, if it was known.
    Format { entry: Vec<u8>, why: &'static str },
}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        TarError::Stream(error)
    }
}

/// Entries one after the other.
pub(crate) struct TarReader<R> {
    stream: R,
    /// Packed bytes of the current entry not yet read.
    data_left: u64,
    /// Zero bytes up to the next block after them.
    padding: u64,
    segments: Segments,
}

/// What the extension headers before an entry say about it.
#[derive(Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Extensions {
    /// The last record of a key counts.
    fn get(&self, key: &str) -> Option<&[u8]> {
        let found = self.pax.iter().rev().find(|(name, _)| name == key.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }

    fn number(&self, key: &str) -> Result<Option<i64>, TarError> {
        let Some(text) = self.get(key) else { return Ok(None) };
        // Times have a fraction that we drop.
        let whole = text.split(|byte| *byte == b'.').next().unwrap_or_default();
        let number = std::str::from_utf8(whole).ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| format_error(text, "has a PAX number that is none"))
    }
}

fn format_error(entry: &[u8], why: &'static str) -> TarError {
    TarError::Format { entry: entry.to_vec(), why }
}

impl<R: Read> TarReader<R> {
    pub(crate) fn new(stream: R) -> Self {
        TarReader { stream, data_left: 0, padding: 0, segments: Segments::default() }
    }

    /// The next entry; data of the last one that was not read is skipped.
    pub(crate) fn next(&mut self) -> Result<Option<TarEntry>, TarError> {
        let mut extensions = Extensions::default();
        loop {
            self.skip_data()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = number(&header[124..136]).and_then(|size| u64::try_from(size).ok());
            let size =
                size.ok_or_else(|| format_error(&header_name(&header), "has a size that is no number"))?;
            match header[156] {
                b'L' => extensions.path = Some(until_nul(&self.extension(size)?).to_vec()),
                b'K' => extensions.link = Some(until_nul(&self.extension(size)?).to_vec()),
                b'x' | b'X' => extensions.pax = pax_records(&self.extension(size)?)?,
                b'g' => {
                    self.extension(size)?;
                }
                _ => return self.entry(&header, size, &extensions).map(Some),
            }
        }
    }

    /// The bytes of the current entry, holes filled.
    pub(crate) fn data(&mut self) -> EntryData<'_, R> {
        EntryData { reader: self, at: 0 }
    }

    /// Read the stream to its end, so that a digest over it sees every byte.
    pub(crate) fn finish(mut self) -> Result<(), TarError> {
        io::copy(&mut self.stream, &mut io::sink())?;
        Ok(())
    }

    fn entry(&mut self, header: &Block, size: u64, extensions: &Extensions) -> Result<TarEntry, TarError> {
        let pax_path = extensions.get("GNU.sparse.name").or(extensions.get("path")).map(<[u8]>::to_vec);
        let path = pax_path.or_else(|| extensions.path.clone()).unwrap_or_else(|| header_name(header));
        let pax_link = extensions.get("linkpath").map(<[u8]>::to_vec);
        let link = pax_link.or_else(|| extensions.link.clone());
        let link = link.unwrap_or_else(|| until_nul(&header[157..257]).to_vec());
        let bad = |why| format_error(&path, why);
        let field = |key, range: std::ops::Range<usize>, why| match extensions.number(key)? {
            Some(number) => Ok(number),
            None => number(&header[range]).ok_or_else(|| bad(why)),
        };
        let owner = |key, range| {
            let id = field(key, range, "has an owner that is no number")?;
            u32::try_from(id).map_err(|_| bad("has an owner out of range"))
        };
        let kind = tar_kind(header, &path).map_err(bad)?;
        let packed = match extensions.number("size")? {
            Some(size) => u64::try_from(size).map_err(|_| bad("has a negative size"))?,
            None => size,
        };
        let mut entry = TarEntry {
            kind,
            link,
            mode: number(&header[100..108]).ok_or_else(|| bad("has a mode that is no number"))? as u32
                & 0o7777,
            uid: owner("uid", 108..116)?,
            gid: owner("gid", 116..124)?,
            mtime: field("mtime", 136..148, "has a time that is no number")?,
            size: 0,
            xattrs: xattrs(extensions),
            path: path.clone(),
        };
        // Only files carry data; Go's reader ignores the size of all others too.
        if entry.kind == TarKind::File {
            self.begin_data(packed);
            self.segments = self.segments_of(header, extensions, packed, &path)?;
            entry.size = self.segments.size;
        }
        Ok(entry)
    }

    fn segments_of(
        &mut self,
        header: &Block,
        extensions: &Extensions,
        packed: u64,
        path: &[u8],
    ) -> Result<Segments, TarError> {
        let pax =
            |key: &str| extensions.number(key).map(|number| number.map(|n| u64::try_from(n).unwrap_or(0)));
        let segments = if header[156] == b'S' {
            sparse::old_gnu(header, &mut self.stream)?
        } else if let Some(size) = pax("GNU.sparse.realsize")? {
            let before = self.data_left;
            let mut map = self.stream.by_ref().take(before);
            let segments = sparse::pax_1_0(&mut map, size)?;
            self.data_left = map.limit();
            segments
        } else if let (Some(size), Some(map)) = (pax("GNU.sparse.size")?, extensions.get("GNU.sparse.map")) {
            sparse::pax_0_1(map, size)
        } else {
            Some(Segments::whole(packed))
        };
        let fits = |segments: &Segments| segments.packed() <= self.data_left;
        segments.filter(fits).ok_or_else(|| format_error(path, "has a damaged list of holes"))
    }

    fn begin_data(&mut self, packed: u64) {
        self.data_left = packed;
        self.padding = packed.next_multiple_of(BLOCK as u64) - packed;
    }

    fn skip_data(&mut self) -> Result<(), TarError> {
        let left = self.data_left.saturating_add(self.padding);
        (self.data_left, self.padding) = (0, 0);
        let skipped = io::copy(&mut self.stream.by_ref().take(left), &mut io::sink())?;
        match skipped == left {
            true => Ok(()),
            false => Err(TarError::Stream(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// The next header; `None` at the end: a block of zeros, or the end of the stream.
    fn header(&mut self) -> Result<Option<Block>, TarError> {
        let mut block = [0u8; BLOCK];
        let count = read_full(&mut self.stream, &mut block)?;
        if count == 0 || block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if count < BLOCK {
            return Err(TarError::Stream(io::ErrorKind::UnexpectedEof.into()));
        }
        let sum = |block: &Block| -> i64 {
            let blank = |at: usize| (148..156).contains(&at);
            block.iter().enumerate().map(|(at, byte)| if blank(at) { 32 } else { i64::from(*byte) }).sum()
        };
        match number(&block[148..156]) == Some(sum(&block)) {
            true => Ok(Some(block)),
            false => Err(format_error(
                &header_name(&block),
                "has a wrong checksum: this is no tar archive, or it is damaged",
            )),
        }
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > EXTENSION_LIMIT {
            return Err(format_error(b"", "has a name or attributes of more than 1 MiB"));
        }
        self.begin_data(size);
        let mut bytes = vec![0u8; size as usize];
        self.stream.read_exact(&mut bytes)?;
        self.data_left = 0;
        Ok(bytes)
    }
}

pub(super) type Block = [u8; BLOCK];

/// Read until the buffer is full or the stream ends.
pub(super) fn read_full(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The data of one entry.
pub(crate) struct EntryData<'a, R> {
    reader: &'a mut TarReader<R>,
    at: u64,
}

impl<R: Read> Read for EntryData<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (in_data, run) = self.reader.segments.run_at(self.at);
        let wanted = (buffer.len() as u64).min(run) as usize;
        let buffer = &mut buffer[..wanted];
        if wanted == 0 {
            return Ok(0);
        }
        let count = match in_data {
            true => self.reader.stream.read(buffer)?,
            false => {
                buffer.fill(0);
                wanted
            }
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if in_data {
            self.reader.data_left = self.reader.data_left.saturating_sub(count as u64);
        }
        self.at += count as u64;
        Ok(count)
    }
}

fn tar_kind(header: &Block, path: &[u8]) -> Result<TarKind, &'static str> {
    let device = |block| {
        let part = |range: std::ops::Range<usize>| number(&header[range]).and_then(|n| u32::try_from(n).ok());
        let numbers = part(329..337).zip(part(337..345)).ok_or("has device numbers that are none")?;
        Ok(TarKind::Device { block, major: numbers.0, minor: numbers.1 })
    };
    match header[156] {
        b'0' | 0 if path.last() == Some(&b'/') => Ok(TarKind::Directory),
        b'0' | 0 | b'7' | b'S' => Ok(TarKind::File),
        b'1' => Ok(TarKind::HardLink),
        b'2' => Ok(TarKind::Symlink),
        b'3' => device(false),
        b'4' => device(true),
        b'5' => Ok(TarKind::Directory),
        b'6' => Ok(TarKind::Fifo),
        _ => Err("is of a type that images do not have"),
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The name in a header; ustar (but not GNU, which uses the field for times) has a prefix for it.
fn header_name(header: &Block) -> Vec<u8> {
    let name = until_nul(&header[..100]);
    let prefix = until_nul(&header[345..500]);
    match &header[257..263] == b"ustar\0" && !prefix.is_empty() {
        true => [prefix, b"/", name].concat(),
        false => name.to_vec(),
    }
}

/// A number field: octal digits, or base 256 with the highest bit set. Empty is 0, as in Go.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first()? {
        first if first & 0x80 != 0 => base_256(field),
        _ => {
            let text = until_nul(field).trim_ascii();
            let text = std::str::from_utf8(text).ok()?;
            if text.is_empty() { Some(0) } else { i64::from_str_radix(text, 8).ok().filter(|n| *n >= 0) }
        }
    }
}

fn base_256(field: &[u8]) -> Option<i64> {
    let negative = field[0] & 0x40 != 0;
    let mut value: i128 = if negative { -1 } else { 0 };
    for (at, byte) in field.iter().enumerate() {
        let byte = if at == 0 && !negative { byte & 0x7f } else { *byte };
        value = value.checked_mul(256)? | i128::from(byte);
    }
    i64::try_from(value).ok()
}

/// `LENGTH KEY=VALUE\n`, repeated; the length counts all of the record.
fn pax_records(bytes: &[u8]) -> Result<Vec<Record>, TarError> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while rest.iter().any(|byte| *byte != 0) {
        let (record, after) =
            pax_record(rest).ok_or_else(|| format_error(b"", "has a damaged PAX header"))?;
        records.push(record);
        rest = after;
    }
    Ok(records)
}

type Record = (Vec<u8>, Vec<u8>);

fn pax_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
    let (record, after) = bytes.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some(((record[..equals].to_vec(), record[equals + 1..].to_vec()), after))
}

/// Extended attributes as star, GNU tar and Go write them.
fn xattrs(extensions: &Extensions) -> Vec<(Vec<u8>, Vec<u8>)> {
    let named = |(key, value): &Record| Some((key.strip_prefix(b"SCHILY.xattr.")?.to_vec(), value.clone()));
    let mut found: Vec<Record> = extensions.pax.iter().filter_map(named).collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}
