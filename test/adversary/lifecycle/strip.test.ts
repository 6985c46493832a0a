import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { BlockedError, TerminalError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "../../unit/controller/desk.ts";

type ClassSpec = Partial<InstanceProfileClassSpec>;
type Spec = Readonly<Record<string, unknown>>;

const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const BOUNDARY = "arn:aws:iam::123456789012:policy/k8s-boundary";
const EVERYBODY = { effect: "Allow", actions: ["sts:AssumeRole"], principals: { aws: ["*"] } };
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const ALL_OF_S3 = { effect: "Allow", actions: ["s3:*"], resources: ["*"] };

/** The class as it was when the object was created: wide enough for all that it asks for. */
const WIDE: ClassSpec = {
  allowedActions: ["s3:*"],
  allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"],
  allowedTrustServices: ["ec2.amazonaws.com", "lambda.amazonaws.com"],
  allowTrustStatements: true,
  onViolation: "Strip",
};
/** What it is narrowed to. */
const NARROW: ClassSpec = { allowedActions: ["s3:Get*"], onViolation: "Strip" };

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

function classIs(spec: ClassSpec): void {
  desk.classes = [aClass(spec, { metadata: { generation: (desk.classes.length + desk.nowMs) % 1_000 } })].map(
    (one) => one as unknown as KubeObject,
  );
  desk.nowMs += 1;
}

async function created(spec: Spec, by: ClassSpec = WIDE): Promise<void> {
  classIs(by);
  desk.apply({ className: "readers", statements: [GET, ALL_OF_S3], ...spec });
  await desk.reconcile();
  expect(desk.condition("Ready")).toBe("True InSync");
  expect(desk.condition("Compliant")).toBe("True WithinClass");
}

/** The actions of the inline policy in AWS; empty when there is none. */
function granted(): readonly string[] {
  const documents = Object.values(desk.iam.role("app")?.inlinePolicyDocuments ?? {});
  return documents.flatMap((text) =>
    (JSON.parse(text) as { Statement: readonly { Action: readonly string[] }[] }).Statement.flatMap(
      ({ Action }) => Action,
    ),
  );
}

function trusted(): string {
  return desk.iam.role("app")?.trustPolicy ?? "";
}

function refuses(kind: Action["kind"], error: Error, when: (action: Action) => boolean = () => true): void {
  desk.iam.fate = (action) => (action.kind === kind && when(action) ? error : "do");
}

const MALFORMED = new TerminalError("IAM says that the policy is malformed", { reason: "MalformedPolicyDocument" });
const OVER_QUOTA = new BlockedError("the policies of the role are too large", { reason: "LimitExceeded" });
const DENIED = new BlockedError("not authorized to perform iam:DetachRolePolicy", { reason: "AccessDenied" });

describe("Under Strip, what a narrowed class forbids leaves AWS", () => {
  test("and what it still allows stays", async () => {
    await created({});
    classIs(NARROW);
    await desk.reconcile();
    expect(granted()).toEqual(["s3:GetObject"]);
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
    expect(desk.eventReasons).toContain("AccessStripped");
    expect(desk.eventReasons).not.toContain("DriftRepaired");
  });

  test.each([
    ["IAM refuses another statement of the spec", MALFORMED, "False MalformedPolicyDocument"],
    ["the policy exceeds a quota", OVER_QUOTA, "False LimitExceeded"],
  ])("though %s", async (_, error, ready) => {
    await created({});
    refuses("PutRolePolicy", error);
    classIs(NARROW);
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.condition("Ready")).toBe(ready);
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
    expect(desk.eventReasons).toContain("AccessStripped");
  });

  test.each<[string, Spec]>([
    ["the object is suspended", { suspend: true }],
    ["the object is a dry run", { mode: "DryRun" }],
    ["the object names a wider boundary", { permissionsBoundaryArn: ADMIN }],
    ["the object trusts everybody and no service", { trust: { services: [], statements: [EVERYBODY] } }],
    ["the object sets a tag of the class", { tags: { team: "other" } }],
    ["the object wants to adopt", { adoptionPolicy: "IfExists" }],
  ])("though %s", async (_, spec) => {
    await created({});
    desk.apply({ className: "readers", statements: [GET, ALL_OF_S3], ...spec });
    classIs({ ...NARROW, permissionsBoundaryArn: BOUNDARY, tags: { team: "a" } });
    await desk.reconcile();
    expect(granted()).not.toContain("s3:*");
    expect(desk.iam.role("app")?.permissionsBoundaryArn).toBe(BOUNDARY);
    expect(trusted()).not.toContain('"Allow","Principal":{"AWS"');
    expect(desk.condition("Compliant")).toMatch(/^False /);
  });

  test("though its spec cannot be read any more", async () => {
    await created({});
    desk.apply({ className: "readers", statements: [{ effect: "Maybe" }] });
    classIs(NARROW);
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.condition("Ready")).toBe("False InvalidSpec");
    expect(desk.condition("Compliant")).toBe("False InvalidSpec");
  });

  test("though the object was replaced and lost its finalizer, which comes back", async () => {
    await created({});
    await desk.kube.patch(KEY, [{ op: "remove", path: "/metadata/finalizers" }]);
    classIs(NARROW);
    await desk.reconcile();
    expect(granted()).toEqual(["s3:GetObject"]);
    expect(desk.isHeld).toBe(true);
  });

  test("though a new process begins, which remembers nothing", async () => {
    await created({});
    refuses("PutRolePolicy", MALFORMED);
    classIs(NARROW);
    desk.restart();
    await desk.reconcile();
    expect(granted()).toEqual([]);
  });

  test("also when the first status of the object was never written", async () => {
    classIs(WIDE);
    desk.apply({ className: "readers", statements: [ALL_OF_S3] });
    const patchStatus = desk.kube.patchStatus.bind(desk.kube);
    await desk.reconcile();
    // As from a backup of before the first status.
    await patchStatus(KEY, [{ op: "replace", path: "/status", value: { observedGeneration: -1 } }]);
    classIs(NARROW);
    desk.restart();
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
  });

  test("all of it, when the class is no longer for the namespace", async () => {
    await created({ managedPolicyArns: [SSM] });
    classIs({ ...WIDE, namespaces: ["other"] });
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.iam.role("app")?.managedPolicyArns).toEqual([]);
    expect(desk.condition("Compliant")).toBe("False NamespaceNotAllowed");
  });

  test("however often another client puts it back", async () => {
    await created({});
    const wide = desk.iam.role("app");
    classIs(NARROW);
    for (let round = 0; round < 12; round++) {
      await desk.reconcile();
      expect(granted(), `round ${round}`).not.toContain("s3:*");
      desk.iam.outsider((account) => ({ ...account, roles: { app: wide as NonNullable<typeof wide> } }));
      desk.nowMs += 200_000;
    }
  });
});

