//! The document's form.

use serde_json::{Map, Value, json};

use crate::cyclonedx::Subject;
use crate::packages::{OsRelease, Package};
use crate::report::ScanReport;

const VERSION: &str = "SPDX-2.3";

/// What SPDX writes where nobody has looked or nothing is known.
const NO_ASSERTION: &str = "NOASSERTION";

/// The image itself among the document's packages.
const IMAGE: &str = "SPDXRef-Image";

pub(super) fn document(report: &ScanReport, subject: &Subject) -> Value {
    let os = report.inventory.os.as_ref();
    let packages = &report.inventory.packages;
    let ids: Vec<String> = (0..packages.len()).map(|number| format!("SPDXRef-Package-{number}")).collect();
    let mut listed = vec![image(subject)];
    listed.extend(os.map(operating_system));
    listed.extend(packages.iter().zip(&ids).map(|(found, id)| package(found, id, os)));
    let mut relationships = vec![relationship("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE)];
    relationships.extend(os.map(|_| relationship(IMAGE, "CONTAINS", "SPDXRef-OperatingSystem")));
    relationships.extend(ids.iter().map(|id| relationship(IMAGE, "CONTAINS", id)));
    json!({
        "spdxVersion": VERSION,
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": subject.name,
        "documentNamespace": namespace(subject),
        "creationInfo": {
            "created": subject.timestamp,
            "creators": [format!("Tool: plimsoll-{}", subject.tool_version)],
        },
        "packages": listed,
        "relationships": relationships,
    })
}

/// Unique for what the document says, and no more: equal images give equal documents.
fn namespace(subject: &Subject) -> String {
    let seed = format!("{} {} {}", subject.digest, subject.timestamp, subject.tool_version);
    format!("urn:plimsoll:spdx:{}", plimsoll_model::Digest::of(seed.as_bytes()).hex())
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

/// The fields that every package must have.
fn plain(id: &str, name: &str, version: Option<&str>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("SPDXID".into(), id.into());
    fields.insert("name".into(), name.into());
    fields.extend(version.map(|version| ("versionInfo".to_string(), Value::from(version))));
    fields.insert("downloadLocation".into(), NO_ASSERTION.into());
    fields.insert("filesAnalyzed".into(), false.into());
    fields
}

fn image(subject: &Subject) -> Value {
    let mut fields = plain(IMAGE, &subject.name, Some(&subject.digest.to_string()));
    fields.insert("primaryPackagePurpose".into(), "CONTAINER".into());
    let sum = json!([{ "algorithm": "SHA256", "checksumValue": subject.digest.hex() }]);
    fields.insert("checksums".into(), sum);
    fields.into()
}

fn operating_system(os: &OsRelease) -> Value {
    let mut fields = plain("SPDXRef-OperatingSystem", &os.id, os.version_id.as_deref());
    fields.insert("primaryPackagePurpose".into(), "OPERATING-SYSTEM".into());
    fields.into()
}

fn package(package: &Package, id: &str, os: Option<&OsRelease>) -> Value {
    let mut fields = plain(id, &package.name, Some(&package.version));
    if let Some(licence) = &package.licence {
        // Managers write free text; SPDX wants an expression, so the text goes where text may stand.
        fields.insert("licenseConcluded".into(), NO_ASSERTION.into());
        fields.insert("licenseDeclared".into(), NO_ASSERTION.into());
        fields.insert("licenseComments".into(), format!("declared as: {licence}").into());
    }
    if let Some(purl) = package.purl(os) {
        let reference = json!({
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": purl,
        });
        fields.insert("externalRefs".into(), json!([reference]));
    }
    fields.insert("sourceInfo".into(), format!("listed in {}", package.path).into());
    fields.into()
}
