//! Cases from specifications, as tables, run through the program: OCI image specification 1.1 (layers, configuration) and
//! OCI runtime specification 1.2 (default file systems, devices, links).

#[path = "../support/mod.rs"]
mod support;

mod image_config;
mod image_layer;
mod runtime_linux;
