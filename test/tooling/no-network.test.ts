import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

/** Each leaves its process in one way, and is refused by the method that it comes down to. */
const attempts = [
  { how: "fetches", by: "net.Socket.connect", text: 'await fetch("http://127.0.0.1:8080/");' },
  {
    how: "catches what its fetch throws",
    by: "net.Socket.connect",
    text: 'await fetch("http://127.0.0.1:8080/").catch(() => {});',
  },
  { how: "asks over HTTP", by: "net.Socket.connect", text: 'http.get("http://127.0.0.1:8080/");' },
  { how: "connects over TLS", by: "net.Socket.connect", text: 'tls.connect(9, "127.0.0.1");' },
  { how: "serves HTTP", by: "net.Server.listen", text: "http.createServer().listen(0);" },
  { how: "sends a datagram", by: "dgram.Socket.send", text: 'createSocket("udp4").send("x", 9);' },
  { how: "looks a name up", by: "dns.lookup", text: 'lookup("example.com", () => {});' },
  { how: "starts a process", by: "ChildProcess.spawn", text: 'spawn("true");' },
  { how: "starts a copy of itself", by: "ChildProcess.spawn", text: 'fork("no.mjs");' },
  { how: "runs a command line", by: "ChildProcess.spawn", text: 'exec("true", () => {});' },
  { how: "waits for a process", by: "child_process.spawnSync", text: 'spawnSync("true");' },
  { how: "waits for a program", by: "child_process.execFileSync", text: 'execFileSync("true");' },
  { how: "waits for a command line", by: "child_process.execSync", text: 'execSync("true");' },
];

/** What we read of vitest's report. */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

let copy: Copy;
let results: Report["testResults"][number]["assertionResults"];

beforeAll(() => {
  copy = copyOf(
    "package.json",
    "vitest.config.ts",
    ...["compile-cache", "law-runs", "law-seed", "no-network", "slow-files"].map((name) => `test/support/${name}.ts`),
  );
  const imports = [
    'import { exec, execFileSync, execSync, fork, spawn, spawnSync } from "node:child_process";',
    'import { createSocket } from "node:dgram";\nimport { lookup } from "node:dns";\nimport http from "node:http";',
    'import tls from "node:tls";\nimport { expect, test } from "vitest";',
  ];
  const tests = attempts.map(({ how, text }) => `test(${JSON.stringify(how)}, async () => { ${text} });`);
  const pure = 'test("decides", () => expect(1 + 1).toBe(2));';
  copy.plant("test/unit/planted.test.ts", [...imports, ...tests, pure].join("\n"));
  const args = ["run", "--root", copy.folder, "--project", "unit", "--reporter=json", "--outputFile=report.json"];
  // Its failures are no results of this run.
  const { VITEST_JSON_DIR: _, ...env } = process.env;
  const options = { cwd: copy.folder, encoding: "utf8", env } as const;
  const { stdout, stderr } = spawnSync(join(ROOT, "node_modules/.bin/vitest"), args, options);
  const file = join(copy.folder, "report.json");
  if (!existsSync(file)) throw new Error(`vitest gave no report but: ${stdout}${stderr}`);
  results = (JSON.parse(readFileSync(file, "utf8")) as Report).testResults.flatMap(
    ({ assertionResults }) => assertionResults,
  );
});
afterAll(() => copy.remove());

test.each(attempts)("a unit test that $how fails, and says what to do instead", ({ how, by }) => {
  const result = results.find(({ title }) => title === how);
  expect(result?.status).toBe("failed");
  expect(result?.failureMessages.join("\n")).toContain(`${by} in a unit test: move the test to test/contract`);
});

test("a unit test that leaves its process alone passes", () => {
  expect(results.find(({ title }) => title === "decides")?.status).toBe("passed");
});
