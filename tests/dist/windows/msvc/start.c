/* The entry point of a program, which replaces the start code of Visual Studio. */
__declspec(dllimport) int __cdecl __getmainargs(int *argc, char ***argv, char ***environment, int expand, int *start);
__declspec(dllimport) void __cdecl exit(int code);
int main(int argc, char **argv);
void mainCRTStartup(void) {
    int argc, start = 0;
    char **argv, **environment;
    __getmainargs(&argc, &argv, &environment, 0, &start);
    exit(main(argc, argv));
}
