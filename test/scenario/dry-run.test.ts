// Loaded now, because virtual time does not wait for what the product loads on demand.
import "../../src/aws/client/ec2-client.ts";
import "../../src/aws/ec2/ec2-reader.ts";
import "../../src/aws/ec2/ec2-commands.ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FINALIZER } from "../../src/controller/finalizer.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { endState } from "../support/oracles.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import { type ClassDraft, HOME, Organisation } from "../support/simulation/organisation.ts";
import type { Replica, ReplicaOptions } from "../support/simulation/replica.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

type Fields = Readonly<Record<string, unknown>>;

const MINUTE_MS = 60_000;
const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles/app";
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const ALL_OF_S3 = { effect: "Allow", actions: ["s3:*"], resources: ["*"] };
const CLASS: ClassDraft = {
  allowedActions: ["s3:*"],
  allowedManagedPolicies: [`arn:aws:iam::${HOME}:policy/*`],
  allowManagedPolicies: true,
  allowAdoption: true,
  allowedDeletionPolicies: ["Delete", "Retain"],
};
const REGION = "us-east-1";
const selecting = (app: string): Fields => ({ instances: { region: REGION, selector: { matchTags: { app } } } });

let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
  await org.applyClass("home", CLASS);
});
afterEach(() => org.close());

/** Time passes for the SDK as well. */
async function pass(minutes: number): Promise<void> {
  await org.sim.run(minutes * MINUTE_MS);
  vi.setSystemTime(org.sim.clock.nowMs());
}

/** Long enough for two account scans and a resync. */
const LONG = 13;

const apply = (spec: Fields = {}, metadata: Fields = {}): Promise<void> =>
  org.sim.apply(org.sim.manifest({ className: "home", ...spec }, metadata));
const iam = async (action: string, params: Readonly<Record<string, string>>): Promise<void> => {
  must(await org.sim.servers.aws.iam(action, params));
};
const patch = (body: Fields): Promise<unknown> =>
  org.sim.servers
    .kubeApi()
    .expectOk({ method: "PATCH", path: PROFILES, body, contentType: "application/merge-patch+json" });

async function launch(tags: Readonly<Record<string, string>>): Promise<void> {
  const tagged = Object.entries(tags).flatMap(([key, value], i) => [
    [`TagSpecification.1.Tag.${i + 1}.Key`, key],
    [`TagSpecification.1.Tag.${i + 1}.Value`, value],
  ]);
  const params = {
    ImageId: "ami-12c6146b",
    MinCount: "1",
    MaxCount: "1",
    "TagSpecification.1.ResourceType": "instance",
  };
  must(await org.sim.servers.aws.ec2("RunInstances", { ...params, ...Object.fromEntries(tagged) }));
}

/** Something takes the finalizer off the object and deletes it. */
async function lose(): Promise<void> {
  await patch({ metadata: { finalizers: null } });
  await org.sim.servers.kubeApi().expectOk({ method: "DELETE", path: PROFILES });
}

/** With no other object, no orphan is deleted. */
const bystander = (): Promise<void> =>
  org.sim.apply(s3ReadOnly({ namespace: "default", name: "bystander" }, { className: "home" }));

