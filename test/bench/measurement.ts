/** Who is measured. */
export type Contender = "floor" | "controller" | "terraform";

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
}

const WRITES = /^(Create|Delete|Put|Attach|Detach|Add|Remove|Update|Tag|Untag)/;

/** A Markdown table, a row per step, with the calls and the ratio to the floor's wall time. */
export function tableOf(measurements: readonly Measurement[]): string {
  const head = [
    "AWS",
    "N",
    "step",
    "who",
    "wall s",
    "x floor",
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
    String(callsOf(m, (action) => !WRITES.test(action))),
    String(callsOf(m, (action) => WRITES.test(action))),
    (callsOf(m, () => true) / m.size).toFixed(2),
    m.kubeWrites === undefined ? "" : (m.kubeWrites / m.size).toFixed(2),
    m.rssMiB === undefined ? "" : String(m.rssMiB),
  ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function ratioToFloor(m: Measurement, all: readonly Measurement[]): string {
  const floor = all.find((o) => o.who === "floor" && o.aws === m.aws && o.size === m.size && o.step === m.step);
  return floor === undefined ? "" : (m.wallMs / floor.wallMs).toFixed(2);
}

function callsOf({ calls }: Measurement, counts: (action: string) => boolean): number {
  return Object.entries(calls).reduce((total, [action, n]) => total + (counts(action) ? n : 0), 0);
}
