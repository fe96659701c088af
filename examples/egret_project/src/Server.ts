/**
 * The address of the echo server: `?server=HOST:PORT` in the page's address, or the variable `server_address` in a shell without
 * a page.
 */
declare var server_address: string;

namespace server {
    const address = typeof server_address == "string" ? server_address : /[?&]server=([^&]+)/.exec(location.search)[1];
    const colon = address.lastIndexOf(":");

    export const host = address.slice(0, colon);
    export const port = Number(address.slice(colon + 1));
}
