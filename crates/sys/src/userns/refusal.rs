//! Why the kernel makes no user namespace, and what to do about it.

use std::fmt;
use std::fs;

use rustix::io::Errno;

/// The switch that is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Debian's and Arch's switch.
    UnprivilegedClone,
    /// Ubuntu's AppArmor rule: a namespace is made, but gives no capabilities.
    AppArmor,
    /// The number of user namespaces is limited, often to 0.
    Limit,
    /// None of the known switches: a seccomp filter, another security module, a chroot.
    Other(i32),
}

const UNPRIVILEGED_CLONE: &str = "/proc/sys/kernel/unprivileged_userns_clone";
const APPARMOR: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

impl Refusal {
    pub(crate) fn of(errno: Errno) -> Self {
        let is = |path, value: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
        match errno {
            Errno::NOSPC | Errno::USERS => Refusal::Limit,
            _ if is(UNPRIVILEGED_CLONE, "0") => Refusal::UnprivilegedClone,
            _ if is(APPARMOR, "1") => Refusal::AppArmor,
            errno => Refusal::Other(errno.raw_os_error()),
        }
    }

    /// The command that root runs to change it, if there is one.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Refusal::UnprivilegedClone => Some("sysctl -w kernel.unprivileged_userns_clone=1"),
            Refusal::AppArmor => Some("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
            Refusal::Limit => Some("sysctl -w user.max_user_namespaces=15000"),
            Refusal::Other(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnprivilegedClone => f.write_str("kernel.unprivileged_userns_clone is 0")?,
            Refusal::AppArmor => f.write_str("AppArmor restricts them to listed programs")?,
            Refusal::Limit => f.write_str("the limit user.max_user_namespaces is reached")?,
            Refusal::Other(number) => {
                let error = std::io::Error::from_raw_os_error(*number).to_string();
                let error = error.split(" (os error").next().unwrap_or_default().to_lowercase();
                write!(f, "{error}; a container's or service manager's filter may be in force")?;
            }
        }
        self.remedy().map_or(Ok(()), |remedy| write!(f, "; as root run `{remedy}`"))
    }
}
