import { test as base, describe, expect, vi } from "vitest";
import { NOTHING_IN_AWS } from "../../support/aws-state.ts";
import { readyOf } from "../../support/cluster-user.ts";
import type { ControllerRig } from "../../support/controller-rig.ts";
import { ALLOW_ALL, EC2_TRUST } from "../../support/outsider.ts";

/** The writes that the story takes, in order. */
export const CREATION = ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"];
const DELETION = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"];
const SWEEP = ["GetAccountAuthorizationDetails", "GetAccountSummary", "ListInstanceProfiles", "ListRoles"];
const ALL_OF_S3 = [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }];
const FLEET = 50;

/** Polls until the check holds. Whoever waits longer than this waits for nothing. */
export function until(check: () => unknown, timeoutMs = 15_000): Promise<unknown> {
  return vi.waitFor(check, { timeout: timeoutMs, interval: 15 });
}

/** Waits until `Ready` says this, such as `True InSync`. */
export async function untilReady(rig: ControllerRig, name: string, ready = "True InSync"): Promise<void> {
  await until(async () => expect(readyOf(await rig.user.read(rig.key(name)))).toBe(ready));
}

/** Waits until the object of this name is not there any more. */
export async function untilGone(rig: ControllerRig, name: string): Promise<void> {
  await until(async () => expect(await rig.user.read(rig.key(name))).toBeUndefined());
}

/** Applies the story under this name and waits until it is so. */
export async function established(rig: ControllerRig, name: string): Promise<void> {
  await rig.user.apply(rig.manifest(rig.key(name)));
  await untilReady(rig, name);
}

/** A controller that has seen the account: the quotas are what a scan asks for last. */
export async function startedAndScanned(rig: ControllerRig): Promise<void> {
  await rig.forgetCalls();
  await rig.start();
  await until(() => expect(rig.awsCalls()).toContain("GetAccountSummary"));
  await rig.forgetCalls();
}

/** Tests with a rig of their own each, closed at the end; a controller that logged an error fails its test. */
export function testsOn<B extends ControllerRig>(open: () => Promise<B>) {
  return base.extend<{ rig: B }>({
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which other fixtures are needed.
    rig: async ({}, use) => {
      const rig = await open();
      try {
        await use(rig);
        expect(rig.errors()).toEqual([]);
      } finally {
        await rig.close();
      }
    },
  });
}

