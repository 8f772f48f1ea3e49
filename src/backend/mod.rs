//! Where plans come from and go to.

pub mod aws;
pub mod connect;
pub mod secrets;
