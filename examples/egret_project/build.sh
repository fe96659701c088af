#!/bin/sh
# build.sh OUT ENGINE [PROJECT]: makes a project in OUT, a new directory. The sources are the `empty` template of npm's package
# egret-engine, which is in ENGINE, and the files of PROJECT (default: this directory). Then the script builds the project with
# the command line of that package, and publishes it to OUT/bin-release/web/demo.
set -eu
out=$1 engine=$(cd "$2" && pwd)
project=$(cd "${3:-$(dirname "$0")}" && pwd)

mkdir "$out"
cp -R "$engine/tools/templates/empty/." "$out"
cp -R "$project/src" "$out"
# `egret create` would fill in these values of the page, but it does not work in the npm package.
sed -e 's/{{=it.background}}/#888888/; s/{{=it.orientationMode}}/auto/; s/{{=it.scaleMode}}/showAll/' \
    -e 's/{{=it.frameRate}}/30/; s/{{=it.contentWidth}}/640/; s/{{=it.contentHeight}}/1136/' \
    "$engine/tools/templates/empty/index.html" >"$out/index.html"
# The path of the module is relative to the project, which is in another directory now.
sed "s|\"\.\./\.\./|\"${project%/*/*}/|" "$project/egretProperties.json" >"$out/egretProperties.json"

# The template compiles in two background processes, which do not end and listen on a fixed port.
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
