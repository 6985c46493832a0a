/**
 * Runs three controllers for a long time in bad weather, and then looks whether anything is the worse for it.
 *
 *     npm run soak [-- --minutes 20] [--seed N] [--objects 12] [--json FILE]
 *
 * A sandbox of this process, on 127.0.0.1: two replicas that elect a leader, and one controller of another namespace that is
 * never restarted. People edit, create, delete and meddle with AWS; servers throttle, fail, lag and lose requests and replies;
 * watches break, connections die, processes are killed, stopped and frozen. Everything is drawn from one seed.
 *
 * Afterwards it must hold, or the exit status is 1: AWS is exactly what a fresh controller makes of the same manifests in an
 * empty account; nothing is written any more; no process ended for a reason of its own or met a bug; the memory of the one
 * that was never restarted is flat (test/soak/memory.ts says how that is judged).
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { readShippedCrd } from "../../src/cli/manifests/crd-file.ts";
import { seededRandom } from "../../src/sandbox/aws/random.ts";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { startKubeApi } from "../../src/sandbox/kube/server.ts";
import { ClusterUser } from "../support/cluster-user.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { freshState, maskedState, notInSync } from "./end-state.ts";
import { judgeMemory, type MemorySample, memoryByTenth } from "./memory.ts";
import { People } from "./people.ts";
import { Replica } from "./replica.ts";
import { ALWAYS, LONGEST_SPELL_MS, Weather } from "./weather.ts";

const BUILD = join(import.meta.dirname, "../../scripts/build.ts");
const [LASTING, PAIR] = ["lasting", "pair"];
const RESYNC_S = 30;
const SAMPLES = 240;
/** Two minutes in which a change of AWS may be taken for a late read, and is not told; and many scans. */
const SETTLE_WITHIN_MS = 420_000;
/** What follows the last write to AWS, its status and its Event, follows within this. */
const AFTERMATH_MS = 3_000;
/** A resync of everything, and some. */
const QUIET_MS = (RESYNC_S + 15) * 1_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    objects: { type: "string", default: "12" },
    json: { type: "string" },
  },
});
const seed = Number(values.seed);
const endMs = performance.now() + Number(values.minutes) * 60_000;
console.error(`soak: seed ${seed}, ${values.minutes} minutes`);

const folder = await mkdtemp(join(tmpdir(), "soak-"));
const built = spawnSync(process.execPath, [BUILD, folder], { encoding: "utf8" });
if (built.status !== 0) throw new Error(built.stderr);
const weather = new Weather(seededRandom(seed));
/** Since {@link judge} began to look, as `patch instanceprofiles.iam.instanceprofile.dev/status /path/of/the/object`. */
let kubeWrites: string[] = [];
const kube = await startKubeApi({
  definitions: [readShippedCrd()],
  onRequest: (request) => {
    if (/^(patch|create|update|delete) (?!leases)/.test(request.what))
      kubeWrites.push(`${request.what} ${request.path}`);
    return weather.kubeInterceptor(request);
  },
});
const aws = await startAwsSandbox({ seed, awkwardness: ALWAYS, onRequest: weather.awsHook });
const user = new ClusterUser(plainKubeApi(kube.url));
for (const namespace of [LASTING, PAIR]) await user.createNamespace(namespace);
const place = { folder, program: join(folder, "main.mjs"), kubeUrl: kube.url, awsUrl: aws.url };
// What somebody has changed in AWS is found by scans: both are as frequent.
const looks = ["--resync-interval", `${RESYNC_S}s`, "--account-scan-interval", `${RESYNC_S}s`];
const args = (namespace: string): readonly string[] => ["--namespace", namespace, ...looks];
const election = ["--leader-elect", "--leader-elect-namespace", PAIR];
const lasting = await Replica.start("lasting", place, args(LASTING));
const mortals = [
  await Replica.start("pair-a", place, [...args(PAIR), ...election]),
  await Replica.start("pair-b", place, [...args(PAIR), ...election]),
];
const replicas = [lasting, ...mortals];
const people = new People(seededRandom(seed + 1), user, aws, [LASTING, PAIR], Number(values.objects));
const memory: MemorySample[] = [];

try {
  await people.begin();
  await Promise.all([storm(), bustle(), watchMemory()]);
  await delay(LONGEST_SPELL_MS);
  const expected = await freshState([...people.wanted.values()], seed);
  const settledMs = await settle(expected);
  const report = await judge(expected, settledMs);
  console.log(JSON.stringify(report, null, 2));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.isWell ? 0 : 1;
} finally {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await Promise.all([kube.close(), aws.close()]);
  if (process.exitCode === 0) await rm(folder, { recursive: true });
  else console.error(`soak: the logs are in ${folder}`);
}

async function storm(): Promise<void> {
  while (performance.now() < endMs) await delay(weather.next({ kube, aws, replicas, mortals }));
}

async function bustle(): Promise<void> {
  for (; performance.now() < endMs; await delay(1_500)) await people.act();
}

async function watchMemory(): Promise<void> {
  for (; performance.now() < endMs; await delay((Number(values.minutes) * 60_000) / SAMPLES)) {
    const sample = await lasting.memory();
    if (sample !== undefined) memory.push(sample);
    if (memory.length % 24 === 0) console.error(`soak: ${JSON.stringify({ ...sample, calls: aws.calls.all.length })}`);
  }
}

/** Waits until everything is as it should be; how long that took, or undefined when it did not come. */
async function settle(expected: object): Promise<number | undefined> {
  const startMs = performance.now();
  while (performance.now() - startMs < SETTLE_WITHIN_MS) {
    const isInSync = (await notInSync(user, [LASTING, PAIR], people.wanted)).length === 0;
    if (isInSync && isDeepStrictEqual(maskedState(aws), expected)) return performance.now() - startMs;
    await delay(1_000);
  }
  return undefined;
}

async function judge(expected: object, settledMs: number | undefined) {
  await delay(AFTERMATH_MS);
  const actual = maskedState(aws);
  aws.calls.reset();
  kubeWrites = [];
  await delay(QUIET_MS);
  const quiet = { awsReads: aws.calls.count() - aws.calls.writes().length, awsWrites: aws.calls.writes(), kubeWrites };
  const ends = Object.fromEntries(replicas.map(({ name, ends }) => [name, ends]));
  const memoryVerdict = judgeMemory(memory);
  const checks = {
    isInSync: settledMs !== undefined,
    isSameState: isDeepStrictEqual(actual, expected),
    isQuiet: quiet.awsWrites.length === 0 && kubeWrites.length === 0,
    isMemoryFlat: memoryVerdict.isFlat,
    endedOnlyWhenAsked: !JSON.stringify(ends).includes("unexpected") && Object.keys(lasting.ends).length === 0,
    metNoBug: replicas.every((replica) => replica.bugs().length === 0),
  };
  return {
    ...{
      seed,
      minutes: Number(values.minutes),
      objects: people.wanted.size,
      isWell: Object.values(checks).every(Boolean),
    },
    ...{ checks, settledS: settledMs === undefined ? undefined : Math.round(settledMs / 1_000), memory: memoryVerdict },
    ...{ memoryByTenth: memoryByTenth(memory), troubles: weather.counts, people: people.counts, ends, quiet },
    notInSync: await notInSync(user, [LASTING, PAIR], people.wanted),
    bugs: replicas.flatMap((replica) => replica.bugs()).slice(0, 5),
    ...(checks.isSameState ? {} : { expected, actual }),
  };
}
