//! Integration tests of images, registries, archives and the build context.

mod archive;
mod commit;
mod context;
mod copy;
mod hostile;
mod merged;
mod overlay;
mod peers;
mod registry_client;
mod registry_docker;
mod registry_faults;
mod registry_login;
mod registry_pull;
mod registry_push;
mod registry_tls;
mod store;
mod tape;
mod transfer;
mod unpack;
mod written;
