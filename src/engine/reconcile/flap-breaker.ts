import { createHash } from "node:crypto";
import { NOT_CONVERGING, type Plan } from "../../plan/plan.ts";
import { planLines } from "../../plan/render.ts";

/** So often the same writes are made before they are taken for useless. */
const MOST_ATTEMPTS = 3;
/** Of the writes that are named in the message; the status has them all. */
const MOST_NAMED = 5;

/** The attempts at one object, for one pass. */
export interface Attempts {
  /** The plan; with a blocker when its very writes have been made too often. `isPropagated`: AWS shows all that we wrote. */
  judge(plan: Plan, isPropagated: boolean): Plan;
  /** All of the plan's writes succeeded. */
  carriedOut(plan: Plan): void;
}

interface Series {
  /** What made the object be looked at: a new spec, or a person who asks, begins a new series. */
  readonly asked: string;
  readonly writes: string;
  readonly times: number;
}

/**
 * Stops writing what does not last. Where somebody else undoes our writes, or IAM keeps another form of what it is sent, each look finds
 * the same difference and would write the same again, for ever.
 *
 * The same writes, made {@link MOST_ATTEMPTS} times without AWS having been seen as asked for in between, are not made again
 * until the spec changes, a person asks for a look (`reconcile-at`), or the difference becomes another one or none. Kept in
 * memory only: a restart begins anew.
 */
export class FlapBreaker {
  readonly #series = new Map<string, Series>();

  /** @param asked changes when the object has to be tried anew */
  of(key: string, asked: string): Attempts {
    return {
      judge: (plan, isPropagated) => this.#judge(key, asked, plan, isPropagated),
      carriedOut: (plan) => {
        const writes = signatureOf(plan);
        const known = this.#series.get(key);
        const times = known?.asked === asked && known.writes === writes ? known.times + 1 : 1;
        this.#series.set(key, { asked, writes, times });
      },
    };
  }

  /** The object was seen as asked for, or is gone. */
  forget(key: string): void {
    this.#series.delete(key);
  }

  #judge(key: string, asked: string, plan: Plan, isPropagated: boolean): Plan {
    const known = this.#series.get(key);
    if (known === undefined || !isPropagated) return plan;
    if (known.asked !== asked || known.writes !== signatureOf(plan)) {
      this.#series.delete(key);
      return plan;
    }
    return known.times < MOST_ATTEMPTS
      ? plan
      : { ...plan, blockers: [{ reason: NOT_CONVERGING, message: messageOf(plan) }] };
  }
}

function signatureOf({ actions }: Plan): string {
  return createHash("sha256").update(JSON.stringify(actions)).digest("base64");
}

function messageOf(plan: Plan): string {
  const lines = planLines(plan);
  const rest = lines.length > MOST_NAMED ? `, and ${lines.length - MOST_NAMED} more` : "";
  return (
    `the same ${lines.length === 1 ? "write was" : "writes were"} made ${MOST_ATTEMPTS} times, and AWS differs as before: ` +
    `${lines.slice(0, MOST_NAMED).join(", ")}${rest}. Something else undoes ${lines.length === 1 ? "it" : "them"}, or IAM ` +
    "keeps another form of what it is sent. Nothing more is written until the difference changes, the spec changes, or the " +
    "annotation iam.instanceprofile.dev/reconcile-at asks for another try."
  );
}
