import { Session } from "node:inspector/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Desk } from "../test/unit/controller/desk.ts";

/**
 * Counts the files whose functions one story executes: an object is created, drift is repaired, and the controller gives up on writes
 * that another client undoes. A newcomer who follows the story opens these files.
 */

const ROOT = join(import.meta.dirname, "..");
/** What a newcomer can follow in a sitting. */
const AIM = 45;

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

const desk = new Desk();
desk.apply({ statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }] });
await desk.reconcile();
for (let time = 0; time < 5; time++) {
  desk.nowMs += 300_000;
  desk.iam.outsider((account) => {
    const { app } = account.roles;
    return app === undefined
      ? account
      : { ...account, roles: { ...account.roles, app: { ...app, inlinePolicyNames: [], inlinePolicyDocuments: {} } } };
  });
  await desk.reconcile();
}
if (desk.ready !== "False NotConverging") throw new Error(`the story ended with ${desk.ready}`);

const { result } = await session.post("Profiler.takePreciseCoverage");
const files = result
  .filter(({ url }) => url.startsWith("file:"))
  .map(({ url, functions }) => ({ file: relative(ROOT, fileURLToPath(url)), functions }))
  .filter(({ file }) => file.startsWith("src/"))
  .map(({ file, functions }) => ({
    file,
    called: functions.filter(({ functionName, ranges }) => functionName !== "" && (ranges[0]?.count ?? 0) > 0).length,
  }))
  .filter(({ called }) => called > 0)
  .toSorted((a, b) => (a.file < b.file ? -1 : 1));

for (const { file, called } of files) console.log(`${String(called).padStart(4)}  ${file}`);
console.log(`${files.length} files execute functions in the story; the aim is at most ${AIM}`);
