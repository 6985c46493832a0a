import { ControllerError, dispositionOf, isPropagating } from "../../errors.ts";
import { type Action, type FailedAction, type InstanceAction, isInstanceAction } from "../../plan/action.ts";

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
