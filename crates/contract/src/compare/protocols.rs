//! What the ports speak: the protocol, not the words. A greeting has versions, names of machines and times in it
//! that no repeat shows again.

use std::collections::BTreeMap;

use plimsoll_model::PortSpec;

use super::{Comparison, Part};
use crate::evidence::Speaks;
use crate::judge::Proof;

/// A port that only one of the two listens on is told among the ports.
pub(super) fn compare(found: &mut Comparison, before: &Proof, after: &Proof) {
    let (Some(old), Some(new)) = (asked(before), asked(after)) else {
        if before.evidence.readiness.is_some() != after.evidence.readiness.is_some() {
            found.open("what the ports of one of the two speak was not asked");
        }
        return;
    };
    for (port, protocol) in &old {
        match (protocol, new.get(port)) {
            (_, None) | (None, Some(None)) => {}
            (Some(old), Some(Some(new))) => {
                found.value(Part::Answers, &format!("protocol of {port}"), (old, new), ToString::to_string);
            }
            (None, Some(Some(_))) | (Some(_), Some(None)) => {
                found.open(format!("what {port} speaks was heard of one of the two only"));
            }
        }
    }
}

/// Every port listened on, with its protocol if it is known.
fn asked(proof: &Proof) -> Option<BTreeMap<PortSpec, Option<String>>> {
    let readiness = proof.evidence.readiness.as_ref()?;
    Some(readiness.ports.iter().map(|fact| (fact.port, protocol(&fact.speaks))).collect())
}

fn protocol(speaks: &Speaks) -> Option<String> {
    Some(match speaks {
        // The path and its status are compared by themselves.
        Speaks::Http { .. } => "HTTP".to_string(),
        Speaks::Tls => "TLS".to_string(),
        Speaks::Greeting { protocol: Some(protocol), .. } => protocol.clone(),
        Speaks::Greeting { protocol: None, .. } => "a greeting".to_string(),
        Speaks::Other { .. } => "no HTTP".to_string(),
        Speaks::Silent => "waits for the client".to_string(),
        Speaks::Datagrams | Speaks::Unreachable { .. } => return None,
    })
}
