import type { Figure } from "./figures.ts";
import { type Measured, ratioToFloor, readsOf, writesOf } from "./measurement.ts";

/** A whole run. */
interface BenchRun {
  readonly date: string;
  readonly machine: string;
  /** The median of each step. */
  readonly measurements: readonly Measured[];
  readonly figures: readonly Figure[];
}

const [BEGIN, END] = ["<!-- bench: begin -->", "<!-- bench: end -->"];
/** As many as Terraform is measured with. */
const SHOWN_SIZE = 200;

/** A page with the figures of this run in the place of those that are there. Errors: it has no place for them. */
export function withBench(page: string, run: BenchRun): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${shown(run)}\n${page.slice(end)}`;
}

function shown({ date, machine, measurements, figures }: BenchRun): string {
  const most = Math.max(...measurements.map(({ size }) => size));
  const size = measurements.some((m) => m.size === SHOWN_SIZE) ? SHOWN_SIZE : most;
  const ofSize = measurements.filter((m) => m.size === size);
  const loads = ofSize.map(({ load }) => load);
  const load = `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  const head = [
    `${size} profiles`,
    "AWS",
    "reads",
    "writes",
    "s",
    "times the bare calls",
    "writes to the API server",
    "CPU s",
    "memory, MiB",
    "Terraform: calls",
    "s",
  ];
  const rows = ofSize.filter(({ who }) => who === "controller").map((m) => rowOf(m, ofSize));
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [`${date}, ${machine}, ${load}:`, "", ...table, ...costTable(figures, measurements)].join("\n");
}

/** The figures that are of no step of a profile's life. */
function costTable(figures: readonly Figure[], measurements: readonly Measured[]): readonly string[] {
  const steps = new Set(measurements.map(({ aws, size, who, step }) => `${aws} ${size} ${who} ${step}`));
  const costs = figures.filter(({ name }) => !steps.has(name));
  if (costs.length === 0) return [];
  const rows = [...Map.groupBy(costs, ({ name }) => name)].map(
    ([name, all]) => `| ${name} | ${all.map(({ value, unit }) => `${Math.round(value)} ${unit}`).join(", ")} |`,
  );
  return ["", "| what | cost |", "| --- | --- |", ...rows];
}

function rowOf(m: Measured, all: readonly Measured[]): readonly string[] {
  const terraform = all.find((o) => o.who === "terraform" && o.aws === m.aws && o.step === m.step);
  return [
    m.step,
    m.aws,
    String(readsOf(m)),
    String(writesOf(m)),
    seconds(m),
    ratioToFloor(m, all),
    String(m.kubeWrites ?? ""),
    m.cpuMs === undefined ? "" : (m.cpuMs / 1_000).toFixed(2),
    String(m.rssMiB ?? ""),
    terraform === undefined ? "" : String(readsOf(terraform) + writesOf(terraform)),
    terraform === undefined ? "" : seconds(terraform),
  ];
}

function seconds({ wallMs }: Measured): string {
  return (wallMs / 1_000).toFixed(2);
}
