//! Places of an image that are caches by their tools' own documentation.

/// Places from the root on.
const ROOTED: &[(&str, &str)] = &[
    ("/var/lib/apt/lists/", "apt lists"),
    ("/var/cache/apt/", "apt cache"),
    ("/var/cache/apk/", "apk cache"),
    ("/etc/apk/cache/", "apk cache"),
    ("/var/cache/dnf/", "dnf cache"),
    ("/var/cache/yum/", "yum cache"),
    ("/var/cache/debconf/", "debconf cache"),
    ("/tmp/", "temporary files"),
    ("/var/tmp/", "temporary files"),
];

/// Places in whichever home directory.
const IN_HOMES: &[(&str, &str)] = &[
    ("/.cache/pip/", "pip cache"),
    ("/.cache/uv/", "uv cache"),
    ("/.cache/pypoetry/", "poetry cache"),
    ("/.cache/go-build/", "go build cache"),
    ("/.cache/yarn/", "yarn cache"),
    ("/.npm/_cacache/", "npm cache"),
    ("/.cargo/registry/", "cargo registry"),
    ("/.m2/repository/", "maven repository"),
    ("/.gradle/caches/", "gradle cache"),
];

/// The known place a file lies in: its name and its directory.
pub(super) fn known_place(path: &str) -> Option<(&'static str, &str)> {
    let rooted = ROOTED
        .iter()
        .find(|(prefix, _)| path.starts_with(prefix))
        .map(|(prefix, name)| (*name, &path[..prefix.len() - 1]));
    let in_home =
        || IN_HOMES.iter().find_map(|(part, name)| Some((*name, &path[..path.find(part)? + part.len() - 1])));
    rooted.or_else(in_home)
}
