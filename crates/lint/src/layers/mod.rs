//! Rules about the context, the order of instructions and what layers hold (PL3xx).

pub(crate) mod pl301_copy_before_deps;
pub(crate) mod pl302_context_leak;
pub(crate) mod pl303_copy_ignored;
pub(crate) mod pl304_non_deterministic;
pub(crate) mod pl305_arg_busts_cache;
pub(crate) mod pl306_update_alone;
pub(crate) mod pl307_delete_too_late;
pub(crate) mod pl308_duplicate_layer;
pub(crate) mod pl309_pkg_cache_left;
pub(crate) mod pl310_recommends;
pub(crate) mod pl311_whole_fs_copied;
pub(crate) mod pl312_add_vs_copy;
pub(crate) mod pl313_toolchain_shipped;
pub(crate) mod pl314_dead_stage;
pub(crate) mod pl315_volume_then_write;
pub(crate) mod pl316_run_not_merged;
pub(crate) mod pl317_pipefail;
pub(crate) mod pl318_env_self_ref;
pub(crate) mod pl319_useradd_huge_uid;
