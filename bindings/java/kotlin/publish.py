#!/usr/bin/env python3
"""publish.py JAR REPOSITORY: adds the jar of build.sh and its sources to the folder REPOSITORY, as
org.egret:egret-websocket-coroutines. The folder is the `maven` folder of ../android/build_aar.sh; the jar depends on its AAR.
"""
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'android'))
import maven  # noqa: E402
import pack  # noqa: E402

# The oldest version for which build.sh compiles. A newer one in the app takes precedence.
KOTLIN = '2.0.0'
COROUTINES = '1.8.0'


def main():
    if len(sys.argv) != 3:
        sys.exit('usage: publish.py JAR REPOSITORY')
    jar, repository = sys.argv[1:]
    version = pack.version()
    with tempfile.TemporaryDirectory() as scratch:
        sources = pathlib.Path(scratch, 'sources.jar')
        pack.write_zip(sources, pack.files_in(HERE / 'src'))
        maven.publish(
            repository, 'egret-websocket-coroutines', version, 'jar', "egret-websocket for Kotlin's coroutines",
            {'.jar': jar, '-sources.jar': sources},
            [(maven.GROUP, pack.ARTIFACT, version, 'aar'),
             ('org.jetbrains.kotlinx', 'kotlinx-coroutines-core-jvm', COROUTINES, 'jar'),
             ('org.jetbrains.kotlin', 'kotlin-stdlib', KOTLIN, 'jar')])


if __name__ == '__main__':
    main()
