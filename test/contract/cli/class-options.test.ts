import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readShippedCrds } from "../../../src/cli/manifests/crd-file.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import type { KubeApi as Client, KubeJson } from "../../support/kube-api.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { type Ended, manifestText, runCli } from "./run-cli.ts";

const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "planner",
  AWS_SECRET_ACCESS_KEY: "very-secret-key",
  AWS_EC2_METADATA_DISABLED: "true",
};
const API = "iam.instanceprofile.dev/v1beta1";
const DEFAULT = { "iam.instanceprofile.dev/is-default-class": "true" };

let folder: string;
let aws: AwsSandbox;
let kube: KubeApi;
let cluster: Client;
let kubeconfig: string;
let restoreEnvironment: () => void;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "classes-"));
  [aws, kube] = await Promise.all([startAwsSandbox({}), startKubeApi({ definitions: readShippedCrds() })]);
  cluster = plainKubeApi(kube.url);
  kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kube.kubeconfig());
  await cluster.expectOk({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "team-a" } } });
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, { ...ENVIRONMENT, AWS_ENDPOINT_URL: aws.url });
});
beforeEach(async () => {
  aws.reset();
  for (const path of [`/apis/${API}/instanceprofileclasses`, `/apis/${API}/namespaces/team-a/instanceprofiles`]) {
    const { items } = await cluster.expectOk({ method: "GET", path });
    const names = (items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    for (const name of names) {
      await cluster.expectOk({ method: "DELETE", path: `${path}/${name}` });
      await cluster.request({
        method: "PATCH",
        path: `${path}/${name}`,
        body: { metadata: { finalizers: null } },
        contentType: "application/merge-patch+json",
      });
    }
  }
});
afterAll(async () => {
  restoreEnvironment();
  await Promise.all([aws.close(), kube.close(), rm(folder, { recursive: true })]);
});

function aClass(name: string, spec: object = {}, annotations: object = {}): KubeJson {
  return {
    apiVersion: API,
    kind: "InstanceProfileClass",
    metadata: { name, annotations },
    spec: { account: { id: "123456789012" }, namespaces: ["team-*"], allowedActions: ["s3:Get*"], ...spec },
  };
}

/** Writes classes into a file of their own. */
async function fileOf(...classes: readonly object[]): Promise<string> {
  const path = join(await mkdtemp(join(folder, "file-")), "classes.yaml");
  await writeFile(path, classes.map((one) => JSON.stringify(one)).join("\n---\n"));
  return path;
}

async function create(object: KubeJson): Promise<void> {
  const isClass = object["kind"] === "InstanceProfileClass";
  const path = isClass ? `/apis/${API}/instanceprofileclasses` : `/apis/${API}/namespaces/team-a/instanceprofiles`;
  await cluster.expectOk({ method: "POST", path, body: object });
}

/** What only the controller may write. */
async function writeStatus(name: string, status: object): Promise<void> {
  await cluster.expectOk({
    method: "PATCH",
    path: `/apis/${API}/namespaces/team-a/instanceprofiles/${name}/status`,
    body: { status },
    contentType: "application/merge-patch+json",
  });
}

const manifest = (name: string, spec: object = {}): string => manifestText({ roleName: name, ...spec }, { name });
const plan = (input: string, ...options: string[]): Promise<Ended> =>
  runCli(["plan", "-f", "-", ...options], { input });
const validate = (input: string, ...options: string[]): Promise<Ended> =>
  runCli(["validate", "-f", "-", ...options], { input });
/** Judged by the classes of the cluster. */
const ofCluster = (): string[] => ["--cluster-classes", "--kubeconfig", kubeconfig];

/** A role that the controller of cluster-1 has made for an object of this name. */
async function ownedRole(name: string): Promise<void> {
  const owner = { "cluster-id": "cluster-1", namespace: "team-a", name, uid: "uid-1" };
  const tags = Object.entries(owner).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, `iam.instanceprofile.dev/${key}`],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  const role = { RoleName: name, AssumeRolePolicyDocument: EC2_TRUST, ...Object.fromEntries(tags) };
  await outsider(aws.url, "CreateRole", role);
}

const ACCEPTED = { name: "readers", accountId: "123456789012", acceptedTime: "2026-01-01T00:00:00.000Z" };

