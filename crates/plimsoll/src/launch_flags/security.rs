//! What a process may do: capabilities, `--privileged` and `--security-opt`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use clap::Args;
use plimsoll_image::error::reason;
use plimsoll_model::launch::{ALL_CAPABILITIES, Seccomp, Security};

use super::capabilities;

/// Rights.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Security")]
pub struct SecurityFlags {
    /// Give a capability, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub cap_add: Vec<String>,
    /// Take a capability away, or ALL.
    #[arg(long, value_name = "CAPABILITY")]
    pub cap_drop: Vec<String>,
    /// Hold nothing back: all capabilities and devices, no filter of system calls, nothing masked.
    #[arg(long)]
    privileged: bool,
    /// no-new-privileges, seccomp=FILE|builtin|unconfined, systempaths=unconfined, label=disable,
    /// apparmor=unconfined.
    #[arg(long, value_name = "OPTION")]
    pub security_opt: Vec<String>,
    /// The image's files cannot be changed.
    #[arg(long)]
    read_only: bool,
}

impl SecurityFlags {
    /// All of it decided; the file of a seccomp profile is read.
    pub fn security(&self) -> Result<Security, String> {
        let resolved = capabilities::resolve(&self.cap_add, &self.cap_drop)?;
        let mut security =
            Security { read_only_root: self.read_only, capabilities: resolved, ..Security::default() };
        if self.privileged {
            // Whatever is dropped: docker gives all of them.
            security.capabilities = ALL_CAPABILITIES.map(str::to_string).to_vec();
            security.seccomp = Seccomp::Unconfined;
            security.bare_kernel_files = true;
            security.privileged = true;
        }
        for text in &self.security_opt {
            match parse(text)? {
                SecurityOption::NoNewPrivileges(so) => security.no_new_privileges = so,
                SecurityOption::Seccomp(SeccompWord::Builtin) => security.seccomp = Seccomp::Default,
                SecurityOption::Seccomp(SeccompWord::Unconfined) => security.seccomp = Seccomp::Unconfined,
                SecurityOption::Seccomp(SeccompWord::File(path)) => {
                    security.seccomp = Seccomp::Profile(read_profile(Path::new(path))?);
                }
                SecurityOption::BareKernelFiles => security.bare_kernel_files = true,
                SecurityOption::AsEver => {}
                SecurityOption::SelinuxLabel if Path::new("/sys/fs/selinux/enforce").exists() => {
                    return Err(format!("--security-opt {text}: containers get no SELinux label here"));
                }
                SecurityOption::SelinuxLabel => {}
            }
        }
        Ok(security)
    }
}

/// One `--security-opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecurityOption<'a> {
    NoNewPrivileges(bool),
    Seccomp(SeccompWord<'a>),
    BareKernelFiles,
    /// Asks for a label; without SELinux docker passes it over, and so do we.
    SelinuxLabel,
    /// Asks for what is always so.
    AsEver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeccompWord<'a> {
    Builtin,
    Unconfined,
    File(&'a str),
}

/// `NAME=VALUE`, or docker's old `NAME:VALUE`.
fn parse(text: &str) -> Result<SecurityOption<'_>, String> {
    let (name, value) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((text, ""));
    match (name, value) {
        ("no-new-privileges", "true") => Ok(SecurityOption::NoNewPrivileges(true)),
        ("no-new-privileges", "") if text == name => Ok(SecurityOption::NoNewPrivileges(true)),
        ("no-new-privileges", "false") => Ok(SecurityOption::NoNewPrivileges(false)),
        ("seccomp", "unconfined") => Ok(SecurityOption::Seccomp(SeccompWord::Unconfined)),
        ("seccomp", "builtin" | "default") => Ok(SecurityOption::Seccomp(SeccompWord::Builtin)),
        ("seccomp", file) if !file.is_empty() => Ok(SecurityOption::Seccomp(SeccompWord::File(file))),
        // podman's word for the same.
        ("systempaths", "unconfined") | ("unmask", "ALL" | "all") => Ok(SecurityOption::BareKernelFiles),
        ("apparmor", "unconfined") | ("label", "disable") => Ok(SecurityOption::AsEver),
        ("label", value) if !value.is_empty() => Ok(SecurityOption::SelinuxLabel),
        _ => Err(refusal(text, name)),
    }
}

