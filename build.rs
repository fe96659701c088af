//! Chooses the TLS of the library, and writes the name `libegret_ws` into the shared library, so that a linked program requests
//! this name and not a path.
//!
//! The name contains no version. The ABI only grows, so there will never be a second version. Android packages libraries only under
//! their plain names.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    choose_tls();
    match (of_target("VENDOR").as_str(), of_target("OS").as_str()) {
        ("apple", _) => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libegret_ws.dylib");
            // The crate libc requests libiconv, but no function of it is used.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-dead_strip_dylibs");
            // In a framework, the library has a longer name, which is written into the finished library.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-headerpad_max_install_names");
        }
        (_, "windows") => {
            // This object file contains the version that Windows shows. packaging/dist/windows.sh makes it for packages.
            println!("cargo:rerun-if-env-changed=EGRET_WS_VERSION_RESOURCE");
            if let Ok(resource) = std::env::var("EGRET_WS_VERSION_RESOURCE") {
                println!("cargo:rustc-cdylib-link-arg={resource}");
            }
        }
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libegret_ws.so");
            // A look-up that hangs in the system's resolver cannot be ended, so its code must not be unloaded.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}

/// Sets `tls_openssl` or `tls_native`. Without the feature `tls` it sets neither. The dependencies in Cargo.toml also follow
/// this rule.
///
/// `egret_ws_openssl` is not a cargo feature, because cargo cannot make a dependency depend on both a feature and a target.
fn choose_tls() {
    println!("cargo:rustc-check-cfg=cfg(tls_openssl, tls_native)");
    let is_set = |name| std::env::var_os(name).is_some();
    if is_set("CARGO_FEATURE_TLS") {
        let has_own_tls =
            of_target("OS") == "windows" || of_target("VENDOR") == "apple" && !is_set("CARGO_CFG_EGRET_WS_OPENSSL");
        println!("cargo:rustc-cfg={}", if has_own_tls { "tls_native" } else { "tls_openssl" });
    }
}

/// Returns a property of the target, such as its `OS`.
fn of_target(property: &str) -> String {
    std::env::var(format!("CARGO_CFG_TARGET_{property}")).unwrap_or_default()
}
