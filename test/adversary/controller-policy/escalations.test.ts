import { describe, expect, test } from "vitest";
import { AWS_ACTIONS } from "../../../src/aws/required-permissions.ts";
import { ADOPTION, BEYOND_ADOPTION } from "./adoption.ts";
import { ESCALATIONS } from "./attempts.ts";
import { BEYOND_HAND_OVER, HAND_OVER } from "./hand-over.ts";
import { OWN_WORK } from "./own-work.ts";
import { type Attempt, answerTo, type NamedPolicy, sandboxAnswerTo, shippedPolicies } from "./request.ts";
import type { Row } from "./vocabulary.ts";

const CONTROLLER = shippedPolicies("controller-policy.json");
const WITH_ADOPTION = shippedPolicies("controller-policy.json", "adoption-policy.json");
const WITH_HAND_OVER = shippedPolicies("controller-policy.json", "hand-over-policy.json");

const attemptOf = ([, action, resource, keys]: Row) => ({ action, resource, ...(keys && { keys }) });

describe("the controller's AWS credentials let nobody", () => {
  test.for(ESCALATIONS)("%s", async (row) => {
    expect(await answerTo(CONTROLLER, attemptOf(row))).toBe("denied");
    expect(await answerTo(WITH_ADOPTION, attemptOf(row))).toBe("denied");
  });
});

describe("the controller is allowed to", () => {
  test.for(OWN_WORK)("%s", async (row) => {
    expect(await answerTo(CONTROLLER, attemptOf(row))).toBe("allowed");
  });
});

test("everything that the code can call is among what must be allowed, but for taking a boundary off", () => {
  const tried = new Set(OWN_WORK.map(([, action]) => action));
  expect(AWS_ACTIONS.filter((action) => !tried.has(action))).toEqual(["iam:DeleteRolePermissionsBoundary"]);
});

describe("with the adoption policy the controller", () => {
  test.for(ADOPTION)("can %s", async (row) => {
    expect(await answerTo(WITH_ADOPTION, attemptOf(row))).toBe("allowed");
    expect(await answerTo(CONTROLLER, attemptOf(row))).toBe("denied");
  });

  test.for(BEYOND_ADOPTION)("cannot %s", async (row) => {
    expect(await answerTo(WITH_ADOPTION, attemptOf(row))).toBe("denied");
  });
});

describe("with the hand-over policy the controller", () => {
  test.for(HAND_OVER)("can %s", async (row) => {
    expect(await answerTo(WITH_HAND_OVER, attemptOf(row))).toBe("allowed");
    expect(await answerTo(CONTROLLER, attemptOf(row))).toBe("denied");
  });

  test.for(BEYOND_HAND_OVER)("cannot %s", async (row) => {
    expect(await answerTo(WITH_HAND_OVER, attemptOf(row))).toBe("denied");
  });
});

interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const ATTEMPTS = [...ESCALATIONS, ...BEYOND_ADOPTION, ...BEYOND_HAND_OVER].map(attemptOf);

function statementsOf([, policy]: NamedPolicy): readonly Statement[] {
  return (policy as { readonly Statement: readonly Statement[] }).Statement;
}

/** The policy with other statements. */
function having([name, policy]: NamedPolicy, Statement: readonly Statement[]): NamedPolicy {
  return [name, { ...policy, Statement }];
}

/** The policy without one of the conditions under which it allows something, for each of them. */
function withoutEachCondition(policy: NamedPolicy): readonly (readonly [string, NamedPolicy])[] {
  const all = statementsOf(policy);
  return all.flatMap((statement, index) => {
    if (statement.Effect === "Deny") return [];
    return Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => {
        const { [key]: _, ...rest } = keys;
        const changed = { ...statement, Condition: { ...statement.Condition, [operator]: rest } };
        return [`${operator} ${key} in ${statement.Sid}`, having(policy, all.with(index, changed))] as const;
      }),
    );
  });
}

describe("each condition stops an attempt:", () => {
  const [controller, adoption] = WITH_ADOPTION as readonly [NamedPolicy, NamedPolicy];

  test.for(withoutEachCondition(controller))("%s", ([, weaker]) => {
    expect(ATTEMPTS.filter((attempt) => sandboxAnswerTo([weaker], attempt) === "allowed")).not.toEqual([]);
  });

  test.for(withoutEachCondition(adoption))("%s of the adoption policy", ([, weaker]) => {
    expect(ATTEMPTS.filter((attempt) => sandboxAnswerTo([controller, weaker], attempt) === "allowed")).not.toEqual([]);
  });
});

describe("each condition of the hand-over policy stops an attempt:", () => {
  const [controller, handOver] = WITH_HAND_OVER as readonly [NamedPolicy, NamedPolicy];

  test.for(withoutEachCondition(handOver))("%s", ([, weaker]) => {
    expect(ATTEMPTS.filter((attempt) => sandboxAnswerTo([controller, weaker], attempt) === "allowed")).not.toEqual([]);
  });
});

describe("each denial holds whatever else the controller's role is allowed:", () => {
  const [controller] = CONTROLLER as readonly [NamedPolicy];
  const denials = statementsOf(controller).filter(({ Effect }) => Effect === "Deny");
  const all: NamedPolicy = ["all", { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }];

  test.for(denials.map(({ Sid }) => Sid))("%s", (sid) => {
    const others = statementsOf(controller).filter(({ Sid }) => Sid !== sid);
    const isStopped = (attempt: Attempt): boolean =>
      sandboxAnswerTo([controller, all], attempt) === "denied" &&
      sandboxAnswerTo([having(controller, others), all], attempt) === "allowed";
    expect(ATTEMPTS.filter(isStopped)).not.toEqual([]);
  });
});
