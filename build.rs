//! Names the shared library inside itself, so that a program linked to it asks for `libegret_ws` and not for a path.
//!
//! The name has no version: the ABI only grows, so a second version never exists, and Android packages libraries by their
//! plain name only.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "macos" | "ios" => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libegret_ws.dylib"),
        "windows" => {}
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libegret_ws.so");
            // A look-up that hangs in the system's resolver cannot be ended: its code must not go away beneath it.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
