//! `--provenance`, `--sbom` and `--attest`: what is stated about an image. Nothing if nothing is asked:
//! a statement makes an index of what was a plain manifest.

use plimsoll_build::attestation::Detail;

use super::csv;
use super::output_spec::truth;

/// What is stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttestSpec {
    /// SLSA provenance, in this detail.
    pub provenance: Option<Detail>,
    /// The builder's URI in it.
    pub builder: Option<String>,
    /// An SPDX document of the packages.
    pub sbom: bool,
}

impl AttestSpec {
    /// Read the three flags; the short ones win, as in buildx.
    pub fn read(attest: &[String], provenance: Option<&str>, sbom: Option<&str>) -> Result<Self, String> {
        let mut spec = AttestSpec::default();
        for text in attest {
            let fields = csv::fields(text)?;
            let kind = fields.iter().find_map(|field| field.strip_prefix("type=")).map(str::to_string);
            let rest: Vec<&str> =
                fields.iter().filter(|field| !field.starts_with("type=")).map(String::as_str).collect();
            let failed = |why: String| format!("--attest '{text}': {why}");
            match kind.as_deref() {
                Some("provenance") => spec.add_provenance(&rest).map_err(failed)?,
                Some("sbom") => spec.add_sbom(&rest).map_err(failed)?,
                Some(other) => {
                    return Err(failed(format!("'{other}' is no type; there are provenance and sbom")));
                }
                None => return Err(failed("it has no type=provenance or type=sbom".to_string())),
            }
        }
        let short = |text: &str| -> Result<Vec<String>, String> { csv::fields(text) };
        if let Some(text) = provenance {
            let fields = short(text)?;
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            spec.add_provenance(&fields).map_err(|why| format!("--provenance '{text}': {why}"))?;
        }
        if let Some(text) = sbom {
            let fields = short(text)?;
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            spec.add_sbom(&fields).map_err(|why| format!("--sbom '{text}': {why}"))?;
        }
        Ok(spec)
    }

    /// Whether anything is stated.
    pub fn is_asked(&self) -> bool {
        self.provenance.is_some() || self.sbom
    }

    fn add_provenance(&mut self, fields: &[&str]) -> Result<(), String> {
        let mut detail = Some(Detail::Min);
        for field in fields {
            match field.split_once('=') {
                None => detail = truth(field)?.then_some(Detail::Min),
                Some(("mode", "min")) => detail = Some(Detail::Min),
                Some(("mode", "max")) => detail = Some(Detail::Max),
                Some(("mode", other)) => return Err(format!("'{other}' is no mode; there are min and max")),
                Some(("builder-id", uri)) => self.builder = Some(uri.to_string()),
                Some(("version", "v1")) => {}
                Some(("version", other)) => return Err(format!("'{other}' is not written here; v1 is")),
                Some(("disabled", value)) => detail = (!truth(value)?).then_some(Detail::Min),
                Some((key, _)) => {
                    return Err(format!("'{key}' is no key; there are mode, builder-id, version, disabled"));
                }
            }
        }
        self.provenance = detail;
        Ok(())
    }

    fn add_sbom(&mut self, fields: &[&str]) -> Result<(), String> {
        let mut asked = true;
        for field in fields {
            match field.split_once('=') {
                None => asked = truth(field)?,
                Some(("disabled", value)) => asked = !truth(value)?,
                Some(("generator", _)) => {
                    return Err("no other generator is run; the packages are read here".to_string());
                }
                Some((key, _)) => return Err(format!("'{key}' is no key; there is disabled")),
            }
        }
        self.sbom = asked;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_of_buildx() {
        let read = |attest: &[&str], provenance, sbom| {
            let attest: Vec<String> = attest.iter().map(|text| text.to_string()).collect();
            AttestSpec::read(&attest, provenance, sbom)
        };
        assert!(!read(&[], None, None).unwrap().is_asked());
        assert_eq!(read(&[], Some("true"), None).unwrap().provenance, Some(Detail::Min));
        assert_eq!(read(&[], Some("mode=max"), None).unwrap().provenance, Some(Detail::Max));
        assert_eq!(read(&["type=provenance,mode=max"], Some("false"), None).unwrap().provenance, None);
        let both = read(&["type=sbom", "type=provenance,builder-id=https://b"], None, None).unwrap();
        assert!(both.sbom && both.builder.as_deref() == Some("https://b"));
        assert!(read(&[], Some("mode=mid"), None).unwrap_err().contains("min and max"));
        assert!(read(&["type=vex"], None, None).unwrap_err().contains("provenance and sbom"));
        assert!(read(&[], None, Some("generator=x")).is_err());
    }
}
