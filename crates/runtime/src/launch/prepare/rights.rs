//! What the process may do and use.

use plimsoll_sys::child::{Fd, Op};

use super::{Builder, OWN, Prepare, text};
use crate::host::running_kernel;
use crate::plan::Step;
use crate::seccomp;

impl Builder<'_> {
    pub(super) fn rights(&mut self, step: &Step) -> Prepare {
        match step {
            Step::Limit(limit) => {
                let (resource, soft, hard) = (limit.resource, limit.soft, limit.hard);
                self.push(Op::Limit { resource, soft, hard });
            }
            Step::OomScore { score, not_below_ours } => return self.oom_score(*score, *not_below_ours),
            Step::MapUser { uid, gid } => return self.map_user(*uid, *gid),
            Step::Ids { uid, gid, groups } => {
                if *uid != 0 {
                    self.push(Op::OwnPipes(*uid));
                }
                self.push(Op::Ids { uid: *uid, gid: *gid, groups: groups.clone() });
            }
            Step::Filter { capabilities, guard_terminal } => {
                self.push(Op::Filter(seccomp::default_filter(*capabilities, *guard_terminal)));
            }
            Step::WatchedFilter { capabilities, guard_terminal, watched } => {
                let filter = seccomp::watched_filter(*capabilities, *guard_terminal, *watched);
                self.push(Op::ListenedFilter(filter));
            }
            Step::ProfileFilter { profile, capabilities } => {
                let filter = profile.filter(*capabilities, running_kernel());
                self.push(Op::Filter(filter.map_err(|error| error.to_string())?));
            }
            Step::HandOverIdCalls => self.push(Op::ListenedFilter(seccomp::id_call_filter())),
            Step::BoundCapabilities(bits) => self.push(Op::BoundCapabilities(*bits)),
            Step::Capabilities(bits) => self.push(Op::Capabilities(*bits)),
            _ => self.push(Op::NoNewPrivileges),
        }
        Ok(())
    }

    /// Through the host's procfs, in which this process has its file.
    fn oom_score(&mut self, score: i32, not_below_ours: bool) -> Prepare {
        let score = if not_below_ours { score.max(own_oom_score()) } else { score };
        let (path, bytes) = (text("oom_score_adj")?, score.to_string().into_bytes());
        self.push(Op::Write { dir: Fd::Slot(OWN), path, bytes, optional: false });
        Ok(())
    }
}

/// What this process has; 0, which nearly every process has, where it cannot be read.
pub(in crate::launch) fn own_oom_score() -> i32 {
    let text = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}
