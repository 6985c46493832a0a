import { describe, expect } from "vitest";
import { NOTHING_IN_AWS } from "../../support/aws-state.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import {
  CREATION,
  controllerStories,
  established,
  startedAndScanned,
  testsOn,
  until,
  untilGone,
  untilReady,
} from "./stories.ts";

const WATCH = "watch instanceprofiles.iam.instanceprofile.dev";
const PATCH = "patch instanceprofiles.iam.instanceprofile.dev";
const PATCH_STATUS = `${PATCH}/status`;

/** A whole list, as a stream or in pages; what goes on from somewhere is none. */
function isList({ what, query }: { readonly what: string; readonly query: URLSearchParams }): boolean {
  return what === "list instanceprofiles.iam.instanceprofile.dev" || (what === WATCH && query.has("sendInitialEvents"));
}

const UNAVAILABLE = {
  kind: "reply",
  status: 503,
  body: '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable","code":503,"message":"overloaded"}',
} as const;

controllerStories("the sandbox", () => SandboxRig.open());

const test = testsOn(() => SandboxRig.open());

test("scanned and verified profiles are destroyed by 4 writes and 1 read each: the role", async ({ rig }) => {
  const names = ["app", "web", "db"];
  const first = await rig.start();
  for (const name of names) await established(rig, name);
  await first.stop();
  await startedAndScanned(rig);
  for (const name of names) await rig.user.annotate(rig.key(name), { "iam.instanceprofile.dev/reconcile-at": "now" });
  const statusOf = async (name: string) => (await rig.user.read(rig.key(name)))?.status;
  for (const name of names) await until(async () => expect((await statusOf(name))?.lastHandledReconcileAt).toBe("now"));
  await rig.forgetCalls();
  await Promise.all(names.map((name) => rig.user.delete(rig.key(name))));
  for (const name of names) await untilGone(rig, name);
  const calls = Object.groupBy(rig.awsCalls(), (call) => call);
  const deletion = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"];
  for (const call of ["GetRole", ...deletion]) expect([call, calls[call]?.length]).toEqual([call, names.length]);
  // What the regions of the account have is read once for all of them, and again in the configured one if this takes over two seconds.
  expect([calls["DescribeRegions"]?.length, calls["DescribeLaunchTemplateVersions"]?.length]).toEqual([1, 17]);
  const associations = calls["DescribeIamInstanceProfileAssociations"]?.length ?? 0;
  expect(associations).toBeGreaterThanOrEqual(17);
  expect(rig.awsCalls().length).toBe(5 * names.length + 18 + associations);
});

describe.concurrent("the controller on an API server in trouble", () => {
  test("hears of an edit that was made while its watch was cut", async ({ rig }) => {
    let isCut = false;
    rig.judge = ({ what }) => (isCut && what === WATCH ? { kind: "cut" } : undefined);
    await rig.start();
    await established(rig, "app");
    isCut = true;
    rig.kube.dropConnections();
    await rig.user.apply(rig.manifest(rig.key("app"), { description: "edited" }));
    await until(() => expect(rig.kube.requestCounts()[WATCH]).toBeGreaterThan(2));
    isCut = false;
    await until(() => expect(rig.aws.snapshot().roles["app"]?.description).toBe("edited"));
  });

  test("lists again when the server has forgotten where its watch was, and hears what it missed", async ({ rig }) => {
    let lists = 0;
    const count = (request: Parameters<typeof isList>[0]): undefined => {
      lists += Number(isList(request));
    };
    rig.judge = count;
    await rig.start();
    await Promise.all([established(rig, "edited"), established(rig, "deleted")]);
    rig.judge = ({ what }) => (what === WATCH ? { kind: "cut" } : undefined);
    rig.kube.dropConnections();
    await rig.user.apply(rig.manifest(rig.key("edited"), { description: "edited" }));
    await rig.user.delete(rig.key("deleted"));
    await rig.user.apply(rig.manifest(rig.key("created")));
    rig.kube.compact();
    rig.judge = count;
    await Promise.all([untilReady(rig, "created"), untilGone(rig, "deleted")]);
    await until(() => expect(rig.aws.snapshot().roles["edited"]?.description).toBe("edited"));
    expect(lists).toBe(2);
  });

  test("starts as soon as the server, which is not ready for lists yet, is", async ({ rig }) => {
    let refusals = 0;
    rig.judge = (request) => {
      if (!isList(request) || refusals >= 1) return undefined;
      refusals += 1;
      return UNAVAILABLE;
    };
    await rig.user.apply(rig.manifest(rig.key("app")));
    await rig.start();
    await untilReady(rig, "app");
    expect(refusals).toBe(1);
  });

  test.for([
    ["the finalizer", PATCH],
    ["the status", PATCH_STATUS],
  ] as const)("makes nothing twice when the reply to the write of %s is lost", async ([, write], { rig }) => {
    let lost = 0;
    rig.judge = ({ what }) => {
      if (what !== write || lost > 0) return undefined;
      lost += 1;
      return { kind: "lose-reply" };
    };
    await rig.start();
    await established(rig, "app");
    await until(() => expect(lost).toBe(1));
    expect(rig.awsWrites()).toEqual(CREATION);
  });

  test("writes the status in the end when the server refuses it at first", async ({ rig }) => {
    let refusals = 0;
    rig.judge = ({ what }) => {
      if (what !== PATCH_STATUS || refusals >= 1) return undefined;
      refusals += 1;
      return UNAVAILABLE;
    };
    await rig.start();
    await established(rig, "app");
    expect(refusals).toBe(1);
    expect(rig.awsWrites().length).toBe(4);
  });
});