async function unownedRole(): Promise<void> {
  await iam("CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
  await iam("CreateInstanceProfile", { InstanceProfileName: "app" });
}

/** What happens to an account that has a past, and what is asked of the controller then. */
interface Past {
  readonly name: string;
  /** What an enforcing controller has converged on. */
  readonly before?: () => Promise<unknown>;
  readonly ask: () => Promise<unknown>;
  /** Of the dry run; default: long enough for two account scans and a resync. */
  readonly minutes?: number;
  /** False: an enforcing controller writes nothing either. */
  readonly isWritten?: false;
}

const PASTS: readonly Past[] = [
  { name: "an object is created", ask: () => apply() },
  {
    name: "an object with managed policies is created",
    ask: () => apply({ managedPolicies: [{ name: "own", statements: [GET] }] }),
  },
  {
    name: "a spec is edited",
    before: () => apply(),
    ask: () => apply({ description: "edited", statements: [ALL_OF_S3] }),
  },
  { name: "an object is deleted", before: () => apply(), ask: () => org.sim.delete() },
  {
    name: "an object that never was in AWS is deleted",
    ask: async () => [await apply(), await org.sim.delete()],
    isWritten: false,
  },
  {
    name: "an object that retains its role is deleted",
    before: () => apply({ deletionPolicy: "Retain" }),
    ask: () => org.sim.delete(),
  },
  { name: "a role without owner is adopted", before: unownedRole, ask: () => apply({ adoptionPolicy: "IfExists" }) },
  { name: "a role without owner is in the way", before: unownedRole, ask: () => apply(), isWritten: false },
  {
    name: "an adopted role is released",
    before: async () => [await unownedRole(), await apply({ adoptionPolicy: "IfExists" })],
    ask: () => org.sim.delete(),
    isWritten: false,
  },
  {
    name: "AWS drifts",
    before: () => apply(),
    ask: async () => [
      await iam("PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument: policy({ ...GET_OF_AWS }) }),
      await iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "app", RoleName: "app" }),
    ],
  },
  {
    name: "a class that strips is narrowed",
    before: () => apply({ statements: [GET, ALL_OF_S3] }),
    ask: () => org.applyClass("home", { ...CLASS, allowedActions: ["s3:Get*"], onViolation: "Strip" }),
  },
  {
    name: "a class that strips is narrowed under a suspended object",
    before: async () => [
      await apply({ statements: [GET, ALL_OF_S3] }),
      await pass(5),
      await apply({ statements: [GET, ALL_OF_S3], suspend: true }),
    ],
    ask: () => org.applyClass("home", { ...CLASS, allowedActions: ["s3:Get*"], onViolation: "Strip" }),
  },
  {
    name: "a class that strips is narrowed under an object that IAM cannot be given",
    before: () => apply({ statements: [GET, ALL_OF_S3] }),
    ask: async () => [
      await apply({ statements: [GET, ALL_OF_S3], permissionsBoundaryArn: `arn:aws:iam::${HOME}:policy/none` }),
      await org.applyClass("home", { ...CLASS, allowedActions: ["s3:Get*"], onViolation: "Strip" }),
    ],
  },
  {
    name: "instances are selected",
    before: () => apply(),
    ask: async () => [await launch({ app: "web" }), await apply(selecting("web"))],
  },
  {
    name: "instances are deselected",
    before: async () => [await launch({ app: "web" }), await apply(selecting("web"))],
    ask: () => apply(),
  },
  {
    name: "other instances are selected",
    before: async () => [await launch({ app: "web" }), await apply(selecting("web"))],
    ask: () => apply(selecting("db")),
  },
  {
    name: "an object is lost, and orphans are to be deleted",
    before: async () => [await apply(), await bystander()],
    ask: lose,
    minutes: 35,
    isWritten: false,
  },
  {
    name: "an object that retains its role is lost",
    before: () => apply({ deletionPolicy: "Retain" }),
    ask: lose,
    isWritten: false,
  },
  { name: "an object is created again", before: () => apply(), ask: async () => [await lose(), await apply()] },
];

const GET_OF_AWS = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

const start = (options: ReplicaOptions = {}): Replica =>
  org.sim.start({ hasClasses: true, isSweeping: true, guardRegions: [REGION], ...options });

/** An enforcing controller has converged, and is no more. */
async function stage({ before }: Past): Promise<void> {
  if (before === undefined) return;
  const first = start();
  await before();
  await pass(3);
  first.kill();
}

async function enforce(): Promise<void> {
  start();
  await pass(LONG);
}

/** The end, without the uid of an object that is gone. */
async function end(): Promise<unknown> {
  const text = JSON.stringify(endState({ object: await org.sim.object(), aws: org.sim.awsState(), key: org.sim.key }));
  return JSON.parse(text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "(uid)"));
}

