import { describe, expect, test } from "vitest";
import { OrphanWorld } from "../../support/simulation/orphan-world.ts";
import type { ReplicaOptions } from "../../support/simulation/replica.ts";

const DELETE: ReplicaOptions = { orphanPolicy: "Delete" };
const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1";
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const UID = "3f1c8a52-0000-4000-8000-000000000001";

/** One attempt to have the controller delete, hide or invent an orphan, and the roles that are there afterwards. */
interface Attempt {
  readonly name: string;
  readonly objects?: readonly string[];
  readonly options?: ReplicaOptions;
  /** After the objects are in sync. */
  readonly act: (world: OrphanWorld) => Promise<void>;
  readonly roles: readonly string[];
  /** Orphans by the metric. */
  readonly counted: number;
  /** Why the deletion was tried and not carried out, as the log has it; unset: it was not even tried. */
  readonly held?: string;
}

const lost =
  (then: (world: OrphanWorld, uid: string) => Promise<void> = async () => {}) =>
  async (world: OrphanWorld): Promise<void> => {
    const uid = await world.uid("app");
    await world.lose("app");
    await world.sim.run(5_000);
    await then(world, uid);
  };

/** The object is lost after its author has edited it. */
const lostAs =
  (spec: Readonly<Record<string, unknown>>) =>
  async (world: OrphanWorld): Promise<void> => {
    await world.apply("app", spec);
    await world.sim.run(5_000);
    await world.lose("app");
  };

const ACCESS_DENIED = {
  kind: "answer",
  status: 403,
  body: "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>",
} as const;

const ALL = ["app", "bystander"];

const OUTSIDERS: readonly Attempt[] = [
  {
    name: "a role tagged with this cluster's id and an object that never was is reported and kept",
    act: (world) => world.role("theirs", { name: "never-was", uid: UID }),
    roles: [...ALL, "theirs"],
    counted: 1,
  },
  {
    name: "a second role with all tags of a lost object is kept; what the object had goes",
    act: lost((world, uid) => world.role("theirs", { name: "app", uid })),
    roles: ["bystander", "theirs"],
    counted: 1,
  },
  {
    name: "another role in the place of the lost one, with its name and all of its tags, is kept",
    act: lost(async (world, uid) => {
      await replaceRole(world);
      await world.role("app", { name: "app", uid });
    }),
    roles: ALL,
    counted: 1,
  },
  {
    name: "the lost role with another uid in its tags is kept",
    act: lost((world) => world.tag("app", { uid: UID })),
    roles: ALL,
    counted: 1,
  },
  {
    name: "the lost role tagged as another object's is kept",
    act: lost((world, uid) => world.tag("app", { name: "never-was", uid })),
    roles: ALL,
    counted: 1,
  },
  {
    name: "a role tagged as an object's of another namespace, which does not exist there, is kept",
    act: async (world) => world.role("theirs", { namespace: "team-b", name: "app", uid: await world.uid("app") }),
    roles: [...ALL, "theirs"],
    counted: 1,
  },
  {
    name: "a role tagged as a living object's, which names another role, is reported and kept",
    act: async (world) => world.role("theirs", { name: "bystander", uid: await world.uid("bystander") }),
    roles: [...ALL, "theirs"],
    counted: 1,
  },
  {
    name: "a role of another cluster is neither counted nor touched",
    act: (world) => world.role("theirs", { cluster: "another-cluster", name: "gone", uid: UID }),
    roles: [...ALL, "theirs"],
    counted: 0,
  },
  {
    name: "the lost role tagged as another cluster's is neither counted nor touched",
    act: lost((world, uid) => world.tag("app", { cluster: "another-cluster", uid })),
    roles: ALL,
    counted: 0,
  },
  {
    name: "a role tagged with no cluster at all is neither counted nor touched",
    act: (world) => world.role("theirs", { cluster: "", name: "gone", uid: UID }),
    roles: [...ALL, "theirs"],
    counted: 0,
  },
  {
    name: "a namespace that leads elsewhere in the API server's paths is never asked about",
    act: async (world) => {
      await world.role("theirs", { namespace: "default/../../../secrets", name: "gone" });
      await world.role("theirs-2", { namespace: "default", name: "../../secrets/token" });
      await world.role("theirs-3", { namespace: "Default", name: "gone" });
    },
    roles: [...ALL, "theirs", "theirs-2", "theirs-3"],
    counted: 0,
  },
  {
    name: "the lost role tagged as adopted is kept",
    act: lost((world, uid) => world.tag("app", { uid, more: { adopted: "true" } })),
    roles: ALL,
    counted: 0,
  },
  {
    name: "a policy that somebody attached to the lost role holds its deletion back",
    act: lost((world) => world.iam("AttachRolePolicy", { RoleName: "app", PolicyArn: READ_ONLY })),
    roles: ALL,
    counted: 1,
    held: "UnmanagedPoliciesAttached",
  },
  {
    name: "an instance profile of somebody's that holds the lost role holds its deletion back",
    act: lost(async (world) => {
      await world.iam("CreateInstanceProfile", { InstanceProfileName: "theirs" });
      await world.iam("AddRoleToInstanceProfile", { InstanceProfileName: "theirs", RoleName: "app" });
    }),
    roles: ALL,
    counted: 1,
    held: "RoleInUnmanagedInstanceProfile",
  },
  {
    name: "an instance that runs with the lost profile holds the deletion back",
    options: { guardRegions: ["us-east-1"] },
    act: lost((world) => world.launch("app")),
    roles: ALL,
    counted: 1,
    held: "InstancesUseProfile",
  },
];

