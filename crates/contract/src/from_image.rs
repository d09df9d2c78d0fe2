//! The contract an image makes, read from its configuration and files.

use plimsoll_model::{Because, FileTree, ImageConfig};

use crate::contract::{Contract, ShellKind};
use crate::origin;
use crate::reasons::{self, Reasons};
use crate::shell_kind;

/// Read the contract. `origin` is the reason given to every value that is set.
pub fn from_image(config: &ImageConfig, tree: Option<&dyn FileTree>, origin: Because) -> Contract {
    let shell = tree.map_or(ShellKind::Unknown, |tree| shell_kind::identify(tree, "/bin/sh"));
    let mut contract = reasons::contract(config, &Reasons::all(origin), shell, None);
    contract.script = tree.and_then(|tree| origin::script_in_tree(&contract, tree));
    contract
}

#[cfg(test)]
mod tests {
    use plimsoll_model::MemoryTree;

    use super::*;

    #[test]
    fn what_is_set_has_the_origin_and_what_is_not_the_default() {
        let config = ImageConfig {
            cmd: vec!["run.sh".into()],
            exposed_ports: vec!["80/tcp".into()],
            stop_signal: Some("SIGQUIT".into()),
            ..ImageConfig::default()
        };
        let mut tree = MemoryTree::default();
        tree.executable("/usr/bin/run.sh", b"#!/bin/sh\nexec server\n");
        let contract = from_image(&config, Some(&tree), Because::ImageConfig);
        assert_eq!(contract.cmd.because, Because::ImageConfig);
        assert!(matches!(contract.entrypoint.because, Because::RuntimeDefault(_)));
        assert!(matches!(contract.user.because, Because::RuntimeDefault("root")));
        assert_eq!(contract.stop_signal.value, plimsoll_model::Signal::QUIT);
        assert_eq!(contract.shell, ShellKind::Missing);
        let script = contract.script.unwrap();
        assert_eq!((script.word.as_str(), script.source.name()), ("run.sh", "/usr/bin/run.sh"));
    }
}
