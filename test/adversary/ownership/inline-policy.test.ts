import { beforeEach, describe, expect, test } from "vitest";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { type Convergence, converge } from "../../../src/engine/reconcile/converge.ts";
import { RetryableError } from "../../../src/errors.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { desiredAbsence, desiredOf, type SpecOverrides } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

/** Somebody puts an inline policy on an owned role, under a name that the spec uses or will use. */
const DENY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: "s3:*", Resource: "arn:aws:s3:::payroll/*" }],
});
const WITHOUT_STATEMENTS: SpecOverrides = {
  statements: [],
  managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
};

let iam: FakeIam;
let recentWrites: RecentWrites;

beforeEach(() => {
  iam = new FakeIam();
  recentWrites = new RecentWrites({ windowMs: 0, monotonicMs: () => 1_000 });
});

function reconcile(desired: DesiredState): Promise<Convergence> {
  return converge(desired, convergeDependencies(iam, { recentWrites }), new AbortController().signal);
}

/** Somebody puts a policy on the role. `readAs`: the names that IAM finds it by. */
function put(policyName: string, document = DENY, readAs: readonly string[] = [policyName]): void {
  iam.outsider(({ roles, instanceProfiles }) => {
    const { app } = roles;
    if (app === undefined) throw new Error("there is no role");
    const documents = Object.fromEntries(readAs.map((name) => [name, document]));
    const others = app.inlinePolicyNames.filter((name) => name.toLowerCase() !== policyName.toLowerCase());
    return {
      roles: {
        app: {
          ...app,
          inlinePolicyNames: [...others, policyName].sort(),
          inlinePolicyDocuments: { ...app.inlinePolicyDocuments, ...documents },
        },
      },
      instanceProfiles,
    };
  });
}

function setTag(key: string, value: string): void {
  iam.outsider(({ roles: { app }, instanceProfiles }) => ({
    roles: app ? { app: { ...app, tags: { ...app.tags, [key]: value } } } : {},
    instanceProfiles,
  }));
}

const policy = (name = "app"): string | undefined => iam.role("app")?.inlinePolicyDocuments[name];

/** Nothing is written, and the policy is named. */
async function expectBlocked(desired: DesiredState, policyName = "app"): Promise<void> {
  const before = iam.writes.length;
  const { plan } = await reconcile(desired);
  expect(plan.blockers.map(({ reason }) => reason)).toEqual(["InlinePolicyNotOwned"]);
  expect(plan.blockers[0]?.message).toContain(`inline policy ${policyName}`);
  expect(iam.writes.length).toBe(before);
}

describe("an inline policy that somebody put on the role before the spec had statements", () => {
  beforeEach(async () => void (await reconcile(desiredOf(WITHOUT_STATEMENTS))));

  test("blocks the statements that would overwrite it", async () => {
    put("app");
    await expectBlocked(desiredOf());
    expect(policy()).toBe(DENY);
  });

  test("blocks all other writes of that edit too", async () => {
    put("app");
    await expectBlocked(desiredOf({ description: "edited", tags: { team: "a" } }));
  });

  test("blocks them under a name that differs in case, where IAM takes both for one", async () => {
    put("App", DENY, ["App", "app"]);
    await expectBlocked(desiredOf());
    expect(iam.role("app")?.inlinePolicyNames).toEqual(["App"]);
  });

  test("blocks a policyName that is set to its name", async () => {
    put("guard");
    await expectBlocked(desiredOf({ policyName: "guard" }), "guard");
  });

  test("blocks them when it cannot be read as a policy", async () => {
    put("app", "no policy");
    await expectBlocked(desiredOf());
  });

  test("blocks them when the record on the role cannot be read: then nothing is known to be the controller's", async () => {
    put("app");
    setTag(TAG_KEYS.applied, "v9.everything");
    await expectBlocked(desiredOf());
  });

  test("blocks them when somebody takes the record off the role", async () => {
    put("app");
    iam.outsider(({ roles: { app }, instanceProfiles }) => {
      if (app === undefined) throw new Error("there is no role");
      const { [TAG_KEYS.applied]: _, ...tags } = app.tags;
      return { roles: { app: { ...app, tags } }, instanceProfiles };
    });
    await expectBlocked(desiredOf());
  });

  test("is overwritten with unmanagedPolicies: Remove", async () => {
    put("app");
    await reconcile(desiredOf({ unmanagedPolicies: "Remove" }));
    expect(policy()).toContain("s3:Get*");
  });

  test("is not overwritten where it says what the spec says, and then it is the object's", async () => {
    const [inlinePolicy] = desiredOf().role.inlinePolicies;
    put("app", inlinePolicy?.document.text);
    const { plan } = await reconcile(desiredOf());
    expect(plan.blockers).toEqual([]);
    expect(plan.actions.map(({ kind }) => kind)).not.toContain("PutRolePolicy");
    await reconcile(desiredOf({ statements: [] }));
    expect(policy()).toBeUndefined();
  });

  test("no longer blocks when it is gone", async () => {
    put("app");
    await expectBlocked(desiredOf());
    iam.outsider(({ roles: { app }, instanceProfiles }) => ({
      roles: app ? { app: { ...app, inlinePolicyNames: [], inlinePolicyDocuments: {} } } : {},
      instanceProfiles,
    }));
    await reconcile(desiredOf());
    expect(policy()).toContain("s3:Get*");
  });

  test("holds up the deletion of the object, although it has the name in the spec", async () => {
    put("app");
    const { plan } = await reconcile(desiredAbsence());
    expect(plan.blockers.map(({ reason }) => reason)).toEqual(["UnmanagedPoliciesAttached"]);
    expect(policy()).toBe(DENY);
  });
});

