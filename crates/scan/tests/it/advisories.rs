//! Matching, on real advisories and on written ones.

use plimsoll_scan::{
    AdvisoryArchive, AdvisoryRecords, Note, Rating, ScanReport, Vulnerability, findings, summary,
};

use crate::image::{Bucket, DEBIAN_12, Image, Records, dpkg_status};
use crate::osv_data;

const STATUS: &str = "/var/lib/dpkg/status";

fn debian(packages: &[(&str, &str, &str)]) -> Image {
    Image::default().layer(&[("/etc/os-release", DEBIAN_12)]).layer(&[(STATUS, &dpkg_status(packages))])
}

fn alpine(installed: &str) -> Image {
    Image::default()
        .layer(&[("/etc/os-release", "ID=alpine\nVERSION_ID=3.11.5\n"), ("/lib/apk/db/installed", installed)])
}

fn flaw<'a>(report: &'a ScanReport, id: &str) -> Option<&'a Vulnerability> {
    report.vulnerabilities.iter().find(|flaw| flaw.id == id)
}

#[test]
fn bookworm_as_released_has_looney_tunables_and_its_fix_has_not() {
    let Some(data) = osv_data() else { return };
    let bucket = Bucket(data);
    // DSA-5514: fixed in 2.36-9+deb12u3.
    let released =
        debian(&[("libc6", "2.36-9", "glibc"), ("libc-bin", "2.36-9", "glibc")]).scan(Some(&bucket));
    let looney = flaw(&released, "CVE-2023-4911").unwrap();
    assert_eq!(looney.fixed.as_deref(), Some("2.36-9+deb12u3"));
    assert_eq!(looney.packages, ["libc-bin", "libc6"]);
    assert_eq!((looney.source.as_str(), looney.layer), ("glibc", Some(1)));
    let fixed = debian(&[("libc6", "2.36-9+deb12u3", "glibc")]).scan(Some(&bucket));
    assert!(flaw(&fixed, "CVE-2023-4911").is_none());
    // Never fixed, and Debian says it does not matter.
    assert_eq!(flaw(&fixed, "CVE-2010-4756").unwrap().rating, Rating::Unimportant);
    assert_eq!(flaw(&fixed, "CVE-2010-4756").unwrap().fixed, None);
}

#[test]
fn urgencies_of_unfixed_flaws() {
    let Some(data) = osv_data() else { return };
    let report = debian(&[("zlib1g", "1:1.2.13.dfsg-1", "zlib"), ("coreutils", "9.1-1", "")])
        .scan(Some(&Bucket(data)));
    let rating = |id| flaw(&report, id).map(|flaw| (flaw.rating, flaw.fixed.clone()));
    assert_eq!(rating("CVE-2023-45853"), Some((Rating::Unrated, None)));
    assert_eq!(rating("CVE-2016-2781"), Some((Rating::Low, None)));
    assert_eq!(rating("CVE-2017-18018"), Some((Rating::Unimportant, None)));
}

#[test]
fn kernel_headers_are_no_kernel() {
    let Some(data) = osv_data() else { return };
    let bucket = Bucket(data);
    let headers = debian(&[("linux-libc-dev", "6.1.55-1", "linux")]).scan(Some(&bucket));
    assert_eq!(headers.vulnerabilities, []);
    let [Note::KernelHeaders { packages, advisories }] = &headers.notes[..] else {
        panic!("{:?}", headers.notes)
    };
    assert_eq!(packages, "linux-libc-dev");
    assert!(*advisories > 1000, "{advisories}");
    let kernel = debian(&[("linux-image-6.1.0-13-amd64", "6.1.55-1", "linux-signed-amd64 (6.1.55+1)")]);
    assert_eq!(kernel.scan(Some(&bucket)).notes, []);
}

