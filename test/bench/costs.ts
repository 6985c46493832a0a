import { LARGE_SPECS } from "../support/large-objects.ts";
import { measureBurst } from "./burst-cost.ts";
import { measureClassEdit } from "./class-edit-cost.ts";
import { measureCommands, measureReport } from "./command-costs.ts";
import { measureEvents } from "./event-cost.ts";
import { type Figure, figureOf, type Unit } from "./figures.ts";
import { costsOf } from "./judgement-costs.ts";
import { repeated } from "./repeat.ts";
import { measureScan } from "./scan-cost.ts";
import { measureStart } from "./start-cost.ts";

/** The results of one measurement: name, unit and value. */
export type Costs = readonly (readonly [name: string, unit: Unit, value: number])[];

/** Takes the share of the usual number of objects. */
const MEASUREMENTS: Readonly<Record<string, (scale: number) => Promise<Costs>>> = {
  "start on many objects": measureStart,
  "burst of new objects": measureBurst,
  "scan of many roles": measureScan,
  "events about roles of others": measureEvents,
  "class edit that changes no verdict": measureClassEdit,
  "plan and export": measureCommands,
  report: measureReport,
  "judgement of the largest object": async () => measureJudgement(),
};

/**
 * What an operator pays for beside the life of a profile, each measured several times unless it takes a minute.
 *
 * @param scale the share of the usual number of objects, to try the bench itself
 */
export async function measureCosts(runs: number, scale: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [what, measure] of Object.entries(MEASUREMENTS)) {
    const samples = (await repeated(runs, () => measure(scale))).flat();
    const groups = Map.groupBy(samples, ([name, unit]) => `${name}, ${unit}`);
    for (const group of groups.values()) {
      const [[name, unit]] = group as [Costs[number]];
      figures.push(
        figureOf(
          name,
          unit,
          group.map(([, , value]) => value),
        ),
      );
    }
    console.error(
      `${what}: ${[...groups].map(([key, group]) => `${key} ${group.map(([, , value]) => Math.round(value)).join("/")}`).join("; ")}`,
    );
  }
  return figures;
}

/** The slowest step of any of the largest shapes: the longest time for which one object can hold up the others. */
function measureJudgement(): Costs {
  const all = LARGE_SPECS.flatMap((shape) => costsOf(shape).map((cost) => ({ ...cost, shape: shape.name })));
  const slowest = all.reduce((most, cost) => (cost.ms > most.ms ? cost : most));
  return [["judgement of the largest object, slowest step", "CPU ms", slowest.ms]];
}
