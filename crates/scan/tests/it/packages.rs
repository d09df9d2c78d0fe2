//! Package data bases as images have them.

use plimsoll_scan::{Note, OsRelease, PackageKind, UnknownRelease, findings, summary};

use crate::image::{DEBIAN_12, Image, Records, dpkg_status};

const STATUS: &str = "/var/lib/dpkg/status";

#[test]
fn dpkg_packages_know_the_layer_that_first_brought_them() {
    let base = dpkg_status(&[("libc6", "2.36-9", "glibc"), ("bash", "5.2.15-2", "")]);
    let later = dpkg_status(&[
        ("libc6", "2.36-9+deb12u4", "glibc"),
        ("bash", "5.2.15-2", ""),
        ("curl", "7.88.1-10", ""),
    ]);
    let image = Image::default().layer(&[(STATUS, &base)]).layer(&[("/x", "y")]).layer(&[(STATUS, &later)]);
    let found: Vec<_> = image
        .scan(None)
        .inventory
        .packages
        .into_iter()
        .map(|package| (package.name, package.version, package.layer))
        .collect();
    let expected =
        [("bash", "5.2.15-2", Some(0)), ("curl", "7.88.1-10", Some(2)), ("libc6", "2.36-9+deb12u4", Some(2))];
    assert_eq!(found, expected.map(|(name, version, layer)| (name.to_string(), version.to_string(), layer)));
}

#[test]
fn dpkg_lists_what_has_files_only() {
    let states = [
        ("a", "install ok installed"),
        ("b", "deinstall ok config-files"),
        ("c", "purge ok not-installed"),
        ("d", "hold ok installed"),
        ("e", "install ok half-configured"),
    ];
    let status: String = states
        .iter()
        .map(|(name, state)| format!("Package: {name}\nStatus: {state}\nVersion: 1\n\n"))
        .collect();
    let report = Image::default().layer(&[(STATUS, &status)]).scan(None);
    let names: Vec<_> = report.inventory.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["a", "d", "e"]);
}

#[test]
fn source_names_and_versions() {
    let status = dpkg_status(&[
        ("libssl3", "3.0.9-1+b1", "openssl (3.0.9-1)"),
        ("libc6", "2.36-9", "glibc"),
        ("tar", "1", ""),
    ]);
    let report = Image::default().layer(&[(STATUS, &status)]).scan(None);
    let sources: Vec<_> = report
        .inventory
        .packages
        .iter()
        .map(|package| (package.advisory_name(), package.advisory_version()))
        .collect();
    assert_eq!(sources, [("glibc", "2.36-9"), ("openssl", "3.0.9-1"), ("tar", "1")]);
}

#[test]
fn distroless_has_a_file_a_package() {
    let tzdata = "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n";
    let image = Image::default()
        .layer(&[("/var/lib/dpkg/status.d/tzdata", tzdata), ("/var/lib/dpkg/status.d/tzdata.md5sums", "x")]);
    let packages = image.scan(None).inventory.packages;
    assert_eq!((packages.len(), packages[0].name.as_str(), packages[0].layer), (1, "tzdata", Some(0)));
}

#[test]
fn apk_packages_before_and_after_the_usr_merge() {
    let musl = "C:Q1x=\nP:musl\nV:1.1.24-r2\nA:x86_64\nS:377564\nI:614400\nT:the musl c library\no:musl\nL:MIT\nF:lib\nR:x\n\n";
    let ssl = "P:libssl1.1\nV:1.1.1d-r3\no:openssl\n\n";
    let image = Image::default()
        .layer(&[("/lib/apk/db/installed", musl)])
        .removing("/lib")
        .layer(&[("/usr/lib/apk/db/installed", &format!("{musl}{ssl}"))])
        .symlink("/lib", "usr/lib");
    let packages = image.scan(None).inventory.packages;
    let found: Vec<_> = packages
        .iter()
        .map(|package| (package.name.as_str(), package.advisory_name(), package.layer))
        .collect();
    assert_eq!(found, [("libssl1.1", "openssl", Some(2)), ("musl", "musl", Some(0))]);
    assert_eq!(packages[1].installed_bytes, Some(614_400));
    assert_eq!(packages[1].kind, PackageKind::Apk);
}

#[test]
fn python_and_node() {
    let image = Image::default().layer(&[
        (
            "/usr/local/lib/python3.11/dist-packages/Django-3.2.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Django\nVersion: 3.2\n\nName: not this\n",
        ),
        ("/opt/x/old.egg-info", "Name: old_thing\nVersion: 0.1\n"),
        (
            "/app/node_modules/express/package.json",
            "\u{feff}{\"name\":\"express\",\"version\":\"4.17.1\",\"license\":\"MIT\"}",
        ),
        ("/app/node_modules/express/test/fixtures/package.json", "{\"name\":\"1to2\",\"version\":\"1.0.0\"}"),
        ("/app/package.json", "{\"name\":\"app\",\"version\":\"1.0.0\"}"),
    ]);
    let packages = image.scan(None).inventory.packages;
    let found: Vec<_> = packages
        .iter()
        .map(|package| (package.name.as_str(), package.version.as_str(), package.layer))
        .collect();
    assert_eq!(
        found,
        [("Django", "3.2", Some(0)), ("old_thing", "0.1", Some(0)), ("express", "4.17.1", Some(0))]
    );
    assert_eq!(packages[2].licence.as_deref(), Some("MIT"));
}

