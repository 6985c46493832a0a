import { threadCpuUsage } from "node:process";
import type { Statement } from "../../src/api/instance-profile.ts";
import type { InstanceProfileClassSpec } from "../../src/api/instance-profile-class.ts";
import { classViolations } from "../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile } from "../support/builders.ts";

/**
 * How long the guard takes to judge an object at the bounds of the schemas: 200 allowed and 200 denied actions of 128 characters, 100
 * allowed resources of 1024, against an inline policy as long as IAM takes, and one object far beyond that.
 * `npm run bench:containment`
 *
 * CPU time of this thread; still, other work on the machine makes single runs slow, so the limit is for the medians. Each run has
 * a class of its own, of which nothing is compiled yet.
 */
interface Question {
  readonly statements: readonly Statement[];
  readonly of: Partial<InstanceProfileClassSpec>;
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz0123456789_-"];
const POLICY_CHARS = 10_240;
const RUNS = 15;
const LIMIT_MS = 50;

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** So many patterns of this length fill an inline policy. */
function fill(make: (index: number) => string): readonly string[] {
  return times(Math.min(300, Math.floor((POLICY_CHARS - 200) / (make(0).length + 3))), make);
}

function allow(actions: readonly string[], resources: readonly string[] = ["*"]): readonly Statement[] {
  return [{ effect: "Allow", actions, resources }];
}

const stars = (unit: string, length: number): string => unit.repeat(Math.floor(length / unit.length));
const arn = (rest: string): string => `arn:aws:s3:::${rest}`;

const QUESTIONS: Readonly<Record<string, Question>> = {
  "every letter behind a star, 50 ? behind it": {
    statements: allow(["s3:*"]),
    of: {
      allowedActions: [
        ...LETTERS.map((letter) => `s3:*${letter}${"?".repeat(50)}`),
        ...times(51, (i) => `s3:${"?".repeat(i + 1)}`),
      ],
    },
  },
  "every letter behind a star, 120 ? behind it": {
    statements: allow(["*"]),
    of: {
      allowedActions: [
        ...LETTERS.map((letter) => `*:*${letter}${"?".repeat(120)}`),
        ...times(121, (i) => `*:${"?".repeat(i + 1)}`),
      ],
    },
  },
  "as many stars as fit, on both sides": {
    statements: allow(fill((i) => `s3:${stars("*a*b", 120)}${i}`)),
    of: { allowedActions: times(200, (i) => `s3:${stars("*b*a", 120)}${i}`) },
  },
  "as many stars as fit, and ends that meet": {
    statements: allow(fill((i) => `s3:${stars("*a*b", 116)}*${i}*`)),
    of: { allowedActions: times(200, (i) => `s3:${stars("*b*a", 116)}*${LETTERS[i % 38]}*${i}*`) },
  },
  "as many stars as fit, and all within": {
    statements: allow(fill((i) => `s3:${stars("*a*b", 120)}${i}`)),
    of: { allowedActions: [...times(199, (i) => `s3:${stars("*b*a", 120)}${i}`), "s3:*"] },
  },
  "stars and question marks": {
    statements: allow(fill((i) => `s3:*${stars("a?", 118)}${i}*`)),
    of: { allowedActions: times(200, (i) => `s3:*${stars("?a", 114)}*${i}*`) },
  },
  "literals, the most that are allowed": {
    statements: allow(fill((i) => `s3:${"a".repeat(20)}${i}`)),
    of: { allowedActions: times(200, (i) => `s3:${"a".repeat(20)}${i}`) },
  },
  "denied: stars and question marks": {
    statements: allow(fill((i) => `s3:*${stars("a?", 118)}${i}`)),
    of: { allowedActions: ["*"], deniedActions: times(200, (i) => `s3:*${stars("?a", 118)}${i}x`) },
  },
  "denied: a long word against many stars": {
    statements: allow(fill((i) => `s3:${stars("aaab", 120)}${i}`)),
    of: { allowedActions: ["*"], deniedActions: times(200, (i) => `s3:${stars("*aa", 120)}*c${i}`) },
  },
  "denied: the separator behind a star": {
    statements: allow(fill((i) => `${stars("a*", 60)}:${stars("*b", 50)}${i}`)),
    of: { allowedActions: ["*"], deniedActions: times(200, (i) => `${stars("*b", 60)}:${stars("a*", 56)}${i}`) },
  },
  "resources as long as they may be": {
    statements: allow(
      ["s3:*"],
      fill((i) => arn(`${stars("*a?b", 980)}${i}`)),
    ),
    of: { allowedActions: ["*"], allowedResources: times(100, (i) => arn(`${stars("*b?a", 980)}${i}`)) },
  },
  "resources, and ends that meet": {
    statements: allow(
      ["s3:*"],
      fill((i) => arn(`${stars("*a?b", 980)}*${i}*`)),
    ),
    of: { allowedActions: ["*"], allowedResources: times(100, (i) => arn(`${stars("*b?a", 980)}*${i}*`)) },
  },
  "resources that are letters only": {
    statements: allow(
      ["s3:*"],
      fill((i) => arn(`${"a".repeat(990)}${i}`)),
    ),
    of: { allowedActions: ["*"], allowedResources: times(100, (i) => arn(`${"a".repeat(1_000)}${i}`)) },
  },
  "resources whose wildcards may match colons": {
    statements: allow(
      ["s3:*"],
      fill((i) => `arn:aws:s3:*x:*${i}*:${stars("*a?b", 980)}${i}`),
    ),
    of: {
      allowedActions: ["*"],
      allowedResources: times(100, (i) => `arn:aws:s3:*?:${i === 0 ? "*" : `*${i}*`}:${stars("*b?a", 970)}*`),
    },
  },
  "resources that leave fields out": {
    statements: allow(
      ["s3:*"],
      fill((i) => `arn:aws:${stars("*a?b", 980)}${i}`),
    ),
    of: { allowedActions: ["*"], allowedResources: times(100, (i) => `arn:aws:${stars("*b?a", 980)}${i}`) },
  },
  "a resource of variables": {
    statements: allow(["s3:*"], [arn(`$${"{a}$".repeat(240)}{a}`)]),
    of: { allowedActions: ["*"], allowedResources: times(100, (i) => arn(`${stars("*b?a", 980)}${i}`)) },
  },
  "100 statements, each with an example": {
    statements: times(100, (i) => allow([`s3:*a*${i}*`], [arn(`*${i}*x*`)])).flat(),
    of: {
      allowedActions: times(200, (i) => `s3:*${i}*a*`),
      deniedActions: times(200, (i) => `iam:*${i}*`),
      allowedResources: times(100, (i) => arn(`*${i}*`)),
    },
  },
  "all actions but some": {
    statements: [
      {
        effect: "Allow",
        notActions: fill((i) => `*:*${LETTERS[i % 38]}${"?".repeat(100)}${i}`),
        resources: ["*"],
      },
    ],
    of: { allowNotActions: true, allowedActions: times(200, (i) => `*:*${LETTERS[i % 38]}${"?".repeat(i % 120)}`) },
  },
  "an object far beyond what IAM takes": {
    statements: times(100, (i) => allow(times(60, (j) => `s3:${stars("*a*b", 112)}${i}x${j}`))).flat(),
    of: { allowedActions: times(200, (i) => `s3:${stars("*b*a", 120)}*${i}*`) },
  },
};

let slowest = 0;
console.log("first ms  worst later  median  verdict             question");
for (const [name, { statements, of }] of Object.entries(QUESTIONS)) {
  const { spec } = anInstanceProfile({ spec: { statements } });
  const taken = times(RUNS, () => {
    const bounds = { class: aClass(of), namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 };
    const before = threadCpuUsage();
    const [violation] = classViolations(spec, bounds);
    const { user, system } = threadCpuUsage(before);
    return { ms: (user + system) / 1_000, verdict: violation?.reason ?? "fits" };
  });
  const [first, ...later] = taken.map(({ ms }) => ms);
  const sorted = later.toSorted((a, b) => a - b);
  const shown = [first, sorted.at(-1), sorted[sorted.length >> 1]].map((ms = 0) => ms.toFixed(1).padStart(8));
  slowest = Math.max(slowest, sorted[sorted.length >> 1] ?? 0);
  console.log(`${shown.join("  ")}   ${(taken[0]?.verdict ?? "").padEnd(19)} ${name}`);
}
console.log(`The slowest question takes ${slowest.toFixed(1)} ms of CPU time; ${LIMIT_MS} ms are the limit.`);
if (slowest > LIMIT_MS) process.exitCode = 1;
