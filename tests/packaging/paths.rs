//! No package contains a trace of its builder.

use crate::{is_refused, root, scratch, script, succeeds, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOME: &str = "/home/somebody";

fn check(path: &Path) -> Command {
    let mut check = script("check_paths.py");
    check.env("HOME", HOME).env_remove("CARGO_HOME").env_remove("RUSTUP_HOME").env_remove("CARGO_TARGET_DIR").arg(path);
    check
}

fn refused(file: PathBuf, content: &[u8], reason: &str) {
    write(&file, content);
    is_refused(&mut check(&file), 1, reason);
}

#[test]
fn clean_packages_pass() {
    let folder = scratch("clean");
    write(&folder.join("a.so"), b"\x7fEgret\0/cargo/registry/src/libc/lib.rs\0/egret-ws/src/lib.rs\0/usr/lib/x\0");
    write(&folder.join("b.sh"), b"cp $fresh/home/somebody/file /home/another /tmp/file\n");
    assert_eq!(succeeds(&mut check(&folder)), "2 files contain no trace of this machine\n");
}

#[test]
fn traces_of_the_builder_are_refused() {
    let folder = scratch("traces");
    refused(folder.join("home.so"), b"\0text/home/somebody/.cargo/registry\0", "contains /home/somebody: ");
    refused(folder.join("home.txt"), b"see /home/somebody/notes", "contains /home/somebody: ");
    let wide: Vec<u8> = "/home/somebody/a.pdb".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(folder.join("wide.dll"), &wide, "contains /home/somebody: ");
    let sources = format!("\0{}/src/lib.rs\0", root().display());
    refused(folder.join("sources.a"), sources.as_bytes(), &format!("contains {}: ", root().display()));
    // They are not written as one text, because this file is also in a package.
    for temporary in ["ccQx81aZ.o", "rustcAb12Cd/symbols.o", "tmp.Zz09yXw8vU/x", "tmpab12cd34/y"] {
        refused(
            folder.join("temporary"),
            format!("/tmp/{temporary}").as_bytes(),
            "contains the name of a temporary file: ",
        );
    }
    write(&folder.join("word"), b"made by gandalf.");
    succeeds(&mut check(&folder.join("word")));
    is_refused(check(&folder.join("word")).args(["--forbid", "gandalf"]), 1, "contains gandalf: ");
    is_refused(&mut check(&folder.join("nothing")), 1, "there are no files");
}

/// A home whose path has only one name, such as that of root, is a word that other texts may begin with.
#[test]
fn a_home_at_the_root_is_found_by_what_is_in_it() {
    let folder = scratch("root_home");
    write(&folder.join("good"), b"\0-Wl,--as-lair /lairs lair\0");
    succeeds(check(&folder.join("good")).env("HOME", "/lair"));
    write(&folder.join("bad"), b"\0at /lair/.cargo/x\0");
    is_refused(check(&folder.join("bad")).env("HOME", "/lair"), 1, "contains /lair/");
}

#[test]
fn traces_in_archives_are_found() {
    let folder = scratch("archives");
    let bad = folder.join("in/bad");
    write(&bad, b"\0/home/somebody/x\0");
    let run = |program: &str, arguments: &[&str]| {
        succeeds(Command::new(program).args(arguments).current_dir(&folder));
    };
    run("tar", &["--owner=root:0", "--group=root:0", "-czf", "a.tar.gz", "in"]);
    run("tar", &["--owner=root:0", "--group=root:0", "-cJf", "data.tar.xz", "in"]);
    run("ar", &["rcD", "a.deb", "data.tar.xz"]);
    run("ar", &["rcD", "a.a", "in/bad"]);
    run("python3", &["-m", "zipfile", "-c", "inner.jar", "in/bad"]);
    run("python3", &["-m", "zipfile", "-c", "outer.zip", "inner.jar"]);
    for archive in ["a.tar.gz", "a.deb", "a.a", "outer.zip"] {
        is_refused(&mut check(&folder.join(archive)), 1, "contains /home/somebody: ");
    }
    fs::write(&bad, b"nothing").expect("a file");
    run("tar", &["--owner=gandalf:1001", "--group=root:0", "-czf", "owned.tgz", "in/bad"]);
    is_refused(&mut check(&folder.join("owned.tgz")), 1, "belongs to gandalf:root, not to root");
    fs::rename(&bad, folder.join("in/rustcAb12Cd")).expect("a name");
    run("tar", &["--owner=root:0", "--group=root:0", "--transform=s|^|./tmp/|", "-czf", "named.tgz", "in/rustcAb12Cd"]);
    succeeds(&mut check(&folder.join("named.tgz")));
}

#[test]
fn compressed_debug_sections_are_searched() {
    let folder = scratch("sections");
    // Only data that becomes shorter is compressed.
    let source = folder.join("home/somebody").join("a".repeat(200)).join("a.c");
    write(&source, b"int a(void) { return 1; }\n");
    let object = folder.join("a.o");
    let compile = |option: &str| {
        succeeds(
            Command::new("cc")
                .args(["-g", "-c", option, &format!("-ffile-prefix-map={}=", folder.display())])
                .arg(&source)
                .arg("-o")
                .arg(&object),
        );
    };
    compile("-gz=zlib");
    let raw = fs::read(&object).expect("the object");
    assert!(!raw.windows(HOME.len()).any(|window| window == HOME.as_bytes()), "it is not compressed");
    is_refused(&mut check(&object), 1, "contains /home/somebody: ");
}

/// The test runs it in the way of the crate openssl-src: it calls perl in a copy of OpenSSL's sources.
#[test]
fn openssl_records_no_folder_of_its_builder() {
    let folder = scratch("openssl");
    let record = folder.join("util/mkbuildinf.pl");
    let recorded = b"my $platform = pop @ARGV;\nmy $cflags = join(' ', @ARGV);\nprint \"$cflags|$platform\\n\";\n";
    write(&record, recorded);
    let makefile = "OPENSSLDIR=/usr/local/ssl\nlibdir=/home/somebody/out/lib\nENGINESDIR=$(libdir)/engines-3\nMODULESDIR=$(libdir)/ossl-modules\n";
    let configure = |makefile: &str| {
        write(&folder.join("Configure"), format!("open F, '>Makefile'; print F '{makefile}'; close F;\n").as_bytes());
        let mut perl = script("openssl_perl.sh");
        perl.args(["./Configure", "--prefix=/home/somebody/out", "linux-x86_64"])
            .env_remove("PERL")
            .current_dir(&folder);
        perl
    };
    succeeds(&mut configure(makefile));
    let made = fs::read_to_string(folder.join("Makefile")).expect("the Makefile");
    assert!(made.contains("\nENGINESDIR=/usr/local/ssl/engines\nMODULESDIR=/usr/local/ssl/modules\n"), "{made}");
    let flags =
        ["/home/somebody/bin/zig-cc -O2", "-ffile-prefix-map=/home/somebody=/x -I/home/somebody/include -DNDEBUG"];
    let printed = succeeds(Command::new("perl").arg(&record).args(flags).arg("linux-x86_64"));
    assert_eq!(printed, "zig-cc -O2 -DNDEBUG|linux-x86_64\n");

    // Another OpenSSL, for which this does not work, is refused.
    is_refused(&mut configure("OPENSSLDIR=/usr/local/ssl\n"), 1, "the Makefile of this OpenSSL is not as expected");
    write(&record, b"my $flags = 'other';\n");
    is_refused(&mut configure(makefile), 1, "util/mkbuildinf.pl of this OpenSSL is not as expected");
}
