//! What scans could have found; the sizes are measured.

use plimsoll_scan::{
    Coverage, Inventory, LayerEntry, LayerEntryKind, LayerListing, OsRelease, Package, PackageKind, Rating,
    ScanReport, Secret, SecretPlace, Vulnerability, measure,
};

fn layer(line: Option<usize>, text: &str, from_base: bool, entries: Vec<LayerEntry>) -> LayerListing {
    LayerListing {
        entries,
        created_by: Some(text.to_string()),
        line: line.map(|line| (line, text.to_string())),
        from_base,
    }
}

pub fn package(name: &str, version: &str, layer: Option<usize>) -> Package {
    Package {
        kind: PackageKind::Deb,
        name: name.into(),
        version: version.into(),
        architecture: Some("amd64".into()),
        source: None,
        licence: None,
        installed_bytes: Some(1_200_000),
        path: "/var/lib/dpkg/status".into(),
        layer,
    }
}

fn flaw(
    id: &str,
    package: &str,
    versions: (&str, Option<&str>),
    rating: Rating,
    layer: usize,
    summary: &str,
) -> Vulnerability {
    Vulnerability {
        id: id.into(),
        aliases: Vec::new(),
        ecosystem: "Debian:12".into(),
        kind: PackageKind::Deb,
        source: package.into(),
        packages: vec![package.into()],
        installed: versions.0.into(),
        fixed: versions.1.map(str::to_string),
        rating,
        rated_by: Some("CVSS 7.5".into()),
        layer: Some(layer),
        summary: summary.into(),
    }
}

fn debian(packages: Vec<Package>) -> Inventory {
    let os = OsRelease {
        id: "debian".into(),
        version_id: Some("12".into()),
        codename: Some("bookworm".into()),
        pretty_name: Some("Debian GNU/Linux 12 (bookworm)".into()),
    };
    Inventory { os: Some(os), packages, notes: Vec::new() }
}

fn coverage() -> Option<Vec<Coverage>> {
    Some(vec![Coverage {
        ecosystem: "Debian:12".into(),
        records: 31_000,
        broken: 0,
        newest: "2026-11-20".into(),
    }])
}

pub fn healthy() -> ScanReport {
    let size = measure(&[
        layer(
            None,
            "debian:12-slim rootfs",
            true,
            vec![
                LayerEntry::file("/usr/lib/x86_64-linux-gnu/libc.so.6", 1_900_000),
                LayerEntry::file("/usr/bin/perl", 17_000_000),
            ],
        ),
        layer(
            Some(2),
            "RUN apt-get update && apt-get install -y --no-install-recommends libssl3 ca-certificates",
            false,
            vec![
                LayerEntry::file("/usr/lib/x86_64-linux-gnu/libssl.so.3", 690_000),
                LayerEntry::file("/var/lib/apt/lists/deb.debian.org_main", 310_000),
            ],
        ),
        layer(
            Some(3),
            "COPY --chown=10001:10001 target/release/server /app/server",
            false,
            vec![LayerEntry::file("/app/server", 3_100_000)],
        ),
        layer(
            Some(4),
            "COPY --chown=10001:10001 static /app/static",
            false,
            vec![
                LayerEntry::file("/app/static/app.css", 88_000),
                LayerEntry::file("/app/static/app.js", 240_000),
            ],
        ),
        layer(Some(5), "RUN install -d -o 10001 -g 10001 /var/cache/app", false, Vec::new()),
    ]);
    let names = [
        "base-files 12.4",
        "bash 5.2.15",
        "ca-certificates 20230311",
        "libc6 2.36-9",
        "libssl3 3.0.14-1",
        "perl-base 5.36.0",
        "zlib1g 1.2.13",
    ];
    let packages = names
        .iter()
        .filter_map(|both| both.split_once(' '))
        .map(|(name, version)| package(name, version, Some(0)))
        .collect();
    ScanReport {
        size,
        inventory: debian(packages),
        vulnerabilities: vec![flaw(
            "CVE-2026-2511",
            "zlib1g",
            ("1.2.13", None),
            Rating::Low,
            0,
            "inflate reads one byte too many",
        )],
        coverage: coverage(),
        secrets: Vec::new(),
        notes: Vec::new(),
    }
}

pub fn shell_form() -> ScanReport {
    let size = measure(&[
        layer(None, "debian:12 rootfs", true, vec![LayerEntry::file("/usr/bin/perl", 117_000_000)]),
        layer(
            Some(2),
            "RUN apt-get update && apt-get install -y python3 python3-pip",
            false,
            vec![
                LayerEntry::file("/usr/bin/python3.11", 310_000_000),
                LayerEntry::file("/var/lib/apt/lists/deb.debian.org_main", 19_000_000),
            ],
        ),
        layer(
            Some(3),
            "COPY . /srv",
            false,
            vec![
                LayerEntry::file("/srv/server", 4_000_000),
                LayerEntry::file("/srv/.git/objects/pack", 88_000_000),
            ],
        ),
        layer(
            Some(5),
            "RUN pip install -r requirements.txt && rm -rf /srv/.git",
            false,
            vec![
                LayerEntry::new("/srv/.git", LayerEntryKind::Whiteout),
                LayerEntry::file("/root/.cache/pip/http/a", 41_000_000),
            ],
        ),
    ]);
    let names = ["libssl3 3.0.14-1", "libexpat1 2.5.0-1", "python3.11 3.11.2-6"];
    let packages = names
        .iter()
        .filter_map(|both| both.split_once(' '))
        .map(|(name, version)| package(name, version, Some(1)))
        .collect();
    ScanReport {
        size,
        inventory: debian(packages),
        vulnerabilities: vec![
            flaw(
                "CVE-2026-1234",
                "libssl3",
                ("3.0.14-1", Some("3.0.16-1")),
                Rating::Critical,
                0,
                "a crafted certificate writes past the end of a buffer",
            ),
            flaw(
                "CVE-2026-1999",
                "libexpat1",
                ("2.5.0-1", Some("2.5.0-2")),
                Rating::High,
                1,
                "entities expand without bound",
            ),
            flaw(
                "CVE-2025-0938",
                "python3.11",
                ("3.11.2-6", None),
                Rating::Medium,
                1,
                "urllib accepts brackets in a host name",
            ),
        ],
        coverage: coverage(),
        secrets: vec![
            Secret {
                kind: "password",
                place: SecretPlace::Environment { name: "DATABASE_PASSWORD".into() },
                shown: "hu…r2 (15 characters)".into(),
            },
            Secret {
                kind: "private key",
                place: SecretPlace::File {
                    path: "/srv/.git/id_ed25519".into(),
                    line: 1,
                    layer: 2,
                    deleted_in: Some(3),
                },
                shown: "an OpenSSH key".into(),
            },
        ],
        notes: Vec::new(),
    }
}