#[test]
fn alpine_openssl_and_openssh() {
    let Some(data) = osv_data() else { return };
    let bucket = Bucket(data);
    // secdb of v3.11: CVE-2019-1551 is fixed in openssl 1.1.1d-r3, CVE-2019-1547 in 1.1.1d-r1.
    let openssl = |version: &str| {
        let report = alpine(&format!("P:libssl1.1\nV:{version}\no:openssl\n\n")).scan(Some(&bucket));
        ["CVE-2019-1551", "CVE-2019-1547"].map(|id| flaw(&report, id).and_then(|flaw| flaw.fixed.clone()))
    };
    let fix = |version: &str| Some(version.to_string());
    assert_eq!(openssl("1.1.1d-r0"), [fix("1.1.1d-r3"), fix("1.1.1d-r1")]);
    assert_eq!(openssl("1.1.1d-r2"), [fix("1.1.1d-r3"), None]);
    assert_eq!(openssl("1.1.1d-r3"), [None, None]);
    // CVE-2018-20685 in 7.9_p1-r3: the _p1 comes after 7.9.
    let openssh = |version: &str| {
        let report = alpine(&format!("P:openssh-client\nV:{version}\no:openssh\n\n")).scan(Some(&bucket));
        flaw(&report, "CVE-2018-20685").is_some()
    };
    assert_eq!(
        [openssh("7.9-r5"), openssh("7.9_p1-r2"), openssh("7.9_p1-r3"), openssh("8.1_p1-r0")],
        [true, true, false, false]
    );
}

#[test]
fn python_by_normalised_name_with_the_git_range_first() {
    let Some(data) = osv_data() else { return };
    let metadata = "Name: Django\nVersion: 3.2.0\n\n";
    let image = Image::default().layer(&[("/p/Django-3.2.dist-info/METADATA", metadata)]);
    let report = image.scan(Some(&Bucket(data)));
    // PYSEC-2021-7: fixed in 2.2.21, 3.1.9 and 3.2.1, each for its branch.
    let flaw = flaw(&report, "CVE-2021-31542").unwrap();
    assert_eq!(flaw.fixed.as_deref(), Some("3.2.1"));
    assert!(flaw.aliases.contains(&"PYSEC-2021-7".to_string()), "{:?}", flaw.aliases);
    assert!(report.vulnerabilities.len() > 20);
}

#[test]
fn node_with_two_ranges() {
    let Some(data) = osv_data() else { return };
    let bucket = Bucket(data);
    let at = |version: &str| {
        let manifest = format!("{{\"name\":\"next\",\"version\":\"{version}\"}}");
        let report =
            Image::default().layer(&[("/a/node_modules/next/package.json", &manifest)]).scan(Some(&bucket));
        flaw(&report, "CVE-2025-55173").map(|flaw| (flaw.fixed.clone().unwrap(), flaw.rating))
    };
    assert_eq!(at("14.2.30"), Some(("14.2.31".to_string(), Rating::Medium)));
    assert_eq!(at("14.2.31"), None);
    assert_eq!(at("15.4.4"), Some(("15.4.5".to_string(), Rating::Medium)));
    assert_eq!(at("15.4.5"), None);
}

#[test]
fn the_summary_is_one_line() {
    let Some(data) = osv_data() else { return };
    let report = debian(&[("coreutils", "9.1-1", ""), ("zlib1g", "1:1.2.13.dfsg-1", "zlib")])
        .scan(Some(&Bucket(data)));
    assert_eq!(findings(&report), [(Rating::Unrated, 1), (Rating::Low, 1), (Rating::Unimportant, 1)]);
    let newest = &report.coverage.as_ref().unwrap()[0].newest;
    assert_eq!(
        summary(&report),
        format!("2 packages · 1 unrated, 1 low, 1 unimportant · no secrets · database of {newest}")
    );
}

#[test]
fn a_release_without_data_is_not_guessed() {
    let Some(data) = osv_data() else { return };
    let trixie = "ID=debian\nVERSION_ID=13\n";
    let image = Image::default()
        .layer(&[("/etc/os-release", trixie), (STATUS, &dpkg_status(&[("tar", "1.34", "")]))]);
    let report = image.scan(Some(&Bucket(data)));
    assert_eq!(report.vulnerabilities, []);
    assert_eq!(report.notes, [Note::NotCovered { ecosystem: "Debian:13".to_string(), packages: 1 }]);
}

#[test]
fn one_archive_serves_as_a_data_base() {
    let Some(data) = osv_data() else { return };
    let archive = AdvisoryArchive::new(std::fs::read(data.join("Debian:12/all.zip")).unwrap()).unwrap();
    let report = debian(&[("libc6", "2.36-9", "glibc")]).scan(Some(&archive));
    assert!(flaw(&report, "CVE-2023-4911").is_some());
}

