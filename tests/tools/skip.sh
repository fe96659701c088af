# shellcheck shell=bash
# Sourced: `skipped STEP` succeeds if the variable SKIP names the step. A word that is no step is an error.
skippable="autobahn js java netns cmake sdl doxygen valgrind instructions asan tsan apple android"

for word in ${SKIP:-}; do
    case " $skippable " in
    *" $word "*) ;;
    *) echo "SKIP: no step is called '$word'; there are: $skippable" >&2 && exit 2 ;;
    esac
done

skipped() {
    case " ${SKIP:-} " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
    esac
}
