/** Who is measured. */
export type Contender = "floor" | "controller" | "terraform";

/**
 * So many profiles are made and taken down by whoever is measured, before that begins: a process compiles its code while it makes its
 * first ones, and what is asked is what the others cost.
 */
export const WARM_UP_SIZE = 50;

/** One step of one contender. */
export interface Measurement {
  readonly who: Contender;
  readonly aws: "sandbox" | "moto";
  readonly size: number;
  readonly step: string;
  readonly wallMs: number;
  /** Calls to AWS by action. */
  readonly calls: Readonly<Record<string, number>>;
  /** Writes to the API server; undefined for those who know none. */
  readonly kubeWrites?: number;
  /** Resident memory at the end of the step; undefined where no one process is it. */
  readonly rssMiB?: number;
  /** Processor time of the process; undefined where no one process is it. */
  readonly cpuMs?: number;
}

/** A step with the load of the machine in the minute in which it ended. */
export interface Measured extends Measurement {
  readonly load: number;
}

const WRITES = /^(Create|Delete|Put|Attach|Detach|Add|Remove|Update|Tag|Untag)/;

/** A Markdown table, a row per step, with the calls and the ratio to the floor's wall time. */
export function tableOf(measurements: readonly Measured[]): string {
  const head = [
    "AWS",
    "N",
    "step",
    "who",
    "wall s",
    "x floor",
    "load",
    "reads",
    "writes",
    "calls/N",
    "kube writes/N",
    "RSS MiB",
  ];
  const rows = measurements.map((m) => [
    m.aws,
    String(m.size),
    m.step,
    m.who,
    (m.wallMs / 1_000).toFixed(2),
    ratioToFloor(m, measurements),
    m.load.toFixed(1),
    String(readsOf(m)),
    String(writesOf(m)),
    ((readsOf(m) + writesOf(m)) / m.size).toFixed(2),
    m.kubeWrites === undefined ? "" : (m.kubeWrites / m.size).toFixed(2),
    m.rssMiB === undefined ? "" : String(m.rssMiB),
  ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** How many times the floor's wall time for the same step; empty where the floor has no such step. */
export function ratioToFloor(m: Measurement, all: readonly Measurement[]): string {
  const floor = all.find((o) => o.who === "floor" && o.aws === m.aws && o.size === m.size && o.step === m.step);
  return floor === undefined ? "" : (m.wallMs / floor.wallMs).toFixed(2);
}

/** Calls that change nothing in AWS. */
export function readsOf(m: Pick<Measurement, "calls">): number {
  return callsOf(m, (action) => !WRITES.test(action));
}

/** Calls that change something in AWS. */
export function writesOf(m: Pick<Measurement, "calls">): number {
  return callsOf(m, (action) => WRITES.test(action));
}

function callsOf({ calls }: Pick<Measurement, "calls">, counts: (action: string) => boolean): number {
  return Object.entries(calls).reduce((total, [action, n]) => total + (counts(action) ? n : 0), 0);
}