#[test]
fn what_a_distribution_packaged_is_listed_once() {
    let apk =
        "P:py3-six\nV:1.16.0-r0\nF:usr/lib/python3.11/site-packages/six-1.16.0.egg-info\nR:PKG-INFO\n\n";
    let python = "Name: six\nVersion: 1.16.0\n";
    let image = Image::default().layer(&[
        ("/lib/apk/db/installed", apk),
        ("/usr/lib/python3.11/site-packages/six-1.16.0.egg-info/PKG-INFO", python),
        ("/usr/lib/python3.11/site-packages/pip_six-1.16.0.dist-info/METADATA", python),
        ("/usr/lib/python3/dist-packages/six-1.16.0.egg-info", python),
    ]);
    let packages = image.scan(None).inventory.packages;
    let found: Vec<_> = packages.iter().map(|package| (package.name.as_str(), package.kind)).collect();
    assert_eq!(found, [("py3-six", PackageKind::Apk), ("six", PackageKind::Python)]);
    assert!(packages[1].path.ends_with("METADATA"));
}

#[test]
fn package_urls() {
    let status = dpkg_status(&[("libstdc++6", "12.2.0-14", "gcc-12")]);
    let image = Image::default()
        .layer(&[(STATUS, &status), ("/etc/os-release", DEBIAN_12)])
        .layer(&[(
            "/n/node_modules/@types/node/package.json",
            "{\"name\":\"@types/node\",\"version\":\"1.0.0\"}",
        )])
        .layer(&[("/p/a.dist-info/METADATA", "Name: Foo_Bar.baz\nVersion: 1.0\n")]);
    let inventory = image.scan(None).inventory;
    let urls: Vec<_> =
        inventory.packages.iter().map(|package| package.purl(inventory.os.as_ref()).unwrap()).collect();
    assert_eq!(
        urls,
        [
            "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12&upstream=gcc-12",
            "pkg:pypi/foo-bar-baz@1.0",
            "pkg:npm/%40types/node@1.0.0",
        ]
    );
}

#[test]
fn ecosystems_of_releases() {
    let ecosystem = |text: &str| OsRelease::parse(text).ecosystem();
    assert_eq!(ecosystem(DEBIAN_12), Ok("Debian:12".to_string()));
    assert_eq!(ecosystem("ID=alpine\nVERSION_ID=3.11.6\n"), Ok("Alpine:v3.11".to_string()));
    assert_eq!(ecosystem("ID=ubuntu\nVERSION_ID='22.04'\n"), Ok("Ubuntu:22.04:LTS".to_string()));
    assert_eq!(ecosystem("ID=ubuntu\nVERSION_ID=23.10\n"), Ok("Ubuntu:23.10".to_string()));
    let sid = "PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nID=debian\nVERSION_CODENAME=forky\n";
    assert_eq!(
        ecosystem(sid).unwrap_err().to_string(),
        "Debian GNU/Linux forky/sid has no release number, so no advisories fit it"
    );
    let rolling = ecosystem("ID=alpine\nVERSION_ID=3.21_alpha20240923\n");
    assert!(matches!(rolling, Err(UnknownRelease::Rolling { .. })));
    assert!(matches!(ecosystem("ID=kali\nVERSION_ID=2024.1"), Err(UnknownRelease::Distribution { .. })));
}

#[test]
fn what_cannot_be_told_is_said() {
    let status = dpkg_status(&[("tar", "1.34", "")]);
    let none = Image::default().layer(&[(STATUS, &status)]);
    let records = Records(vec![]);
    assert_eq!(none.scan(Some(&records)).notes, [Note::NoOsRelease { packages: 1 }]);
    let sid = none.layer(&[("/etc/os-release", "ID=debian\n")]);
    assert!(matches!(sid.scan(Some(&records)).notes[..], [Note::ReleaseUnknown { packages: 1, .. }]));
    let bookworm = sid.layer(&[("/etc/os-release", DEBIAN_12)]);
    let report = bookworm.scan(Some(&records));
    assert_eq!(report.notes, [Note::NotCovered { ecosystem: "Debian:12".to_string(), packages: 1 }]);
    assert!(findings(&report).is_empty());
    assert_eq!(summary(&report), "1 package · not matched · no secrets · database does not cover it");
    assert_eq!(summary(&bookworm.scan(None)), "1 package · not matched · no secrets · no database");
    let rpm = Image::default().layer(&[("/var/lib/rpm/rpmdb.sqlite", "x")]).scan(None);
    assert_eq!(rpm.notes, [Note::RpmNotRead { path: "/var/lib/rpm".to_string() }]);
}

#[test]
fn hostile_data_bases_are_survived() {
    let nonsense =
        "\0\u{feff}Package\n:\n::::\n\n\nPackage: \nVersion: 1\nStatus: install ok installed\n \n continued";
    let image = Image::default().layer(&[
        (STATUS, nonsense),
        ("/lib/apk/db/installed", "P\nP:\nV:\n\n:::\n"),
        ("/etc/os-release", "=\nID=\"unclosed\nVERSION_ID='\n"),
        ("/x.dist-info/METADATA", "\n\n"),
        ("/node_modules/a/package.json", "[[[["),
    ]);
    assert!(image.scan(None).inventory.packages.is_empty());
}
