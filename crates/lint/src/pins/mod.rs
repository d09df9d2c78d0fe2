//! Rules about what is pinned, downloaded and kept secret (PL2xx).

pub(crate) mod pl201_base_latest;
pub(crate) mod pl202_base_no_digest;
pub(crate) mod pl203_os_pkg_unpinned;
pub(crate) mod pl204_lang_pkg_unpinned;
pub(crate) mod pl205_lockfile_unused;
pub(crate) mod pl206_pipe_to_shell;
pub(crate) mod pl207_download_no_checksum;
pub(crate) mod pl208_tls_off;
pub(crate) mod pl209_unsigned_pkgs;
pub(crate) mod pl210_registry_not_allowed;
pub(crate) mod pl211_secret_in_arg_env;
pub(crate) mod pl212_secret_file_copied;
pub(crate) mod pl213_from_image_unpinned;
pub(crate) mod pl214_git_unpinned;
