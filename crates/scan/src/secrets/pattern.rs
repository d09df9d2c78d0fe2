//! Secrets that tell themselves by their form. The forms are those their makers document; gitleaks'
//! rules (MIT) taught which ones are worth looking for.

use super::Hit;

/// A token that begins with fixed letters.
struct Token {
    kind: &'static str,
    prefix: &'static str,
    /// Length of the rest: exactly, or at least if `open`.
    rest: usize,
    open: bool,
    is_part: fn(u8) -> bool,
}

const fn token(kind: &'static str, prefix: &'static str, rest: usize) -> Token {
    Token { kind, prefix, rest, open: false, is_part: is_alphanumeric }
}

const fn open(kind: &'static str, prefix: &'static str, rest: usize) -> Token {
    Token { kind, prefix, rest, open: true, is_part: is_word }
}

const TOKENS: &[Token] = &[
    Token { is_part: is_base32, ..token("AWS access key", "AKIA", 16) },
    Token { is_part: is_base32, ..token("AWS temporary key", "ASIA", 16) },
    token("GitHub token", "ghp_", 36),
    token("GitHub token", "gho_", 36),
    token("GitHub token", "ghu_", 36),
    token("GitHub token", "ghs_", 36),
    token("GitHub token", "ghr_", 36),
    open("GitHub token", "github_pat_", 40),
    open("GitLab token", "glpat-", 20),
    open("Slack token", "xoxb-", 20),
    open("Slack token", "xoxp-", 20),
    open("Slack token", "xoxa-", 20),
    open("Slack token", "xoxr-", 20),
    open("Slack token", "xoxs-", 20),
    token("npm token", "npm_", 36),
    open("PyPI token", "pypi-AgEIcHlwaS5vcmc", 50),
    open("Docker Hub token", "dckr_pat_", 20),
    open("Stripe key", "sk_live_", 16),
    open("Stripe key", "rk_live_", 16),
    Token { open: false, ..open("Google API key", "AIza", 35) },
];

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// All secrets of a text that tell themselves.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let bytes = text.as_bytes();
    let mut hits = Vec::new();
    let mut line = 1;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => line += 1,
            b'-' => hits.extend(private_key(&text[at..], line)),
            b':' => hits.extend(url_password(text, at, line)),
            b'A' | b'g' | b'x' | b'n' | b'p' | b'd' | b's' | b'r' if at == 0 || !is_word(bytes[at - 1]) => {
                hits.extend(TOKENS.iter().find_map(|token| token_at(token, &bytes[at..], line)));
            }
            _ => {}
        }
    }
    hits
}

fn token_at(token: &Token, bytes: &[u8], line: usize) -> Option<Hit> {
    let rest = bytes.strip_prefix(token.prefix.as_bytes())?;
    let length = rest.iter().take_while(|byte| (token.is_part)(**byte)).count();
    let fits = if token.open { length >= token.rest } else { length == token.rest };
    let value = String::from_utf8_lossy(&bytes[..token.prefix.len() + length]).into_owned();
    // What AWS's own manual and everybody's README use.
    if !fits || value.ends_with("EXAMPLE") || is_monotone(&rest[..length]) {
        return None;
    }
    let shown = format!("{}… ({} characters)", token.prefix, value.len());
    Some(Hit { kind: token.kind, line, value, shown })
}

/// `xxxxxxxx` stands for a token, it is none.
fn is_monotone(text: &[u8]) -> bool {
    text.windows(2).all(|pair| pair[0] == pair[1])
}

/// A PEM key with a body (RFC 7468); the header alone is a program that looks for keys.
fn private_key(text: &str, line: usize) -> Option<Hit> {
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let is_label = label.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ');
    if !is_label || !label.ends_with("PRIVATE KEY") {
        return None;
    }
    // JSON and the environment write its lines with `\n`.
    let body = rest.split("-----").next()?.replace("\\n", "\n");
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if body.bytes().filter(is_base64).count() < 40 {
        return None;
    }
    Some(Hit { kind: "private key", line, value: body, shown: format!("-----BEGIN {label}-----") })
}

/// `scheme://user:password@host`; `at` is the first colon.
fn url_password(text: &str, at: usize, line: usize) -> Option<Hit> {
    let rest = text[at..].strip_prefix("://")?;
    let is_end =
        |char: char| char.is_whitespace() || matches!(char, '/' | '"' | '\'' | '`' | '<' | '>' | '?' | '#');
    let authority = &rest[..rest.find(is_end).unwrap_or(rest.len())];
    let (user, host) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let is_placeholder =
        password.contains(['$', '{', '%', '*']) || matches!(password, "password" | "pass" | "xxx");
    if password.is_empty() || host.is_empty() || is_placeholder {
        return None;
    }
    let scheme_start =
        text[..at].rfind(|char: char| !char.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
    let scheme = text.get(scheme_start..at).unwrap_or("");
    let shown = format!("{scheme}://{name}:…@{host}");
    Some(Hit { kind: "password in a URL", line, value: password.to_string(), shown })
}
