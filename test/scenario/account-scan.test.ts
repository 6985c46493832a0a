import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AwsConnection } from "../../src/aws/aws-connection.ts";
import listed from "../../src/model/policy/aws-managed-policies.json" with { type: "json" };
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { desiredAbsence } from "../support/builders.ts";
import { connectDirectly } from "../support/direct-aws.ts";
import { Fleet } from "../support/fleet.ts";
import { ALLOW_ALL, EC2_TRUST, outsider } from "../support/outsider.ts";
import { RoleUser } from "../support/role-user.ts";

const MINUTE_MS = 60_000;
const SWEEP = ["ListInstanceProfiles", "ListRoles", "GetAccountAuthorizationDetails", "GetAccountSummary"];
const NAMES = Array.from({ length: 30 }, (_, i) => `app-${String(i).padStart(2, "0")}`);

let aws: AwsSandbox;
let connection: AwsConnection;
let fleet: Fleet;

beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => fleet?.clock.nowMs() ?? 0 });
  connection = connectDirectly(aws);
});
beforeEach(() => {
  aws.reset();
  aws.setAwkwardness({});
  const { iamReader: reader, iamWriter: writer, accountReader } = connection;
  fleet = new Fleet({ change: { reader, writer }, reader: accountReader });
});
afterAll(async () => {
  connection.close();
  await aws.close();
});

/** The fleet in sync, long after its last write. */
async function settled(names: readonly string[] = NAMES, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  for (const name of names) fleet.apply(name, spec);
  await fleet.drain();
  await fleet.clock.advance(3 * MINUTE_MS);
  forget();
}

function forget(): void {
  aws.calls.reset();
  fleet.kube.writes.length = 0;
}

function calls(): readonly string[] {
  return aws.calls.matching({ accessKeyId: "controller" }).map(({ action }) => action);
}

const put = (name: string, document: string): Promise<void> =>
  outsider(aws.url, "PutRolePolicy", { RoleName: name, PolicyName: name, PolicyDocument: document });

describe("a scan over a fleet in sync", () => {
  test("is four calls, however many objects there are, and writes nothing", async () => {
    await settled();
    expect(await fleet.scan()).toBe("ok");
    await fleet.drain();
    expect(calls()).toEqual(SWEEP);
    expect(fleet.kube.writes).toEqual([]);
  });

  test("reads no policies of an account that it has no objects in: which names are taken is all that it asks", async () => {
    expect(await fleet.scan()).toBe("ok");
    expect(calls()).toEqual(["ListInstanceProfiles", "ListRoles", "GetAccountSummary"]);
  });

  test("takes the place of the looks at each object by itself", async () => {
    await settled();
    for (let i = 0; i < 5; i += 1) {
      await fleet.scan();
      await fleet.pass(10 * MINUTE_MS);
    }
    expect(calls()).toEqual([...SWEEP, ...SWEEP, ...SWEEP, ...SWEEP, ...SWEEP]);
  });

  test("finds the same through short pages and lists in any order", async () => {
    aws.setAwkwardness({ smallPages: true, shuffleLists: true, shufflePrincipals: true, collapseSingletons: true });
    await settled();
    await fleet.scan();
    await fleet.drain();
    expect(new Set(calls())).toEqual(new Set(SWEEP));
  });

  test("is all that a restart costs", async () => {
    await settled();
    fleet.restart();
    await fleet.scan();
    await fleet.pass(MINUTE_MS);
    expect(calls()).toEqual(SWEEP);
    expect(fleet.kube.writes).toEqual([]);
  });

  test("moves lastVerifiedTime once an hour at most, and not for all objects at once", async () => {
    await settled();
    const scans: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const before = fleet.kube.writes.length;
      await fleet.scan();
      await fleet.pass(10 * MINUTE_MS);
      scans.push(fleet.kube.writes.length - before);
    }
    expect(Math.max(...scans)).toBeLessThan(NAMES.length);
    expect(fleet.kube.writes.length).toBeGreaterThanOrEqual(NAMES.length);
    expect(fleet.kube.writes.length).toBeLessThanOrEqual(2 * NAMES.length);
    expect(new Set(calls())).toEqual(new Set(SWEEP));
  });
});