const state = (): string => JSON.stringify(org.sim.servers.aws.snapshot());

async function openAnew(): Promise<void> {
  org.close();
  org = await Organisation.open();
  await org.applyClass("home", CLASS);
}

/** The end without a dry run, and the writes to AWS on the way there. */
async function reference(past: Past): Promise<{ readonly end: unknown; readonly writes: readonly string[] }> {
  await stage(past);
  const sinceMs = org.sim.clock.monotonicMs() + 1;
  await past.ask();
  await enforce();
  return { end: await end(), writes: org.sim.writes("aws", sinceMs).map(({ what }) => what) };
}

describe.each(PASTS.map((past) => [past.name, past] as const))("under --dry-run, when %s", (_, past) => {
  test("nothing is written to AWS, nothing is tried, and the next controller goes on as if there had been no dry run", async () => {
    const expected = await reference(past);
    expect(expected.writes.length > 0).toBe(past.isWritten ?? true);
    for (const isAskedFirst of [true, false]) {
      await openAnew();
      await stage(past);
      const sinceMs = org.sim.clock.monotonicMs() + 1;
      if (isAskedFirst) await past.ask();
      const dry = start({ isDryRun: true, orphanPolicy: "Delete" });
      await pass(1);
      if (!isAskedFirst) await past.ask();
      const asked = state();
      await pass(past.minutes ?? LONG);
      expect(dry.refusedWrites).toBe(0);
      expect(org.sim.writes("aws", sinceMs)).toEqual([]);
      expect(state()).toBe(asked);
      dry.kill();
      await enforce();
      expect(org.sim.writes("aws", sinceMs).map(({ what }) => what)).toEqual(expected.writes);
      expect(await end()).toEqual(expected.end);
    }
  });
});

const named = (name: string, spec: Fields = {}): Promise<void> =>
  org.sim.apply(s3ReadOnly({ namespace: "default", name }, { className: "home", ...spec }));
const status = async (name = "app") => (await org.sim.object({ namespace: "default", name }))?.status;
const condition = async (type: string, name = "app"): Promise<string | undefined> => {
  const found = (await status(name))?.conditions?.find((one) => one.type === type);
  return found && `${found.status} ${found.reason}: ${found.message}`;
};