describe("Under Strip, attached policies and trust", () => {
  test("are taken away one by one: one refusal keeps no other", async () => {
    await created({ managedPolicyArns: [ADMIN, SSM] });
    refuses("DetachRolePolicy", DENIED, (action) => "policyArn" in action && action.policyArn === ADMIN);
    classIs(NARROW);
    await desk.reconcile();
    expect(granted()).toEqual(["s3:GetObject"]);
    expect(desk.iam.role("app")?.managedPolicyArns).toEqual([ADMIN]);
    const compliant = desk.object?.status?.conditions?.find(({ type }) => type === "Compliant");
    expect(compliant?.message).toContain("AWS still has more than the class allows");
    expect(compliant?.message).toContain(ADMIN);
    expect(compliant?.message).not.toContain(`${SSM}:`);
  });

  test("a service that may not assume the role is shut out", async () => {
    await created({ trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"], statements: [] } });
    classIs(NARROW);
    await desk.reconcile();
    expect(trusted()).toContain("ec2.amazonaws.com");
    expect(trusted()).not.toContain("lambda");
  });

  test("where nobody is left who may assume the role, it denies everybody", async () => {
    await created({ trust: { services: [], statements: [EVERYBODY] } });
    classIs(NARROW);
    await desk.reconcile();
    expect(trusted()).toContain('"Effect":"Deny"');
    expect(trusted()).not.toContain('"Allow"');
  });

  test("where IAM refuses what is left of the trust policy, it denies everybody", async () => {
    await created({ trust: { services: ["ec2.amazonaws.com"], statements: [EVERYBODY] } });
    const invalid = new TerminalError("invalid principal", { reason: "InvalidPrincipal" });
    refuses("UpdateAssumeRolePolicy", invalid, (action) => "document" in action && action.document.includes('"Allow"'));
    classIs(NARROW);
    await desk.reconcile();
    expect(trusted()).not.toContain('"Allow"');
  });

  test("where the boundary of the class exists and cannot be set, no permission is left", async () => {
    await created({ managedPolicyArns: [SSM] });
    refuses("PutRolePermissionsBoundary", DENIED);
    desk.apply({ className: "readers", statements: [GET], permissionsBoundaryArn: ADMIN });
    classIs({ ...WIDE, permissionsBoundaryArn: BOUNDARY });
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.iam.role("app")?.managedPolicyArns).toEqual([]);
    expect(desk.condition("Compliant")).toBe("False BoundaryNotAllowed");
  });
});

describe("The Event AccessStripped", () => {
  const stripped = (): number => desk.eventReasons.filter((reason) => reason === "AccessStripped").length;

  /** Somebody loses the record of what the controller has put on the role, which the controller writes again. */
  function loseRecord(): void {
    desk.iam.outsider((account) => {
      const { app } = account.roles;
      if (app === undefined) return account;
      const { "iam.instanceprofile.dev/applied": _, ...tags } = app.tags;
      return { ...account, roles: { ...account.roles, app: { ...app, tags } } };
    });
    desk.nowMs += 300_000;
  }

  test.each<[string, Spec]>([
    ["an object", {}],
    ["a suspended object", { suspend: true }],
    ["a dry run", { mode: "DryRun" }],
  ])("is not emitted for a write of the controller's own record alone, of %s beyond its class", async (_, spec) => {
    await created({});
    desk.apply({ className: "readers", statements: [GET, ALL_OF_S3], ...spec });
    classIs(NARROW);
    await desk.reconcile();
    expect(stripped()).toBe(1);
    loseRecord();
    const before = desk.iam.writes.length;
    await desk.reconcile();
    expect(desk.iam.writes.length).toBeGreaterThan(before);
    expect(desk.eventReasons.at(-1)).toBe("Updated");
    expect(stripped()).toBe(1);
  });

  test("is not emitted for a violation that takes nothing out of AWS", async () => {
    await created({ statements: [GET] });
    desk.apply({ className: "readers", statements: [GET, ALL_OF_S3], description: "edited" });
    classIs(NARROW);
    await desk.reconcile();
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
    expect(desk.eventReasons).not.toContain("AccessStripped");
    expect(desk.eventReasons).not.toContain("DriftRepaired");
  });

  test.each<[string, Spec, ClassSpec]>([
    ["a policy", { statements: [GET, ALL_OF_S3] }, NARROW],
    ["an attachment", { managedPolicyArns: [SSM] }, NARROW],
    ["a trusted service", { trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"] } }, NARROW],
    ["the time of a session", { maxSessionDurationSeconds: 7200 }, NARROW],
    ["a tag", { tags: { admin: "true" } }, NARROW],
  ])("names the removal of %s", async (_, spec, narrow) => {
    const wide = { ...WIDE, maxSessionDurationSeconds: 43_200, allowedTagKeys: ["*"] };
    await created({ statements: [GET], ...spec }, wide);
    classIs(narrow);
    await desk.reconcile();
    expect(stripped()).toBe(1);
  });
});

describe("Under Strip, an object that is deleted leaves nothing behind that a narrowed class forbids", () => {
  const RETAINING: ClassSpec = { allowedDeletionPolicies: ["Delete", "Retain"] };

  test("though its author retains the role before the controller has seen the narrowing", async () => {
    await created({ deletionPolicy: "Retain", managedPolicyArns: [SSM] }, { ...WIDE, ...RETAINING });
    desk.kube.delete(KEY);
    classIs({ ...NARROW, ...RETAINING });
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.iam.role("app")?.managedPolicyArns).toEqual([]);
    expect(desk.object).toBeUndefined();
  });

  test("though the role was adopted, and stays", async () => {
    desk.iam.outsiderMakesRole("app");
    const adopting = { ...WIDE, allowAdoption: true };
    classIs(adopting);
    desk.apply({ className: "readers", statements: [GET, ALL_OF_S3], adoptionPolicy: "IfExists" });
    for (let round = 0; round < 3; round++) await desk.reconcile();
    expect(granted()).toContain("s3:*");
    desk.kube.delete(KEY);
    classIs({ ...NARROW, allowAdoption: true });
    for (let round = 0; round < 3; round++) await desk.reconcile();
    expect(granted()).not.toContain("s3:*");
    expect(desk.object).toBeUndefined();
  });

  test("and waits while AWS refuses the removal", async () => {
    await created({ deletionPolicy: "Retain" }, { ...WIDE, ...RETAINING });
    refuses("DeleteRolePolicy", DENIED);
    desk.kube.delete(KEY);
    classIs({ ...NARROW, ...RETAINING });
    await desk.reconcile();
    expect(desk.isHeld).toBe(true);
    expect(desk.condition("Ready")).toBe("False AccessDenied");
    desk.iam.fate = () => "do";
    await desk.reconcile();
    expect(granted()).toEqual([]);
    expect(desk.object).toBeUndefined();
  });

  test("and a role within its class stays as it is", async () => {
    await created({ deletionPolicy: "Retain" }, { ...WIDE, ...RETAINING });
    desk.kube.delete(KEY);
    await desk.reconcile();
    expect(granted()).toEqual(["s3:GetObject", "s3:*"]);
    expect(desk.object).toBeUndefined();
  });
});

describe("What Strip does not do", () => {
  test("it creates nothing for an object that was never within its class, whatever its manifest carries", async () => {
    classIs(NARROW);
    desk.apply({ className: "readers", statements: [ALL_OF_S3] }, { finalizers: [FINALIZER] });
    await desk.reconcile();
    expect(desk.iam.writes).toEqual([]);
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
  });

  test("it takes nothing from a role that is another's", async () => {
    classIs(NARROW);
    desk.iam.outsiderMakesRole("app", { team: "payments" });
    desk.apply({ className: "readers", statements: [ALL_OF_S3] });
    await desk.reconcile();
    expect(desk.iam.writes).toEqual([]);
  });

  test("it says that it could not verify when the role cannot be read", async () => {
    await created({});
    classIs(NARROW);
    desk.iam.getRole = () => Promise.reject(DENIED);
    const requeue = await desk.reconcile();
    const compliant = desk.object?.status?.conditions?.find(({ type }) => type === "Compliant");
    expect(compliant?.message).toContain("could not verify");
    expect(requeue).toMatchObject({ kind: "after" });
  });

  test("Keep leaves what is there, and writes nothing more", async () => {
    await created({}, { ...WIDE, onViolation: "Keep" });
    classIs({ ...NARROW, onViolation: "Keep" });
    const before = desk.iam.writes.length;
    desk.apply({ className: "readers", statements: [GET, ALL_OF_S3], description: "edited" });
    await desk.reconcile();
    expect(desk.iam.writes.length).toBe(before);
    expect(desk.condition("Compliant")).toBe("False ActionNotAllowed");
  });

  test("a class that is gone leaves AWS as it is, and is said to be gone", async () => {
    await created({});
    desk.classes = [];
    const before = desk.iam.writes.length;
    await desk.reconcile();
    expect(desk.iam.writes.length).toBe(before);
    expect(desk.condition("Compliant")).toBe("False ClassNotFound");
  });
});
