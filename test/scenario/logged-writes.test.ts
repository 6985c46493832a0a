import { expect, test } from "vitest";
import { OrphanWorld } from "../support/simulation/orphan-world.ts";

const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";
const MINUTE_MS = 60_000;

async function classAllows(world: OrphanWorld, ...allowedActions: readonly string[]): Promise<void> {
  await world.sim.servers.kubeApi().expectOk({
    method: "PATCH",
    path: `${CLASSES}/readers?fieldManager=user&force=true`,
    body: {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfileClass",
      metadata: { name: "readers" },
      spec: {
        ...{ account: { id: "123456789012" }, namespaces: ["*"], allowedActions, onViolation: "Strip" },
        allowedDeletionPolicies: ["Delete", "Retain"],
      },
    },
    contentType: "application/apply-patch+yaml",
  });
}

/** The lines about writes, each with whose they are. */
function written(world: OrphanWorld) {
  return world.replica.logger.lines
    .filter(({ message }) => message === "wrote AWS")
    .map(({ fields: { namespace, name, reconcileID, why, actions } }) => ({
      object: `${namespace}/${name}`,
      isOfReconcile: reconcileID !== undefined,
      why,
      actions: actions as readonly string[],
    }));
}

test("every write to AWS is in the log with its object: creation, edit, strip, deletion, retained tags, orphans", async () => {
  const world = await OrphanWorld.open({ hasClasses: true, orphanPolicy: "Delete" }, []);
  await classAllows(world, "s3:*");
  const of = (spec: object = {}) => ({ className: "readers", ...spec });
  for (const name of ["app", "kept", "lost", "other", "stays"]) await world.apply(name, of());
  await world.sim.run(12 * MINUTE_MS);
  // The class is narrowed while the deletion of an object waits, so that no plan of its spec is executed.
  await world.apply("stays", of({ suspend: true }));
  await world.sim.delete(world.key("stays"));
  await classAllows(world, "s3:List*");
  await world.sim.run(MINUTE_MS);
  await classAllows(world, "s3:*");
  await world.apply("kept", of({ deletionPolicy: "Retain" }));
  await world.sim.run(MINUTE_MS);
  await world.lose("kept");
  await world.sim.delete(world.key("app"));
  await world.lose("lost");
  await world.scans(4);
  expect(world.roles).toEqual(["kept", "other", "stays"]);

  const lines = written(world);
  expect(lines.flatMap(({ actions }) => actions)).toHaveLength(world.sim.writes("aws").length);
  const linesOf = (object: string) => lines.filter((line) => line.object === object);
  expect(linesOf("default/app").at(-1)).toEqual({
    ...{ object: "default/app", isOfReconcile: true, why: undefined },
    actions: [
      "- role app in instance profile app",
      "- instance profile app",
      "- inline policy app of role app",
      "- role app",
    ],
  });
  expect(linesOf("default/stays").some(({ why }) => why === "the class does not allow it")).toBe(true);
  expect(linesOf("default/kept").at(-1)).toMatchObject({ why: "the object retains it", isOfReconcile: false });
  expect(linesOf("default/lost").at(-1)).toMatchObject({ why: "it is an orphan", isOfReconcile: false });
  expect(linesOf("default/lost").at(-1)?.actions).toContain("- role lost");
});
