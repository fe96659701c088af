//! A name that is added to the header is generated in each binding, or makes the generator fail.

use crate::api::Api;
use crate::header::Header;
use crate::{all_regions, header_text};

fn with_constant(define: &str) -> Api {
    Api::of(Header::parse(&format!("{}\n{define}\n", header_text())))
}

/// Returns the header with another field at the end of a struct.
fn with_field(of: &str, field: &str) -> Api {
    let text = header_text();
    let end = format!("}} {of};");
    assert_eq!(text.matches(&end).count(), 1, "{end}");
    Api::of(Header::parse(&text.replace(&end, &format!("    /* Drops. */\n    {field};\n{end}"))))
}

/// The lines of all regions of one binding.
fn lines(api: &Api, folder: &str) -> Vec<String> {
    let regions = all_regions().filter(|region| region.file.starts_with(folder));
    let text: String = regions.map(|region| (region.content)(api, "") + "\n").collect();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Returns lines of code that the regions of C++, Java and Swift have for this header, but not for the real one.
fn new_lines(grown: &Api) -> Vec<String> {
    let real = crate::api();
    let mut new = Vec::new();
    for folder in ["cpp/", "java/", "swift/"] {
        let old = lines(&real, folder);
        let is_code = |line: &String| !line.starts_with(['*', '/']);
        new.extend(lines(grown, folder).into_iter().filter(|line| !old.contains(line)).filter(is_code));
    }
    new
}

#[test]
fn a_new_error_is_in_each_binding() {
    let api = with_constant("/* It rains. */\n#define EGRET_WS_ERR_RAIN_FALLS (-9999)");
    let expected = [
        "rain_falls = EGRET_WS_ERR_RAIN_FALLS,",
        "RAIN_FALLS(-9999),",
        "public static let rainFalls = Self(rawValue: EGRET_WS_ERR_RAIN_FALLS)",
    ];
    assert_eq!(new_lines(&api), expected);
    assert!(lines(&api, "java/").contains(&"/** It rains. */".to_owned()));
}

#[test]
fn a_new_statistic_is_in_each_binding() {
    let numbers = crate::api().statistics().filter(|field| !field.of_type.starts_with("char")).count();
    let expected = [
        "std::chrono::microseconds rain_time{};".to_owned(),
        "rain_time = std::chrono::microseconds(c.rain_us);".to_owned(),
        format!("private static final int COUNT = {};", numbers + 1),
        "public long getRainMicros() {".to_owned(),
        format!("return values[{numbers}];"),
        "(jlong)s.rain_us,".to_owned(),
        "public let rainUs: UInt64".to_owned(),
        "rainUs = c.rain_us".to_owned(),
    ];
    assert_eq!(new_lines(&with_field("egret_ws_statistics", "uint64_t rain_us")), expected);
}

#[test]
fn a_new_option_of_loops_is_in_each_binding() {
    let numbers = crate::api().loop_options.len();
    let mut new = new_lines(&with_field("egret_ws_loop_options", "uint32_t rain_ms"));
    // The options of sockets may already have this line.
    new.retain(|line| !line.starts_with("return number("));
    let expected = [
        "Milliseconds rain{};".to_owned(),
        "c.rain_ms = fitting(options.rain, \"rain is negative or longer than 2147483647 ms\", refusal);".to_owned(),
        format!("static final int COUNT = {};", numbers + 1),
        "public long getRainMillis() {".to_owned(),
        "public @NotNull Builder rainMillis(long millis) {".to_owned(),
        "public @NotNull Builder rain(@NotNull Duration time) {".to_owned(),
        "return rainMillis(millis(\"rain\", time));".to_owned(),
        format!("jint values[{}] = {{0}};", numbers + 1),
        format!("options.rain_ms = (uint32_t)values[{numbers}];"),
        "public var rain: Timeout = .default".to_owned(),
        "c.rain_ms = try options.rain.c(\"rain\")".to_owned(),
    ];
    assert_eq!(new, expected);
}

#[test]
#[should_panic(expected = "EGRET_WS_RAIN has no place in bindings")]
fn a_new_constant_needs_a_place() {
    with_constant("/* Rain. */\n#define EGRET_WS_RAIN 1");
}

#[test]
#[should_panic(expected = r#"options that are in no group: add ["rain_ms"] to"#)]
fn a_new_option_of_sockets_needs_a_group() {
    with_field("egret_ws_options", "uint32_t rain_ms");
}

#[test]
#[should_panic(expected = "egret_ws_options.rain has no kind")]
fn a_new_type_needs_a_kind() {
    with_field("egret_ws_options", "double rain");
}

#[test]
#[should_panic(expected = "is a type that the statistics of C++ do not know")]
fn a_new_type_of_statistics_is_refused_by_cpp() {
    lines(&with_field("egret_ws_statistics", "double rain"), "cpp/");
}

#[test]
#[should_panic(expected = "is a type that Java's statistics do not know")]
fn a_new_type_of_statistics_is_refused() {
    lines(&with_field("egret_ws_statistics", "double rain"), "java/");
}

#[test]
#[should_panic(expected = "a name of C's is left")]
fn names_of_c_alone_are_refused_in_comments() {
    let api = with_constant("/* See `egret_ws_free`. */\n#define EGRET_WS_ERR_RAIN (-9999)");
    lines(&api, "java/");
}
