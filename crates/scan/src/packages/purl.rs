//! Package URLs (purl-spec, types `deb`, `apk`, `pypi`, `npm`).

use packageurl::PackageUrl;

use super::{OsRelease, Package, PackageKind, python};

pub(super) fn of(package: &Package, os: Option<&OsRelease>) -> Option<String> {
    build(package, os).ok().map(|purl| purl.to_string())
}

fn build<'a>(package: &'a Package, os: Option<&'a OsRelease>) -> Result<PackageUrl<'a>, packageurl::Error> {
    let mut purl = match package.kind {
        PackageKind::Deb => PackageUrl::new("deb", package.name.to_lowercase())?,
        PackageKind::Apk => PackageUrl::new("apk", package.name.to_lowercase())?,
        PackageKind::Python => PackageUrl::new("pypi", python::normalized(&package.name))?,
        PackageKind::Npm => scoped(&package.name)?,
    };
    purl.with_version(package.version.as_str())?;
    if matches!(package.kind, PackageKind::Deb | PackageKind::Apk) {
        let vendor = if package.kind == PackageKind::Deb { "debian" } else { "alpine" };
        purl.with_namespace(os.map_or(vendor, |os| os.id.as_str()))?;
        if let Some(architecture) = &package.architecture {
            purl.add_qualifier("arch", architecture.as_str())?;
        }
        if let Some(distro) = os.and_then(distro) {
            purl.add_qualifier("distro", distro)?;
        }
        if package.advisory_name() != package.name {
            purl.add_qualifier("upstream", upstream(package))?;
        }
    }
    Ok(purl)
}

fn scoped(name: &str) -> Result<PackageUrl<'_>, packageurl::Error> {
    match name.split_once('/') {
        Some((scope, name)) => {
            let mut purl = PackageUrl::new("npm", name)?;
            purl.with_namespace(scope)?;
            Ok(purl)
        }
        None => PackageUrl::new("npm", name),
    }
}

/// `debian-12`, as syft and trivy write it.
fn distro(os: &OsRelease) -> Option<String> {
    Some(format!("{}-{}", os.id, os.version_id.as_ref().or(os.codename.as_ref())?))
}

fn upstream(package: &Package) -> String {
    match package.advisory_version() {
        version if version == package.version => package.advisory_name().to_string(),
        version => format!("{}@{version}", package.advisory_name()),
    }
}