#[test]
fn damaged_archives_are_errors_not_panics() {
    let error = AdvisoryArchive::new(b"no zip".to_vec()).unwrap_err().to_string();
    assert!(error.starts_with("the archive is damaged or no zip"), "{error}");
    let Some(data) = osv_data() else { return };
    let mut bytes = std::fs::read(data.join("npm/all.zip")).unwrap();
    bytes[2000..4000].fill(0xff);
    let archive = AdvisoryArchive::new(bytes).unwrap();
    let image = Image::default()
        .layer(&[("/node_modules/next/package.json", "{\"name\":\"next\",\"version\":\"1.0.0\"}")]);
    let notes = image.scan(Some(&archive as &dyn AdvisoryRecords)).notes;
    assert!(matches!(&notes[..], [Note::DatabaseBroken { .. }]), "{notes:?}");
}

const SINGLE: &str = r#"{"id":"DEBIAN-CVE-2024-1","modified":"2026-01-02T00:00:00Z","upstream":["CVE-2024-1"],"affected":[
    {"package":{"ecosystem":"Debian:12","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.1"}]}]},
    {"package":{"ecosystem":"Debian:11","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#;
const SEVERAL: &str = r#"{"id":"DSA-1","modified":"2026-01-03T00:00:00Z","summary":"x - security update","upstream":["CVE-2024-1","CVE-2024-2"],
    "affected":[{"package":{"ecosystem":"Debian:12","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.2"}]}]}]}"#;
const WITHDRAWN: &str = r#"{"id":"DEBIAN-CVE-2024-3","modified":"2026-01-04T00:00:00Z","withdrawn":"2026-01-04T00:00:00Z",
    "affected":[{"package":{"ecosystem":"Debian:12","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#;
const SCORED: &str = r#"{"id":"DEBIAN-CVE-2024-4","modified":"2026-01-01T00:00:00Z","aliases":null,"upstream":["CVE-2024-4"],
    "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},{"type":"CVSS_V4","score":"CVSS:4.0/AV:N"}],
    "affected":[{"package":{"ecosystem":"Debian:12","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],
    "ecosystem_specific":{"urgency":"not yet assigned"}}]}"#;

#[test]
fn advisories_on_several_flaws_give_way_to_those_on_one() {
    let records = Records(vec![SINGLE, SEVERAL, WITHDRAWN, SCORED, "{\"id\":", "[]"]);
    let at = |version: &str| {
        let report = debian(&[("x", version, "")]).scan(Some(&records));
        let found = report.vulnerabilities.iter().map(|flaw| (flaw.id.clone(), flaw.fixed.clone()));
        found.filter(|(id, _)| id != "CVE-2024-4").collect::<Vec<_>>()
    };
    let flaw = |id: &str, fixed: &str| (id.to_string(), Some(fixed.to_string()));
    assert_eq!(at("1.0"), [flaw("CVE-2024-1", "1.1"), flaw("CVE-2024-2", "1.2")]);
    assert_eq!(at("1.1"), [flaw("CVE-2024-2", "1.2")]);
    assert_eq!(at("1.2"), []);
}

#[test]
fn ratings_coverage_and_broken_records() {
    let records = Records(vec![SINGLE, SEVERAL, WITHDRAWN, SCORED, "{\"id\":", "[[["]);
    let report = debian(&[("x", "9", "")]).scan(Some(&records));
    let [scored] = &report.vulnerabilities[..] else { panic!("{:?}", report.vulnerabilities) };
    assert_eq!((scored.rating, scored.rated_by.as_deref()), (Rating::Critical, Some("CVSS 9.8")));
    let coverage = &report.coverage.as_ref().unwrap()[0];
    assert_eq!((coverage.records, coverage.broken, coverage.newest.as_str()), (4, 2, "2026-01-04"));
    assert_eq!(report.notes, [Note::RecordsBroken { ecosystem: "Debian:12".to_string(), records: 2 }]);
}

#[test]
fn the_report_as_json() {
    let records = Records(vec![SCORED]);
    let json = plimsoll_scan::to_json(&debian(&[("x", "9", "")]).scan(Some(&records)));
    assert_eq!(json["version"], 1);
    assert_eq!(json["vulnerabilityCounts"]["critical"], 1);
    assert_eq!(
        (&json["vulnerabilities"][0]["id"], &json["vulnerabilities"][0]["layer"]),
        (&"CVE-2024-4".into(), &1.into())
    );
    assert_eq!(json["packages"][0]["purl"], "pkg:deb/debian/x@9?arch=amd64&distro=debian-12");
    assert_eq!(json["databases"][0]["newest"], "2026-01-01");
}