describe("roles in use", () => {
  const TRUSTED = {
    trust: { statements: [{ effect: "Allow", principals: { aws: ["123456789012"] }, actions: ["sts:AssumeRole"] }] },
  };
  const use = (name: string): Promise<RoleUser> => RoleUser.assume(aws.url, `arn:aws:iam::123456789012:role/${name}`);
  const lastUsed = (): readonly (string | undefined)[] =>
    NAMES.map((name) => fleet.object(name)?.status?.lastUsed?.time);
  const hours = async (count: number): Promise<void> => {
    for (let i = 0; i < 6 * count; i += 1) {
      await fleet.scan();
      await fleet.pass(10 * MINUTE_MS);
    }
  };

  test("show in status with the hourly verification, without a read or a status write of their own", async () => {
    await settled(NAMES, TRUSTED);
    for (const name of NAMES) await (await use(name)).call("sts", "GetCallerIdentity");
    forget();
    await fleet.scan();
    await fleet.drain();
    expect([fleet.kube.writes, calls()]).toEqual([[], SWEEP]);
    await hours(2);
    expect(lastUsed().filter((time) => time !== undefined)).toHaveLength(NAMES.length);
    expect(fleet.kube.writes.length).toBeLessThanOrEqual(2 * NAMES.length);
    expect(new Set(calls())).toEqual(new Set(SWEEP));
  });
});

describe("a deletion after a scan", () => {
  const DELETION = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"];

  async function deleted(name: string): Promise<readonly string[]> {
    forget();
    fleet.delete(name);
    await fleet.drain();
    expect(fleet.object(name)).toBeUndefined();
    return calls();
  }

  test("is one read of IAM, whose the role is, and four writes, by the process that created the profile", async () => {
    await settled(["app"]);
    await fleet.scan();
    expect(await deleted("app")).toEqual(["GetRole", ...DELETION]);
  });

  test("is one read more, whose the profile is, in a process that has not read it yet", async () => {
    await settled(["app", "web", "db"]);
    fleet.restart();
    await fleet.scan();
    const reads = (await deleted("app")).slice(0, 2);
    expect(reads.toSorted()).toEqual(["GetInstanceProfile", "GetRole"]);
    await fleet.lookAtNextProfile();
    expect(await deleted("db")).toEqual(["GetRole", ...DELETION]);
    fleet.annotate("web", { "iam.instanceprofile.dev/reconcile-at": "now" });
    await fleet.drain();
    expect(await deleted("web")).toEqual(["GetRole", ...DELETION]);
  });
});

describe("creations after a scan", () => {
  const CREATION = ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"];

  test("are four writes each and no read", async () => {
    await fleet.scan();
    await settled();
    fleet.restart();
    await fleet.scan();
    forget();
    const more = NAMES.map((name) => `${name}-more`);
    for (const name of more) fleet.apply(name);
    await fleet.drain();
    expect(calls().toSorted()).toEqual(more.flatMap(() => CREATION).toSorted());
    expect(new Set(more.map((name) => fleet.ready(name)))).toEqual(new Set(["True InSync"]));
  });

  test("look first where the scan saw a role or an instance profile of that name, in whatever letters", async () => {
    await outsider(aws.url, "CreateRole", { RoleName: "App-00", AssumeRolePolicyDocument: EC2_TRUST });
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "APP-01" });
    await fleet.scan();
    forget();
    for (const name of ["app-00", "app-01"]) fleet.apply(name);
    await fleet.drain();
    expect(new Set(calls())).toEqual(new Set(["GetRole", "GetInstanceProfile"]));
    expect([fleet.ready("app-00"), fleet.ready("app-01")]).toEqual(["False AlreadyExists", "False AlreadyExists"]);
  });

  test("of two objects with one name make it once: the first has it, the second is told", async () => {
    await fleet.scan();
    forget();
    fleet.apply("one", { roleName: "shared" });
    fleet.apply("two", { roleName: "Shared" });
    await fleet.drain();
    expect(calls().filter((call) => call.startsWith("Create"))).toEqual(["CreateRole", "CreateInstanceProfile"]);
    expect([fleet.ready("one"), fleet.ready("two")]).toEqual(["True InSync", "False OwnedByAnother"]);
  });

  test("look first where the account may not be read as a whole", async () => {
    aws.denyActions.add("iam:ListRoles");
    expect(await fleet.scan()).toBe("denied");
    forget();
    fleet.apply("app");
    await fleet.drain();
    expect(calls().toSorted()).toEqual([...CREATION, "GetInstanceProfile", "GetRole"].toSorted());
    aws.denyActions.clear();
  });

  test("that are over a quota are not begun", async () => {
    await fleet.scan();
    forget();
    const names = listed.names["/"].slice(0, 20);
    fleet.apply("app", { managedPolicyArns: names.map((name) => `arn:aws:iam::aws:policy/${name}`) });
    await fleet.drain();
    expect(calls().filter((call) => call.startsWith("Create"))).toEqual([]);
    expect(fleet.ready("app")).toBe("False QuotaExceeded");
  });
});

