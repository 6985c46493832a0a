import { afterAll, beforeAll, expect, test } from "vitest";
import { InstanceScan } from "../../src/controller/scan/instance-scan.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { Ec2User } from "../support/ec2-user.ts";
import { FakeClock } from "../support/fake-clock.ts";
import type { Incarnation } from "../support/incarnation.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import { scenarioAccountKey } from "../support/scenario-class.ts";
import { REGION, World } from "../support/world.ts";

const OBJECTS = 20;
const INSTANCES_EACH = 10;
/** Instances with a profile of another team. With them, each list has two pages when all have profiles. */
const OTHERS = 980;
const INTERVAL_MS = 60_000;
const KEYS = Array.from({ length: OBJECTS }, (_, n): ObjectKey => ({ namespace: "default", name: `app-${n}` }));

let world: World;
let ec2: Ec2User;
let controller: Incarnation;
const ids: string[] = [];

beforeAll(async () => {
  world = await World.open();
  ec2 = new Ec2User(world.aws.url, REGION);
  controller = world.controller();
  const others = { InstanceProfileName: "others", RoleName: "others" };
  await world.outsider("CreateRole", { RoleName: "others", AssumeRolePolicyDocument: EC2_TRUST });
  await world.outsider("CreateInstanceProfile", { InstanceProfileName: "others" });
  await world.outsider("AddRoleToInstanceProfile", others);
  await ec2.run({ profile: "others", count: OTHERS });
  for (const key of KEYS) {
    ids.push(...(await ec2.run({ tags: { app: key.name }, count: INSTANCES_EACH })));
    const instances = { region: REGION, selector: { matchTags: { app: key.name } } };
    world.kube.apply({ ...s3ReadOnly(key, { instances }) });
  }
  await controller.see(...KEYS);
}, 120_000);
afterAll(async () => {
  ec2.close();
  await world.close();
});

function counted(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const action of world.awsCalls()) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

test("20 objects on 200 of 1,180 instances: one reading serves all, and each instance is written once", async () => {
  for (const key of KEYS) await controller.once(key);
  expect(counted()).toMatchObject({
    DescribeInstances: 2,
    DescribeIamInstanceProfileAssociations: 1,
    CreateTags: OBJECTS * INSTANCES_EACH,
    AssociateIamInstanceProfile: OBJECTS * INSTANCES_EACH,
  });
}, 120_000);

test("a scan costs a call of each kind per 1,000 instances, wakes the objects of the wrong ones, and they alone are written", async () => {
  const clock = new FakeClock();
  const woken: string[] = [];
  const { snapshots } = controller.account.instances;
  const scan = new InstanceScan({
    ...{
      snapshots,
      clock,
      intervalMs: INTERVAL_MS,
      logger: silentLogger,
      claims: controller.claims.of(scenarioAccountKey()).claims,
    },
    enqueue: (key) => woken.push(key),
  });
  scan.start();
  const pass = async (): Promise<void> => {
    world.forgetCalls();
    world.nowMs += 3 * INTERVAL_MS;
    const swept = clock.nextTimer();
    await clock.advance(INTERVAL_MS);
    await swept;
  };
  await pass();
  expect(counted()).toEqual({ DescribeInstances: 2, DescribeIamInstanceProfileAssociations: 2 });
  expect(woken).toEqual([]);
  const [bare = "", retagged = "", ended = ""] = [ids[5], ids[25], ids[45]];
  await ec2.disassociate(bare);
  await ec2.tag(retagged, { app: "app-7" });
  await ec2.terminate(ended);
  await pass();
  expect(woken.toSorted()).toEqual(["default/app-0", "default/app-2", "default/app-4", "default/app-7"]);
  for (const name of ["app-0", "app-2", "app-4", "app-7"]) await controller.once({ namespace: "default", name });
  scan.stop();
  const writes = world.awsWrites();
  expect(writes.toSorted()).toEqual([
    ...["AssociateIamInstanceProfile", "AssociateIamInstanceProfile", "CreateTags", "DeleteTags"],
    "DisassociateIamInstanceProfile",
  ]);
  expect(counted()["DescribeInstances"]).toBe(2);
  expect(await ec2.profileOf(bare)).toBe("app-0");
  expect(await ec2.profileOf(retagged)).toBe("app-7");
}, 120_000);