describe.concurrent("a controller that starts", () => {
  test("looks first at what was edited while it was away", async ({ rig }) => {
    const first = await rig.start();
    for (const name of ["a", "b", "c"]) await rig.user.apply(rig.manifest(rig.key(name)));
    for (const name of ["a", "b", "c"]) await untilReady(rig, name);
    await first.stop();
    await rig.user.apply(rig.manifest(rig.key("c"), { description: "edited" }));
    await rig.forgetCalls();
    await rig.start({ concurrency: 1 });
    await until(() => expect(rig.aws.snapshot().roles["c"]?.description).toBe("edited"));
    const looks = rig.aws.calls.matching({ action: "GetRole" });
    expect(looks[0]?.names["RoleName"]).toBe("c");
  });
});

describe.concurrent("the controller's log", () => {
  test("names the object, the run and the generation as controller-runtime does", async ({ rig }) => {
    await rig.start();
    await established(rig, "app");
    expect(rig.log.find(({ message }) => message === "wrote AWS")?.fields).toMatchObject({
      controller: "instanceprofile",
      controllerGroup: "iam.instanceprofile.dev",
      controllerKind: "InstanceProfile",
      InstanceProfile: rig.key("app"),
      ...rig.key("app"),
      reconcileID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      generation: 1,
    });
  });
});

describe.concurrent("the controller on AWS in trouble", () => {
  test("carries out an edit that comes while the creation is under way", async ({ rig }) => {
    let isEdited = false;
    rig.aws.onRequest(async ({ action }) => {
      if (action !== "CreateRole" || isEdited) return undefined;
      isEdited = true;
      await rig.user.apply(rig.manifest(rig.key("app"), { description: "edited" }));
      return undefined;
    });
    await rig.start();
    await rig.user.apply(rig.manifest(rig.key("app")));
    await until(() => expect(rig.aws.snapshot().roles["app"]?.description).toBe("edited"));
    await until(async () => expect((await rig.user.read(rig.key("app")))?.status?.observedGeneration).toBe(2));
    await untilReady(rig, "app");
    expect(rig.aws.calls.count({ action: "CreateRole" })).toBe(1);
  });

  test("takes away what it was making when the object is deleted meanwhile", async ({ rig }) => {
    let isDeleted = false;
    rig.aws.onRequest(async ({ action }) => {
      if (action !== "CreateRole" || isDeleted) return undefined;
      isDeleted = true;
      await rig.user.delete(rig.key("app"));
      return undefined;
    });
    await rig.start();
    await rig.user.apply(rig.manifest(rig.key("app")));
    await until(() => expect(isDeleted).toBe(true));
    await untilGone(rig, "app");
    expect(await rig.awsState("app")).toEqual(NOTHING_IN_AWS);
  });

  test.for(CREATION)("makes nothing twice when the reply to %s is lost", async (write, { rig }) => {
    let lost = 0;
    rig.aws.onRequest(({ action }) => {
      if (action !== write || lost > 0) return undefined;
      lost += 1;
      return { kind: "cut", after: true };
    });
    await rig.start();
    await established(rig, "app");
    expect(lost).toBe(1);
    expect(rig.aws.calls.writes().toSorted()).toEqual(CREATION.toSorted());
    expect(rig.aws.snapshot().instanceProfiles["app"]?.roleName).toBe("app");
  });
});

describe.concurrent("a namespace that is deleted with its objects", () => {
  test("ends when they are out of AWS", async ({ rig }) => {
    await rig.start();
    await established(rig, "app");
    await rig.user.deleteNamespace(rig.namespace);
    await untilGone(rig, "app");
    expect(await rig.awsState("app")).toEqual(NOTHING_IN_AWS);
    await until(async () => expect((await fetch(`${rig.kube.url}/api/v1/namespaces/team-a`)).status).toBe(404));
  });
});
