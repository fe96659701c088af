/* version: prints the version of the library, and checks that it matches the header. */
#include <egret_ws.h>
#include <stdio.h>

int main(void)
{
    printf("egret_ws %s\n", egret_ws_version_string());
    return egret_ws_version_number() == EGRET_WS_VERSION_NUMBER ? 0 : 1;
}