const AUTHORS: readonly Attempt[] = [
  {
    name: "force-delete on an object that is lost forces nothing",
    act: async (world) => {
      await world.iam("AttachRolePolicy", { RoleName: "app", PolicyArn: READ_ONLY });
      await world.apply("app", {}, { annotations: { "iam.instanceprofile.dev/force-delete": "true" } });
      await world.lose("app");
    },
    roles: ALL,
    counted: 1,
    held: "UnmanagedPoliciesAttached",
  },
  {
    name: "a suspended object that is lost leaves AWS alone",
    act: lostAs({ suspend: true }),
    roles: ALL,
    counted: 1,
  },
  {
    name: "an object in DryRun that is lost leaves AWS alone",
    act: lostAs({ mode: "DryRun" }),
    roles: ALL,
    counted: 1,
  },
  {
    name: "a policy of the object's own that is not recorded as such holds nothing back: the object's spec names it",
    act: async (world) => {
      await world.apply("app", { managedPolicyArns: [READ_ONLY] });
      await world.sim.run(60_000);
      await world.lose("app");
    },
    roles: ["bystander"],
    counted: 0,
  },
  {
    name: "an instance that the object itself has the profile on holds the deletion back",
    act: async (world) => {
      const selector = { matchTags: { app: "web" } };
      await world.apply("app", { instances: { region: "us-east-1", selector } });
      await world.launch(undefined, { app: "web" });
      await world.sim.run(5 * 60_000);
      await world.lose("app");
    },
    roles: ALL,
    counted: 1,
    held: "InstancesUseProfile",
  },
  {
    name: "an object that retains and is lost is no orphan, and stays",
    act: lostAs({ deletionPolicy: "Retain" }),
    roles: ALL,
    counted: 0,
  },
  {
    name: "an object that retains and is lost stays, where AWS lets nobody tag it as retained",
    act: async (world) => {
      await world.apply("app", { deletionPolicy: "Retain" });
      await world.sim.run(5_000);
      world.replica.disturb = ({ what }) => (what.startsWith("Tag") ? ACCESS_DENIED : undefined);
      await world.lose("app");
    },
    roles: ALL,
    counted: 1,
  },
  {
    name: "an adopted role whose object is lost stays, even with deletionPolicy Delete",
    act: async (world) => {
      await world.role("theirs", "none");
      await world.apply("theirs", { adoptionPolicy: "IfExists", deletionPolicy: "Delete" });
      await world.sim.run(60_000);
      await world.lose("theirs");
    },
    roles: [...ALL, "theirs"],
    counted: 0,
  },
  {
    name: "the only object of a cluster is no reason to delete: the cluster may be one that is being restored",
    objects: ["app"],
    act: lost(),
    roles: ["app"],
    counted: 1,
  },
  {
    name: "an object that is left while the only other one is being deleted is no reason either",
    act: async (world) => {
      await world.apply("bystander", {}, { finalizers: ["example.com/hold"] });
      await world.apply("bystander", { suspend: true }, { finalizers: ["example.com/hold"] });
      await world.sim.run(5_000);
      await world.sim.delete(world.key("bystander"));
      await world.lose("app");
    },
    roles: ALL,
    counted: 1,
  },
  {
    name: "twelve objects lost of fourteen are taken for the loss of a cluster's objects",
    objects: [...Array(14).keys()].map((i) => `app-${i + 10}`),
    act: async (world) => {
      for (let i = 10; i < 22; i += 1) await world.lose(`app-${i}`);
    },
    roles: [...Array(14).keys()].map((i) => `app-${i + 10}`),
    counted: 12,
  },
];

describe.each([
  ["somebody who may write tags in AWS", OUTSIDERS],
  ["somebody who may write objects", AUTHORS],
])("under --orphan-policy=Delete, %s cannot have the wrong thing deleted:", (_, attempts) => {
  test.each(attempts)("$name", async ({ objects, options = {}, act, roles, counted, held }) => {
    const world = await OrphanWorld.open({ ...DELETE, ...options }, objects);
    await act(world);
    await world.scans(4);
    expect(world.roles).toEqual(roles);
    expect(world.counted).toBe(counted);
    expect(world.logged("error")).toEqual([]);
    expect(world.heldBackBy).toBe(held);
    expect((await world.notes("never-was", "OrphanedInAWS")).join()).not.toContain("The controller deletes it");
    const asked = world.replica.wire.calls.filter(
      ({ server, path }) => server === "kube" && /secrets|Default/.test(path),
    );
    expect(asked).toEqual([]);
  });
});

