//! Rights and shared namespaces as they stand in `record.json`.

use std::path::PathBuf;

use plimsoll_model::launch::{Device, IdCalls, Seccomp, Security, Share, Sharing};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct SecurityWire {
    read_only_root: bool,
    capabilities: Vec<String>,
    no_new_privileges: bool,
    seccomp: SeccompWire,
    bare_kernel_files: bool,
    privileged: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SeccompWire {
    Default,
    Unconfined,
    Profile(String),
}

#[derive(Serialize, Deserialize)]
pub(super) struct SharingWire {
    pid: ShareWire,
    ipc: ShareWire,
    uts: ShareWire,
    cgroup: ShareWire,
    user: ShareWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShareWire {
    Own,
    Host,
    Container(String),
}

#[derive(Serialize, Deserialize)]
pub(super) struct DeviceWire {
    host: PathBuf,
    container: String,
    access: String,
}

pub(super) fn to_wire(security: &Security) -> SecurityWire {
    SecurityWire {
        read_only_root: security.read_only_root,
        capabilities: security.capabilities.clone(),
        no_new_privileges: security.no_new_privileges,
        seccomp: match &security.seccomp {
            Seccomp::Default => SeccompWire::Default,
            Seccomp::Unconfined => SeccompWire::Unconfined,
            Seccomp::Profile(text) => SeccompWire::Profile(text.clone()),
        },
        bare_kernel_files: security.bare_kernel_files,
        privileged: security.privileged,
    }
}

pub(super) fn from_wire(wire: SecurityWire) -> Security {
    Security {
        read_only_root: wire.read_only_root,
        capabilities: wire.capabilities,
        no_new_privileges: wire.no_new_privileges,
        seccomp: match wire.seccomp {
            SeccompWire::Default => Seccomp::Default,
            SeccompWire::Unconfined => Seccomp::Unconfined,
            SeccompWire::Profile(text) => Seccomp::Profile(text),
        },
        // A container outlives who could answer.
        id_calls: IdCalls::Kernel,
        bare_kernel_files: wire.bare_kernel_files,
        privileged: wire.privileged,
    }
}

pub(super) fn sharing_to_wire(sharing: &Sharing) -> SharingWire {
    let share = |share: &Share| match share {
        Share::Own => ShareWire::Own,
        Share::Host => ShareWire::Host,
        Share::Container(id) => ShareWire::Container(id.clone()),
    };
    SharingWire {
        pid: share(&sharing.pid),
        ipc: share(&sharing.ipc),
        uts: share(&sharing.uts),
        cgroup: share(&sharing.cgroup),
        user: share(&sharing.user),
    }
}

pub(super) fn sharing_from_wire(wire: SharingWire) -> Sharing {
    let share = |share| match share {
        ShareWire::Own => Share::Own,
        ShareWire::Host => Share::Host,
        ShareWire::Container(id) => Share::Container(id),
    };
    Sharing {
        pid: share(wire.pid),
        ipc: share(wire.ipc),
        uts: share(wire.uts),
        cgroup: share(wire.cgroup),
        user: share(wire.user),
    }
}

pub(super) fn device_to_wire(device: &Device) -> DeviceWire {
    DeviceWire {
        host: device.host.clone(),
        container: device.container.clone(),
        access: device.access.clone(),
    }
}

pub(super) fn device_from_wire(wire: DeviceWire) -> Device {
    Device { host: wire.host, container: wire.container, access: wire.access }
}
