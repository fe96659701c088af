/* load FUNCTION...: loads egret_ws.dll at run time, and looks up these functions in it. */
#include <windows.h>
#include <stdio.h>

int main(int argc, char **argv) {
    HMODULE library = LoadLibraryA("egret_ws.dll");
    int at;
    if (!library) return fprintf(stderr, "load: error %lu\n", GetLastError()), 1;
    for (at = 1; at < argc; at++) {
        if (!GetProcAddress(library, argv[at])) return fprintf(stderr, "load: no %s\n", argv[at]), 1;
    }
    printf("found %d functions\n", argc - 1);
    return 0;
}