describe("what a dry run reports", () => {
  test("of an object that is not in AWS: the writes, and no finalizer, acceptance or ARN", async () => {
    start({ isDryRun: true });
    await apply();
    await pass(1);
    expect(await condition("DryRun")).toBe(
      "True DryRun: the controller runs with --dry-run: 4 writes pending, see status.plan",
    );
    expect(await condition("Ready")).toBeUndefined();
    const object = await org.sim.object();
    expect(object?.metadata.finalizers).toBeUndefined();
    expect(object?.status).toMatchObject({ role: { name: "app" }, plan: expect.arrayContaining(["+ role app"]) });
    expect(object?.status).not.toHaveProperty("class");
    const events = await org.sim.user.events(org.sim.key);
    expect(events.map(({ reason, type }) => `${type} ${reason}`)).toEqual(["Normal DryRun"]);
  });

  test("of a role that it would adopt: the plan, and not the ARN, which is the object's only once it is adopted", async () => {
    await unownedRole();
    start({ isDryRun: true });
    await apply({ adoptionPolicy: "IfExists" });
    await pass(LONG);
    expect(await status()).toMatchObject({ plan: expect.arrayContaining(["~ tags of role app"]) });
    expect((await status())?.role).toEqual({ name: "app" });
    expect((await status())?.accountId).toBeUndefined();
    expect((await org.sim.object())?.metadata.finalizers).toBeUndefined();
  });

  test("of an object in deletion that has a role: that it waits, and the finalizer stays", async () => {
    await stage({ name: "", before: () => named("app"), ask: async () => {} });
    start({ isDryRun: true });
    await org.sim.delete();
    await pass(1);
    expect(await condition("DryRun")).toBe(
      "True DryRun: the controller runs with --dry-run: deletion waits until it runs without, 4 writes pending, see status.plan",
    );
    expect((await org.sim.object())?.metadata.finalizers).toEqual([FINALIZER]);
  });

  test("of more objects than a class takes: those that would be blocked", async () => {
    await org.applyClass("home", { ...CLASS, maxPerNamespace: 2 });
    for (const name of ["a", "b", "c", "d"]) await named(name);
    start({ isDryRun: true });
    await pass(1);
    const reasons = await Promise.all(["a", "b", "c", "d"].map((name) => condition("Stalled", name)));
    expect(reasons.map((text) => text?.split(":")[0])).toEqual([
      undefined,
      undefined,
      "True TooManyObjects",
      "True TooManyObjects",
    ]);
  });

  test("of an instance that two objects select: which one would get it", async () => {
    await stage({ name: "", before: async () => [await named("a"), await named("b")], ask: async () => {} });
    await launch({ app: "web" });
    start({ isDryRun: true });
    await named("b", selecting("web"));
    await pass(1);
    await named("a", selecting("web"));
    await pass(LONG);
    const of = (name: string) => status(name).then((it) => it?.instances);
    const [a, b] = [await of("a"), await of("b")];
    expect([a?.pending, b?.pending].toSorted()).toEqual([0, 1]);
    expect([...(a?.conflicts ?? []), ...(b?.conflicts ?? [])]).toEqual([
      expect.stringContaining("which also selects it"),
    ]);
  });

  test("of an object that violates a class that strips: that AWS may have more than the class allows", async () => {
    await stage({ name: "", before: () => apply({ statements: [GET, ALL_OF_S3] }), ask: async () => {} });
    await apply({ statements: [GET, ALL_OF_S3], suspend: true });
    await org.applyClass("home", { ...CLASS, allowedActions: ["s3:Get*"], onViolation: "Strip" });
    start({ isDryRun: true });
    await pass(1);
    expect(await condition("Compliant")).toContain("removes nothing");
  });

  test("of an interrupted create that its class blocks by now: the role, so that the next controller does not forget it", async () => {
    const first = start();
    await apply();
    await org.sim.runUntil(() => org.sim.writes("aws").length > 0, MINUTE_MS);
    first.kill();
    await org.applyClass("home", { ...CLASS, allowedActions: ["ec2:*"] });
    const dry = start({ isDryRun: true });
    await pass(1);
    expect((await status())?.role?.arn).toBe(`arn:aws:iam::${HOME}:role/app`);
    expect(dry.refusedWrites).toBe(0);
  });
});

describe("in a rolling update", () => {
  const named = { hasClasses: true, isElected: true };

  test("to --dry-run, the enforcing leader goes on until it releases the Lease, and nothing is written after that", async () => {
    const enforcing = start(named);
    await apply();
    await pass(1);
    start({ ...named, isDryRun: true });
    await apply({ description: "while the enforcing one leads" });
    await pass(1);
    expect(await condition("Ready")).toMatch(/^True InSync/);
    const stopped = enforcing.stop();
    await pass(1);
    await stopped;
    const sinceMs = org.sim.clock.monotonicMs() + 1;
    await apply({ description: "later" });
    await pass(1);
    expect(await condition("DryRun")).toContain("1 write pending");
    expect(org.sim.writes("aws", sinceMs)).toEqual([]);
    expect(org.sim.writesWithoutLease).toEqual([]);
  });

  test("from --dry-run, the next leader carries out what was pending", async () => {
    const dry = start({ ...named, isDryRun: true });
    await apply();
    await pass(1);
    start(named);
    await pass(1);
    expect(org.sim.writes("aws")).toEqual([]);
    const stopped = dry.stop();
    await pass(1);
    await stopped;
    expect(await condition("Ready")).toMatch(/^True InSync/);
    expect(await condition("DryRun")).toBeUndefined();
    expect(org.sim.writesWithoutLease).toEqual([]);
  });
});
