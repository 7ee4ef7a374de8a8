//! Compiles the protocol files beside it, without protoc.
//!
//! Writes to `OUT_DIR`: `tfplugin6.rs` and `plugin.rs`, one per protobuf package, and
//! `descriptors.bin`, the descriptors of all files, against which the tests hold the numbers.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 4] =
    ["tfplugin6.proto", "grpc_broker.proto", "grpc_controller.proto", "grpc_stdio.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");

    let mut compiler = protox::Compiler::new(["proto"])?;
    // Source info carries the comments, which become the docs of the generated types.
    compiler.include_source_info(true).include_imports(true).open_files(FILES)?;

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    tonic_prost_build::configure()
        // Sorted maps: the same schema is the same bytes in every run.
        .btree_map(".")
        // A call that nobody wrote answers `Unimplemented`, which core understands.
        .generate_default_stubs(true)
        // Clients are for tests, and those bring their own channel.
        .build_transport(false)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
