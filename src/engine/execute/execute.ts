import { ControllerError, dispositionOf, isPropagating } from "../../errors.ts";
import {
  type Action,
  type ActionOutcome,
  type FailedAction,
  type InstanceAction,
  isInstanceAction,
} from "../../plan/action.ts";
import type { Note, Plan } from "../../plan/plan.ts";
import type { IamWriter, Precondition } from "../ports.ts";

/** An action that succeeded, with its outcome. */
export interface AppliedAction {
  readonly action: Action;
  readonly outcome: ActionOutcome;
}

/** Called with the writes that AWS has carried out, at least one, and the notes of their plan. Must not throw. */
export type OnWritten = (actions: readonly Action[], notes?: readonly Note[]) => void;

/**
 * The result of executing a plan. Without refusals `applied` is a prefix of the plan's actions, and `failed` is the
 * next one.
 */
export interface ExecutionReport {
  readonly applied: readonly AppliedAction[];
  /**
   * The action that stopped the plan; whether it took effect is unknown. If only writes to instances were refused: the
   * refusal that is retried soonest.
   */
  readonly failed: FailedAction | undefined;
  /** The refused write of each instance that AWS refused to change; writes to other instances continued. */
  readonly refused: readonly FailedAction[];
}

/**
 * Executes a plan's actions in order and stops at the first failure, except at a refused write to an instance. It does not retry: the next reconcile observes
 * again.
 *
 * A refused write to an instance does not stop the writes to other instances. The remaining writes to the same instance
 * and all later writes to IAM are skipped, because writes to IAM may follow those to instances only when every instance
 * is in sync.
 *
 * Assumptions: the plan has no blockers (a plan with one is a programming error and raises).
 * Guarantees: never raises for a failing write; the failure is in the report.
 */
export async function execute(plan: Plan, iam: IamWriter, signal: AbortSignal): Promise<ExecutionReport> {
  if (plan.blockers.length > 0) throw new Error("a plan with blockers must not be executed");
  const applied: AppliedAction[] = [];
  const refusals = new Refusals();
  for (const action of plan.actions) {
    if (refusals.mustStopBefore(action)) break;
    if (refusals.concernsRefusedInstance(action)) continue;
    try {
      applied.push({ action, outcome: await iam.perform(action, signal) });
    } catch (error) {
      if (!refusals.record(action, error)) return { applied, failed: { action, error }, refused: refusals.all };
    }
  }
  return { applied, failed: refusals.soonest, refused: refusals.all };
}

/**
 * Refused requests after which a reconcile ends, so that a controller without permissions does not try every instance.
 */
const MAX_REFUSALS = 100;

/** Reasons of failures that every other instance would meet too: the service fails, or its reply is not understood. */
const SERVICE_FAILURES: ReadonlySet<string> = new Set([
  "EndpointUnreachable",
  "ServiceFailure",
  "ServiceUnavailable",
  "UnexpectedReply",
  "UnexpectedError",
]);

/** True for a refusal that concerns one instance only, so that writes to others may succeed. */
function isOfOneInstance(error: unknown): boolean {
  if (!(error instanceof ControllerError) || isPropagating(error)) return false;
  switch (dispositionOf(error)) {
    case "throttled":
      return false;
    case "blocked":
      // All other reasons concern the controller: its credentials, its endpoint, its account.
      return error.reason === "AccessDenied";
    case "retryable":
      return !SERVICE_FAILURES.has(error.reason);
    case "conflict":
    case "terminal":
      return true;
  }
}

/** The instances that AWS has refused to change in one reconcile. */
export class Refusals {
  readonly #refused: FailedAction[] = [];
  readonly #instances = new Set<string>();
  /** The number of refused requests. */
  #count = 0;

  /** True when there were refusals and the action must not follow them. */
  mustStopBefore(action: Action): boolean {
    return this.#count > 0 && (!isInstanceAction(action) || this.#count >= MAX_REFUSALS);
  }

  /** One refusal for each instance, in the order of the requests. */
  get all(): readonly FailedAction[] {
    return this.#refused;
  }

  /** The refusal that is retried soonest: a conflict if there is one. */
  get soonest(): FailedAction | undefined {
    return this.#refused.find(({ error }) => dispositionOf(error) === "conflict") ?? this.#refused[0];
  }

  /** True for a write to an instance of which AWS has refused an earlier write. */
  concernsRefusedInstance(action: Action): boolean {
    return isInstanceAction(action) && this.#instances.has(placeOf(action));
  }

  /** Records a refusal that concerns one instance; false for any other failure. */
  record(action: Action, error: unknown): boolean {
    if (!isInstanceAction(action) || !isOfOneInstance(error)) return false;
    this.#count += 1;
    this.#instances.add(placeOf(action));
    this.#refused.push({ action, error });
    return true;
  }
}

function placeOf({ region, instanceId }: InstanceAction): string {
  return `${region}/${instanceId}`;
}

/**
 * A writer that checks a precondition before each write, and again right before the request is sent: a write may wait
 * long for the rate limit, and the object may change meanwhile.
 */
export class GuardedWriter implements IamWriter {
  readonly #writer: IamWriter;
  readonly #precondition: Precondition;
  #refusal: { readonly error: unknown } | undefined;

  constructor(writer: IamWriter, precondition: Precondition) {
    this.#writer = writer;
    this.#precondition = precondition;
  }

  /** Errors: those of the precondition, and those of the writer. */
  async perform(action: Action, signal: AbortSignal): Promise<ActionOutcome> {
    const precondition: Precondition = (requestSignal) =>
      this.#precondition(requestSignal).catch((error: unknown) => {
        this.#refusal = { error };
        throw error;
      });
    await precondition(signal);
    return this.#writer.perform(action, signal, precondition);
  }

  /** The report without the write whose precondition failed: it was not sent. */
  sentOf(report: ExecutionReport): ExecutionReport {
    return this.#refusal === undefined ? report : { ...report, failed: undefined };
  }

  /** Raises the error of the failed precondition. Call it after the writes before it are recorded. */
  throwIfPreconditionFailed(): void {
    if (this.#refusal !== undefined) throw this.#refusal.error;
  }
}
