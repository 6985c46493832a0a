import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CRDS_FOLDER, DEPLOY_FOLDER } from "../contract/deploy/deployed-files.ts";
import { findControlPlane } from "../support/control-plane.ts";
import { findControllerManager } from "../support/controller-manager.ts";
import { findCommand } from "../support/kubectl.ts";
import { UninstallWorld } from "../support/uninstall-world.ts";

const source = findControlPlane(process.env);
const manager = source.kind === "assets" ? findControllerManager(source.assetsDir) : undefined;
const canRun = manager !== undefined && findCommand("kubectl") !== undefined;
const CRDS = ["delete", "-k", CRDS_FOLDER];
const DEPLOY = ["delete", "-k", DEPLOY_FOLDER];
const NAMES = ["team-a-app", "team-a-web", "team-b-batch"];

/** The orders of docs/how-to/uninstall.md and those of haste, each up to where nothing of the product is in the cluster. */
const ORDERS: readonly (readonly [string, (world: UninstallWorld) => Promise<void>])[] = [
  [
    "the CRDs, then the deployment, as the page says",
    async (world) => {
      expect(await world.kubectl(...CRDS)).toMatchObject({ status: 0 });
      expect(await world.kubectl(...DEPLOY)).toMatchObject({ status: 0 });
      await world.stopPod();
    },
  ],
  [
    "the deployment, then the CRDs, which hang until it is installed again",
    async (world) => {
      expect(await world.kubectl(...DEPLOY)).toMatchObject({ status: 0 });
      await world.stopPod();
      await world.kubectl(...CRDS, "--wait=false");
      await world.deploy();
      await world.untilCrdsAreGone();
    },
  ],
  [
    "the controller, then the CRDs, whose objects are released by hand",
    async (world) => {
      await world.stopPod();
      await world.kubectl(...CRDS, "--wait=false");
      const { status, output } = await world.program("release", "-A", "--yes");
      expect([status, output]).toEqual([0, expect.stringContaining(":role/team-b-batch")]);
      await world.untilCrdsAreGone();
      expect(await world.kubectl(...DEPLOY)).toMatchObject({ status: 0 });
    },
  ],
  [
    "the controller's namespace under the running controller, then the rest",
    async (world) => {
      expect(await world.kubectl("delete", "namespace", "instance-profile-system")).toMatchObject({ status: 0 });
      await world.kubectl(...CRDS, "--wait=false");
      await world.stopPod();
      await world.kubectl(...DEPLOY, "--ignore-not-found");
      await world.deploy();
      await world.untilCrdsAreGone();
    },
  ],
  [
    "CRDs, permissions and namespace at once under the running controller, as when deploy/ had the CRDs",
    async (world) => {
      await world.kubectl("delete", "-k", await world.everything(), "--wait=false");
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await world.stopPod();
      await world.deploy();
      await world.untilCrdsAreGone();
    },
  ],
];

describe("uninstalling on a real cluster", { skip: !canRun, timeout: 300_000 }, () => {
  let world: UninstallWorld;

  beforeAll(async () => {
    world = await UninstallWorld.open(source.kind === "assets" ? source.assetsDir : "", manager ?? "");
  }, 120_000);
  // A test that leaves the installation and its objects saves the next one half a minute.
  beforeEach(async () => {
    if (!world.hasPod) await world.install();
    await world.applyObjects();
  }, 120_000);
  afterAll(() => world?.close(), 60_000);

  const rolesOf = (roles: readonly string[]): readonly string[] => roles.map((role) => role.split(" ")[0] ?? "");

  test.each(ORDERS)(
    "in the order: %s, loses no role, and the next installation has them again",
    async (_, uninstall) => {
      const before = world.roles;
      expect(rolesOf(before)).toEqual(NAMES);
      await uninstall(world);
      expect([await world.crds(), world.roles]).toEqual([[], before]);
      await world.stopPod();
      await world.install();
      await world.applyObjects();
      expect(world.roles).toEqual(before);
    },
  );

  test("in the order that the page gives for it, deletes everything", async () => {
    expect(rolesOf(world.roles)).toEqual(NAMES);
    for (const namespace of ["team-a", "team-b"])
      expect(await world.kubectl("delete", "iprof", "--all", "-n", namespace)).toMatchObject({ status: 0 });
    expect(world.roles).toEqual([]);
    expect(await world.kubectl(...CRDS)).toMatchObject({ status: 0 });
    expect(await world.kubectl(...DEPLOY)).toMatchObject({ status: 0 });
    await world.stopPod();
  });

  test("without permission to read the CRD keeps the roles of a deleted CRD, and deletes that of a deleted object", async () => {
    const before = world.roles;
    await world.denyCrds();
    expect(await world.kubectl("delete", "iprof", "web", "-n", "team-a")).toMatchObject({ status: 0 });
    expect(rolesOf(world.roles)).toEqual(["team-a-app", "team-b-batch"]);
    expect(await world.kubectl(...CRDS)).toMatchObject({ status: 0 });
    expect(world.roles).toEqual(before.filter((role) => !role.startsWith("team-a-web ")));
    await world.stopPod();
  });

  test("deletes everything with the CRDs under --crd-deletion-policy=Delete", async () => {
    await world.stopPod();
    await world.startPod("--crd-deletion-policy", "Delete");
    expect(await world.kubectl(...CRDS)).toMatchObject({ status: 0 });
    expect(world.roles).toEqual([]);
    await world.stopPod();
  });
});
