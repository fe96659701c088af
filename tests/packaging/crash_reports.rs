//! Debug files: a crash report finds the file of a stripped library by its build ID, and the file shows the line of an address.

use crate::{root, scratch, succeeds, write};
use std::path::Path;
use std::process::Command;

fn readelf(option: &str, file: &Path) -> String {
    succeeds(Command::new("readelf").args([option, "--wide"]).arg(file))
}

fn build_id(file: &Path) -> String {
    let notes = readelf("--notes", file);
    notes.split("Build ID: ").nth(1).and_then(|rest| rest.lines().next()).expect("a build ID").to_owned()
}

#[test]
fn a_stripped_library_and_its_debug_file_have_one_build_id_and_give_lines() {
    let folder = scratch("crash_reports");
    let (library, out, debug) = (folder.join("full.so"), folder.join("out/lib.so"), folder.join("debug"));
    write(
        &folder.join("crash.c"),
        b"static int hidden(int *p) {\n    return *p + 1;\n}\nint entry(int *p) {\n    return hidden(p);\n}\n",
    );
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O0", "-g", "-Wl,--build-id=sha1", "crash.c", "-o"]).arg(&library);
    succeeds(cc.current_dir(&folder));
    let split = format!(". '{}/packaging/dist/common.sh'; split_debug \"$@\"", root().display());
    succeeds(Command::new("bash").args(["-euc", &split, "-"]).arg(&library).arg(&out).arg(&debug));

    let file = debug.join("lib.so.debug");
    assert_eq!(build_id(&out), build_id(&file));
    assert_eq!(build_id(&out), build_id(&library));
    let sections = readelf("--section-headers", &out);
    assert!(!sections.contains(".debug_") && !sections.contains(".symtab"), "{sections}");
    let link = succeeds(Command::new("readelf").args(["--string-dump=.gnu_debuglink"]).arg(&out));
    assert!(link.contains("lib.so.debug"), "{link}");

    // This is the address of a crash in the form of a report: relative to the beginning of the library.
    let symbols = succeeds(Command::new("nm").arg(&file));
    let address = symbols.lines().find(|line| line.ends_with(" t hidden")).expect("the function").split(' ').next();
    let line = succeeds(Command::new("addr2line").args(["-f", "-e"]).arg(&file).arg(address.expect("an address")));
    assert!(line.starts_with("hidden\n") && line.contains("crash.c:1"), "{line}");
    // The stripped library alone does not contain the line.
    let alone = succeeds(Command::new("addr2line").args(["-f", "-e"]).arg(&out).arg(address.expect("an address")));
    assert!(alone.starts_with("??"), "{alone}");
}
