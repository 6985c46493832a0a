import { isDeepStrictEqual } from "node:util";
import { runCommandLine } from "../../src/cli/command-line.ts";
import type { KubeObject } from "../../src/engine/ports.ts";
import { ControllerError } from "../../src/errors.ts";
import { type Blocker, INVALID_POLICY, NOT_CONVERGING, type Plan } from "../../src/plan/plan.ts";
import { renderPlans } from "../../src/plan/render.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Outcome } from "../../src/status/outcome.ts";
import { plainLine } from "../../src/text/line.ts";
import { CLUSTER_ID } from "./builders.ts";
import { linesOf } from "./lines-of.ts";

/** What `plan` says of one object; undefined when it is an error. */
export type PlanAnswer = Pick<Plan, "actions" | "blockers"> | undefined;

/** Where and as whom `plan` runs. */
export interface PlanRun {
  readonly awsUrl: string;
  readonly region: string;
  /** More flags, such as `--allow-adoption`. */
  readonly flags: readonly string[];
}

/** Whether every reconcile of this run is compared with `plan`, as the project scenario-with-plan does. */
export const ARE_PLANS_COMPARED = process.env["COMPARE_PLANS"] === "true";

/**
 * Runs the command `plan` on an object, as `kubectl get` prints it.
 *
 * @param others more objects of the input, with claims on instances
 */
export async function planOf(
  object: KubeObject,
  others: readonly KubeObject[],
  { awsUrl, region, flags }: PlanRun,
): Promise<PlanAnswer> {
  const input = [object, ...others].map((one) => JSON.stringify(one)).join("\n---\n");
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: awsUrl,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: "planner",
    AWS_SECRET_ACCESS_KEY: "test",
  });
  let text = "";
  try {
    await runCommandLine(["plan", "-f", "-", "-o", "json", "--cluster-id", CLUSTER_ID, ...flags], {
      out: (written) => {
        text += written;
      },
      err: () => {},
      readInput: async () => input,
      readLines: () => linesOf(input),
      env: {},
      clock: systemClock,
      terminal: { out: false, err: false },
      stop: new AbortController().signal,
    });
  } finally {
    process.env = before;
  }
  return text === "" ? undefined : comparable(JSON.parse(text).objects[0].plan);
}

/** How the outcome of a reconcile differs from what `plan` said right before it; undefined when it does not. */
export function differenceFrom(answer: PlanAnswer, outcome: Outcome): string | undefined {
  const did = reconciled(outcome);
  if (did === undefined || isDeepStrictEqual(answer, did)) return undefined;
  // A plan is complete or an error.
  if (answer === undefined && outcome.kind === "converged" && outcome.after.instances?.unreadable) return undefined;
  const reason = answer?.blockers[0]?.reason;
  if (answer !== undefined && reason === INVALID_POLICY && isRefusedAfter(answer, outcome)) return undefined;
  // These controllers have no account scan to know quotas from.
  if (reason === "QuotaExceeded") return undefined;
  return `plan: ${JSON.stringify(answer, null, 1)}\nthe controller: ${JSON.stringify(did, null, 1)}`;
}

/** What the controller planned; undefined where it knows what no command can, or failed. */
function reconciled(outcome: Outcome): PlanAnswer {
  switch (outcome.kind) {
    case "suspended":
      return { actions: [], blockers: [] };
    case "refused":
      return comparable({ actions: [], blockers: outcome.blockers });
    case "failed":
      return undefined;
    default: {
      const { plan, visibleInMs } = outcome;
      const isFlapping = plan.blockers.some(({ reason }) => reason === NOT_CONVERGING);
      return visibleInMs > 0 || isFlapping || hasMetAnother(outcome) ? undefined : fromPlan(plan);
    }
  }
}

/** A creation that began without a read, and met something; or an instance that got a profile after it was read. */
function hasMetAnother(outcome: Outcome): boolean {
  if (outcome.kind !== "converged") return false;
  if (outcome.refused !== undefined && outcome.refused.length > 0) return true;
  if (outcome.failed === undefined) return false;
  const { action, error } = outcome.failed;
  return action.kind.startsWith("Create") && error instanceof ControllerError && error.reason === "EntityAlreadyExists";
}

function fromPlan(plan: Plan): PlanAnswer {
  const text = renderPlans([{ namespace: "", name: "", plan }], "json")
    .map(plainLine)
    .join("\n");
  return comparable(JSON.parse(text).objects[0].plan);
}

/** Without the places of blockers, which are in a file, and the advice to pass a class. */
function comparable({ actions, blockers }: Pick<Plan, "actions" | "blockers">): PlanAnswer {
  const words = ({ reason, message }: Blocker): Blocker =>
    reason === "ClassNotFound" ? { reason, message: "" } : { reason, message };
  return { actions, blockers: blockers.map(words) };
}

/** A role that exists is narrowed before IAM refuses its policy. */
function isRefusedAfter({ actions }: NonNullable<PlanAnswer>, outcome: Outcome): boolean {
  if (outcome.kind !== "converged" || outcome.failed === undefined) return false;
  return isDeepStrictEqual(actions, fromPlan({ ...outcome.plan, actions: outcome.applied })?.actions);
}
