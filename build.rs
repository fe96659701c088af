//! Names the shared library inside itself, so that a program linked to it asks for `libegret_ws` and not for a path.
//!
//! The name has no version: the ABI only grows, so a second version never exists, and Android packages libraries by their
//! plain name only.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of_target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    match (of_target("VENDOR").as_str(), of_target("OS").as_str()) {
        ("apple", _) => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libegret_ws.dylib");
            // The crate libc asks for libiconv, and no function of it is used.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-dead_strip_dylibs");
            // Frameworks have a longer name, which is put into the finished library.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-headerpad_max_install_names");
        }
        (_, "windows") => {}
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libegret_ws.so");
            // A look-up that hangs in the system's resolver cannot be ended: its code must not go away beneath it.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
