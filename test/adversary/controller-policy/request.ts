import { runSimulation } from "@cloud-copilot/iam-simulate";
import { requestContext } from "../../../src/model/access/access-request.ts";
import type { JsonObject } from "../../../src/model/access/evaluate/document.ts";
import { evaluatePolicies } from "../../../src/model/access/evaluate/evaluate.ts";
import { shippedPolicy } from "../../support/shipped-role.ts";

/** One permission that is asked for in AWS: the action, the resource, and the condition keys of the request. */
export interface Attempt {
  readonly action: string;
  readonly resource: string;
  readonly keys?: Readonly<Record<string, string | string[]>>;
}

/** A policy document and the file that it comes from. */
export type NamedPolicy = readonly [name: string, policy: object];

/** The account for which `shippedPolicy` fills in the placeholders. */
const ACCOUNT = "123456789012";
const PRINCIPAL = `arn:aws:sts::${ACCOUNT}:assumed-role/instance-profile-controller/pod`;

/** The policies of `deploy/aws` by file name, filled in as its README shows. */
export function shippedPolicies(...files: readonly string[]): readonly NamedPolicy[] {
  return files.map((file) => [file, JSON.parse(shippedPolicy(file)) as object]);
}

/**
 * What an independent evaluator of IAM policies answers: `allowed` or `denied`. The sandbox's own evaluator must agree.
 *
 * Errors: a policy, action, resource or key that the evaluator does not know; a key that AWS does not send with the action.
 */
export async function answerTo(
  policies: readonly NamedPolicy[],
  { action, resource, keys = {} }: Attempt,
): Promise<"allowed" | "denied"> {
  const run = await runSimulation(
    {
      request: {
        principal: PRINCIPAL,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: { ...keys },
      },
      identityPolicies: policies.map(([name, policy]) => ({ name, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (run.resultType === "error") throw new Error(`${action}: ${JSON.stringify(run.errors)}`);
  const results = run.resultType === "single" ? [run.result] : run.results;
  const ignored = results.flatMap(({ ignoredContextKeys = [] }) => ignoredContextKeys);
  if (ignored.length > 0) throw new Error(`${action} does not come with ${ignored.join(", ")}`);
  const answer = run.overallResult === "Allowed" ? "allowed" : "denied";
  const second = sandboxAnswerTo(policies, { action, resource, keys });
  if (second === answer) return answer;
  throw new Error(`${action} on ${resource}: the independent evaluator says ${answer}, the sandbox ${second}`);
}

/** What the sandbox's evaluator answers. */
export function sandboxAnswerTo(
  policies: readonly NamedPolicy[],
  { action, resource, keys = {} }: Attempt,
): "allowed" | "denied" {
  const documents = policies.map(([, policy]) => policy as JsonObject);
  const context = requestContext({ ...keys });
  return evaluatePolicies(documents, { action, resource, context }).verdict === "allow" ? "allowed" : "denied";
}
