//! Runs the commands of the READMEs in an empty folder.

use crate::cmake::built_here;
use crate::{directory, echo_url, install, is_skipped, root, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use test_support::failing_servers::{dead_url, failure_of, refusing_url};
use test_support::paths::sources;

/// Returns the blocks of a page that begin with three backticks and the language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    page.split(&begin).skip(1).map(|rest| rest.split("```").next().expect("the end of a block")).collect()
}

fn page() -> String {
    fs::read_to_string(root().join("README.md")).expect("the page")
}

/// Returns the guide that describes how to build, install and link.
fn building() -> String {
    fs::read_to_string(root().join("docs/building.md")).expect("the page")
}

/// Returns the text of a page with the URL of this test's echo server.
fn with_echo_server(text: &str) -> String {
    with_server(text, echo_url())
}

/// Returns the text of a page, with this URL as the address of the server.
fn with_server(text: &str, url: &str) -> String {
    let changed = text.replace("ws://127.0.0.1:9000/", url);
    assert_ne!(changed, text, "the page has another URL now");
    changed
}

/// Returns the sample with addresses that fail, and a part of its error message: no server, a server that answers 403, a bad
/// address.
fn bad_servers(text: &str) -> [(String, &'static str); 3] {
    let none = text.replace("ws://127.0.0.1:9000/", "ws://[");
    assert_ne!(none, text, "the page has another URL now");
    let [dead, refusing] = [dead_url(), refusing_url()].map(|url| with_server(text, url));
    [(dead, "refused"), (refusing, "403"), (none, "invalid IPv6 address")]
}

/// Compiles the sample for each address that fails, with the commands of the page, and checks that it reports the error.
fn assert_fails(sample: &str, commands: &str, folder: &Path, file: &str) {
    let (build, _) = commands.rsplit_once("./").expect("the last command runs it");
    for (bad, complaint) in bad_servers(sample) {
        fs::write(folder.join(file), bad).expect("the sample");
        follow(build, folder);
        let said = failure_of(&mut Command::new(folder.join("game")), &folder.join("output"));
        assert!(said.contains(complaint), "not \"{complaint}\": {said}");
    }
}

/// Makes an empty home directory, with the installed files in `$HOME/egret`.
fn home(test: &str) -> PathBuf {
    let home = directory(test);
    let output = install(&[home.join("egret").as_os_str()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    home
}

/// Makes a folder in it that contains only a sample.
fn folder(home: &Path, file: &str, text: &str) -> PathBuf {
    let folder = home.join("folder");
    fs::create_dir(&folder).expect("an empty folder");
    fs::write(folder.join(file), text).expect("the sample");
    folder
}

/// Runs commands of a page in a folder of the home.
fn follow(commands: &str, folder: &Path) -> String {
    let home = folder.parent().expect("the home");
    run(Command::new("sh").args(["-e", "-c", commands]).current_dir(folder).env("HOME", home))
}

#[test]
fn the_sample_in_c_is_made_by_the_commands_alone() {
    if is_skipped() {
        return;
    }
    let page = page();
    let sample = blocks(&page, "c")[0];
    assert!(sample.lines().count() <= 30, "{}", sample.lines().count());
    let folder = folder(&home("readme-c"), "game.c", &with_echo_server(sample));
    let commands = blocks(&page, "sh").into_iter().find(|block| block.contains("cc game.c")).expect("the commands");
    assert_eq!(follow(commands, &folder), "received: Hello Egret WebSocket\n");
    let guide = building();
    let of_the_guide =
        blocks(&guide, "sh").into_iter().find(|block| block.contains("cc game.c")).expect("the commands");
    assert_eq!(format!("{of_the_guide}./game\n"), commands, "docs/building.md has other commands than README.md");
    assert_fails(sample, commands, &folder, "game.c");
}

#[test]
fn the_ten_lines_of_cpp_are_a_program() {
    if is_skipped() {
        return;
    }
    let page = page();
    let sample = blocks(&page, "cpp")[0];
    let folder = folder(&home("readme-ten"), "game.cpp", &with_echo_server(sample));
    let commands = blocks(&page, "sh").into_iter().find(|block| block.contains("cc game.c")).expect("the commands");
    let commands = commands.replace("cc game.c", "c++ -std=c++17 -Wall -Wextra game.cpp");
    assert_eq!(follow(&commands, &folder), "Hello Egret WebSocket\n");
    assert_fails(sample, &commands, &folder, "game.cpp");
}

/// The projects use the installed files, as a shared and as a static library, and the sources.
#[test]
fn the_lines_for_cmake_are_a_project() {
    if is_skipped() {
        return;
    }
    let page = page();
    let guide = building();
    let [installed, sources] = blocks(&guide, "cmake")[..] else { panic!("the page has other projects now") };
    let home = home("readme-cmake");
    let folder = folder(&home, "game.c", &with_echo_server(blocks(&page, "c")[0]));
    let found = format!("-DCMAKE_PREFIX_PATH={}/egret", home.display());
    for (project, settings) in [
        (installed, vec![found.clone()]),
        (installed, vec![found, "-DEGRET_WS_STATIC=ON".into()]),
        (sources, built_here()),
    ] {
        fs::write(folder.join("CMakeLists.txt"), project).expect("the project");
        let _ = fs::remove_dir_all(folder.join("build"));
        run(Command::new("cmake").args(["-B", "build"]).args(settings).env("EGRET_WS", root()).current_dir(&folder));
        run(Command::new("cmake").args(["--build", "build"]).current_dir(&folder));
        assert_eq!(run(&mut Command::new(folder.join("build/game"))), "received: Hello Egret WebSocket\n", "{project}");
    }
}

#[test]
fn the_sample_in_cpp_is_made_by_its_commands_alone() {
    if is_skipped() {
        return;
    }
    let binding = root().join("bindings/cpp");
    let page = fs::read_to_string(root().join("bindings/cpp/README.md")).expect("the page");
    let [sample, throwing, hooks] = blocks(&page, "cpp")[..] else { panic!("the page has other samples now") };
    assert_eq!(sample, fs::read_to_string(binding.join("examples/echo.cpp")).expect("the example"));
    assert!(sample.lines().count() <= 25);

    let [installing, building] = blocks(&page, "sh")[..] else { panic!("the page has other commands now") };
    assert!(installing.starts_with("make install PREFIX=$HOME/egret\n"), "{installing}");
    let folder = folder(&home("readme-cpp"), "echo.cpp", sample);
    let said = follow(&with_echo_server(building), &folder);
    assert_eq!(said, "received: Hello Egret WebSocket\nclosed by this side, with the closing handshake\n");
    for (url, complaint) in [
        (dead_url(), "refused"),
        (dead_url(), "try again later"),
        (refusing_url(), "403"),
        ("ws://[", "EGRET_WS_ERR_INVALID_URL"),
    ] {
        let said = failure_of(Command::new(folder.join("echo")).arg(url), &folder.join("output"));
        assert!(said.contains(complaint), "{url}: {said}");
    }

    // The program contains the lines with exceptions.
    let (build, _) = building.rsplit_once("./").expect("the last command runs it");
    for (url, should) in [(echo_url(), ""), ("ws://[", "EGRET_WS_ERR_INVALID_URL: ")] {
        let throwing = throwing.replace("ws://127.0.0.1:9000/", url);
        let text = format!("#include <egret_ws.hpp>\n#include <cstdio>\nint main() {{\n{throwing}}}\n");
        fs::write(folder.join("echo.cpp"), text).expect("the program");
        let said = follow(&format!("{build}./echo 2>&1"), &folder);
        assert!(if should.is_empty() { said.is_empty() } else { said.starts_with(should) }, "{url}: {said}");
    }

    // The program contains the lines with hooks, and its look-up knows one name.
    let url = echo_url().replace("127.0.0.1", "game.test");
    let text = format!(
        "#include <egret_ws.hpp>\n#include <cstdio>\n#include <netinet/in.h>\n#include <netinet/ip.h>\n#include <sys/socket.h>\n\
         static std::string https_dns(std::string_view host) {{ return host == \"game.test\" ? \"127.0.0.1\" : \"\"; }}\n\
         int main() {{\n{hooks}\
         egret::Callbacks on;\non.on_connect = [](egret::WebSocketRef ws) {{ std::puts(\"open\"), ws.close(); }};\n\
         auto ws = loop->connect(\"{url}\", {{}}, std::move(on));\n\
         while (ws->state() != egret::State::closed && loop->poll(egret::unlimited)) {{}}\n}}\n"
    );
    fs::write(folder.join("echo.cpp"), text).expect("the program");
    assert_eq!(follow(&format!("{build}./echo"), &folder), "open\n");
}

#[test]
fn a_recipe_is_made_by_the_commands_of_its_page() {
    if is_skipped() {
        return;
    }
    let page = fs::read_to_string(root().join("examples/README.md")).expect("the page");
    let recipe = fs::read_to_string(root().join("examples/recipes/reconnect.c")).expect("the recipe");
    let home = home("readme-recipe");
    let recipes = folder(&home, "README.md", &page).join("recipes");
    fs::create_dir(&recipes).expect("a folder");
    fs::write(recipes.join("reconnect.c"), recipe).expect("the recipe");
    let said = follow(&with_echo_server(blocks(&page, "sh")[0]), &home.join("folder"));
    assert!(said.starts_with("connection 1\nreceived: login\n"), "{said}");
}

/// The guides "Your first socket": each program runs by the commands alone, and prints the text of the page.
#[test]
fn the_first_sockets_are_made_by_the_commands_of_their_pages() {
    if is_skipped() {
        return;
    }
    for (page, file) in [("first-socket-c.md", "c/first_socket.c"), ("first-socket-cpp.md", "cpp/first_socket.cpp")] {
        let text = fs::read_to_string(root().join("docs").join(page)).expect("the page");
        let sample = root().join("docs/samples").join(file);
        let name = sample.file_name().expect("a name").to_str().expect("a name in UTF-8");
        let folder = folder(&home(page), name, &fs::read_to_string(&sample).expect("the sample"));
        for project in blocks(&text, "cmake") {
            fs::write(folder.join("CMakeLists.txt"), project).expect("the project");
        }
        let [printed] = blocks(&text, "text")[..] else { panic!("{page} has another output now") };
        let [installing, running @ ..] = &blocks(&text, "sh")[..] else { panic!("{page} has no commands") };
        assert!(installing.starts_with("make install PREFIX=$HOME/egret") && !running.is_empty(), "{page}");
        for commands in running {
            let said = follow(&with_echo_server(commands), &folder);
            assert!(said.ends_with(printed), "{page}: {said}");
        }
    }
}

fn pages() -> Vec<(PathBuf, String)> {
    let mut found = sources(root());
    found.retain(|path| path.extension().is_some_and(|end| end == "md"));
    assert!(found.len() > 20, "only {} pages", found.len());
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a page"))).collect()
}

/// Returns the page without blocks of code.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// Returns the names that links use for the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let is_kept = |letter: &char| letter.is_alphanumeric() || ['-', '_', ' '].contains(letter);
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    headings
        .map(|heading| heading.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut faults = Vec::new();
    for (path, page) in pages() {
        for rest in prose(&page).split("](").skip(1) {
            let link = rest.split([')', ' ']).next().unwrap_or_default();
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let names_a_heading = !heading.is_empty() && to.extension().is_some_and(|end| end == "md");
            let has_heading =
                || anchors(&prose(&fs::read_to_string(&to).expect("a page"))).iter().any(|a| a == heading);
            if !to.exists() || names_a_heading && !has_heading() {
                faults.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "links that lead nowhere: {faults:#?}");
}

#[test]
fn commands_of_make_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    let mut faults = Vec::new();
    for (path, page) in pages() {
        for rest in page.split("`make ").skip(1) {
            let target: String =
                rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
            if !target.is_empty() && target == target.to_lowercase() && !makefile.contains(&format!("\n{target}:")) {
                faults.push(format!("{}: make {target}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "the Makefile does not have: {faults:#?}");
}
