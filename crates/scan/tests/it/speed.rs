//! Images made to be slow: a scan must end all the same. How fast it is on a usual one, the
//! benchmark tells, not a test.

use crate::image::{DEBIAN_12, Image, dpkg_status};

/// Each of these once took the square of its size, or could: whole seconds instead of none.
#[test]
fn large_and_hostile() {
    let dashes = "-".repeat(5);
    let headers = format!("{dashes}BEGIN PRIVATE KEY{dashes} ").repeat(8_000);
    let colons = "://a:".repeat(40_000);
    let deep = format!("/{}x", "d/".repeat(2_000));
    let names: Vec<String> = (0..12_000).map(|number| format!("/data/d{}/f{number}", number % 300)).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|path| (path.as_str(), "text")).collect();
    files.extend([
        ("/app/keys.txt", headers.as_str()),
        ("/app/urls.txt", colons.as_str()),
        (deep.as_str(), "x"),
    ]);
    let packages: Vec<String> = (0..5_000).map(|number| format!("package{number}")).collect();
    let status: Vec<(&str, &str, &str)> = packages.iter().map(|name| (name.as_str(), "1.0", "")).collect();
    let image = Image::default()
        .layer(&files)
        .removing("/data")
        .layer(&[("/etc/os-release", DEBIAN_12), ("/var/lib/dpkg/status", &dpkg_status(&status))]);
    let report = image.scan(None);
    assert_eq!((report.inventory.packages.len(), report.secrets.len()), (5_000, 0));
    assert_eq!(report.size.wasted, 12_000 * 4);
}
