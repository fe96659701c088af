#!/bin/sh
# build.sh OUT ENGINE [PROJECT]: makes a project in OUT, a new directory, from the `empty` template of npm's package egret-engine, which
# lies in ENGINE, and the files of PROJECT, without it those of this directory; builds it with the command line of that package, and
# publishes it to OUT/bin-release/web/demo.
set -eu
out=$1 engine=$(cd "$2" && pwd)
project=$(cd "${3:-$(dirname "$0")}" && pwd)

mkdir "$out"
cp -R "$engine/tools/templates/empty/." "$out"
cp -R "$project/src" "$out"
# `egret create` would fill in the page. It does not work in the npm package.
sed -e 's/{{=it.background}}/#888888/; s/{{=it.orientationMode}}/auto/; s/{{=it.scaleMode}}/showAll/' \
    -e 's/{{=it.frameRate}}/30/; s/{{=it.contentWidth}}/640/; s/{{=it.contentHeight}}/1136/' \
    "$engine/tools/templates/empty/index.html" >"$out/index.html"
# The path of the module is relative to the project, which is elsewhere now.
sed "s|\"\.\./\.\./|\"${project%/*/*}/|" "$project/egretProperties.json" >"$out/egretProperties.json"

# The template compiles in two background processes, which stay, and listen on a fixed port.
compile='new CompilePlugin({ libraryType: "debug", defines: { DEBUG: true, RELEASE: false } }), new ManifestPlugin({ output: "manifest.json" })'
sed "s/new IncrementCompilePlugin()/$compile/" "$engine/tools/templates/empty/scripts/config.ts" >"$out/scripts/config.ts"

cd "$out"
for command in "build -e" build "publish --version demo"; do
    # shellcheck disable=SC2086 # words
    log=$(EGRET_PATH=$engine NODE_OPTIONS=--no-deprecation node "$engine/tools/bin/egret" $command </dev/null 2>&1) || {
        echo "build.sh: egret $command failed: $log" >&2
        exit 1
    }
done
