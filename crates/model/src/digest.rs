//! Content digests, `sha256:` and 64 hexadecimal digits (OCI image-spec, descriptor.md "Digests").

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// A SHA-256 content digest. Other algorithms are refused: nobody uses them for images.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no digest: 'sha256:' and 64 lower-case hexadecimal digits were expected")]
pub struct BadDigest {
    /// What was read.
    pub text: String,
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(sha2::Sha256::digest(bytes).into())
    }

    /// A digest from the raw output of SHA-256.
    pub fn from_raw(raw: [u8; 32]) -> Self {
        Digest(raw)
    }

    /// The raw bytes.
    pub fn raw(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The first 12 hexadecimal digits, as docker shows ids.
    pub fn short(&self) -> String {
        self.hex()[..12].to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let bad = || BadDigest { text: text.chars().take(100).collect() };
        let hex = text.strip_prefix("sha256:").ok_or_else(bad)?.as_bytes();
        let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if hex.len() != 64 || !hex.iter().all(lower) {
            return Err(bad());
        }
        let nibble = |byte: u8| if byte <= b'9' { byte - b'0' } else { byte - b'a' + 10 };
        let mut raw = [0; 32];
        for (out, pair) in raw.iter_mut().zip(hex.chunks_exact(2)) {
            *out = nibble(pair[0]) << 4 | nibble(pair[1]);
        }
        Ok(Digest(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_and_parse_agree() {
        let digest = Digest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Digest>(), Ok(digest));
        assert_eq!(digest.short(), "e3b0c44298fc");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "sha256:", "sha512:00", "sha256:E3", &format!("sha256:{}", "A".repeat(64))] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
