//! Facts about this machine that a plan depends on. Gathered once, then passed as a value.

/// How ids of a container map to ids of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdMap {
    /// We are real root: no user namespace, ids are the host's.
    Host,
    /// We are root of a user namespace with a whole range of ids (newuidmap, /etc/subuid).
    Range,
    /// We are root of a user namespace with exactly one id: every file belongs to one owner, and a
    /// process of another uid needs a nested user namespace that maps this uid to it.
    Single,
}

/// What this machine allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Ids at hand.
    pub ids: IdMap,
    /// Kernel release, `6.18.44`.
    pub kernel: String,
}
