//! Which files are looked into: what a distribution or a package manager put there is theirs, and
//! full of test keys.

/// Why a file is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its name says that it holds keys, in a form we cannot read.
    KeyStore,
    /// Its name says that it holds credentials: assignments in it count.
    Credentials,
    /// It is a text of the application's: only unmistakable patterns count.
    Text,
}

const SYSTEM: &[&str] = &[
    "/usr/share/",
    "/usr/lib/",
    "/usr/lib64/",
    "/usr/libexec/",
    "/usr/include/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/src/linux",
    "/usr/local/lib/",
    "/usr/local/include/",
    "/usr/local/share/",
    "/usr/local/go/",
    "/lib/",
    "/lib64/",
    "/bin/",
    "/sbin/",
    "/var/lib/dpkg/",
    "/var/lib/apt/",
    "/var/cache/",
    "/etc/ssl/certs/",
    "/etc/ca-certificates/",
    "/proc/",
    "/sys/",
    "/dev/",
];

/// Folders of third parties' code wherever they are.
const FOREIGN: &[&str] = &[
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "/vendor/bundle/",
    "/testdata/",
    "/.cargo/registry/",
];

const CREDENTIAL_NAMES: &[&str] = &[
    ".env",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".dockercfg",
    ".htpasswd",
    ".s3cfg",
    ".boto",
    "credentials",
];

/// Paths that say more than the name alone.
const CREDENTIAL_PATHS: &[&str] = &["/.docker/config.json", "/.kube/config", "/.aws/config"];

const TEXT_ENDINGS: &[&str] = &[
    "json",
    "yaml",
    "yml",
    "toml",
    "ini",
    "conf",
    "cfg",
    "config",
    "properties",
    "xml",
    "env",
    "sh",
    "bash",
    "py",
    "js",
    "mjs",
    "ts",
    "rb",
    "php",
    "pl",
    "go",
    "java",
    "cs",
    "rs",
    "sql",
    "txt",
    "md",
    "tf",
    "tfvars",
    "pem",
    "key",
    "ppk",
    "asc",
    "netrc",
    "dockerfile",
];

/// Whether to look into a file of this path and size.
pub(super) fn reading(path: &str, size: u64, limit: u64) -> Option<Reason> {
    let is_theirs = SYSTEM.iter().any(|prefix| path.starts_with(prefix))
        || FOREIGN.iter().any(|folder| path.contains(folder));
    if size == 0 || size > limit || is_theirs {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_env = name.starts_with(".env.") && !name.ends_with(".example") && !name.ends_with(".sample");
    if matches!(ending.as_deref(), Some("p12" | "pfx" | "jks" | "keystore" | "kdbx")) {
        Some(Reason::KeyStore)
    } else if is_env
        || CREDENTIAL_NAMES.contains(&name)
        || CREDENTIAL_PATHS.iter().any(|ending| path.ends_with(ending))
    {
        Some(Reason::Credentials)
    } else {
        let is_text = ending.is_none_or(|ending| TEXT_ENDINGS.contains(&ending.as_str()));
        is_text.then_some(Reason::Text)
    }
}
