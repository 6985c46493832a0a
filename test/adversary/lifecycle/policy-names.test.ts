import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { TerminalError } from "../../../src/errors.ts";
import { shortHash } from "../../../src/model/naming.ts";
import { aClass } from "../../support/builders.ts";
import { Desk } from "../../unit/controller/desk.ts";

type Spec = Readonly<Record<string, unknown>>;

const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const ALL_OF_S3 = { effect: "Allow", actions: ["s3:*"], resources: ["*"] };
const MALFORMED = new TerminalError("IAM says that the policy is malformed", { reason: "MalformedPolicyDocument" });

let desk: Desk;
let generation = 0;
beforeEach(() => {
  desk = new Desk();
  classIs({ allowedActions: ["s3:*"], allowedTagKeys: ["*"] });
});

function classIs(spec: Partial<InstanceProfileClassSpec>): void {
  generation += 1;
  desk.classes = [aClass({ onViolation: "Strip", ...spec }, { metadata: { generation } }) as unknown as KubeObject];
}

async function reconciled(spec: Spec): Promise<void> {
  desk.apply({ className: "readers", ...spec });
  await desk.reconcile();
  desk.nowMs += 200_000;
}

function access(): string {
  return JSON.stringify(desk.iam.role("app")?.inlinePolicyDocuments);
}

/** Two names of which the record on the role cannot tell one from the other. */
function twins(asRecorded: (name: string) => string, prefix: string): readonly [string, string] {
  const known = new Map<string, string>();
  for (let i = 0; ; i += 1) {
    const name = `${prefix}${i}`;
    const hash = shortHash(asRecorded(name));
    const other = known.get(hash);
    if (other !== undefined) return [other, name];
    known.set(hash, name);
  }
}

describe("A policy that leaves the spec leaves the role", () => {
  test("though its author has chosen a next name that the record cannot tell from it", async () => {
    const [first, second] = twins((name) => `inline:${name}`, "p");
    await reconciled({ policyName: first, statements: [ALL_OF_S3] });
    await reconciled({ policyName: second, statements: [GET] });
    expect(desk.ready).toBe("True InSync");
    expect(Object.keys(desk.iam.role("app")?.inlinePolicyDocuments ?? {})).toEqual([second]);
    classIs({ allowedActions: ["s3:Get*"] });
    await desk.reconcile();
    expect(access()).not.toContain("s3:*");
  });

  test("though IAM refuses policy after policy of other names", async () => {
    await reconciled({ policyName: "first", statements: [ALL_OF_S3] });
    desk.iam.fate = (action) => (action.kind === "PutRolePolicy" ? MALFORMED : "do");
    for (let i = 0; i < 80; i += 1) await reconciled({ policyName: `next-${i}`, statements: [ALL_OF_S3] });
    classIs({ allowedActions: ["s3:Get*"] });
    await desk.reconcile();
    expect(access()).not.toContain("s3:*");
  });

  test.each([
    ["is renamed", { policyName: "another", statements: [GET] }],
    ["is asked for no more", { managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] }],
  ])("though IAM knows it in other letters, when it %s", async (_, next) => {
    classIs({ allowedActions: ["s3:*"], allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"] });
    anyCase(desk);
    await reconciled({ policyName: "grant", statements: [ALL_OF_S3] });
    await reconciled({ policyName: "GRANT", statements: [GET, ALL_OF_S3] });
    expect(desk.ready).toBe("True InSync");
    expect(Object.keys(desk.iam.role("app")?.inlinePolicyDocuments ?? {})).toEqual(["grant"]);
    await reconciled(next);
    expect(access()).not.toContain("s3:*");
  });

  test("though IAM knows it in other letters, when the class is no longer for the namespace", async () => {
    anyCase(desk);
    await reconciled({ policyName: "grant", statements: [ALL_OF_S3] });
    await reconciled({ policyName: "GRANT", statements: [GET, ALL_OF_S3] });
    classIs({ namespaces: ["other"] });
    await desk.reconcile();
    expect(access()).not.toContain("s3:*");
  });
});

test("A tag that leaves the spec leaves the role, though its author has chosen a next key that the record cannot tell from it", async () => {
  const [first, second] = twins((key) => key, "admin-");
  await reconciled({ statements: [GET], tags: { [first]: "true" } });
  await reconciled({ statements: [GET], tags: { [second]: "true" } });
  expect(desk.iam.role("app")?.tags).not.toHaveProperty([first]);
});

/** IAM that takes names of inline policies in any letters, and keeps the first: nothing says that it does not. */
function anyCase({ iam }: Desk): void {
  const known = (roleName: string, policyName: string): string => {
    const names = iam.role(roleName)?.inlinePolicyNames ?? [];
    return names.find((name) => name.toLowerCase() === policyName.toLowerCase()) ?? policyName;
  };
  const [read, perform] = [iam.getRolePolicy.bind(iam), iam.perform.bind(iam)];
  iam.getRolePolicy = (roleName, policyName) => read(roleName, known(roleName, policyName));
  iam.perform = (action, signal, assertCurrent) =>
    perform(
      "policyName" in action ? { ...action, policyName: known(action.roleName, action.policyName) } : action,
      signal,
      assertCurrent,
    );
}
