import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { s3ReadOnly } from "../support/manifest.ts";
import { ENTRY, HOME, Organisation, roleArn, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const MINUTE_MS = 60_000;
const IN_SYNC = "True InSync: role, policies and instance profile in AWS match the spec";
const WIDE = {
  statements: [
    { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] },
    { effect: "Allow", actions: ["iam:*"], resources: ["*"] },
  ],
};

let sim: Simulation;
let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});

afterEach(() => org.close());

async function apply(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await sim.apply(s3ReadOnly({ namespace: "default", name }, spec));
}

const writes = (): readonly string[] => sim.writes("aws").map(({ what }) => what);

describe("an account that goes away while the controller runs", () => {
  test("stalls its own objects when the session ends, is told by object and class, and comes back by itself", async () => {
    await org.applyClass("a");
    await org.applyClass("b");
    sim.start({ hasClasses: true });
    await apply("one", { className: "a" });
    await apply("two", { className: "b" });
    await org.pass();
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(await org.classReady("a")).toBe(
      `True AccountReachable: STS reports that the credentials are of account ${TEAMS.a}`,
    );

    await org.trust(TEAMS.a, "999988887777");
    for (let minutes = 0; minutes < 65; minutes += 5) await org.pass(5 * MINUTE_MS);
    await apply("one", { className: "a", description: "changed" });
    await apply("two", { className: "b", description: "changed" });
    await org.pass();
    const denied =
      `False AccessDenied: AssumeRole on role ${roleArn(TEAMS.a)}: AccessDenied: User: arn:aws:iam::${HOME}:user/sandbox is ` +
      `not authorized to perform: sts:AssumeRole on resource: ${roleArn(TEAMS.a)}`;
    expect(await org.ready("one")).toBe(denied);
    expect(await org.classReady("a")).toBe(denied);
    expect(await org.ready("two")).toBe(IN_SYNC);
    expect(await org.classReady("b")).toMatch(/^True AccountReachable/);

    await org.trust(TEAMS.a, HOME);
    for (let minutes = 0; minutes < 15; minutes += 5) await org.pass(5 * MINUTE_MS);
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(await org.classReady("a")).toMatch(/^True AccountReachable/);
  });
});

describe("a class that is changed while objects are of it", () => {
  test("leads to its account by another role from the next pass on", async () => {
    await org.applyClass("a");
    sim.start({ hasClasses: true });
    await apply("one", { className: "a" });
    await org.pass();
    await org.aRole(TEAMS.a, "other-entry");
    await org.trust(TEAMS.a, "999988887777");
    await org.applyClass("a", { account: { id: TEAMS.a, partition: "aws", roleArn: roleArn(TEAMS.a, "other-entry") } });
    await apply("one", { className: "a", description: "changed" });
    await org.pass();
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(org.rolesIn(TEAMS.a)).toEqual(expect.arrayContaining(["one"]));
  });

  test("cannot be given another account", async () => {
    await org.applyClass("a");
    await expect(
      org.applyClass("a", { account: { id: TEAMS.b, partition: "aws", roleArn: roleArn(TEAMS.b) } }),
    ).rejects.toThrow(/422 .*spec\.account.*/);
  });

  test("by a role that turns out to be another account's: nothing is written there, and the objects say so", async () => {
    // Whoever owns the name of the role can have it lead elsewhere only by AWS's own fault; the controller asks all the same.
    await org.applyClass("a", { account: { id: HOME, partition: "aws" } });
    await org.applyClass("b", { account: { id: TEAMS.b, partition: "aws" } });
    sim.start({ hasClasses: true });
    await apply("one", { className: "a" });
    await apply("two", { className: "b" });
    await org.pass();
    expect(await org.ready("one")).toBe(IN_SYNC);
    const mismatch =
      `False AccountMismatch: the controller's own credentials belong to account ${HOME}, but class b requires account ${TEAMS.b}. Nothing was ` +
      `written. Set spec.account.roleArn of the class to a role in account ${TEAMS.b}.`;
    expect(await org.ready("two")).toBe(mismatch);
    expect(await org.classReady("b")).toBe(mismatch);
    expect(org.rolesIn(HOME)).toEqual(["one"]);
  });

  test("again and again, in ways that change nothing for its hundred objects: nothing is read and nothing is written", async () => {
    await org.applyClass("a");
    sim.start({ hasClasses: true, concurrency: 10 });
    const names = Array.from({ length: 100 }, (_, i) => `app-${i}`);
    for (const name of names) await apply(name, { className: "a" });
    await org.pass(3 * MINUTE_MS);
    for (const name of names) expect(await org.ready(name)).toBe(IN_SYNC);
    org.forget();
    const awsWrites = writes().length;
    const statuses = (): number =>
      sim.writes("kube").filter(({ what }) => what.startsWith("PATCH instanceprofiles")).length;
    const before = statuses();
    const edits = 20;
    for (let i = 0; i < edits; i++) {
      await org.applyClass("a", { allowedActions: i % 2 === 0 ? ["s3:*", "sqs:*"] : ["s3:*"] });
      await org.pass(500);
    }
    await org.pass();
    expect(writes().length).toBe(awsWrites);
    expect(statuses()).toBe(before);
    // The periodic read of the tags of one profile goes on.
    expect(org.callsTo(TEAMS.a).filter((action) => action !== "GetInstanceProfile")).toEqual([]);
  });
});

