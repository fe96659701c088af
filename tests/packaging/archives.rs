//! Archives: equal files make equal archives.

use crate::{output, scratch, script, succeeds, write};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes files in the order of `names`, one of them a program, and a link.
fn tree(folder: PathBuf, names: [&str; 3], mode: u32) -> PathBuf {
    for name in names {
        write(&folder.join(name), name.as_bytes());
        let bits = if name == "bin/tool" { mode | 0o111 } else { mode };
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(bits)).expect("a mode");
    }
    symlink("lib/b.so", folder.join("link")).expect("a link");
    folder
}

fn pack(archive: &Path, folder: &Path, options: &[&str], epoch: &str) -> Vec<u8> {
    succeeds(script("archive.py").args(options).arg(archive).arg(folder).env("SOURCE_DATE_EPOCH", epoch));
    fs::read(archive).expect("the archive")
}

#[test]
fn equal_files_make_equal_archives() {
    let folder = scratch("equal");
    let one = tree(folder.join("one"), ["bin/tool", "lib/a", "lib/b.so"], 0o644);
    let two = tree(folder.join("deeper/two"), ["lib/b.so", "lib/a", "bin/tool"], 0o600);
    // The times of the files differ, too.
    succeeds(Command::new("touch").args(["-d", "2001-02-03"]).arg(two.join("lib/a")));
    for name in ["egret-1.0.tar.gz", "egret-1.0.zip"] {
        let (first, second) = (folder.join(name), folder.join("deeper").join(name));
        assert_eq!(pack(&first, &one, &[], "1700000000"), pack(&second, &two, &[], "1700000000"), "{name}");
        assert_ne!(pack(&first, &one, &[], "1600000000"), fs::read(&second).expect("the archive"), "{name}: the time");
        write(&two.join("lib/c"), b"");
        assert_ne!(
            pack(&first, &one, &[], "1700000000"),
            pack(&second, &two, &[], "1700000000"),
            "{name}: one more file"
        );
        fs::remove_file(two.join("lib/c")).expect("the file");
    }
}

#[test]
fn archives_have_one_folder_no_owner_and_keep_programs_and_links() {
    let folder = scratch("content");
    let files = tree(folder.join("files"), ["bin/tool", "lib/a", "lib/b.so"], 0o640);
    let tar = folder.join("egret-1.0.tar.gz");
    pack(&tar, &files, &[], "1700000000");
    let list = succeeds(Command::new("tar").arg("-tvf").arg(&tar).env("TZ", "UTC"));
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected = [
        ("-rwxr-xr-x", "egret-1.0/bin/tool"),
        ("-rw-r--r--", "egret-1.0/lib/a"),
        ("-rw-r--r--", "egret-1.0/lib/b.so"),
        ("lrwxrwxrwx", "egret-1.0/link"),
    ];
    assert_eq!(lines.iter().map(|line| (line[0], line[5])).collect::<Vec<_>>(), expected, "{list}");
    assert!(lines.iter().all(|line| line[1..5] == ["0/0", line[2], "2023-11-14", "22:13"]), "{list}");

    let zip = folder.join("egret-1.0.aar");
    pack(&zip, &files, &["--flat"], "");
    let list = succeeds(Command::new("python3").args(["-m", "zipfile", "-l"]).arg(&zip));
    let names: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["bin/tool", "lib/a", "lib/b.so", "link"], "{list}");
    assert!(list.lines().skip(1).all(|line| line.contains("1980-01-01")), "{list}");
}

#[test]
fn an_empty_archive_is_refused() {
    let folder = scratch("empty");
    let refused = output(script("archive.py").arg(folder.join("a.zip")).arg(&folder));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has no files"), "{refused:?}");
    assert!(!refused.status.success());
}