fn refusal(text: &str, name: &str) -> String {
    let why = match name {
        "apparmor" => "no AppArmor profile is put on containers: apparmor=unconfined says so",
        "mask" | "unmask" => "single paths are not masked or shown: unmask=ALL shows all of them",
        "no-new-privileges" => "true or false was expected",
        _ => "no-new-privileges, seccomp, systempaths, label and apparmor are known",
    };
    format!("--security-opt {text} is not supported: {why}")
}

/// Profiles in use have some 30 KiB.
const PROFILE_LIMIT: u64 = 1 << 20;

/// The text of a profile. What is in it is looked at when it is made a filter.
fn read_profile(path: &Path) -> Result<String, String> {
    let unusable = |why: String| format!("the seccomp profile {} cannot be used: {why}", path.display());
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(PROFILE_LIMIT + 1).read_to_string(&mut text));
    read.map_err(|error| unusable(reason(&error)))?;
    if text.len() as u64 > PROFILE_LIMIT {
        return Err(unusable("it is larger than 1 MiB".into()));
    }
    match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(_)) => Ok(text),
        Ok(_) => Err(unusable("it is no JSON object".into())),
        Err(error) => Err(unusable(format!("it is no JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn security(options: &[&str]) -> Result<Security, String> {
        let security_opt = options.iter().map(|option| (*option).to_string()).collect();
        SecurityFlags { security_opt, ..SecurityFlags::default() }.security()
    }

    #[test]
    fn no_new_privileges_in_all_forms() {
        for on in ["no-new-privileges", "no-new-privileges=true", "no-new-privileges:true"] {
            assert!(security(&[on]).unwrap().no_new_privileges, "{on}");
        }
        assert!(!security(&["no-new-privileges", "no-new-privileges:false"]).unwrap().no_new_privileges);
        for bad in ["no-new-privileges=", "no-new-privileges:yes"] {
            assert!(security(&[bad]).unwrap_err().contains("true or false"), "{bad}");
        }
    }

    #[test]
    fn what_confines_and_what_does_not() {
        assert_eq!(security(&["seccomp:unconfined"]).unwrap().seccomp, Seccomp::Unconfined);
        assert_eq!(security(&["seccomp=unconfined", "seccomp=builtin"]).unwrap().seccomp, Seccomp::Default);
        for bare in ["systempaths=unconfined", "unmask=ALL"] {
            assert!(security(&[bare]).unwrap().bare_kernel_files, "{bare}");
        }
        for nothing in ["apparmor=unconfined", "apparmor:unconfined", "label=disable", "label:disable"] {
            assert_eq!(security(&[nothing]), Ok(Security::default()), "{nothing}");
        }
        for bad in [
            "",
            "nope",
            "nope=x",
            "seccomp",
            "seccomp=",
            "apparmor=p",
            "mask=/a",
            "unmask=/a",
            "systempaths=x",
            "label=",
        ] {
            assert!(security(&[bad]).unwrap_err().contains("--security-opt"), "{bad}");
        }
    }

    #[test]
    fn privileged_holds_nothing_back() {
        let flags = SecurityFlags {
            privileged: true,
            cap_drop: vec!["ALL".into()],
            security_opt: vec!["no-new-privileges".into()],
            ..SecurityFlags::default()
        };
        let security = flags.security().unwrap();
        assert_eq!((security.capabilities.len(), security.seccomp), (41, Seccomp::Unconfined));
        assert!(security.privileged && security.bare_kernel_files && security.no_new_privileges);
    }

    #[test]
    fn a_profile_is_read_and_looked_at() {
        let file = |text: &[u8]| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            security(&[&format!("seccomp={}", file.path().display())]).map(|security| security.seccomp)
        };
        let text = "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }";
        assert_eq!(file(text.as_bytes()), Ok(Seccomp::Profile(text.to_string())));
        assert!(file(b"{").unwrap_err().contains("no JSON"));
        assert!(file(b"[]").unwrap_err().contains("no JSON object"));
        assert!(file(&vec![b' '; (1 << 20) + 1]).unwrap_err().contains("1 MiB"));
        assert!(security(&["seccomp=/no/such"]).unwrap_err().contains("does not exist"));
    }
}
