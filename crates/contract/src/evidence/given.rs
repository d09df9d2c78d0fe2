//! What the experiments were given beside what the image says: the flags of `run` that a program may need
//! to start.

/// Flags and arguments that every launch of a proof had.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// Arguments after the image, instead of its CMD.
    pub args: Vec<String>,
    /// Variables; without a value: taken out of the image's.
    pub env: Vec<(String, Option<String>)>,
    /// `--user`, as written.
    pub user: Option<String>,
    /// `--workdir`, as written.
    pub workdir: Option<String>,
    /// `--hostname`.
    pub hostname: Option<String>,
    /// `-v`, `--mount` and `--tmpfs`: the flag and its value as written.
    pub mounts: Vec<(String, String)>,
}

impl Given {
    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        *self == Given::default()
    }

    /// The flags of `run` and `prove` that give the same, but for the arguments, which follow the image.
    pub fn flags(&self) -> Vec<(String, String)> {
        let flag = |name: &str, value: &String| (name.to_string(), value.clone());
        let mut flags: Vec<(String, String)> = self
            .env
            .iter()
            .map(|(name, value)| match value {
                Some(value) => ("-e".to_string(), format!("{name}={value}")),
                None => flag("-e", name),
            })
            .collect();
        flags.extend(self.user.iter().map(|user| flag("--user", user)));
        flags.extend(self.workdir.iter().map(|workdir| flag("--workdir", workdir)));
        flags.extend(self.hostname.iter().map(|hostname| flag("--hostname", hostname)));
        flags.extend(self.mounts.iter().cloned());
        flags
    }
}
