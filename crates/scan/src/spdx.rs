//! SPDX 2.3 as JSON (ISO/IEC 5962 and its successor): the image, its packages, that it contains them.
//! The same report and the same time give the same bytes.

mod wire;

use serde_json::Value;

use crate::cyclonedx::Subject;
use crate::report::ScanReport;

/// The document of an image.
pub fn document(report: &ScanReport, subject: &Subject) -> Value {
    wire::document(report, subject)
}