/** What the controller process does for its user, whatever the cluster and the AWS behind it. */
export function controllerStories(where: string, open: () => Promise<ControllerRig>): void {
  const test = testsOn(open);

  describe.concurrent(`the controller on ${where}`, () => {
    test("makes an applied manifest Ready, with both ARNs, by 4 writes and no read", async ({ rig }) => {
      await startedAndScanned(rig);
      await established(rig, "app");
      const { name } = rig.key("app");
      expect((await rig.user.read(rig.key("app")))?.status).toMatchObject({
        observedGeneration: 1,
        accountId: rig.accountId,
        role: { arn: `arn:aws:iam::${rig.accountId}:role/${name}` },
        instanceProfile: { arn: `arn:aws:iam::${rig.accountId}:instance-profile/${name}` },
      });
      expect(rig.awsCalls()).toEqual(CREATION);
    });

    test("carries an edit of the statements out by one write", async ({ rig }) => {
      await rig.start();
      await established(rig, "app");
      await rig.forgetCalls();
      await rig.user.apply(rig.manifest(rig.key("app"), { statements: ALL_OF_S3 }));
      await until(async () =>
        expect((await rig.user.read(rig.key("app")))?.status).toMatchObject({
          observedGeneration: 2,
          conditions: [{ type: "Ready", status: "True", reason: "InSync", observedGeneration: 2 }],
        }),
      );
      expect(rig.awsWrites()).toEqual(["PutRolePolicy"]);
    });

    test("takes a deleted object out of AWS by the reverse writes before it lets it go", async ({ rig }) => {
      await rig.start();
      await established(rig, "app");
      await rig.forgetCalls();
      await rig.user.delete(rig.key("app"));
      await untilGone(rig, "app");
      expect(rig.awsWrites()).toEqual(DELETION);
      expect(await rig.awsState(rig.key("app").name)).toEqual(NOTHING_IN_AWS);
    });

    test("writes nothing, to AWS or to the API server, when it is restarted and nothing changed", async ({ rig }) => {
      const first = await rig.start();
      await established(rig, "app");
      await first.stop();
      const before = await rig.user.read(rig.key("app"));
      await rig.forgetCalls();
      const second = await rig.start();
      await until(() => expect(rig.awsCalls().toSorted()).toEqual(SWEEP.toSorted()));
      await second.stop();
      expect(rig.awsWrites()).toEqual([]);
      expect(await rig.kubeWrites()).toEqual([]);
      expect(await rig.user.read(rig.key("app"))).toEqual(before);
    });

    test("writes nothing, to AWS or to the API server, in five scans over an object in sync", async ({ rig }) => {
      const controller = await rig.start({ resyncMs: 20 });
      await established(rig, "app");
      // Its last write may be the Event.
      await until(async () => expect((await rig.user.events(rig.key("app"))).length).toBe(1));
      await rig.forgetCalls();
      await until(() => expect(rig.awsCalls().filter((call) => call === "ListRoles").length).toBeGreaterThanOrEqual(5));
      await controller.stop();
      expect(rig.awsWrites()).toEqual([]);
      expect(await rig.kubeWrites()).toEqual([]);
    });

    test("repairs what somebody changed in AWS by one write, at the next scan", async ({ rig }) => {
      // Within the settle window a read that contradicts our own write is taken for a late one.
      await rig.start({ resyncMs: 20, propagationWindowMs: 0 });
      await established(rig, "app");
      await rig.forgetCalls();
      const { name } = rig.key("app");
      await rig.outsider("PutRolePolicy", { RoleName: name, PolicyName: name, PolicyDocument: ALLOW_ALL });
      await until(async () =>
        expect((await rig.user.events(rig.key("app"))).map(({ reason }) => reason)).toEqual([
          "Created",
          "DriftRepaired",
        ]),
      );
      expect(rig.awsWrites()).toEqual(["PutRolePolicy"]);
    });

    test("looks at once when reconcile-at is set, and says so in status", async ({ rig }) => {
      await rig.start();
      await established(rig, "app");
      await rig.user.annotate(rig.key("app"), { "iam.instanceprofile.dev/reconcile-at": "now" });
      await until(async () =>
        expect((await rig.user.read(rig.key("app")))?.status?.lastHandledReconcileAt).toBe("now"),
      );
    });

    test("leaves what is not its own untouched, says so, and takes it when it is offered", async ({ rig }) => {
      await rig.outsider("CreateRole", { RoleName: rig.key("app").name, AssumeRolePolicyDocument: EC2_TRUST });
      await rig.start();
      await rig.user.apply(rig.manifest(rig.key("app")));
      await untilReady(rig, "app", "False AlreadyExists");
      expect(rig.awsWrites()).toEqual([]);
      await rig.user.apply(rig.manifest(rig.key("app"), { adoptionPolicy: "IfExists", deletionPolicy: "Delete" }));
      await untilReady(rig, "app");
      await rig.user.delete(rig.key("app"));
      await untilGone(rig, "app");
      expect(await rig.awsState(rig.key("app").name)).toEqual(NOTHING_IN_AWS);
    });

    test("catches up with what was created, edited and deleted while it was down", async ({ rig }) => {
      const first = await rig.start();
      await Promise.all([established(rig, "edited"), established(rig, "deleted")]);
      await first.stop();
      await rig.user.apply(rig.manifest(rig.key("created")));
      await rig.user.apply(rig.manifest(rig.key("edited"), { statements: ALL_OF_S3 }));
      await rig.user.delete(rig.key("deleted"));
      await rig.forgetCalls();
      await rig.start();
      await Promise.all([untilReady(rig, "created"), untilGone(rig, "deleted")]);
      await until(async () => expect((await rig.user.read(rig.key("edited")))?.status?.observedGeneration).toBe(2));
      expect(rig.awsWrites().toSorted()).toEqual([...CREATION, ...DELETION, "PutRolePolicy"].sort());
    });

    test("finishes what it has begun before it stops, and starts nothing after", async ({ rig }) => {
      const first = await rig.start();
      await rig.user.apply(rig.manifest(rig.key("app")));
      await until(() => expect(rig.awsCalls()).toContain("CreateRole"));
      await first.stop();
      expect(rig.awsWrites()).toEqual(CREATION);
      expect(readyOf(await rig.user.read(rig.key("app")))).toBe("True InSync");
      const reasons = (await rig.user.events(rig.key("app"))).map(({ reason }) => reason);
      expect(reasons).toEqual(["Created"]);
      await rig.forgetCalls();
      await rig.user.apply(rig.manifest(rig.key("late")));
      await rig.start();
      await untilReady(rig, "late");
      expect(rig.awsWrites()).toEqual(CREATION);
    });

    test("shows its Events under events.k8s.io and in the core group", async ({ rig }) => {
      await rig.start();
      await established(rig, "app");
      await rig.user.delete(rig.key("app"));
      await untilGone(rig, "app");
      await until(async () =>
        expect((await rig.user.events(rig.key("app"))).map(({ reason }) => reason)).toEqual(["Created", "Deleted"]),
      );
      expect((await rig.user.coreEventReasons(rig.key("app"))).toSorted()).toEqual(["Created", "Deleted"]);
    });

    test(`brings ${FLEET} objects that come at once to Ready, each by its 4 writes and no read, none twice`, async ({
      rig,
    }) => {
      await startedAndScanned(rig);
      const keys = Array.from({ length: FLEET }, (_, i) => rig.key(`app-${i}`));
      await Promise.all(keys.map((key) => rig.user.apply(rig.manifest(key))));
      await until(async () => {
        const ready = (await rig.user.list(rig.namespace)).map(readyOf);
        expect(ready).toEqual(Array.from({ length: FLEET }, () => "True InSync"));
      }, 60_000);
      const times = Map.groupBy(rig.awsCalls(), (call) => call);
      expect(Object.fromEntries([...times].map(([call, all]) => [call, all.length]))).toEqual(
        Object.fromEntries(CREATION.map((call) => [call, FLEET])),
      );
      const ofObjects = async (): Promise<number> =>
        (await rig.kubeWrites()).filter((write) => !write.includes("events")).length;
      await until(async () => expect(await ofObjects()).toBe(2 * FLEET));
    });
  });
}
