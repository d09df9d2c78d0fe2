//! Restrictions: each only as far as it was seen to hold.
//!
//! What held alone may break together with the others (nginx as another user needs its writable
//! directories to start), so the joint experiment decides wherever it was made; single ones count only
//! where it was not. What was never tried is left out, and said.

use plimsoll_contract::evidence::{Relaxation, Rung, RungRecord, Verdict};
use plimsoll_contract::judge::Proof;
use plimsoll_model::{Because, UserSpec, user::Who};

use crate::object::Node;
use crate::run::Run;

/// Whether a restriction is written.
pub enum Setting {
    /// It held.
    On(Because),
    /// It broke.
    Off(Because),
    /// Nobody knows.
    Open(Because),
}

impl Setting {
    /// The field: one value if the restriction held, the other if it broke.
    pub fn field(&self, held: Node, broke: Node) -> Node {
        match self {
            Setting::On(because) => held.why(because.clone()),
            Setting::Off(because) => broke.why(because.clone()),
            Setting::Open(because) => Node::unset(because.clone()),
        }
    }

    fn is_on(&self) -> bool {
        matches!(self, Setting::On(_))
    }
}

/// As whom the container starts.
pub enum StartsAs {
    /// This user, not root; the group if it is known.
    User {
        /// User id.
        uid: u32,
        /// Group id.
        gid: Option<u32>,
        /// Why.
        because: Because,
    },
    /// Root, and why nothing else.
    Root(Because),
    /// Not root, but the id is not known.
    Unknown(Because),
}

/// All decisions.
pub struct Hardening {
    /// As whom it starts.
    pub starts_as: StartsAs,
    /// `readOnlyRootFilesystem`.
    pub read_only_root: Setting,
    /// `allowPrivilegeEscalation: false`.
    pub no_escalation: Setting,
    /// `capabilities: drop: ALL`.
    pub drop_all: Setting,
    /// Capabilities given back, sorted.
    pub added: Vec<String>,
    /// The joint experiment, if it was decided.
    pub together: Option<Because>,
    /// Directories that had to be writable, with the experiment that says so.
    pub writable: Vec<(String, Because)>,
    /// Those are all: with them and nothing else it worked.
    pub writable_is_all: bool,
    /// Ports below 1024 had to be everybody's, by the experiment that says so.
    pub low_ports: Option<Because>,
    /// Another home directory was needed.
    pub home: Option<(String, Because)>,
}

impl Hardening {
    /// Whether the container keeps the runtime's default capabilities.
    pub fn keeps_capabilities(&self) -> bool {
        !self.drop_all.is_on()
    }
}

/// Decide the restrictions.
pub fn hardening(proof: &Proof, run: &Run) -> Hardening {
    let ladder = Ladder { rungs: &proof.evidence.rungs };
    let is_user = |rung: &Rung| matches!(rung, Rung::NonRoot { .. });
    let is = |wanted: Rung| move |rung: &Rung| *rung == wanted;
    let not_root = ladder.setting(is_user, Some(&Relaxation::RunAsRoot));
    let read_only_root = ladder.setting(is(Rung::ReadOnlyRoot), Some(&Relaxation::WritableRoot));
    let no_escalation = ladder.setting(is(Rung::NoNewPrivileges), Some(&Relaxation::PrivilegeEscalation));
    // No relaxation undoes this one as a whole: what is needed is added.
    let drop_all = ladder.setting(is(Rung::DropAllCapabilities), None);
    Hardening {
        starts_as: starts_as(proof, run, &ladder, not_root),
        added: if drop_all.is_on() { ladder.added() } else { Vec::new() },
        writable: ladder.writable(read_only_root.is_on()),
        writable_is_all: ladder.joint().is_some(),
        low_ports: ladder.given(|relaxation| (*relaxation == Relaxation::LowPorts).then_some(())).map(
            |((), record)| seen(record, "listens below 1024; containerd before 2.0 refuses it to this user"),
        ),
        home: ladder.given(home).map(|(path, record)| (path, seen(record, "wrote to its home directory"))),
        together: ladder.together().and_then(weighed_together),
        read_only_root,
        no_escalation,
        drop_all,
    }
}

/// What the joint experiment says about the pod as a whole.
fn weighed_together(record: &RungRecord) -> Option<Because> {
    match &record.verdict {
        Verdict::Proven => Some(seen(record, format!("all of it together: {}", record.fact))),
        _ => broke(record),
    }
}

struct Ladder<'a> {
    rungs: &'a [RungRecord],
}