/** An object that class readers, which strips, has accepted. */
async function stripped(spec: object, bounds: object = {}): Promise<string> {
  await create(aClass("readers", { onViolation: "Strip", ...bounds }));
  const input = manifest("app", spec);
  await create({ ...(JSON.parse(input) as KubeJson), metadata: { name: "app", finalizers: [FINALIZER] } });
  await writeStatus("app", { class: ACCEPTED });
  return input;
}

const WIDE = { className: "readers", statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] };
const TOO_WIDE = "spec.statements[0].actions[0]: s3:* allows s3:DeleteBucket, which class readers does not allow";

describe.each([
  ["a file", async (...classes: KubeJson[]) => ["--class", await fileOf(...classes)]],
  [
    "the cluster",
    async (...classes: KubeJson[]) => {
      for (const one of classes) await create(one);
      return ofCluster();
    },
  ],
])("by classes of %s", (_, given) => {
  test("what does not fit is blocked with the controller's words, and IAM is not asked", async () => {
    const options = await given(aClass("readers"));
    expect(await plan(manifest("app", WIDE), ...options)).toMatchObject({
      status: 3,
      out: expect.stringContaining(`ActionNotAllowed: ${TOO_WIDE}`),
    });
    expect(aws.calls.all.map(({ action }) => action)).toEqual(["GetCallerIdentity"]);
    expect(await validate(manifest("app", WIDE), ...options)).toMatchObject({
      status: 1,
      out: expect.stringMatching(/<stdin>:1:\d+: error: ActionNotAllowed: spec\.statements\[0\]\.actions\[0\]: s3:/),
    });
  });

  test("what fits is planned with what its class adds", async () => {
    const options = await given(aClass("readers", { tags: { team: "a" } }));
    const fitting = manifest("app", { className: "readers" });
    const { status, out } = await plan(fitting, "-o", "json", ...options);
    expect(status).toBe(2);
    expect(out).toMatch(/"team": "a"/);
    expect(await validate(fitting, ...options)).toMatchObject({ status: 0 });
  });

  test("a manifest without className is of the default class, and needs one", async () => {
    const options = await given(aClass("readers"), aClass("main", { allowedActions: ["s3:*"] }, DEFAULT));
    expect(await plan(manifest("app", { ...WIDE, className: undefined }), ...options)).toMatchObject({ status: 2 });
  });

  test("a manifest without className is blocked where no class is the default", async () => {
    const options = await given(aClass("readers"));
    const { status, out } = await plan(manifest("app"), ...options);
    expect([status, out]).toEqual([3, expect.stringContaining("ClassRequired: spec.className is not set")]);
  });

  test("a class that is not there is an error that lists those that are", async () => {
    const options = await given(aClass("readers"), aClass("writers"));
    const words = "InstanceProfileClass reader does not exist. Existing classes: readers, writers.";
    const unknown = manifest("app", { className: "reader" });
    expect(await plan(unknown, ...options)).toMatchObject({ status: 3, out: expect.stringContaining(words) });
    expect(await validate(unknown, ...options)).toMatchObject({ status: 1, out: expect.stringContaining(words) });
  });

  test("what {cluster} stands for can be said", async () => {
    const options = await given(aClass("readers", { path: "/{cluster}/" }));
    const spec = { className: "readers", path: "/prod/" };
    expect(await plan(manifest("app", spec), ...options, "--cluster-id", "prod")).toMatchObject({ status: 2 });
    expect(await plan(manifest("app", spec), ...options, "--cluster-id", "dev")).toMatchObject({
      status: 3,
      out: expect.stringContaining("PathNotAllowed: spec.path is /prod/, and class readers requires /dev/"),
    });
  });
});

