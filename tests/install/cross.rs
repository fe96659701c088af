//! Cross-compiling with CMake: cargo gets the target of the toolchain, or CMake stops with an error.

use crate::{directory, is_skipped, root, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Variables that a toolchain sets, and the name of its target; empty for this machine.
const TARGETS: &[(&str, &str)] = &[
    // Android: the NDK's toolchain file, CMake's own support, and a toolchain file with a processor only.
    ("CMAKE_SYSTEM_NAME=Android ANDROID_ABI=arm64-v8a", "aarch64-linux-android"),
    (
        "CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=arm64-v8a CMAKE_SYSTEM_PROCESSOR=aarch64",
        "aarch64-linux-android",
    ),
    (
        "CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=armeabi-v7a CMAKE_SYSTEM_PROCESSOR=armv7-a",
        "armv7-linux-androideabi",
    ),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=x86_64", "x86_64-linux-android"),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=x86", "i686-linux-android"),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=riscv64", "riscv64-linux-android"),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_SYSTEM_PROCESSOR=aarch64", "aarch64-linux-android"),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_SYSTEM_PROCESSOR=armv7-a", "armv7-linux-androideabi"),
    // Windows: MinGW, with and without a processor, and Visual Studio, which cross-compiles without a toolchain file.
    ("CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=x86_64 MINGW=1", "x86_64-pc-windows-gnu"),
    ("CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=i686 MINGW=1", "i686-pc-windows-gnu"),
    ("CMAKE_SYSTEM_NAME=Windows CMAKE_C_COMPILER=/usr/bin/x86_64-w64-mingw32-gcc-posix", "x86_64-pc-windows-gnu"),
    ("CMAKE_SYSTEM_NAME=Windows CMAKE_C_COMPILER=i686-w64-mingw32-gcc", "i686-pc-windows-gnu"),
    ("NATIVE CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=AMD64 MINGW=1", "x86_64-pc-windows-gnu"),
    (
        "NATIVE CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=AMD64 MINGW=1 CMAKE_SIZEOF_VOID_P=4",
        "i686-pc-windows-gnu",
    ),
    (
        "NATIVE CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=AMD64 MSVC=1 CMAKE_C_COMPILER_ARCHITECTURE_ID=x64",
        "x86_64-pc-windows-msvc",
    ),
    (
        "NATIVE CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=AMD64 MSVC=1 CMAKE_C_COMPILER_ARCHITECTURE_ID=X86",
        "i686-pc-windows-msvc",
    ),
    (
        "NATIVE CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=AMD64 MSVC=1 CMAKE_C_COMPILER_ARCHITECTURE_ID=ARM64",
        "aarch64-pc-windows-msvc",
    ),
    // iOS, and its simulator, by CMake's own support and by toolchain files with paths.
    ("CMAKE_SYSTEM_NAME=iOS", "aarch64-apple-ios"),
    ("CMAKE_SYSTEM_NAME=iOS CMAKE_OSX_ARCHITECTURES=arm64 CMAKE_OSX_SYSROOT=iphoneos", "aarch64-apple-ios"),
    ("CMAKE_SYSTEM_NAME=iOS CMAKE_OSX_ARCHITECTURES=arm64 CMAKE_OSX_SYSROOT=iphonesimulator", "aarch64-apple-ios-sim"),
    ("CMAKE_SYSTEM_NAME=iOS CMAKE_OSX_ARCHITECTURES=x86_64 CMAKE_OSX_SYSROOT=iphonesimulator", "x86_64-apple-ios"),
    (
        "CMAKE_SYSTEM_NAME=iOS CMAKE_HOST_SYSTEM_PROCESSOR=arm64 CMAKE_OSX_SYSROOT=/Xcode/SDKs/iPhoneSimulator18.0.sdk",
        "aarch64-apple-ios-sim",
    ),
    ("CMAKE_SYSTEM_NAME=iOS CMAKE_HOST_SYSTEM_PROCESSOR=x86_64 CMAKE_OSX_SYSROOT=iphonesimulator", "x86_64-apple-ios"),
    (
        "CMAKE_SYSTEM_NAME=Darwin CMAKE_OSX_ARCHITECTURES=arm64 CMAKE_OSX_SYSROOT=/Xcode/SDKs/iPhoneOS18.0.sdk",
        "aarch64-apple-ios",
    ),
    (
        "CMAKE_SYSTEM_NAME=Darwin CMAKE_OSX_ARCHITECTURES=arm64 CMAKE_OSX_SYSROOT=/Xcode/SDKs/iPhoneSimulator.sdk",
        "aarch64-apple-ios-sim",
    ),
    // macOS
    ("NATIVE CMAKE_SYSTEM_NAME=Darwin CMAKE_SYSTEM_PROCESSOR=arm64", ""),
    (
        "NATIVE CMAKE_SYSTEM_NAME=Darwin CMAKE_SYSTEM_PROCESSOR=arm64 CMAKE_OSX_ARCHITECTURES=x86_64",
        "x86_64-apple-darwin",
    ),
    ("CMAKE_SYSTEM_NAME=Darwin CMAKE_SYSTEM_PROCESSOR=arm64", "aarch64-apple-darwin"),
    // Linux
    ("NATIVE CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=x86_64 CMAKE_SIZEOF_VOID_P=8", ""),
    ("NATIVE CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=aarch64 CMAKE_SIZEOF_VOID_P=8", ""),
    ("NATIVE CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=x86_64 CMAKE_SIZEOF_VOID_P=4", "i686-unknown-linux-gnu"),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=aarch64", "aarch64-unknown-linux-gnu"),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=arm64", "aarch64-unknown-linux-gnu"),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_C_COMPILER=/opt/bin/aarch64-linux-gnu-gcc", "aarch64-unknown-linux-gnu"),
    (
        "CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=aarch64 CMAKE_C_COMPILER=aarch64-linux-musl-gcc",
        "aarch64-unknown-linux-musl",
    ),
    (
        "CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=aarch64 CMAKE_C_COMPILER_TARGET=aarch64-alpine-linux-musl",
        "aarch64-unknown-linux-musl",
    ),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=x86_64", "x86_64-unknown-linux-gnu"),
    (
        "CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=armv7-a CMAKE_C_COMPILER=arm-linux-gnueabihf-gcc",
        "armv7-unknown-linux-gnueabihf",
    ),
    (
        "CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=armv7l CMAKE_LIBRARY_ARCHITECTURE=arm-linux-gnueabihf",
        "armv7-unknown-linux-gnueabihf",
    ),
    (
        "CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=arm CMAKE_C_COMPILER=arm-linux-gnueabi-gcc",
        "arm-unknown-linux-gnueabi",
    ),
    (
        "CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=arm CMAKE_C_COMPILER=arm-linux-musleabihf-gcc",
        "arm-unknown-linux-musleabihf",
    ),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=riscv64", "riscv64gc-unknown-linux-gnu"),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=ppc64le", "powerpc64le-unknown-linux-gnu"),
];

