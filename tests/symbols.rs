//! The shared library exports exactly the functions of the header, under the name that programs use.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::process::Command;
use test_support::library;

fn exported() -> BTreeSet<String> {
    let library = library::build().join("libegret_ws.so");
    let listing = library::run(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library));
    listing.lines().filter_map(|line| line.split(' ').next()).map(String::from).collect()
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let declared = library::declared_functions();
    assert!(declared.len() >= 16, "the header's functions were not found: {declared:?}");
    assert!(declared.iter().all(|name| name.starts_with("egret_ws_")), "{declared:?}");
    assert_eq!(exported(), declared);
}

#[test]
fn the_library_names_itself_without_a_path() {
    let library = library::build().join("libegret_ws.so");
    let dynamic = library::run(Command::new("readelf").args(["--dynamic", "--wide"]).arg(library));
    let soname = dynamic.lines().find(|line| line.contains("(SONAME)")).expect("a SONAME");
    assert!(soname.ends_with("[libegret_ws.so]"), "{soname}");
}

#[test]
fn openssl_is_the_systems_or_inside_or_not_needed() {
    let library = library::build().join("libegret_ws.so");
    let dynamic = library::run(Command::new("readelf").args(["--dynamic", "--wide"]).arg(library));
    let needs = |name: &str| dynamic.lines().any(|line| line.contains("(NEEDED)") && line.contains(name));
    let is_needed = cfg!(all(feature = "tls", not(feature = "vendored")));
    assert_eq!([needs("libssl"), needs("libcrypto")], [is_needed; 2], "{dynamic}");
}

/// This applies to all systems.
#[test]
fn without_their_features_tls_and_unicode_need_no_crate() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let has_any = |features: &[&str], crates: [&str; 5]| {
        let mut tree = Command::new(&cargo);
        tree.args([
            "tree",
            "--locked",
            "--package",
            "egret-ws",
            "--edges",
            "normal",
            "--target",
            "all",
            "--prefix",
            "none",
        ]);
        let tree = library::run(tree.args(features).current_dir(env!("CARGO_MANIFEST_DIR")));
        let has = |name: &str| tree.lines().any(|line| line.starts_with(name));
        assert!(has("egret-ws v") && has("mio v"), "{tree}");
        crates.map(has)
    };
    let tls = ["openssl", "native-tls", "foreign-types", "security-framework", "schannel"];
    let has_tls = |features: &[&str]| has_any(features, tls);
    let has_unicode = |features: &[&str]| has_any(features, ["idna ", "idna_adapter", "icu_", "zerovec", "utf8_iter"]);
    let without = "--no-default-features";
    for features in [&[][..], &["--features", "tls"], &["--features", "keylog"], &["--features", "vendored"]] {
        assert_eq!(has_tls(&[&[without][..], features].concat()), [!features.is_empty(); 5], "{features:?}");
    }
    assert_eq!(has_tls(&[without, "--features", "deflate,idn,proxies"]), [false; 5]);
    assert_eq!(has_tls(&[]), [true; 5]);
    assert_eq!([has_unicode(&[]), has_unicode(&[without, "--features", "idn"])], [[true; 5]; 2]);
    assert_eq!(has_unicode(&[without, "--features", "deflate,proxies,tls"]), [false; 5]);
}
