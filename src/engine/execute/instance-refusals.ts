import { ControllerError, dispositionOf, isPropagating } from "../../errors.ts";
import type { Action, FailedAction } from "../../plan/action.ts";
import { type InstanceAction, isInstanceAction } from "../../plan/instances/instance-action.ts";

/** After so many refused calls a pass ends: whoever may write to no instance at all shall not learn it from each. */
const MOST_REFUSALS = 100;

/** What no other instance would be spared: trouble of the service, or an answer that nobody understands. */
const OF_THE_SERVICE: ReadonlySet<string> = new Set([
  "EndpointUnreachable",
  "ServiceFailure",
  "ServiceUnavailable",
  "UnexpectedReply",
  "UnexpectedError",
]);

/** True for a refusal that need not meet the next instance: AWS has answered, and the answer is about this one. */
function isOfOneInstance(error: unknown): boolean {
  if (!(error instanceof ControllerError) || isPropagating(error)) return false;
  switch (dispositionOf(error)) {
    case "throttled":
      return false;
    case "blocked":
      // All others are about the controller: its credentials, its endpoint, its account.
      return error.reason === "AccessDenied";
    case "retryable":
      return !OF_THE_SERVICE.has(error.reason);
    case "conflict":
    case "terminal":
      return true;
  }
}

/** The instances that AWS has refused in one pass. */
export class Refusals {
  readonly #refused: FailedAction[] = [];
  readonly #instances = new Set<string>();
  /** Of refused calls. */
  #count = 0;

  /** True when there were refusals, and the action is none that goes on in spite of them. */
  endBefore(action: Action): boolean {
    return this.#count > 0 && (!isInstanceAction(action) || this.#count >= MOST_REFUSALS);
  }

  /** One for each instance, in the order of the calls. */
  get all(): readonly FailedAction[] {
    return this.#refused;
  }

  /** What has moved is looked at at once, and what a person has to mend is not. */
  get soonest(): FailedAction | undefined {
    return this.#refused.find(({ error }) => dispositionOf(error) === "conflict") ?? this.#refused[0];
  }

  /** True for a write to an instance that has refused one before. */
  isAboutRefused(action: Action): boolean {
    return isInstanceAction(action) && this.#instances.has(placeOf(action));
  }

  /** Takes down a write that one instance has refused; false when the failure is not of one instance. */
  take(action: Action, error: unknown): boolean {
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
