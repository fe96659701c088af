/* Replaces the header of Visual Studio's C library: the parts that the programs of this test use. msvcrt.dll, a part of Windows,
 * has these functions. */
#ifndef STDIO_H
#define STDIO_H
#include <stddef.h>
typedef struct {
    char opaque[48];
} FILE;
__declspec(dllimport) FILE *__cdecl __iob_func(void);
#define stderr (&__iob_func()[2])
__declspec(dllimport) int __cdecl printf(const char *format, ...);
__declspec(dllimport) int __cdecl fprintf(FILE *file, const char *format, ...);
#endif