impl<'a> Ladder<'a> {
    fn find(&self, wanted: impl Fn(&Rung) -> bool) -> Option<&'a RungRecord> {
        self.rungs.iter().find(|record| wanted(&record.rung))
    }

    /// The joint experiment.
    fn together(&self) -> Option<&'a RungRecord> {
        self.find(|rung| *rung == Rung::AllTogether)
    }

    /// The joint experiment if it held.
    fn joint(&self) -> Option<&'a RungRecord> {
        self.together().filter(|record| record.verdict == Verdict::Proven)
    }

    /// What the joint experiment had to give back.
    fn given<T>(&self, which: impl Fn(&Relaxation) -> Option<T>) -> Option<(T, &'a RungRecord)> {
        let record = self.joint()?;
        record.relaxations.iter().find_map(which).map(|found| (found, record))
    }

    fn setting(&self, wanted: impl Fn(&Rung) -> bool, undone_by: Option<&Relaxation>) -> Setting {
        let own = self.find(wanted);
        let undone =
            |record: &RungRecord| undone_by.is_some_and(|undone| record.relaxations.contains(undone));
        let Some(together) = self.together() else { return alone(own, undone) };
        let off = |fact: String| Setting::Off(own.and_then(broke).unwrap_or_else(|| seen(together, fact)));
        match &together.verdict {
            Verdict::Unproven(_) => alone(own, undone),
            Verdict::Refuted(what) => off(format!("all restrictions together broke: {what}")),
            Verdict::Proven if undone(together) => {
                off("had to be given up for all restrictions together".to_string())
            }
            Verdict::Proven => match own.filter(|own| own.verdict == Verdict::Proven) {
                Some(own) => Setting::On(seen(own, own.fact.clone())),
                None => Setting::On(seen(together, format!("with all restrictions: {}", together.fact))),
            },
        }
    }

    /// The record whose relaxations the manifest must carry.
    fn decisive(&self, single: Rung) -> Option<&'a RungRecord> {
        let proven = |record: &&RungRecord| record.verdict == Verdict::Proven;
        self.together().filter(proven).or_else(|| self.find(|rung| *rung == single).filter(proven))
    }

    fn added(&self) -> Vec<String> {
        let relaxations =
            self.decisive(Rung::DropAllCapabilities).map_or(&[][..], |record| &record.relaxations);
        let named = relaxations.iter().filter_map(|relaxation| match relaxation {
            Relaxation::Capability(name) => Some(name.strip_prefix("CAP_").unwrap_or(name).to_string()),
            _ => None,
        });
        let mut added: Vec<String> = named.collect();
        added.sort_unstable();
        added.dedup();
        added
    }

    fn writable(&self, read_only: bool) -> Vec<(String, Because)> {
        let record = self.joint().or_else(|| self.decisive(Rung::ReadOnlyRoot).filter(|_| read_only));
        let Some(record) = record else { return Vec::new() };
        let paths = record.relaxations.iter().filter_map(|relaxation| match relaxation {
            Relaxation::WritableMount(path) => Some(path.clone()),
            _ => None,
        });
        paths.map(|path| (path, seen(record, "must be writable"))).collect()
    }
}

fn home(relaxation: &Relaxation) -> Option<String> {
    match relaxation {
        Relaxation::Home(path) => Some(path.clone()),
        _ => None,
    }
}

/// What broke in a restriction's own experiment.
fn broke(record: &RungRecord) -> Option<Because> {
    match &record.verdict {
        Verdict::Refuted(what) => Some(seen(record, format!("broke: {what}"))),
        _ => None,
    }
}

/// The decision of a restriction's own experiment.
fn alone(own: Option<&RungRecord>, undone: impl Fn(&RungRecord) -> bool) -> Setting {
    let Some(own) = own else { return untried() };
    match &own.verdict {
        Verdict::Proven if undone(own) => Setting::Off(seen(own, "had to be given up")),
        Verdict::Proven => Setting::On(seen(own, own.fact.clone())),
        Verdict::Refuted(broke) => Setting::Off(seen(own, format!("broke: {broke}"))),
        Verdict::Unproven(why) => Setting::Open(Because::Assumed(format!("left out, not proven: {why}"))),
    }
}

fn untried() -> Setting {
    Setting::Open(Because::Assumed("left out, no experiment tried it".to_string()))
}

fn seen(record: &RungRecord, fact: impl Into<String>) -> Because {
    Because::Observed { experiment: record.id.clone(), fact: fact.into() }
}

fn starts_as(proof: &Proof, run: &Run, ladder: &Ladder, not_root: Setting) -> StartsAs {
    let tried = ladder.find(|rung| matches!(rung, Rung::NonRoot { .. })).map(|record| &record.rung);
    let image = image_user(proof, run);
    match (not_root, tried, image) {
        (Setting::On(because), Some(Rung::NonRoot { uid, gid }), _) if *uid != 0 => {
            StartsAs::User { uid: *uid, gid: Some(*gid), because }
        }
        // As built it does not run as root: that is proof enough, whatever another user did.
        (_, _, image @ (StartsAs::User { .. } | StartsAs::Unknown(_))) => image,
        (Setting::Off(because) | Setting::Open(because), _, StartsAs::Root(_)) => StartsAs::Root(because),
        (Setting::On(_), _, root @ StartsAs::Root(_)) => root,
    }
}

/// The user the image itself asks for.
fn image_user(proof: &Proof, run: &Run) -> StartsAs {
    let user = &proof.contract.user;
    let Ok(spec) = UserSpec::parse(&user.value) else {
        let why = match user.value.is_empty() {
            true => "the image has no USER".to_string(),
            false => format!("USER {} ({}) is no user", user.value, user.because.phrase()),
        };
        return StartsAs::Root(Because::Derived(why));
    };
    let pid1 = run.observed().and_then(|observed| observed.pid1());
    let written = format!("USER {} ({})", user.value, user.because.phrase());
    let uid = match &spec.user {
        Who::Id(uid) => *uid,
        Who::Name(name) if name == "root" => 0,
        Who::Name(_) => match pid1 {
            Some(process) => process.uid,
            None => {
                let why = format!("{written} is a name, the kubelet cannot verify it; give its number");
                return StartsAs::Unknown(Because::Assumed(why));
            }
        },
    };
    if uid == 0 {
        return StartsAs::Root(Because::Derived(written));
    }
    let gid = match &spec.group {
        Some(Who::Id(gid)) => Some(*gid),
        _ => pid1.filter(|process| process.uid == uid).map(|process| process.gid),
    };
    let because = match pid1 {
        Some(process) if process.uid == uid => {
            run.because(format!("{written}: PID 1 ran as uid {uid}, gid {}", process.gid))
        }
        _ => Because::Derived(written),
    };
    StartsAs::User { uid, gid, because }
}
