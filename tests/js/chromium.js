// Runs an Egret project in headless Chromium: node chromium.js DIRECTORY QUERY LINE...
// It serves DIRECTORY, opens index.html?QUERY, and expects LINE... in this order on the console. $CHROMIUM names the browser.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");

const TIME_LIMIT_MS = 40000;
const [directory, query, ...lines] = process.argv.slice(2);

const server = http.createServer(({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    fs.readFile(path.join(directory, pathname), (error, bytes) => {
        response.writeHead(error ? 404 : 200, pathname.endsWith(".html") ? { "Content-Type": "text/html" } : {});
        response.end(bytes);
    });
});

server.listen(0, "127.0.0.1", () => {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), "chromium-"));
    const page = `http://127.0.0.1:${server.address().port}/index.html?${query}`;
    const browser = spawn(process.env.CHROMIUM || "chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--enable-logging=stderr", `--user-data-dir=${profile}`, page], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    let seen = 0;
    const timer = setTimeout(() => browser.kill("SIGKILL"), TIME_LIMIT_MS);
    browser.on("error", error => log += error);
    browser.stderr.on("data", chunk => {
        log += chunk;
        for (let at; seen < lines.length && (at = log.indexOf(`] "${lines[seen]}", source: `)) >= 0; seen++) {
            log = log.slice(at + 1);
        }
        if (seen === lines.length) browser.kill();
    });
    browser.on("close", () => {
        clearTimeout(timer);
        server.close();
        server.closeAllConnections();
        fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
        if (seen < lines.length) {
            console.error(`the console did not show ${JSON.stringify(lines[seen])}:\n${log}`);
            process.exitCode = 1;
        }
    });
});
