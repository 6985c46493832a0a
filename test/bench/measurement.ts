/** One step of one contender. */
export interface Measurement {
  readonly who: "floor" | "controller";
  readonly aws: "sandbox" | "moto";
  readonly size: number;
  readonly step: string;
  readonly wallMs: number;
  /** Calls to AWS by action. */
  readonly calls: Readonly<Record<string, number>>;
  /** Writes to the API server; undefined for the floor, which knows none. */
  readonly kubeWrites?: number;
  readonly rssMiB: number;
}

const WRITES = /^(Create|Delete|Put|Attach|Detach|Add|Remove|Update|Tag|Untag)/;

/** A Markdown table, a row per step, with calls per profile and the ratio to the floor's wall time. */
export function tableOf(measurements: readonly Measurement[]): string {
  const head = ["AWS", "N", "step", "who", "wall s", "x floor", "reads/N", "writes/N", "kube writes/N", "RSS MiB"];
  const rows = measurements.map((m) => [
    m.aws,
    String(m.size),
    m.step,
    m.who,
    (m.wallMs / 1_000).toFixed(2),
    ratioToFloor(m, measurements),
    perProfile(m, (action) => !WRITES.test(action)),
    perProfile(m, (action) => WRITES.test(action)),
    m.kubeWrites === undefined ? "" : (m.kubeWrites / m.size).toFixed(2),
    String(m.rssMiB),
  ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function ratioToFloor(m: Measurement, all: readonly Measurement[]): string {
  const floor = all.find((o) => o.who === "floor" && o.aws === m.aws && o.size === m.size && o.step === m.step);
  return floor === undefined ? "" : (m.wallMs / floor.wallMs).toFixed(2);
}

function perProfile({ calls, size }: Measurement, counts: (action: string) => boolean): string {
  const sum = Object.entries(calls).reduce((total, [action, n]) => total + (counts(action) ? n : 0), 0);
  return (sum / size).toFixed(2);
}

/** Resident memory of this process now. */
export function rssMiB(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}
