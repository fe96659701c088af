/* version: says which library it found, and whether it is the one of its header. */
#include <egret_ws.h>
#include <stdio.h>

int main(void)
{
    printf("egret_ws %s\n", egret_ws_version_string());
    return egret_ws_version_number() == EGRET_WS_VERSION_NUMBER ? 0 : 1;
}