/// Toolchains with an unknown target, and a part of the error.
const UNKNOWN: &[(&str, &str)] = &[
    ("CMAKE_SYSTEM_NAME=Android", "CMAKE_ANDROID_ARCH_ABI=\"\" for Android"),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=armeabi", "CMAKE_ANDROID_ARCH_ABI=\"armeabi\""),
    ("CMAKE_SYSTEM_NAME=Android CMAKE_ANDROID_ARCH_ABI=mips64", "CMAKE_ANDROID_ARCH_ABI=\"mips64\""),
    ("CMAKE_SYSTEM_NAME=Windows", "CMAKE_SYSTEM_PROCESSOR=\"\" for Windows"),
    ("CMAKE_SYSTEM_NAME=Windows CMAKE_SYSTEM_PROCESSOR=ARM64 MINGW=1", "CMAKE_SYSTEM_PROCESSOR=\"ARM64\" for Windows"),
    ("CMAKE_SYSTEM_NAME=iOS CMAKE_OSX_ARCHITECTURES=armv7", "CMAKE_OSX_ARCHITECTURES=\"armv7\""),
    ("CMAKE_SYSTEM_NAME=iOS CMAKE_OSX_ARCHITECTURES=arm64;x86_64", "CMAKE_OSX_ARCHITECTURES has arm64 x86_64"),
    ("NATIVE CMAKE_SYSTEM_NAME=Darwin CMAKE_OSX_ARCHITECTURES=arm64;x86_64", "cargo builds for one at a time"),
    ("CMAKE_SYSTEM_NAME=Linux", "CMAKE_SYSTEM_PROCESSOR=\"\" for Linux"),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=vax", "CMAKE_SYSTEM_PROCESSOR=\"vax\" for Linux"),
    ("CMAKE_SYSTEM_NAME=Linux CMAKE_SYSTEM_PROCESSOR=armv7-a", "gnueabihf or gnueabi"),
    ("CMAKE_SYSTEM_NAME=tvOS CMAKE_OSX_ARCHITECTURES=arm64", "not known to work on tvOS"),
    ("CMAKE_SYSTEM_NAME=Emscripten CMAKE_SYSTEM_PROCESSOR=x86", "not known to work on Emscripten"),
    ("CMAKE_SYSTEM_NAME=Generic CMAKE_SYSTEM_PROCESSOR=arm", "not known to work on Generic"),
];

