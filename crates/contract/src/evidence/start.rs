//! What PID 1 was given, looked at before its first instruction.

/// What plimsoll says beforehand of every start of an image: the same for all ways of launching it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Promised {
    /// User id, by the account files of the image.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups, sorted; `None` where this machine cannot set any (one mapped id).
    pub groups: Option<Vec<u32>>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Working directory, links of the image followed.
    pub workdir: String,
    /// Capabilities it can ever have, names without `CAP_`.
    pub capabilities: Vec<String>,
}

/// PID 1 when its program was loaded and had not done anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Start {
    /// The first program.
    pub program: Program,
    /// Working directory inside the container.
    pub workdir: String,
    /// Environment, as `/proc/PID/environ` has it.
    pub env: Vec<(String, String)>,
    /// Effective user id inside the container.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Supplementary groups, sorted.
    pub groups: Vec<u32>,
    /// Effective capabilities, names without `CAP_`.
    pub effective: Vec<String>,
    /// Permitted capabilities.
    pub permitted: Vec<String>,
    /// Capabilities in the bounding set.
    pub bounding: Vec<String>,
    /// The programs PID 1 became afterwards, up to its end; `None` if it was not followed that far.
    pub became: Option<Vec<Program>>,
}

/// A program in a process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// Command line; of a script its interpreter's.
    pub argv: Vec<String>,
    /// Path of the executable inside the container.
    pub exe: String,
}

impl Start {
    /// The program PID 1 ended as, if it was followed to its end.
    pub fn last(&self) -> Option<&Program> {
        let became = self.became.as_ref()?;
        Some(became.last().unwrap_or(&self.program))
    }
}