describe("an inline policy of the controller's own", () => {
  test("that somebody edits is drift and is repaired, in any case of its name", async () => {
    await reconcile(desiredOf());
    put("app");
    await reconcile(desiredOf());
    expect(policy()).toContain("s3:Get*");
  });

  test("is known as such when the process dies right before it is put: the record comes first", async () => {
    await reconcile(desiredOf(WITHOUT_STATEMENTS));
    iam.fate = ({ kind }) =>
      kind === "PutRolePolicy" ? new RetryableError("cut off", { reason: "ServiceFailure" }) : "do";
    await reconcile(desiredOf());
    iam.fate = () => "do";
    expect((await reconcile(desiredOf())).plan.blockers).toEqual([]);
    expect(policy()).toContain("s3:Get*");
  });

  test("is known as such when the reply to its put is lost and the spec is edited meanwhile", async () => {
    await reconcile(desiredOf(WITHOUT_STATEMENTS));
    iam.fate = ({ kind }) =>
      kind === "PutRolePolicy" ? { doAndThenFail: new RetryableError("cut off", { reason: "ServiceFailure" }) } : "do";
    await reconcile(desiredOf());
    iam.fate = () => "do";
    const edited = desiredOf({ statements: [{ effect: "Allow", actions: ["s3:List*"], resources: ["*"] }] });
    expect((await reconcile(edited)).plan.blockers).toEqual([]);
    expect(policy()).toContain("s3:List*");
  });

  test("stays so under other letters, through renames of letters alone and an edit", async () => {
    await reconcile(desiredOf({ policyName: "reader" }));
    const text = policy("reader") ?? "";
    put("reader", text, ["reader", "Reader", "READER"]);
    expect((await reconcile(desiredOf({ policyName: "Reader" }))).plan.blockers).toEqual([]);
    const edited = desiredOf({
      policyName: "READER",
      statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }],
    });
    expect((await reconcile(edited)).plan.blockers).toEqual([]);
    expect(policy("READER")).toContain("s3:*");
  });

  test("goes under a new name though the old one is still there, when the process dies in between", async () => {
    await reconcile(desiredOf());
    iam.fate = ({ kind }) =>
      kind === "DeleteRolePolicy" ? new RetryableError("cut off", { reason: "ServiceFailure" }) : "do";
    await reconcile(desiredOf({ policyName: "access" }));
    iam.fate = () => "do";
    const { plan } = await reconcile(desiredOf({ policyName: "access" }));
    expect(plan.blockers).toEqual([]);
    expect(iam.role("app")?.inlinePolicyNames).toEqual(["access"]);
  });
});

test("a record of applied policies on a role that nobody owns makes none of its policies the controller's", async () => {
  await reconcile(desiredOf());
  const record = iam.role("app")?.tags[TAG_KEYS.applied] ?? "";
  iam.outsiderMakesRole("app", { [TAG_KEYS.applied]: record });
  put("app");
  const { plan } = await reconcile(desiredOf({ adoptionPolicy: "IfExists" }));
  expect(plan.actions.map(({ kind }) => kind)).toContain("TagRole");
  iam.outsiderMakesRole("app", { [TAG_KEYS.applied]: record });
  expect((await reconcile(desiredOf())).plan.blockers.map(({ reason }) => reason)).toEqual(["AlreadyExists"]);
});
