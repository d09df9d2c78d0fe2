//! The engines that start containers. They agree on nearly everything; where one makes another argv of the
//! same words, [`crate::modes`] knows it.

use crate::contract::LaunchMode;

/// A program that starts containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// moby's daemon, and plimsoll's own `run`.
    Docker,
    /// Without a daemon.
    Podman,
    /// Under the kubelet.
    Containerd,
    /// Under the kubelet.
    CriO,
}

impl Engine {
    /// The name people use.
    pub fn word(self) -> &'static str {
        match self {
            Engine::Docker => "docker",
            Engine::Podman => "podman",
            Engine::Containerd => "containerd",
            Engine::CriO => "CRI-O",
        }
    }

    /// The engine a way of launching is explained for, and the other one that knows it.
    pub fn of(mode: &LaunchMode) -> (Engine, Engine) {
        match mode {
            LaunchMode::AsBuilt | LaunchMode::RunArgs(_) | LaunchMode::Entrypoint(..) => {
                (Engine::Docker, Engine::Podman)
            }
            LaunchMode::Pod
            | LaunchMode::PodArgs(_)
            | LaunchMode::PodCommand(_)
            | LaunchMode::PodBoth(..) => (Engine::Containerd, Engine::CriO),
        }
    }
}
