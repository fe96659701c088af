#!/bin/sh
# engine.sh DIR: downloads the Egret engine from npm to DIR, if it is not there, and prints the path of its `build` directory.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: engine.sh DIR" >&2
    exit 1
fi
package=$("$(dirname "$0")/npm_package.sh" egret-engine 5.2.18 \
    sha512-p0LK9Wzhcr+6g1czJW+bb9vxdjb2DoLGDagpjN+ISYayccoTtS94HeRvo60G49w+gGSePHI5+y90FxRuOHxQ8Q== "$1")
echo "$package/build"