describe("what comes between the decision and the deletion", () => {
  test("an object that is created again right before the first write keeps everything", async () => {
    const world = await OrphanWorld.open(DELETE);
    await world.lose("app");
    await world.scans(1);
    let isBack = false;
    world.replica.disturb = ({ server, what }) => {
      if (server !== "aws" || what !== "ListRolePolicies" || isBack) return undefined;
      isBack = true;
      void world.apply("app");
      return undefined;
    };
    await world.scans(3);
    expect(isBack).toBe(true);
    expect(world.sim.calls.filter(({ what, isWrite }) => isWrite && /Delete|Remove/.test(what))).toEqual([]);
    expect(world.roles).toEqual(ALL);
    expect(world.counted).toBe(0);
  });

  test("another role that takes the place of the lost one, with all of its tags, is not deleted in its stead", async () => {
    const world = await OrphanWorld.open(DELETE);
    const uid = await world.uid("app");
    await world.lose("app");
    await world.scans(1);
    let isReplaced = false;
    world.replica.disturb = ({ server, what }) => {
      // The scan has seen the lost role; the next reads are those of the deletion.
      if (server !== "aws" || what !== "ListInstanceProfilesForRole" || isReplaced) return undefined;
      isReplaced = true;
      void replaceRole(world).then(() => world.role("app", { name: "app", uid }));
      return undefined;
    };
    await world.scans(1);
    expect(isReplaced).toBe(true);
    expect(world.heldBackBy).toBe("OrphanNotProven");
    expect(world.roles).toEqual(ALL);
  });

  test.each([
    ["is not served: its CRD is gone", { kind: "answer", status: 404, body: "404 page not found" }],
    [
      "may not be read any more",
      { kind: "answer", status: 403, body: '{"kind":"Status","code":403,"reason":"Forbidden"}' },
    ],
    ["does not answer", { kind: "refuse" }],
  ] as const)("a kind that %s confirms no orphan", async (_, fate) => {
    const world = await OrphanWorld.open(DELETE);
    await world.lose("app");
    await world.sim.run(5_000);
    world.replica.disturb = ({ server, method, path }) =>
      server === "kube" && method === "GET" && path.startsWith(`${PROFILES}/namespaces`) ? fate : undefined;
    await world.scans(4);
    expect(world.roles).toEqual(ALL);
    expect(world.counted).toBe(0);
  });
});

describe("a controller that sees a part of the cluster", () => {
  test("by namespace reports no role of another namespace", async () => {
    const world = await OrphanWorld.open({ ...DELETE, namespaces: ["default"] });
    await world.role("theirs", { namespace: "team-b", name: "gone", uid: UID });
    await world.role("mine", { namespace: "default", name: "gone", uid: UID });
    await world.scans(4);
    expect(world.counted).toBe(1);
    expect(world.roles).toEqual([...ALL, "mine", "theirs"]);
  });

  test("by labels takes no object without them for gone", async () => {
    const world = await OrphanWorld.open({ ...DELETE, labelSelector: "team=a" }, []);
    await world.apply("hidden");
    await world.role("hidden", { name: "hidden", uid: await world.uid("hidden") });
    await world.role("mine", { name: "gone", uid: UID });
    await world.scans(4);
    expect(world.counted).toBe(1);
    expect(await world.events("hidden")).toEqual([]);
    expect(world.roles).toEqual(["hidden", "mine"]);
  });
});

test("an object that only loses the label of the selector is neither reported nor taken for deleted, whatever comes later", async () => {
  const world = await OrphanWorld.open({ ...DELETE, labelSelector: "team=a" }, []);
  for (const name of ALL) await world.apply(name, {}, { labels: { team: "a" } });
  await world.sim.run(60_000);
  await world.apply("app", {}, { labels: { team: "b" } });
  await world.scans(3);
  expect(await world.events("app")).not.toContain("OrphanedInAWS");
  expect(world.counted).toBe(0);
  await world.lose("app");
  await world.scans(3);
  expect(world.counted).toBe(1);
  expect(world.roles).toEqual(ALL);
});

test("hundreds of forged roles cost a bounded number of reports and requests per scan, and are counted", async () => {
  const world = await OrphanWorld.open(DELETE);
  for (let i = 0; i < 250; i += 1) await world.role(`theirs-${i}`, { name: `gone-${i}`, uid: UID });
  await world.scans(2);
  const asked = (): number =>
    world.replica.wire.calls.filter(({ server, path }) => server === "kube" && /\/gone-\d+$/.test(path)).length;
  const reports = (): number => world.logged("warn").filter((line) => line === "a role in AWS is an orphan").length;
  expect(asked()).toBe(100);
  expect(reports()).toBe(20);
  await world.scans(2);
  expect(asked()).toBe(300);
  expect(reports()).toBe(60);
  expect(world.counted).toBe(250);
  expect(world.roles.length).toBe(252);
});

/** The role is deleted by hand, and made again. */
async function replaceRole(world: OrphanWorld): Promise<void> {
  await world.iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
  await world.iam("DeleteRolePolicy", { RoleName: "app", PolicyName: "app" });
  await world.iam("DeleteRole", { RoleName: "app" });
}