describe("--class", () => {
  test("takes a folder, and files of several classes", async () => {
    const file = await fileOf(aClass("readers"), aClass("writers"));
    expect(await plan(manifest("app", { className: "writers" }), "--class", join(file, ".."))).toMatchObject({
      status: 2,
    });
  });

  test("names the file and the fault of a class that is not valid, and asks AWS nothing", async () => {
    const file = await fileOf(aClass("readers"), aClass("writers", { namespaces: [] }));
    const { status, err } = await plan(manifest("app"), "--class", file);
    expect([status, err]).toEqual([
      1,
      `instance-profile-controller plan: ${file}, document 2: InstanceProfileClass "writers" is invalid: spec.namespaces: Invalid value: 0: ` +
        "spec.namespaces in body should have at least 1 items\n",
    ]);
    expect(aws.calls.all).toEqual([]);
  });

  test("refuses two classes of one name: nobody can tell which one is meant", async () => {
    const [one, other] = [await fileOf(aClass("readers")), await fileOf(aClass("readers"))];
    const { status, err } = await validate(manifest("app"), "--class", one, "--class", other);
    expect([status, err]).toEqual([
      1,
      `instance-profile-controller validate: ${other}, document 1: class readers is also defined in ${one}, document 1. Remove one of them.\n`,
    ]);
  });

  test("asks which cluster is meant when a class uses {cluster}", async () => {
    const file = await fileOf(aClass("readers", { path: "/{cluster}/" }));
    expect(await validate(manifest("app"), "--class", file)).toMatchObject({
      status: 1,
      err: expect.stringContaining("class readers uses {cluster}. Set --cluster-id."),
    });
  });

  test("counts the manifests themselves for the limit of a namespace, in their order", async () => {
    const file = await fileOf(aClass("readers", { maxPerNamespace: 1 }, DEFAULT));
    const two = [manifestText({ roleName: "b" }, { name: "b" }), manifestText({ roleName: "a" }, { name: "a" })];
    const { status, out } = await plan(two.join("\n---\n"), "--class", file);
    expect(status).toBe(3);
    expect(out).toMatch(
      /InstanceProfile team-a\/b: 4 to add(?:.|\n)*InstanceProfile team-a\/a: blocked(?:.|\n)*TooManyObjects/,
    );
  });

  test("counts manifests that leave the namespace out as those of namespace default", async () => {
    const file = await fileOf(aClass("readers", { namespaces: ["*"], maxPerNamespace: 1 }, DEFAULT));
    const bare = ["a", "b"].map((name) => manifestText({ roleName: name }, { name, namespace: undefined }));
    const { status, out } = await plan(bare.join("\n---\n"), "--class", file);
    expect([status, out]).toEqual([3, expect.stringContaining("TooManyObjects: namespace default has 1 ")]);
  });

  test("and the cluster's classes contradict each other", async () => {
    const file = await fileOf(aClass("readers"));
    expect(await plan(manifest("app"), "--class", file, ...ofCluster())).toMatchObject({
      status: 1,
      err: expect.stringContaining("--class and --cluster-classes cannot be combined"),
    });
  });
});