describe("a scan that is denied in the account of one class", () => {
  test("leaves its objects to be read one by one, and the other account to its scan", async () => {
    await org.applyClass("a");
    await org.applyClass("b");
    const narrow = policy(
      { Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Deny", Action: "iam:GetAccountAuthorizationDetails", Resource: "*" },
    );
    must(
      await sim.servers.aws.iam(
        "PutRolePolicy",
        { RoleName: ENTRY, PolicyName: "all", PolicyDocument: narrow },
        TEAMS.a,
      ),
    );
    sim.start({ hasClasses: true });
    await apply("one", { className: "a" });
    await apply("two", { className: "b" });
    await org.pass(15 * MINUTE_MS);
    org.forget();
    const drift = policy({ Effect: "Allow", Action: "s3:*", Resource: "*" });
    for (const [name, id] of [
      ["one", TEAMS.a],
      ["two", TEAMS.b],
    ] as const) {
      must(await sim.servers.aws.iam("PutRolePolicy", { RoleName: name, PolicyName: name, PolicyDocument: drift }, id));
    }
    await org.pass(15 * MINUTE_MS);
    expect(org.callsTo(TEAMS.a)).toContain("PutRolePolicy");
    expect(org.callsTo(TEAMS.a)).toContain("ListRolePolicies");
    expect(org.callsTo(TEAMS.b)).toContain("PutRolePolicy");
    expect(org.callsTo(TEAMS.b)).not.toContain("ListRolePolicies");
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(await org.ready("two")).toBe(IN_SYNC);
  });
});

describe("the default class", () => {
  test("of another account does not take over the objects of the one before", async () => {
    await org.applyClass("a", {}, { isDefault: true });
    sim.start({ hasClasses: true });
    await apply("one");
    await org.pass();
    await org.applyClass("a");
    await org.applyClass("b", {}, { isDefault: true });
    await org.pass();
    expect(await org.ready("one")).toBe(
      `False ClassAccountChanged: the object is bound to AWS account ${TEAMS.a}, but class b is for account ${TEAMS.b}. The controller does ` +
        "not move roles between accounts. Make a class of the former account the default again, or delete the role and the instance profile in " +
        "AWS and create the object again.",
    );
    expect(org.rolesIn(TEAMS.a)).toEqual(["one"]);
    expect(org.rolesIn(TEAMS.b)).toEqual([]);
  });

  test("that was the last one, gone: its objects are not made anew with the controller's own credentials", async () => {
    await org.applyClass("a", {}, { isDefault: true });
    sim.start({ hasClasses: true });
    await apply("one");
    await org.pass();
    await org.applyClass("a");
    await org.deleteClass("a");
    await org.pass();
    expect(await org.classStatus("a")).toBeUndefined();
    expect(await org.ready("one")).toBe(
      `False ClassAccountChanged: the role is in AWS account ${TEAMS.a}, the object no longer has a class, and the controller's own credentials ` +
        `belong to account ${HOME}. The controller writes nothing in either account. Make a class of account ${TEAMS.a} the default again, or ` +
        "delete the role and the instance profile in AWS, and then delete this object and remove its finalizer.",
    );
    expect(org.rolesIn(HOME)).toEqual([]);

    // Nor is it taken for gone.
    await sim.delete({ namespace: "default", name: "one" });
    await org.pass();
    expect(await org.ready("one")).toMatch(/^False ClassAccountChanged/);
    expect(org.rolesIn(TEAMS.a)).toEqual(["one"]);
    await org.applyClass("a", {}, { isDefault: true });
    await org.pass(5 * MINUTE_MS);
    expect(await org.ready("one")).toBe("none");
    expect(org.rolesIn(TEAMS.a)).toEqual([]);
  });
});

test("the default class counts the objects that name no class, and is held back from its deletion while there are any", async () => {
  await org.applyClass("a", {}, { isDefault: true });
  sim.start({ hasClasses: true });
  await apply("one");
  await apply("two", { className: "a" });
  await org.pass();
  expect((await org.classStatus("a"))?.objects).toBe(2);
  await org.deleteClass("a");
  await org.pass();
  expect(await org.classReady("a")).toMatch(/^False InUse: .* \(2\): default\/one, default\/two\./);
  await sim.delete({ namespace: "default", name: "two" });
  await org.pass();
  expect(await org.classReady("a")).toMatch(/^False InUse: .* \(1\): default\/one\./);
});

test("a class that is in use is held back from its deletion until its objects are gone, which still go by it", async () => {
  await org.applyClass("a");
  sim.start({ hasClasses: true });
  await apply("one", { className: "a" });
  await org.pass();
  await org.deleteClass("a");
  await apply("late", { className: "a" });
  await org.pass();
  expect(await org.classReady("a")).toBe(
    "False InUse: deletion is blocked by InstanceProfiles of this class (2): default/late, default/one. Delete them first.",
  );
  expect(await org.ready("late")).toBe(
    "False ClassNotFound: InstanceProfileClass a is being deleted. Create the object again with another spec.className. Deleting an object deletes its role, unless spec.deletionPolicy retains it.",
  );
  for (const name of ["late", "one"]) await sim.delete({ namespace: "default", name });
  await org.pass();
  expect(await org.classStatus("a")).toBeUndefined();
  expect(org.rolesIn(TEAMS.a)).toEqual([]);
});

test("where the kind of classes is not installed, an object that names one waits for it, and one that names none needs none", async () => {
  await sim.servers.kubeApi().expectOk({
    method: "DELETE",
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/instanceprofileclasses.iam.instanceprofile.dev",
  });
  sim.start({ hasClasses: true });
  await apply("one", { className: "a" });
  await apply("two");
  await org.pass();
  expect(await org.ready("one")).toBe(
    "False ClassNotFound: InstanceProfileClass a does not exist. Existing classes: none. Create the class, or create the object again with another spec.className. Deleting an object deletes its role, unless spec.deletionPolicy retains it.",
  );
  expect(await org.ready("two")).toBe(IN_SYNC);
  expect(org.rolesIn(HOME)).toEqual(["two"]);
});

describe("a class that is narrowed", () => {
  const LEFT_OUT =
    "False ActionNotAllowed: spec.statements[1].actions[0]: iam:* allows iam:PassRole, which class a does not allow; it allows s3:*. Narrow the " +
    "statement. The controller applies the rest of the spec.";

  test("strips what is suspended, or only looked at, as well: to wait is no way to keep what is no longer allowed", async () => {
    await org.applyClass("a", { allowedActions: ["*"], onViolation: "Strip" });
    sim.start({ hasClasses: true });
    for (const name of ["one", "two"]) await apply(name, { className: "a", ...WIDE });
    await org.pass();
    await apply("one", { className: "a", ...WIDE, suspend: true });
    await apply("two", { className: "a", ...WIDE, mode: "DryRun" });
    await org.pass();
    await org.applyClass("a", { onViolation: "Strip" });
    await org.pass();
    for (const name of ["one", "two"]) {
      expect(await org.ready(name)).toBe(LEFT_OUT);
      const { result } = must(
        await sim.servers.aws.iam("GetRolePolicy", { RoleName: name, PolicyName: name }, TEAMS.a),
      );
      expect(decodeURIComponent(String(result?.["PolicyDocument"]))).not.toContain("iam:");
    }
    expect(await org.classStatus("a")).toMatchObject({ objects: 2, violations: 2 });
  });

  test("and loosened again: what was stripped comes back, and nothing else is written", async () => {
    await org.applyClass("a", { allowedActions: ["*"], onViolation: "Strip" });
    sim.start({ hasClasses: true });
    await apply("one", { className: "a", ...WIDE });
    await org.pass();
    const before = writes().length;
    await org.applyClass("a", { onViolation: "Strip" });
    await org.pass();
    expect(await org.ready("one")).toBe(LEFT_OUT);
    await org.applyClass("a", { allowedActions: ["*"], onViolation: "Strip" });
    await org.pass();
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(writes().slice(before)).toEqual(["PutRolePolicy", "PutRolePolicy"]);
    expect(await org.classStatus("a")).toMatchObject({ objects: 1, violations: 0 });
  });

  test("and keeps: AWS is left as it is, drift and all, until the class is loosened", async () => {
    await org.applyClass("a", { allowedActions: ["*"] });
    sim.start({ hasClasses: true });
    await apply("one", { className: "a", ...WIDE });
    await org.pass();
    const before = writes().length;
    await org.applyClass("a");
    must(await sim.servers.aws.iam("DeleteRolePolicy", { RoleName: "one", PolicyName: "one" }, TEAMS.a));
    await org.pass(30 * MINUTE_MS);
    expect(await org.ready("one")).toMatch(/^False ActionNotAllowed: .* Narrow the statement\.$/);
    expect(writes().length).toBe(before);
    await org.applyClass("a", { allowedActions: ["*"] });
    await org.pass();
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(writes().slice(before)).toEqual(["PutRolePolicy"]);
  });
});

test("two classes that are the default by turns strip and give back, no faster than they are changed", async () => {
  const [wide, narrow] = [
    {
      account: { id: TEAMS.a, partition: "aws", roleArn: roleArn(TEAMS.a) },
      allowedActions: ["*"],
      onViolation: "Strip",
    },
    { account: { id: TEAMS.a, partition: "aws", roleArn: roleArn(TEAMS.a) }, onViolation: "Strip" },
  ] as const;
  await org.applyClass("wide", wide, { isDefault: true });
  await org.applyClass("narrow", narrow);
  sim.start({ hasClasses: true });
  await apply("one", WIDE);
  await org.pass();
  const before = writes().length;
  for (let turn = 0; turn < 6; turn++) {
    await org.applyClass("wide", wide, { isDefault: turn % 2 === 1 });
    await org.applyClass("narrow", narrow, { isDefault: turn % 2 === 0 });
    await org.pass();
    expect(await org.ready("one")).toMatch(turn % 2 === 0 ? /^False ActionNotAllowed: .*class narrow/ : /^True InSync/);
  }
  expect(writes().slice(before)).toEqual(Array.from({ length: 6 }, () => "PutRolePolicy"));
});
