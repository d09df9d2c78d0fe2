//! PL8xx: comments that keep findings back.

pub(crate) mod pl801_ignore_unused;
pub(crate) mod pl802_ignore_expired;
pub(crate) mod pl803_ignore_mistaken;
