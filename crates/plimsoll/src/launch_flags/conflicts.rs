//! Flags that do not go together (moby, runconfig validateNetMode).

use plimsoll_model::Network;
use plimsoll_model::launch::{Share, Sharing};

use super::LaunchFlags;

impl LaunchFlags {
    /// What a shared network or host name makes pointless.
    pub(super) fn check_shared(&self, network: &Network, sharing: &Sharing) -> Result<(), String> {
        let named = self.names.hostname().is_some();
        if named && sharing.uts != Share::Own {
            return Err(
                "--hostname and --uts conflict: a shared host name is not changed; leave one of them out"
                    .into(),
            );
        }
        if !matches!(network, Network::Container(_)) {
            return Ok(());
        }
        let conflicting = [
            ("--hostname", named),
            ("--dns", !self.naming.dns.is_empty()),
            ("--add-host", !self.naming.add_host.is_empty()),
            ("--publish", self.ports.publishes()),
            ("--expose", self.ports.exposes()),
        ];
        match conflicting.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(format!(
                "{flag} and --network container:NAME conflict: all of the network is that of the other \
                 container; give it {flag} when that one is made"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(disable_help_flag = true)]
    struct Line {
        #[command(flatten)]
        flags: LaunchFlags,
    }

    #[test]
    fn what_is_shared_is_not_changed() {
        let check = |words: &[&str], network: &Network, sharing: &Sharing| {
            let words = std::iter::once("x").chain(words.iter().copied());
            Line::try_parse_from(words).map(|line| line.flags.check_shared(network, sharing)).unwrap()
        };
        let (other, own) = (Network::Container("0123".into()), Sharing::default());
        for words in [
            &["--hostname", "a"][..],
            &["--dns", "1.1.1.1"],
            &["--add-host", "a:1.1.1.1"],
            &["-p", "80"],
            &["--expose", "80"],
        ] {
            assert_eq!(check(words, &Network::Host, &own), Ok(()), "{words:?}");
            assert!(check(words, &other, &own).unwrap_err().contains("container:NAME"), "{words:?}");
        }
        assert_eq!(check(&[], &other, &own), Ok(()));
        let uts = Sharing { uts: Share::Host, ..Sharing::default() };
        assert!(check(&["--hostname", "a"], &Network::None, &uts).unwrap_err().contains("--uts"));
    }
}
