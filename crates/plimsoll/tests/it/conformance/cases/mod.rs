//! The cases, a file a topic.

mod argv;
mod attach;
mod binds;
mod changes;
mod commit;
mod copy;
mod env;
mod exits;
mod health;
mod inspect;
mod labels;
mod life;
mod limits;
mod logs;
mod mistakes;
mod mount_flag;
mod naming;
mod ps;
mod restarts;
mod rights;
mod spaces;
mod tmpfs;
mod user;
mod volume_verbs;
mod volumes;
mod watching;
mod workdir;

use super::case::Case;

/// All cases.
pub fn all() -> Vec<Case> {
    let topics = [
        argv::cases(),
        attach::cases(),
        binds::cases(),
        changes::cases(),
        commit::cases(),
        copy::cases(),
        env::cases(),
        exits::cases(),
        health::cases(),
        inspect::cases(),
        labels::cases(),
        life::cases(),
        limits::cases(),
        logs::cases(),
        mistakes::cases(),
        mount_flag::cases(),
        naming::cases(),
        ps::cases(),
        restarts::cases(),
        rights::cases(),
        spaces::cases(),
        tmpfs::cases(),
        user::cases(),
        volume_verbs::cases(),
        volumes::cases(),
        watching::cases(),
        workdir::cases(),
    ];
    topics.into_iter().flatten().collect()
}
