import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import { DEFAULT_CLASS_ANNOTATION } from "../../../src/api/instance-profile-class.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { BlockedError } from "../../../src/errors.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "../../unit/controller/desk.ts";

const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const PUT = { effect: "Allow", actions: ["s3:PutObject"], resources: ["*"] };
const DEFAULT = { annotations: { [DEFAULT_CLASS_ANNOTATION]: "true" } };

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

function classes(...all: readonly ReturnType<typeof aClass>[]): void {
  desk.classes = all as unknown as readonly KubeObject[];
}

const readers = (spec: Partial<InstanceProfileClassSpec> = {}, metadata = {}): ReturnType<typeof aClass> =>
  aClass(spec, { metadata });

async function replaced(): Promise<void> {
  await desk.kube.patch(KEY, [{ op: "remove", path: "/metadata/finalizers" }]);
  expect(desk.isHeld).toBe(false);
}

async function inSync(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  desk.apply({ statements: [GET], ...spec });
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
}

describe("A whole-object replace that takes the finalizer off", () => {
  test.each<[string, () => void | Promise<void>]>([
    ["an object that is in sync", () => {}],
    ["a suspended one", () => desk.apply({ statements: [GET], suspend: true })],
    ["a dry run", () => desk.apply({ statements: [GET], mode: "DryRun" })],
    ["one that its class refuses", () => desk.apply({ statements: [PUT] })],
    ["one whose spec cannot be read", () => desk.apply({ statements: [{ effect: "Maybe" }] })],
    ["one whose class is gone", () => classes()],
    ["one whose AWS cannot be read", () => awsIsUnreadable()],
    ["one whose default class is another account's now", () => otherAccount()],
  ])("does not let %s outlive its deletion: the finalizer comes back", async (_, state) => {
    classes(readers({}, DEFAULT));
    await inSync();
    await state();
    await desk.reconcile();
    await replaced();
    await desk.reconcile();
    expect(desk.isHeld).toBe(true);
  });

  test("right before a deletion, leaves nothing in AWS while another finalizer holds the object", async () => {
    classes(readers({}, DEFAULT));
    await inSync();
    await desk.kube.patch(KEY, [{ op: "replace", path: "/metadata/finalizers", value: ["example.com/other"] }]);
    desk.kube.delete(KEY);
    await desk.reconcile();
    expect(desk.iam.account.roles).toEqual({});
    expect(desk.object?.metadata.finalizers).toEqual(["example.com/other"]);
  });
});

const DENIED = new BlockedError("not authorized", { reason: "AccessDenied" });

function awsIsUnreadable(): void {
  desk.iam.getRole = () => Promise.reject(DENIED);
}

function deniedDeletion(one: Desk): void {
  one.iam.fate = () => DENIED;
  one.kube.delete(KEY);
}

function otherAccount(): void {
  classes(
    readers(),
    aClass({ account: { id: "210987654321", partition: "aws" } }, { metadata: { name: "b", ...DEFAULT } }),
  );
}

describe("The account that an object is bound to", () => {
  test("does not change when the default class moves and the object is replaced", async () => {
    classes(readers({}, DEFAULT));
    await inSync();
    otherAccount();
    await desk.reconcile();
    const before = desk.iam.writes.length;
    await replaced();
    await desk.reconcile();
    await desk.reconcile();
    expect(desk.ready).toBe("False ClassAccountChanged");
    expect(desk.iam.writes.length).toBe(before);
  });

  test("is known before anything is in AWS, wherever the process ends", async () => {
    classes(readers({}, DEFAULT));
    desk.iam.fate = () => DENIED;
    desk.apply({ statements: [GET] });
    await desk.reconcile();
    expect(desk.object?.status).toMatchObject({ class: { name: "readers", accountId: "123456789012" } });
    otherAccount();
    desk.iam.fate = () => "do";
    desk.restart();
    await desk.reconcile();
    expect(desk.ready).toBe("False ClassAccountChanged");
    expect(desk.iam.writes).toEqual([]);
  });
});

describe("The status that proves an acceptance", () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["has no status yet", {}],
    ["was refused before", { status: { observedGeneration: 1, conditions: [] } }],
  ])("is not written over by a process whose watch shows a version that %s", async (_, past) => {
    classes(readers());
    desk.apply({ className: "readers", statements: [GET] });
    const old = { ...desk.object, ...past } as unknown as KubeObject;
    await desk.reconcile();
    expect(desk.object?.status?.class?.name).toBe("readers");
    classes(readers({ namespaces: ["other"], onViolation: "Strip" }));
    desk.restart();
    await desk.reconcile(undefined, old);
    expect(desk.object?.status?.class?.name).toBe("readers");
    expect(desk.object?.status?.role?.arn).toBeDefined();
  });
});

describe("What a manifest carries proves nothing", () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["the finalizer", { finalizers: [FINALIZER] }],
    ["a creation time of long ago", { creationTimestamp: "2001-01-01T00:00:00Z", finalizers: [FINALIZER] }],
    ["annotations of the controller", { annotations: { "iam.instanceprofile.dev/accepted": "true" } }],
    ["labels of the controller", { labels: { "iam.instanceprofile.dev/class": "readers" } }],
  ])("%s does not let a new object into a class that is being deleted", async (_, metadata) => {
    classes(readers({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
    desk.apply({ className: "readers", statements: [GET] }, metadata);
    await desk.reconcile();
    expect(desk.condition("Compliant")).toBe("False ClassNotFound");
    expect(desk.iam.writes).toEqual([]);
  });

  test("an object of the class that is being deleted goes on, without any of them", async () => {
    classes(readers());
    await inSync({ className: "readers" });
    classes(readers({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
    await replaced();
    desk.apply({ className: "readers", statements: [GET], description: "edited" });
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
    expect(desk.isHeld).toBe(true);
  });

  test.each<[string, (one: Desk) => void]>([
    ["suspended", (one) => one.apply({ className: "readers", statements: [GET], suspend: true })],
    ["a dry run", (one) => one.apply({ className: "readers", statements: [GET], mode: "DryRun" })],
    ["being deleted, which AWS does not let it", (one) => deniedDeletion(one)],
  ])("an accepted object that is %s keeps its place in the count", async (_, change) => {
    classes(readers({ maxPerNamespace: 1 }));
    await inSync({ className: "readers" });
    change(desk);
    await desk.reconcile();
    const { directory } = desk;
    const { class: accepted } = desk.object?.status ?? {};
    expect(accepted?.name).toBe("readers");
    const another = { metadata: { ...KEY, uid: "uid-of-another", name: "another" }, spec: { roleName: "another" } };
    expect(directory.acceptances.before(another, readers()).objects).toBe(1);
  });
});
