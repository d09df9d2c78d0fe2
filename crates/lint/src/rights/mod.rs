//! Rules about the user and its rights (PL4xx).

pub(crate) mod pl401_runs_as_root;
pub(crate) mod pl402_user_not_numeric;
pub(crate) mod pl403_low_port_nonroot;
pub(crate) mod pl404_root_owned_app;
pub(crate) mod pl405_world_writable;
pub(crate) mod pl406_sudo;
pub(crate) mod pl407_setuid_files;
pub(crate) mod pl408_passwords;
pub(crate) mod pl409_ssh;
pub(crate) mod pl410_system_volume;
pub(crate) mod pl411_upgrade_in_image;
pub(crate) mod pl412_home_not_writable;
