//! What a specification asks for that a bundle cannot say.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Network, Share, StopRule};

use crate::host::IdMap;

/// A sentence each.
pub(super) fn sentences(spec: &LaunchSpec, ids: &IdMap) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut tell = |so: bool, sentence: &str| {
        if so {
            sentences.push(sentence.to_string());
        }
    };
    tell(spec.init, "the bundle starts the program as process 1: it has no --init");
    tell(!spec.publish.is_empty(), "the bundle publishes no ports: who runs it forwards them");
    match &spec.network {
        Network::Joined(names) => {
            let names = names.join(", ");
            tell(
                true,
                &format!("the bundle has a network of its own with loopback only, and is not in {names}"),
            );
        }
        Network::Container(_) => {
            tell(true, "the bundle has a network of its own: a bundle cannot name another container's");
        }
        Network::UserMode(program) => {
            let name = program.name();
            tell(
                true,
                &format!("the bundle has a network of its own with loopback only: {name} is not in it"),
            );
        }
        Network::None | Network::Host | Network::Private => {}
    }
    let sharing = &spec.sharing;
    let shares = [(&sharing.pid, "processes"), (&sharing.ipc, "shared memory"), (&sharing.uts, "host name")];
    for (share, what) in shares.into_iter().chain([(&sharing.cgroup, "view of control groups")]) {
        let other = matches!(share, Share::Container(_));
        tell(other, &format!("the bundle has its own {what}: a bundle cannot name another container's"));
    }
    let nested = *ids == IdMap::Single && (spec.user.uid, spec.user.gid) != (0, 0);
    let without_root = "the bundle has no user 0, since yours is the only id there is, and runc starts none such; \
                        a range of ids in /etc/subuid and /etc/subgid helps";
    tell(nested, without_root);
    let usual = StopRule::default().grace;
    tell(spec.stop.grace != usual, "the bundle has no --stop-timeout: who stops it decides how long to wait");
    sentences
}
