/* errors URL: checks an address that a player has typed, and reports what is wrong with it.
 *
 * A refused call returns a negative number. egret_ws_error_name returns its name, egret_ws_last_error_message the reason. */
#include <egret_ws.h>
#include <stdio.h>

/* Prints the reason if a call was refused. */
static int is_refused(int32_t result)
{
    if (result < 0)
        fprintf(stderr, "%s: %s\n", egret_ws_error_name(result), egret_ws_last_error_message());
    return result < 0;
}

int main(int argc, char **argv)
{
    char normal[1024];
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    int failed = 1;

    if (argc != 2)
        return fprintf(stderr, "usage: errors URL\n"), 2;
    /* Reads the address like a browser: it corrects upper case, missing slashes and "http:". */
    if (is_refused(egret_ws_normalize_url(argv[1], normal, sizeof normal)))
        return 1;
    printf("the address is %s\n", normal);
    if (!is_refused(egret_ws_loop_new(NULL, &loop)) && !is_refused(egret_ws_connect(loop, normal, NULL, &ws))) {
        /* This send is too early: there is no connection yet. */
        failed = !is_refused(egret_ws_send(ws, EGRET_WS_TEXT, "hello", EGRET_WS_NUL_TERMINATED));
        /* The results of these calls need no check, because the program could not react to an error. */
        egret_ws_free(ws);
    }
    egret_ws_loop_free(loop, NULL);
    return failed;
}