describe("one drift costs a read of the role, a read of what differs and one write beyond the scan", () => {
  const named = (name: string): Record<string, string> => ({ RoleName: name });
  const drifts: readonly [string, (name: string) => Promise<void>, readonly string[]][] = [
    ["the inline policy edited", (name) => put(name, ALLOW_ALL), ["GetRole", "GetRolePolicy", "PutRolePolicy"]],
    [
      "the inline policy removed",
      (name) => outsider(aws.url, "DeleteRolePolicy", { ...named(name), PolicyName: name }),
      ["GetRole", "GetRolePolicy", "PutRolePolicy"],
    ],
    [
      "the trust policy edited",
      (name) =>
        outsider(aws.url, "UpdateAssumeRolePolicy", {
          ...named(name),
          PolicyDocument: EC2_TRUST.replace("ec2.", "lambda."),
        }),
      ["GetRole", "UpdateAssumeRolePolicy"],
    ],
    [
      "description and duration edited",
      (name) => outsider(aws.url, "UpdateRole", { ...named(name), Description: "mine", MaxSessionDuration: "7200" }),
      ["GetRole", "UpdateRole"],
    ],
    [
      "the boundary set",
      (name) =>
        outsider(aws.url, "PutRolePermissionsBoundary", {
          ...named(name),
          PermissionsBoundary: "arn:aws:iam::aws:policy/ReadOnlyAccess",
        }),
      ["GetRole", "DeleteRolePermissionsBoundary"],
    ],
    [
      "a tag of the role edited",
      (name) =>
        outsider(aws.url, "TagRole", { ...named(name), "Tags.member.1.Key": "team", "Tags.member.1.Value": "b" }),
      ["GetRole", "TagRole"],
    ],
    [
      "a managed policy detached",
      (name) =>
        outsider(aws.url, "DetachRolePolicy", { ...named(name), PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
      ["GetRole", "ListAttachedRolePolicies", "AttachRolePolicy"],
    ],
    [
      "the role taken out of its profile",
      (name) => outsider(aws.url, "RemoveRoleFromInstanceProfile", { ...named(name), InstanceProfileName: name }),
      ["GetRole", "GetInstanceProfile", "AddRoleToInstanceProfile"],
    ],
  ];

  test.each(drifts)("%s", async (_what, drift, expected) => {
    await settled(NAMES.slice(0, 5), {
      tags: { team: "a" },
      managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    });
    await drift("app-03");
    await fleet.scan();
    await fleet.drain();
    expect(calls()).toEqual([...SWEEP, ...expected]);
    expect(fleet.ready("app-03")).toBe("True InSync");
    expect(fleet.events.at(-1)).toBe("app-03 DriftRepaired");
    await fleet.clock.advance(3 * MINUTE_MS);
    forget();
    await fleet.scan();
    await fleet.drain();
    expect(calls()).toEqual(SWEEP);
  });
});

describe("a difference that is more than one part", () => {
  test("is looked at whole: the profile, then the role and the profile made anew", async () => {
    await settled(["app"]);
    await outsider(aws.url, "RemoveRoleFromInstanceProfile", { RoleName: "app", InstanceProfileName: "app" });
    await outsider(aws.url, "DeleteInstanceProfile", { InstanceProfileName: "app" });
    await fleet.scan();
    await fleet.drain();
    expect(calls().slice(0, -2).toSorted()).toEqual([...SWEEP, "GetInstanceProfile", "GetRole"].toSorted());
    expect(calls().slice(-2)).toEqual(["CreateInstanceProfile", "AddRoleToInstanceProfile"]);
    await fleet.clock.advance(3 * MINUTE_MS);
    await outsider(aws.url, "RemoveRoleFromInstanceProfile", { RoleName: "app", InstanceProfileName: "app" });
    await outsider(aws.url, "DeleteRolePolicy", { RoleName: "app", PolicyName: "app" });
    await outsider(aws.url, "DeleteRole", { RoleName: "app" });
    forget();
    await fleet.scan();
    await fleet.drain();
    expect(calls().toSorted()).toEqual(
      [...SWEEP, "GetRole", "GetInstanceProfile", "CreateRole", "PutRolePolicy", "AddRoleToInstanceProfile"].toSorted(),
    );
    expect(fleet.ready("app")).toBe("True InSync");
  });

  test("writes nothing to a role that somebody else has put in the place of ours", async () => {
    await settled(["app"]);
    await outsider(aws.url, "RemoveRoleFromInstanceProfile", { RoleName: "app", InstanceProfileName: "app" });
    await outsider(aws.url, "DeleteRolePolicy", { RoleName: "app", PolicyName: "app" });
    await outsider(aws.url, "DeleteRole", { RoleName: "app" });
    await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
    forget();
    await fleet.scan();
    await fleet.drain();
    expect(aws.calls.matching({ accessKeyId: "controller" }).filter(({ isWrite }) => isWrite)).toEqual([]);
    expect(fleet.ready("app")).toBe("False AlreadyExists");
  });
});

describe("what a scan saw and is no longer so", () => {
  test("is not written: two reads, and no more", async () => {
    await settled(["app"]);
    const before = aws.snapshot();
    await put("app", ALLOW_ALL);
    await fleet.scan();
    const [policy] = Object.values((before.roles["app"] as { inlinePolicies: Record<string, unknown> }).inlinePolicies);
    await put("app", JSON.stringify(policy));
    await fleet.drain();
    expect(calls()).toEqual([...SWEEP, "GetRole", "GetRolePolicy"]);
  });

  test("proves nothing when it is old: everything is read before anything is written", async () => {
    await settled(["app"]);
    await put("app", ALLOW_ALL);
    await fleet.scan();
    await fleet.clock.advance(MINUTE_MS);
    await fleet.drain();
    expect(calls().slice(SWEEP.length).toSorted()).toEqual([
      "GetInstanceProfile",
      "GetRole",
      "GetRolePolicy",
      "ListAttachedRolePolicies",
      "ListRolePolicies",
      "PutRolePolicy",
    ]);
  });

  test("is of no account once the object was edited", async () => {
    await settled(["app"]);
    await put("app", ALLOW_ALL);
    await fleet.scan();
    fleet.apply("app", { description: "edited" });
    await fleet.drain();
    expect(calls()).toContain("ListRolePolicies");
    expect(fleet.ready("app")).toBe("True InSync");
  });
});

describe("objects that a scan leaves alone", () => {
  test("those that AWS shows as they were before the controller's recent writes", async () => {
    fleet.apply("app");
    await fleet.drain();
    await outsider(aws.url, "DeleteRolePolicy", { RoleName: "app", PolicyName: "app" });
    forget();
    await fleet.scan();
    await fleet.drain();
    expect(calls()).toEqual(SWEEP);
  });

  test("but not those that AWS shows as the controller neither wrote nor found them", async () => {
    fleet.apply("app");
    await fleet.drain();
    await put("app", ALLOW_ALL);
    forget();
    await fleet.scan();
    await fleet.drain();
    expect(calls().slice(SWEEP.length)).toEqual(["GetRole", "GetRolePolicy", "PutRolePolicy"]);
  });

  test("suspended ones, and those that wait for a person", async () => {
    await settled(["suspended", "blocked", "well"]);
    fleet.apply("suspended", { suspend: true });
    await outsider(aws.url, "CreateRole", { RoleName: "other", AssumeRolePolicyDocument: EC2_TRUST });
    fleet.apply("blocked", { policyName: "x y" });
    await fleet.drain();
    for (const name of ["suspended", "blocked"]) await put(name, ALLOW_ALL);
    forget();
    await fleet.scan();
    await fleet.drain();
    expect(calls()).toEqual(SWEEP);
  });
});

test("a dry run shows in its plan what a scan saw, and writes nothing to AWS", async () => {
  await settled(["app"]);
  fleet.apply("app", { mode: "DryRun" });
  await fleet.drain();
  expect(fleet.ready("app")).toBe("True InSync");
  await put("app", ALLOW_ALL);
  forget();
  await fleet.scan();
  await fleet.drain();
  expect(fleet.ready("app")).toBe("absent DryRun");
  expect(fleet.object("app")?.status?.plan).toEqual(["Grants no new access.", "~ inline policy app of role app"]);
  forget();
  await fleet.scan();
  await fleet.drain();
  expect(calls()).toEqual(SWEEP);
  expect(fleet.kube.writes).toEqual([]);
});

test("a policy that somebody else attaches is told, and stays", async () => {
  await settled(["app"]);
  const PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
  await outsider(aws.url, "AttachRolePolicy", { RoleName: "app", PolicyArn });
  await fleet.scan();
  await fleet.drain();
  expect(fleet.object("app")?.status?.unmanagedPolicies).toEqual([PolicyArn]);
  expect(calls()).toEqual(SWEEP);
});

test("reconcile-at looks at everything itself, whatever a scan has just seen", async () => {
  await settled(["app"]);
  await fleet.scan();
  fleet.annotate("app", { "iam.instanceprofile.dev/reconcile-at": "now" });
  await fleet.drain();
  expect(calls().length).toBe(SWEEP.length + 5);
  expect(fleet.object("app")?.status?.lastHandledReconcileAt).toBe("now");
});

describe.each(["GetAccountAuthorizationDetails", "ListRoles", "ListInstanceProfiles"])("without iam:%s", (action) => {
  test("every object is read by itself as before, one log line says so, and it heals", async () => {
    await settled(["app"]);
    aws.denyActions.add(`iam:${action}`);
    expect(await fleet.scan()).toBe("denied");
    expect(await fleet.scan()).toBe("denied");
    await put("app", ALLOW_ALL);
    await fleet.pass(11 * MINUTE_MS);
    expect(fleet.events.at(-1)).toBe("app DriftRepaired");
    const told = fleet.logger.lines.filter(({ message }) => message.includes("account scan is not authorized"));
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).toContain(`iam:${action}`);
    aws.denyActions.clear();
    await fleet.clock.advance(3 * MINUTE_MS);
    forget();
    expect(await fleet.scan()).toBe("ok");
    await fleet.drain();
    expect(calls()).toEqual(SWEEP);
  });
});

test("a scan that fails in passing sets off no looks at each object, until it lasts", async () => {
  await settled(["app"]);
  await fleet.scan();
  forget();
  aws.onRequest(({ action }) => (action.startsWith("List") ? { kind: "cut" } : undefined));
  expect(await fleet.scan()).toBe("failed");
  await fleet.pass(11 * MINUTE_MS);
  expect(calls().filter((call) => call === "GetRole")).toEqual([]);
  await fleet.pass(30 * MINUTE_MS);
  expect(calls()).toContain("GetRole");
});

describe("the tags of a profile, which no list tells", () => {
  test("are looked at one profile after the other, one read each", async () => {
    await settled(NAMES.slice(0, 3));
    await fleet.scan();
    forget();
    for (let i = 0; i < 4; i += 1) await fleet.lookAtNextProfile();
    await fleet.drain();
    const looked = aws.calls.matching({ accessKeyId: "controller" });
    expect(looked.map(({ action, names }) => `${action} ${names["InstanceProfileName"]}`)).toEqual(
      ["app-00", "app-01", "app-02", "app-00"].map((name) => `GetInstanceProfile ${name}`),
    );
  });

  test("are put right when somebody has changed them", async () => {
    await settled(["app"], { tags: { team: "a" } });
    const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "b" };
    await outsider(aws.url, "TagInstanceProfile", { InstanceProfileName: "app", ...tag });
    await fleet.scan();
    await fleet.drain();
    expect(calls()).toEqual(SWEEP);
    await fleet.lookAtNextProfile();
    await fleet.drain();
    expect(calls().at(-1)).toBe("TagInstanceProfile");
    expect(fleet.events.at(-1)).toBe("app DriftRepaired");
  });
});

test("a scan knows for a deletion what was last seen on a role", async () => {
  await settled(["app"]);
  await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "theirs" });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "theirs", RoleName: "app" });
  await fleet.scan();
  const query = { key: "default/app", uid: "uid-1", generation: 1, isNew: false, isUserWaiting: true };
  expect(fleet.account.index.startingPoint(desiredAbsence({ roleName: "APP" }), query)).toMatchObject({
    kind: "parts",
    parts: { inlinePolicyNames: ["app"], managedPolicyArns: [], instanceProfileNames: ["app", "theirs"] },
  });
});
