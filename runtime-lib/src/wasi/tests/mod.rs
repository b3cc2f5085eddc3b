//! Tests of the system interface on the host.
