import type { Figure, Unit } from "./figures.ts";
import { figureOf, medianOf } from "./figures.ts";
import { type Measured, ratioToFloor, readsOf, writesOf } from "./measurement.ts";

/** What takes longer is measured once. */
const REPEATED_BELOW_MS = 60_000;

/** Does something once, and as often as `times` says in all if it took less than a minute: `msOf` says how long, and by default the clock does. */
export async function repeated<T>(
  times: number,
  work: () => Promise<T>,
  msOf?: (result: T) => number,
): Promise<readonly T[]> {
  const startMs = performance.now();
  const first = await work();
  const results = [first];
  const isShort = (msOf?.(first) ?? performance.now() - startMs) < REPEATED_BELOW_MS;
  while (isShort && results.length < times) results.push(await work());
  return results;
}

/** The time of the steps alone: not of the warm-up, in which moto makes its regions. */
export function msOfSteps(run: readonly Measured[]): number {
  return run.reduce((sum, { wallMs }) => sum + wallMs, 0);
}

/** Several runs of the same steps as one: of each step, the run with the median time. */
export function medianRun(runs: readonly (readonly Measured[])[]): readonly Measured[] {
  return bySteps(runs).map((samples) => {
    const wallMs = medianOf(samples.map((sample) => sample.wallMs));
    return samples.find((sample) => sample.wallMs === wallMs) as Measured;
  });
}

/** All figures of several runs of the same steps. */
export function figuresOf(runs: readonly (readonly Measured[])[]): readonly Figure[] {
  return bySteps(runs).flatMap((samples) => {
    const [first] = samples as [Measured];
    const name = `${first.aws} ${first.size} ${first.who} ${first.step}`;
    const of = (unit: Unit, values: readonly (number | undefined)[]): readonly Figure[] => {
      const known = values.filter((value) => value !== undefined);
      return known.length === 0 ? [] : [figureOf(name, unit, known)];
    };
    return [
      ...of(
        "wall ms",
        samples.map(({ wallMs }) => wallMs),
      ),
      ...of(
        "CPU ms",
        samples.map(({ cpuMs }) => cpuMs),
      ),
      ...of("reads", samples.map(readsOf)),
      ...of("writes", samples.map(writesOf)),
      ...of(
        "API writes",
        samples.map(({ kubeWrites }) => kubeWrites),
      ),
      ...of(
        "RSS MiB",
        samples.map(({ rssMiB }) => rssMiB),
      ),
      ...of("x floor", first.who === "floor" ? [] : runs.flatMap((run) => ratiosOf(run, first))),
    ];
  });
}

function ratiosOf(run: readonly Measured[], { who, step }: Measured): readonly number[] {
  return run
    .filter((one) => one.who === who && one.step === step)
    .map((one) => ratioToFloor(one, run))
    .filter((ratio) => ratio !== "")
    .map(Number);
}

function bySteps(runs: readonly (readonly Measured[])[]): readonly (readonly Measured[])[] {
  const groups = Map.groupBy(runs.flat(), ({ aws, size, who, step }) => `${aws} ${size} ${who} ${step}`);
  return [...groups.values()];
}
