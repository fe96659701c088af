//! A name that is added to the header is generated in each binding, or makes the generator fail.

use crate::api::Api;
use crate::header::Header;
use crate::{all_regions, header_text};

/// The header with `new` inserted before `before`.
fn grown(before: &str, new: &str) -> Api {
    let text = header_text();
    assert_eq!(text.matches(before).count(), 1, "{before}");
    Api::of(Header::parse(&text.replace(before, &format!("{new}\n{before}"))))
}

/// The lines of all regions of one binding.
fn lines(api: &Api, folder: &str) -> Vec<String> {
    let regions = all_regions().filter(|region| region.file.starts_with(folder) && !region.file.starts_with("js/"));
    let text: String = regions.map(|region| (region.content)(api, "") + "\n").collect();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Lines of code that the regions of C++, Java and Swift have for this header, and not for the real one.
fn new_lines(grown: &Api) -> Vec<String> {
    let old = crate::api();
    let mut new = Vec::new();
    for folder in ["cpp/", "java/", "swift/"] {
        let old = lines(&old, folder);
        let is_code = |line: &String| !line.starts_with(['*', '/']);
        new.extend(lines(grown, folder).into_iter().filter(|line| !old.contains(line)).filter(is_code));
    }
    new
}

#[test]
fn a_new_error_is_in_each_binding() {
    let api = grown("/* No error. */", "/* It rains. */\n#define EGRET_WS_ERR_RAIN_FALLS (-99)");
    let expected = [
        "rain_falls = EGRET_WS_ERR_RAIN_FALLS,",
        "public static final int RAIN_FALLS = -99;",
        "public static let rainFalls = Self(rawValue: EGRET_WS_ERR_RAIN_FALLS)",
    ];
    assert_eq!(new_lines(&api), expected);
    assert!(lines(&api, "java/").contains(&"/** It rains. */".to_owned()));
}

#[test]
fn a_new_statistic_is_in_each_binding() {
    let before = "    /* The same, smoothed as TCP does";
    let new = new_lines(&grown(before, "    /* Drops. */\n    uint64_t rain_us;"));
    // C++ has the struct of C. In Java's array the next number gets another index.
    for line in [
        "public final long rainMicros;",
        "rainMicros = values[21];",
        "rttSmoothedMicros = values[22];",
        "static final int COUNT = 23;",
        "(jlong)s.rain_us,",
        "public let rainUs: UInt64",
        "rainUs = c.rain_us",
    ] {
        assert!(new.iter().any(|found| found == line), "{line} is not in {new:?}");
    }
    assert_eq!(new.len(), 7, "{new:?}");
}

#[test]
fn a_new_option_of_loops_is_in_each_binding() {
    let before = "} egret_ws_loop_options;";
    let new = new_lines(&grown(before, "    /* Drops. */\n    uint32_t rain_ms;"));
    let expected = [
        "std::uint32_t rain_ms = 0;",
        "c.rain_ms = options.rain_ms;",
        "private final int[] numbers = new int[5];",
        "public @NotNull Builder rainMillis(int millis) {",
        "jint values[5] = {0};",
        "options.rain_ms = (uint32_t)values[4];",
        "public var rainMs: UInt32 = 0",
        "c.rain_ms = options.rainMs",
    ];
    assert_eq!(new, expected);
}

#[test]
#[should_panic(expected = "EGRET_WS_RAIN has no place in bindings")]
fn a_new_constant_needs_a_place() {
    grown("/* No error. */", "/* Rain. */\n#define EGRET_WS_RAIN 1");
}

#[test]
#[should_panic(expected = r#"options that are in no group: give ["rain_ms"] a place"#)]
fn a_new_option_of_sockets_needs_a_group() {
    grown("} egret_ws_options;", "    /* Drops. */\n    uint32_t rain_ms;");
}

#[test]
#[should_panic(expected = "egret_ws_options.rain has no kind")]
fn a_new_type_needs_a_kind() {
    grown("} egret_ws_options;", "    /* Drops. */\n    double rain;");
}

#[test]
#[should_panic(expected = "a name of C's is left")]
fn a_comment_says_nothing_that_is_of_c_alone() {
    let api = grown("/* No error. */", "/* See `egret_ws_free`, or NUL. */\n#define EGRET_WS_ERR_RAIN (-99)");
    lines(&api, "java/");
}
