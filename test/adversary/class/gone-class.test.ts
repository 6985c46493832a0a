import { beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "../../unit/controller/desk.ts";

type ClassSpec = Partial<InstanceProfileClassSpec>;
type Spec = Readonly<Record<string, unknown>>;

const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const FORCE = { "iam.instanceprofile.dev/force-delete": "true" };
const AS_DEFAULT = { annotations: { [DEFAULT_CLASS_ANNOTATION]: "true" } };
const BOTH: ClassSpec = { allowedDeletionPolicies: ["Delete", "Retain"] };
const KEEPS: ClassSpec = { allowedDeletionPolicies: ["Retain"] };

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

function classes(...all: readonly object[]): void {
  desk.classes = all as readonly KubeObject[];
}

/** Reconciles some minutes later, when IAM shows every write. */
async function later(times = 1): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    desk.nowMs += 300_000;
    await desk.reconcile();
  }
}

/** An object without a className, which the default class has accepted. */
async function accepted(by: ClassSpec = {}): Promise<void> {
  classes(aClass(by, { metadata: AS_DEFAULT }));
  desk.apply({ statements: [GET] });
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
}

async function deleted(spec: Spec = {}, annotations: Readonly<Record<string, string>> = {}): Promise<void> {
  desk.apply({ statements: [GET], ...spec }, { annotations });
  desk.kube.delete(KEY);
  await later(3);
}

const end = (): string =>
  `${desk.object === undefined ? "object gone" : "object waits"}, role ${desk.iam.role("app") === undefined ? "gone" : "stays"}`;

const GONE: readonly (readonly [string, () => void])[] = [
  ["the last class is gone", () => classes()],
  ["the default is gone, and another class is there", () => classes(aClass({}, { metadata: { name: "other" } }))],
  ["no class is the default any more", () => classes(aClass())],
  [
    "two are the default",
    () => classes(...["a", "b"].map((name) => aClass(BOTH, { metadata: { name, ...AS_DEFAULT } }))),
  ],
];

describe.each(GONE)("After the class of an object can be found no longer (%s)", (_, leave) => {
  test.each<[string, ClassSpec, Spec, string]>([
    [
      "Retain leaves no role, where the class did not allow it",
      {},
      { deletionPolicy: "Retain" },
      "object gone, role gone",
    ],
    ["a deletion without a policy deletes", {}, {}, "object gone, role gone"],
    ["Retain retains, where the class allowed it", BOTH, { deletionPolicy: "Retain" }, "object gone, role stays"],
    [
      "Delete deletes no role that the class told to keep",
      KEEPS,
      { deletionPolicy: "Delete" },
      "object gone, role stays",
    ],
    ["the class's own policy holds", { ...BOTH, deletionPolicy: "Retain" }, {}, "object gone, role stays"],
  ])("%s", async (_case, by, spec, expected) => {
    await accepted(by);
    leave();
    await deleted(spec);
    expect(end()).toBe(expected);
  });

  test.each<[string, ClassSpec, string]>([
    ["has no effect where the class did not allow it", {}, "object waits, role stays"],
    ["has its effect where the class allowed it", { allowForceDelete: true }, "object gone, role gone"],
  ])("the annotation force-delete %s", async (_case, by, expected) => {
    await accepted(by);
    leave();
    attachedByOthers();
    await deleted({}, FORCE);
    expect(end()).toBe(expected);
  });
});

describe("What the class last said about deletion", () => {
  test("is what it said before it was gone, and not what it said when it accepted the object", async () => {
    await accepted(BOTH);
    classes(aClass({}, { metadata: { ...AS_DEFAULT, generation: 2 } }));
    await later();
    classes();
    await deleted({ deletionPolicy: "Retain" });
    expect(end()).toBe("object gone, role gone");
  });

  test("is followed by suspended objects and dry runs too", async () => {
    for (const spec of [{ suspend: true }, { mode: "DryRun" }]) {
      desk = new Desk();
      await accepted(BOTH);
      desk.apply({ statements: [GET], ...spec });
      classes(aClass({}, { metadata: { ...AS_DEFAULT, generation: 2 } }));
      await later();
      expect(desk.object?.status?.class).toMatchObject({ allowedDeletionPolicies: ["Delete"] });
    }
  });

  test("is the least where the record does not say it", async () => {
    await accepted(BOTH);
    const { name, accountId, acceptedTime } = desk.object?.status?.class ?? {};
    await desk.kube.patchStatus(KEY, [
      { op: "replace", path: "/status/class", value: { name, accountId, acceptedTime } },
    ]);
    // A process that saw the former status does not believe this one.
    desk.restart();
    classes();
    await deleted({ deletionPolicy: "Retain" });
    expect(end()).toBe("object gone, role gone");
  });

  test("holds where the class is there and invalid: Retain is no way past it", async () => {
    classes(aClass());
    desk.apply({ className: "readers", statements: [GET] });
    await desk.reconcile();
    classes({ ...aClass(), spec: { account: { id: "1" } } });
    await deleted({ className: "readers", deletionPolicy: "Retain" });
    expect(end()).toBe("object waits, role stays");
    classes(aClass());
    await later(2);
    expect(end()).toBe("object gone, role gone");
  });

  test("lets an administrator out: what blocks the deletion goes once a class that allows force is the default", async () => {
    await accepted();
    classes();
    attachedByOthers();
    await deleted({}, FORCE);
    expect(end()).toBe("object waits, role stays");
    classes(aClass({ allowForceDelete: true }, { metadata: AS_DEFAULT }));
    await later(2);
    expect(end()).toBe("object gone, role gone");
  });

  test("binds no object that was created before there were classes", async () => {
    desk.apply({ statements: [GET] });
    await desk.reconcile();
    classes(aClass());
    await deleted({ deletionPolicy: "Retain" });
    expect(end()).toBe("object gone, role stays");
  });
});

/** Somebody attaches a policy to the role. */
function attachedByOthers(): void {
  desk.iam.outsider((account) => {
    const { app } = account.roles;
    return app === undefined
      ? account
      : { ...account, roles: { ...account.roles, app: { ...app, managedPolicyArns: [READ_ONLY] } } };
  });
}
