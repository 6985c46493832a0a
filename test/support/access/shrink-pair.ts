import { type Compare, judge } from "./judge-comparison.ts";
import { type Pair, randomPair } from "./random-pairs.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

const MAX_TRIALS = 3_000;

/** The smallest pair found that still fails: statements, list members, conditions and layers are left out as long as it does. */
export function shrinkPair<P extends Pair>(pair: P, fails: (pair: Pair) => boolean): Pair {
  let smallest: Pair = { from: pair.from, to: pair.to };
  let trials = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const variant of variants(smallest)) {
      trials += 1;
      if (trials > MAX_TRIALS) return smallest;
      if (!failsSafely(variant, fails)) continue;
      smallest = variant;
      changed = true;
      break;
    }
  }
  return smallest;
}

function failsSafely(pair: Pair, fails: (pair: Pair) => boolean): boolean {
  try {
    return fails(pair);
  } catch {
    return false;
  }
}

function* variants(pair: Pair): Generator<Pair> {
  const [from, to] = [pathsOf(pair.from as unknown as Json), pathsOf(pair.to as unknown as Json)];
  const inTo = new Set(to.map(String));
  for (const path of from.filter((one) => inTo.has(String(one)))) {
    yield { from: without(pair.from, path), to: without(pair.to, path) };
  }
  for (const path of from) yield { from: without(pair.from, path), to: pair.to };
  for (const path of to) yield { from: pair.from, to: without(pair.to, path) };
}

/** What can be left out, the large parts first: members of lists, and Condition with its parts. */
function pathsOf(value: Json, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Object.keys(value)
    .map((key): Path => [...path, Array.isArray(value) ? Number(key) : key])
    .filter((one) => canGo(value, one));
  return [...own, ...own.concat(rest(value, path, own)).flatMap((one) => pathsOf(memberOf(value, one), one))];
}

/** The members that must stay, and may hold something that can go. */
function rest(value: { [key: string]: Json } | Json[], path: Path, own: readonly Path[]): readonly Path[] {
  return Object.keys(value)
    .map((key): Path => [...path, Array.isArray(value) ? Number(key) : key])
    .filter((one) => !own.some((other) => String(other) === String(one)));
}

const memberOf = (value: { [key: string]: Json } | Json[], path: Path): Json =>
  (value as { [key: string]: Json })[String(path.at(-1))] ?? null;

function canGo(value: { [key: string]: Json } | Json[], path: Path): boolean {
  if (Array.isArray(value)) return value.length > 1;
  return path.includes("Condition") || path.at(-1) === "Version" || path.at(-1) === "Sid";
}

function without<T>(value: T, path: Path): T {
  const copy = structuredClone(value);
  let at = copy as { [key: string]: Json } | Json[];
  for (const key of path.slice(0, -1)) at = (at as { [key: string]: Json })[String(key)] as typeof at;
  const last = path.at(-1);
  if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[String(last)];
  return copy;
}

/** A pair as a reader compares it: one line for each statement. */
export function pairText({ from, to }: Pair): string {
  return [from, to]
    .map((access, side) => {
      const lines = access.layers.flatMap((documents, layer) =>
        documents.flatMap((document) => {
          const { Version: version, Statement: statements } = document as { Version?: string; Statement: Json };
          const list = Array.isArray(statements) ? statements : [statements];
          const title = `${access.use}${layer === 0 ? "" : ", boundary"}${version === undefined ? "" : `, Version ${version}`}`;
          return [`  ${title}`, ...list.map((statement) => `    ${JSON.stringify(statement)}`)];
        }),
      );
      return [side === 0 ? "from" : "to", ...lines].join("\n");
    })
    .join("\n");
}

/** What is wrong with the verdict on a random pair, and the smallest pair that shows it. */
export function faultText(seed: number, compare: Compare): string {
  const pair = randomPair(seed);
  const [first] = judge(pair, compare).faults;
  if (first === undefined) return `pair ${seed}: no fault`;
  const small = shrinkPair(pair, (one) => judge(one, compare).faults.some(({ kind }) => kind === first.kind));
  const faults = judge(small, compare).faults.map(({ kind, text }) => `${kind}: ${text}`);
  return [`pair ${seed} (${pair.edits.join(", ")})`, pairText(small), ...faults].join("\n");
}