describe("--cluster-classes", () => {
  test("takes the cluster's own id for {cluster}, and says so: the controller may have been given another", async () => {
    await create(aClass("readers", { path: "/{cluster}/" }));
    const system = await cluster.expectOk({ method: "GET", path: "/api/v1/namespaces/kube-system" });
    const { uid } = system["metadata"] as { uid: string };
    const fitting = manifest("app", { className: "readers", path: `/${uid}/` });
    expect(await validate(fitting, ...ofCluster())).toMatchObject({
      status: 0,
      err:
        `{cluster} resolves to ${uid}, the uid of namespace kube-system. If the controller runs with --cluster-id, set the same ` +
        "--cluster-id here.\n",
    });
    expect(await validate(fitting, ...ofCluster(), "--cluster-id", uid)).toMatchObject({ status: 0, err: "" });
  });

  test("tells orphans of plan --since-live, whose object is not in the cluster either, from what a merge removes", async () => {
    for (const name of ["orphan", "leaving"]) await ownedRole(name);
    await create(JSON.parse(manifest("leaving")) as KubeJson);
    const { status, out } = await plan(manifest("app"), "--since-live", "--cluster-id", "cluster-1", ...ofCluster());
    expect(out).toContain(
      "InstanceProfile team-a/leaving: no manifest, 1 to remove\n  Grants no new access.\n  - role leaving",
    );
    expect(out).toContain(
      "InstanceProfile team-a/orphan: no manifest, nothing to remove\n" +
        "  ? OrphanedInAWS: role orphan: the owner tags name InstanceProfile team-a/orphan, which is not in the cluster. Create the object " +
        "again to manage them, or delete them in IAM.",
    );
    expect(status).toBe(2);
  });

  test("plans no removal of what the object in the cluster retains", async () => {
    await ownedRole("r4");
    await create(JSON.parse(manifest("r4", { deletionPolicy: "Retain" })) as KubeJson);
    const args = ["--since-live", "--cluster-id", "cluster-1"];
    expect(await plan(manifest("app"), ...args, ...ofCluster())).toMatchObject({
      out: expect.stringContaining("InstanceProfile team-a/r4: no manifest, nothing to remove\n"),
    });
    expect((await plan(manifest("app"), ...args)).out).toContain(
      "InstanceProfile team-a/r4: no manifest, 1 to remove\n",
    );
  });

  test("counts the objects of the cluster before those that are new", async () => {
    await create(aClass("readers", { maxPerNamespace: 1 }, DEFAULT));
    await create(JSON.parse(manifest("zoo")) as KubeJson);
    expect(await validate(manifest("app"), ...ofCluster())).toMatchObject({
      status: 1,
      out: expect.stringContaining(
        "namespace team-a has 1 InstanceProfiles that class readers accepted before this one",
      ),
    });
    expect(await validate(manifest("zoo"), ...ofCluster())).toMatchObject({ status: 0 });
  });

  test("does not plan to move a role to another account than it is in", async () => {
    await create(aClass("readers", {}, DEFAULT));
    await create({
      ...JSON.parse(manifest("app")),
      metadata: { name: "app", finalizers: [FINALIZER] },
    });
    await writeStatus("app", { accountId: "210987654321" });
    expect(await plan(manifest("app"), ...ofCluster())).toMatchObject({
      status: 3,
      out: expect.stringContaining("ClassAccountChanged: the object is bound to AWS account 210987654321"),
    });
  });

  test("shows what a class takes out of an object that it had accepted, as the controller would", async () => {
    await create(aClass("readers", { onViolation: "Strip" }));
    const wide = manifest("app", { ...WIDE, managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"] });
    expect(await plan(wide, ...ofCluster())).toMatchObject({ status: 3 });
    await create({ ...JSON.parse(wide), metadata: { name: "app", finalizers: [FINALIZER] } });
    // A finalizer proves nothing: authors can write it.
    expect(await plan(wide, ...ofCluster())).toMatchObject({ status: 3 });
    await writeStatus("app", { class: ACCEPTED });
    const { status, out } = await plan(wide, ...ofCluster());
    expect(status).toBe(2);
    expect(out).not.toMatch(/inline policy|managed policy/);
  });

  test("reports what a class takes out of an object that it had accepted, in every format", async () => {
    const input = await stripped({ ...WIDE, path: "/x/" }, { path: "/y/" });
    const { status, out } = await plan(input, ...ofCluster());
    expect(status).toBe(2);
    expect(out).toContain("InstanceProfile team-a/app: 3 to add, violates its class\n");
    expect(out).toMatch(
      / {2}! <stdin>:1:\d+: ActionNotAllowed: spec\.statements.*Narrow the statement\. The class strips it\.\n/,
    );
    // A name cannot be left out.
    expect(out).toMatch(
      / {2}! <stdin>:1:\d+: PathNotAllowed: spec\.path is \/x\/, and class readers requires \/y\/(?!.*strips)/,
    );
    expect((await plan(input, "-o", "markdown", ...ofCluster())).out).toMatch(
      /^! <stdin>:1:\d+: ActionNotAllowed: .* The class strips it\.$/m,
    );
    const { objects } = JSON.parse((await plan(input, "-o", "json", ...ofCluster())).out);
    const place = expect.stringMatching(/^<stdin>:1:\d+$/);
    expect(objects[0].violations).toEqual([
      { reason: "PathNotAllowed", message: expect.any(String), isStripped: false, place },
      { reason: "ActionNotAllowed", message: expect.stringContaining(TOO_WIDE), isStripped: true, place },
    ]);
    expect(objects[0].plan.blockers).toEqual([]);
  });

  test("validate reports what a class takes out of an object as a violation, with its reason", async () => {
    const input = await stripped(WIDE);
    expect(await validate(input, ...ofCluster())).toMatchObject({
      status: 1,
      out: expect.stringContaining(`error: ActionNotAllowed: ${TOO_WIDE}`),
    });
    const { manifests } = JSON.parse((await validate(input, "-o", "json", ...ofCluster())).out);
    expect(manifests[0]).toMatchObject({ valid: false });
    expect(manifests[0].findings).toContainEqual(
      expect.objectContaining({ rule: "class", reason: "ActionNotAllowed", path: "spec.statements[0].actions[0]" }),
    );
    expect((await validate(input, "-o", "sarif", ...ofCluster())).out).toContain(
      `"text": "ActionNotAllowed: ${TOO_WIDE}`,
    );
  });

  test("an object that its class strips keeps its names", async () => {
    const input = [await stripped(WIDE), manifestText({ roleName: "app", className: "readers" }, { name: "late" })];
    expect((await validate(input.join("\n---\n"), ...ofCluster())).out).toMatch(
      /team-a\/late: invalid\n.*role and instance profile app/,
    );
  });

  test("names the statement of the manifest that grants access, whatever the class takes out before it", async () => {
    const read = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
    const text = await stripped({ ...WIDE, statements: [...WIDE.statements, read] });
    const input = text.replaceAll(/(\{"effect")/g, "\n$1");
    const { out } = await plan(input, ...ofCluster());
    expect(out).toMatch(/s3:GetObject.*statement 2 of inline policy app at <stdin>:3:1/);
  });

  test("says so when the cluster has no classes, and judges as its controller would", async () => {
    expect(await validate(manifest("app"), ...ofCluster())).toMatchObject({
      status: 0,
      err: expect.stringMatching(/^no InstanceProfileClass found in the cluster of .*kubeconfig \(context .+\)\n$/),
    });
    expect(await validate(manifest("app", { className: "readers" }), ...ofCluster())).toMatchObject({
      status: 1,
      out: expect.stringContaining("InstanceProfileClass readers does not exist. Existing classes: none."),
    });
  });

  test("is what --kubeconfig and --context are for", async () => {
    expect(await validate(manifest("app"), "--context", "prod")).toMatchObject({
      status: 1,
      err: expect.stringContaining("--context requires --cluster-classes"),
    });
  });

  test("ends with an error when the cluster cannot be asked", async () => {
    const gone = join(folder, "gone");
    await writeFile(gone, kube.kubeconfig().replaceAll(kube.url, "http://127.0.0.1:1"));
    expect(await validate(manifest("app"), "--cluster-classes", "--kubeconfig", gone)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^instance-profile-controller validate: .*127\.0\.0\.1:1.*ECONNREFUSED/),
    });
  });
});

test("without either, an object that names a class is blocked, with the way out", async () => {
  expect(await plan(manifest("app", { className: "prod" }))).toMatchObject({
    status: 3,
    out: expect.stringContaining(
      "ClassNotFound: spec.className: class prod cannot be checked because no classes were passed. Pass its file with --class, or use " +
        "--cluster-classes.",
    ),
  });
  expect(aws.calls.all).toEqual([]);
});

describe("with --require-class", () => {
  const REQUIRED =
    "spec.className is not set, and no InstanceProfileClass is marked as the default. With --require-class, every object needs a";

  test("a manifest without a class is blocked where no class is given, and where the cluster has none", async () => {
    for (const options of [[], ofCluster()]) {
      expect(await plan(manifest("app"), ...options)).toMatchObject({ status: 2 });
      expect(await plan(manifest("app"), ...options, "--require-class")).toMatchObject({
        status: 3,
        out: expect.stringContaining(`ClassRequired: ${REQUIRED}`),
      });
      expect(await validate(manifest("app"), ...options)).toMatchObject({ status: 0 });
      expect(await validate(manifest("app"), ...options, "--require-class")).toMatchObject({
        status: 1,
        out: expect.stringMatching(
          /error: ClassRequired: spec\.className: spec\.className is not set, .* With --require-class, every object/,
        ),
      });
    }
  });

  test("a manifest that names a class is judged as without the option", async () => {
    const options = ["--class", await fileOf(aClass("readers")), "--require-class"];
    expect(await plan(manifest("app", { className: "readers" }), ...options)).toMatchObject({ status: 2 });
    expect(await plan(manifest("app", WIDE), ...options)).toMatchObject({ status: 3 });
    expect(await validate(manifest("app", { className: "readers" }), "--require-class")).toMatchObject({ status: 0 });
  });
});
