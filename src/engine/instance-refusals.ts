import { ControllerError, dispositionOf, isPropagating } from "../errors.ts";
import type { Action, FailedAction } from "../plan/action.ts";
import { type InstanceTagAction, isAboutTags, isInstanceAction } from "../plan/instance-action.ts";

/**
 * After so many refused calls a pass ends: whoever may write to no instance at all shall not learn it from each. A call about
 * many that is halved until one is found takes eleven of them.
 */
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

  /** What is left of an action when the refused are left out; undefined when nothing is. */
  without(action: Action): Action | undefined {
    if (!isInstanceAction(action)) return action;
    if (!isAboutTags(action)) return this.#has(action.region, action.instanceId) ? undefined : action;
    const instanceIds = action.instanceIds.filter((id) => !this.#has(action.region, id));
    if (instanceIds.length === action.instanceIds.length) return action;
    return instanceIds.length === 0 ? undefined : { ...action, instanceIds };
  }

  /**
   * What to do instead of an action that failed: nothing after a refusal of one instance, which is taken down; the halves of
   * a call about many; undefined when the failure is not of one instance.
   */
  take(action: Action, error: unknown): readonly InstanceTagAction[] | undefined {
    if (!isInstanceAction(action) || !isOfOneInstance(error)) return undefined;
    this.#count += 1;
    if (isAboutTags(action) && action.instanceIds.length > 1) return halves(action);
    const [id = ""] = isAboutTags(action) ? action.instanceIds : [action.instanceId];
    this.#instances.add(placeOf(action.region, id));
    this.#refused.push({ action, error });
    return [];
  }

  #has(region: string, id: string): boolean {
    return this.#instances.has(placeOf(region, id));
  }
}

function halves(action: InstanceTagAction): readonly InstanceTagAction[] {
  const { instanceIds } = action;
  const middle = Math.ceil(instanceIds.length / 2);
  return [instanceIds.slice(0, middle), instanceIds.slice(middle)].map((half) => ({ ...action, instanceIds: half }));
}

function placeOf(region: string, id: string): string {
  return `${region}/${id}`;
}
