//! BuildKit's own checks under their own names (PL6xx), with identical results.
//!
//! BuildKit goes through a Dockerfile in phases and stops at the first error; a check only reports what
//! is met before. [`Walk`] is that way.

mod casing;
mod evaluation;
mod from_line;
pub(crate) mod pl601_stage_name_casing;
pub(crate) mod pl602_from_as_casing;
pub(crate) mod pl603_no_empty_continuation;
pub(crate) mod pl604_consistent_instruction_casing;
pub(crate) mod pl605_duplicate_stage_name;
pub(crate) mod pl606_reserved_stage_name;
pub(crate) mod pl607_json_args_recommended;
pub(crate) mod pl608_maintainer_deprecated;
pub(crate) mod pl609_undefined_arg_in_from;
pub(crate) mod pl610_workdir_relative_path;
pub(crate) mod pl611_undefined_var;
pub(crate) mod pl612_multiple_instructions_disallowed;
pub(crate) mod pl613_legacy_key_value_format;
pub(crate) mod pl614_redundant_target_platform;
pub(crate) mod pl615_secrets_used_in_arg_or_env;
pub(crate) mod pl616_invalid_default_arg_in_from;
pub(crate) mod pl617_from_platform_flag_const_disallowed;
pub(crate) mod pl618_copy_ignored_file;
pub(crate) mod pl619_invalid_definition_description;
pub(crate) mod pl620_expose_proto_casing;
pub(crate) mod pl621_expose_invalid_format;
pub(crate) mod pl622_invalid_base_image_platform;
mod sources;
mod step;
#[cfg(test)]
mod tests;
mod undefined;
mod variable;
mod walk;

pub(crate) use step::Step;
pub use walk::Build;
pub(crate) use walk::Walk;