/// Calls the function of `packaging/cargo-target.cmake` with these variables. If `NATIVE` is one of them, CMake does not
/// cross-compile.
fn ask(folder: &Path, variables: &str) -> Output {
    let mut script = String::from("set(CMAKE_CROSSCOMPILING ON)\nset(CMAKE_HOST_SYSTEM_PROCESSOR x86_64)\n");
    for variable in variables.split(' ') {
        script += &match variable.split_once('=') {
            Some((name, value)) => format!("set({name} \"{value}\")\n"),
            None => String::from("set(CMAKE_CROSSCOMPILING OFF)\n"),
        };
    }
    script += &format!("include({}/packaging/cargo-target.cmake)\n", root().display());
    script += "egret_ws_cargo_target(target)\nmessage(NOTICE \"target: ${target}.\")\n";
    let file = folder.join("ask.cmake");
    fs::write(&file, script).expect("the script");
    Command::new("cmake").arg("-P").arg(file).output().expect("cmake")
}

/// The output without the line breaks that CMake puts into its messages.
fn words(output: &[u8]) -> String {
    String::from_utf8_lossy(output).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_known_toolchain_has_a_target() {
    if is_skipped() {
        return;
    }
    let rust = run(Command::new("rustc").args(["--print", "target-list"]));
    let folder = directory("cargo-target");
    for (variables, target) in TARGETS {
        let output = ask(&folder, variables);
        assert_eq!(words(&output.stderr), format!("target: {target}."), "{variables}");
        assert!(target.is_empty() || rust.lines().any(|known| known == *target), "rustc does not know {target}");
    }
}

#[test]
fn unknown_toolchains_stop_with_a_helpful_error() {
    if is_skipped() {
        return;
    }
    let folder = directory("cargo-target-unknown");
    for (variables, complaint) in UNKNOWN {
        let output = ask(&folder, variables);
        let said = words(&output.stderr);
        assert!(!output.status.success(), "{variables}: {said}");
        assert!(said.contains("egret_ws: unknown target for cargo: "), "{variables}: {said}");
        assert!(said.contains(complaint) && said.contains("Set EGRET_WS_CARGO_TARGET to"), "{variables}: {said}");
    }
}

/// Configures a project that adds the sources as a subdirectory, with a toolchain file. The compiler is that of this machine.
/// Cargo is replaced by a script that writes its arguments and its environment to files.
fn configure(test: &str, toolchain: &str, settings: &[&str]) -> (PathBuf, Output) {
    let folder = directory(test);
    let compiler = run(Command::new("sh").args(["-c", "command -v cc"]));
    let common = format!("set(CMAKE_C_COMPILER {})\nset(CMAKE_C_COMPILER_WORKS ON)\n", compiler.trim());
    fs::write(folder.join("toolchain.cmake"), common + toolchain).expect("the toolchain file");
    let project = format!(
        "cmake_minimum_required(VERSION 3.18)\nproject(game LANGUAGES C)\nadd_subdirectory({} egret_ws)\n\
         get_target_property(where egret_ws::static IMPORTED_LOCATION)\nmessage(STATUS \"static library: ${{where}}\")\n",
        root().display()
    );
    fs::write(folder.join("CMakeLists.txt"), project).expect("the project");
    let cargo = folder.join("cargo");
    fs::write(
        &cargo,
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$(dirname \"$0\")/arguments\"\nenv >\"$(dirname \"$0\")/environment\"\n",
    )
    .expect("the script");
    run(Command::new("chmod").arg("+x").arg(&cargo));
    let mut cmake = Command::new("cmake");
    cmake.arg("-B").arg("build").arg(format!("-DEGRET_WS_CARGO={}", cargo.display()));
    cmake.arg("-DCMAKE_TOOLCHAIN_FILE=toolchain.cmake").args(settings).current_dir(&folder);
    let output = cmake.env_remove("LD_LIBRARY_PATH").output().expect("cmake");
    (folder, output)
}

#[test]
fn toolchain_files_set_target_and_environment_of_cargo() {
    if is_skipped() {
        return;
    }
    let sdk = directory("cross-sdk").join("iPhoneSimulator18.0.sdk");
    fs::create_dir_all(&sdk).expect("a directory");
    let simulator = format!(
        "set(CMAKE_SYSTEM_NAME iOS)\nset(CMAKE_OSX_ARCHITECTURES arm64 CACHE STRING \"\")\nset(CMAKE_OSX_SYSROOT {})\n",
        sdk.display()
    );
    // With version 1, as in the NDK's file, CMake does not look for an NDK.
    let android = "set(CMAKE_SYSTEM_NAME Android)\nset(CMAKE_SYSTEM_VERSION 1)\nset(ANDROID_ABI arm64-v8a)\n\
                   set(CMAKE_SYSTEM_PROCESSOR aarch64)\n";
    for (test, toolchain, settings, target) in [
        ("cross-android", android, &[][..], "aarch64-linux-android"),
        (
            "cross-mingw",
            "set(CMAKE_SYSTEM_NAME Windows)\nset(CMAKE_SYSTEM_PROCESSOR x86_64)\n",
            &[],
            "x86_64-pc-windows-gnu",
        ),
        (
            "cross-arm64",
            "set(CMAKE_SYSTEM_NAME Linux)\nset(CMAKE_SYSTEM_PROCESSOR aarch64)\n",
            &[],
            "aarch64-unknown-linux-gnu",
        ),
        ("cross-simulator", &simulator, &[], "aarch64-apple-ios-sim"),
        (
            "cross-override",
            "set(CMAKE_SYSTEM_NAME Generic)\n",
            &["-DEGRET_WS_CARGO_TARGET=riscv64gc-unknown-linux-musl"],
            "riscv64gc-unknown-linux-musl",
        ),
    ] {
        let (folder, output) = configure(test, toolchain, settings);
        let said = words(&output.stdout);
        assert!(output.status.success(), "{test}: {said} {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("egret_ws: cargo builds for {target}")), "{test}: {said}");
        assert!(said.contains("/one_object/libegret_ws.a"), "{test}: {said}");
        // The build fails, because the script that replaces cargo makes no library. Only its arguments are checked.
        let _ = Command::new("cmake")
            .args(["--build", "build", "--target", "egret_ws_cargo"])
            .current_dir(&folder)
            .output();
        let arguments = fs::read_to_string(folder.join("arguments")).expect("cargo was called");
        assert!(arguments.contains(&format!("--target\n{target}\n")), "{test}: {arguments}");
        let is_vendored = arguments.contains("--features\nvendored\n");
        assert_eq!(is_vendored, !target.contains("apple") && !target.contains("windows"), "{test}: {arguments}");
        let environment = fs::read_to_string(folder.join("environment")).expect("cargo was called");
        let upper = target.replace('-', "_").to_uppercase();
        let linker = environment.lines().any(|line| line.starts_with(&format!("CARGO_TARGET_{upper}_LINKER=/")));
        assert_eq!(linker, !target.contains("apple"), "{test}: {environment}");
    }
}

#[test]
fn toolchain_files_of_unknown_systems_stop_the_configuration() {
    if is_skipped() {
        return;
    }
    let (_, output) = configure("cross-unknown", "set(CMAKE_SYSTEM_NAME Generic)\n", &[]);
    let said = words(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("not known to work on Generic. Set EGRET_WS_CARGO_TARGET"), "{said}");
}

#[test]
fn cargo_gets_no_target_without_a_toolchain_file() {
    if is_skipped() {
        return;
    }
    let (folder, output) = configure("cross-not", "", &["-UCMAKE_TOOLCHAIN_FILE"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!words(&output.stdout).contains("cargo builds for"));
    let _ =
        Command::new("cmake").args(["--build", "build", "--target", "egret_ws_cargo"]).current_dir(&folder).output();
    let arguments = fs::read_to_string(folder.join("arguments")).expect("cargo was called");
    assert!(!arguments.contains("--target\n"), "{arguments}");
    let environment = fs::read_to_string(folder.join("environment")).expect("cargo was called");
    assert!(!environment.contains("_LINKER="), "{environment}");
}
