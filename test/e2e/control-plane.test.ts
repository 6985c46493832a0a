import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { CLASS_SAMPLES_FOLDER, listSamples, type Manifest } from "../contract/crd/samples.ts";
import { CRDS_FOLDER, DEPLOY_FOLDER, type DeployedObject, theObject } from "../contract/deploy/deployed-files.ts";
import { callLine, KUBE_CALLS } from "../contract/deploy/kube-calls.ts";
import { DEPLOYED_NAMESPACE, DEPLOYED_USER, type DeployedAccount, deployAccount } from "../support/deployed-account.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type KubeApi, type KubeJson, openKubeApi } from "../support/kube-api.ts";
import { resetMoto } from "../support/moto.ts";
import { outsider } from "../support/outsider.ts";
import { PROGRAM } from "../support/program.ts";
import { type BackgroundProcess, startProcess } from "../support/run-process.ts";

const { adminKubeconfig = "", auditLog, awsEndpoint, isAwsOurs, folder } = e2eEnvironment();

/** Only of an API server of our own there is an audit log. */
const isClusterOurs = auditLog !== undefined;
const hasKubectl = spawnSync("kubectl", ["version", "--client"]).error === undefined;
const CRDS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const PATIENCE = { timeout: 20_000, interval: 100 };
// The samples name namespace `default`; here each run has its own.
const namespace = `e2e-${randomBytes(4).toString("hex")}`;
const profilesPath = `/apis/iam.instanceprofile.dev/v1beta1/namespaces/${namespace}/instanceprofiles`;

const CLASSES_PATH = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";
/** The class of whoever names none, so that what else this test makes is of it too. */
const CLASS = {
  apiVersion: "iam.instanceprofile.dev/v1beta1",
  kind: "InstanceProfileClass",
  metadata: { name: "e2e", annotations: { "iam.instanceprofile.dev/is-default-class": "true" } },
  spec: { account: { id: "123456789012" }, namespaces: [namespace], allowedActions: ["s3:Get*", "s3:List*"] },
};

function conditions(object: KubeJson): Record<string, string> {
  const status = object["status"] as { readonly conditions?: readonly { type: string; status: string }[] } | undefined;
  return Object.fromEntries((status?.conditions ?? []).map((condition) => [condition.type, condition.status]));
}

function inNamespace(manifest: Manifest): Manifest {
  return { ...manifest, metadata: { ...(manifest["metadata"] as object), namespace } };
}

function nameOf(manifest: Manifest): string {
  return (manifest["metadata"] as { readonly name: string }).name;
}

const VALUE = /Invalid value: (?:"(?:[^"\\]|\\.)*": )?/g;
const TYPE_AS_VALUE = /Invalid value: "(?:string|object|array|map|integer|boolean)": /;

/** Servers up to 1.32 at least show a rule's subject by its type (`Invalid value: "string"`), later ones by its value. */
function expectRefusal({ kind, message }: KubeJson, expected: string): void {
  expect(kind).toBe("Status");
  const text = String(message);
  const shown = TYPE_AS_VALUE.test(text) ? (from: string) => from.replaceAll(VALUE, "Invalid value: ") : String;
  expect(shown(text)).toContain(shown(expected));
}

describe("a real API server", { skip: adminKubeconfig === "" }, () => {
  let admin: KubeApi;
  let deployed: DeployedAccount;

  beforeAll(async () => {
    admin = openKubeApi(adminKubeconfig);
    deployed = await deployAccount(admin, { folder, isClusterOurs });
    await admin.expectOk({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
  });
  afterAll(async () => {
    await admin.request({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
    await deployed?.remove();
  });

  // In somebody's cluster it would start a controller.
  test.skipIf(!isClusterOurs || !hasKubectl)(
    "takes all that kubectl makes of the CRDs and the deployment, without a warning",
    () => {
      for (const source of [CRDS_FOLDER, DEPLOY_FOLDER]) {
        const args = ["--kubeconfig", adminKubeconfig, "apply", "--server-side", "--force-conflicts", "-k", source];
        const { status, stderr } = spawnSync("kubectl", args, { encoding: "utf8" });
        expect([status, stderr]).toEqual([0, ""]);
      }
    },
  );

  describe("takes each overlay", { skip: !isClusterOurs || !hasKubectl }, () => {
    const overlays = readdirSync(join(DEPLOY_FOLDER, "overlays"));

    // A dry run does not create the namespace that the overlay moto brings.
    beforeAll(() =>
      admin.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "moto" } } }),
    );

    test.each(overlays)("%s, without a warning", (overlay) => {
      const source = ["-k", join(DEPLOY_FOLDER, "overlays", overlay)];
      const args = ["--kubeconfig", adminKubeconfig, "apply", "--server-side", "--force-conflicts", "--dry-run=server"];
      const { status, stderr } = spawnSync("kubectl", [...args, ...source], { encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
    });
  });

  test.skipIf(!hasKubectl).each([
    ["install.yaml", DEPLOY_FOLDER],
    ["crds.yaml", CRDS_FOLDER],
  ])("is given by %s just what kubectl makes of its folder", (file, source) => {
    const { stdout } = spawnSync("kubectl", ["kustomize", source], { encoding: "utf8" });
    const byName = (objects: readonly DeployedObject[]) =>
      Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
    const objectsIn = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as DeployedObject);
    const installed = readFileSync(join(DEPLOY_FOLDER, file), "utf8");
    expect(byName(objectsIn(installed))).toEqual(byName(objectsIn(stdout)));
  });

  test.each(["instanceprofiles", "instanceprofileclasses"])(
    "accepts the CRD of %s as structural, with all names and rules",
    async (plural) => {
      const crd = await admin.expectOk({ method: "GET", path: `${CRDS_PATH}/${plural}.iam.instanceprofile.dev` });
      expect(conditions(crd)).toEqual({ NamesAccepted: "True", Established: "True" });
    },
  );

  describe("gives each sample of a class the answer it must get:", () => {
    const samples = listSamples(CLASS_SAMPLES_FOLDER).map((sample) => ({
      name: basename(sample.file, ".yaml"),
      sample,
    }));

    test.each(samples)("$name", async ({ sample }) => {
      const create = (body: Manifest, dryRun: boolean): ReturnType<KubeApi["request"]> =>
        admin.request({
          method: "POST",
          path: `${CLASSES_PATH}?fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`,
          body: body as KubeJson,
        });
      if (sample.outcome !== "change-refused") {
        const { status, body } = await create(sample.manifest, true);
        if (sample.outcome === "accepted") expect([status, body["message"]]).toEqual([201, undefined]);
        else expectRefusal(body, sample.message);
        return;
      }
      expect((await create(sample.before, false)).status).toBe(201);
      const path = `${CLASSES_PATH}/${nameOf(sample.before)}`;
      const stored = await admin.expectOk({ method: "GET", path });
      const body = { ...stored, spec: sample.after["spec"] };
      const { body: answer } = await admin.request({ method: "PUT", path: `${path}?fieldValidation=Strict`, body });
      expectRefusal(answer, sample.message);
      await admin.expectOk({ method: "DELETE", path });
    });
  });

  describe("gives each sample the answer it must get:", () => {
    const samples = listSamples().map((sample) => ({ name: basename(sample.file, ".yaml"), sample }));

    test.each(samples)("$name", async ({ sample }) => {
      const query = "?fieldValidation=Strict&dryRun=All";
      if (sample.outcome !== "change-refused") {
        const body = inNamespace(sample.manifest);
        const { status, body: answer } = await admin.request({ method: "POST", path: profilesPath + query, body });
        if (sample.outcome === "accepted") expect([status, answer["message"]]).toEqual([201, undefined]);
        else expectRefusal(answer, sample.message);
        return;
      }
      await admin.expectOk({ method: "POST", path: profilesPath, body: inNamespace(sample.before) });
      const path = `${profilesPath}/${nameOf(sample.before)}`;
      const stored = await admin.expectOk({ method: "GET", path });
      const body = { ...stored, spec: sample.after["spec"] };
      const { body: answer } = await admin.request({ method: "PUT", path: path + query, body });
      expectRefusal(answer, sample.message);
      await admin.expectOk({ method: "DELETE", path });
    });
  });

  describe("lets the controller's account", () => {
    let account: KubeApi;

    beforeAll(() => {
      account = openKubeApi(deployed.kubeconfig);
    });

    describe("not, though RBAC cannot name a field,", () => {
      const profile = `${profilesPath}/guarded`;
      const spec = { roleName: "guarded", statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }] };
      const merge = "application/merge-patch+json";
      const changed = (body: object) => account.request({ method: "PATCH", path: profile, body, contentType: merge });

      beforeAll(async () => {
        const manifest = { apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfile", spec };
        const body = { ...manifest, metadata: { name: "guarded", namespace } };
        await admin.expectOk({ method: "POST", path: profilesPath, body });
        // The API server hears of a new policy by a watch.
        await vi.waitFor(
          async () => expect((await changed({ spec: { description: "x" } })).status).toBe(403),
          PATIENCE,
        );
      });
      afterAll(() => admin.request({ method: "DELETE", path: profile }));

      test.each([
        ["rewrite a spec", { spec: { description: "mine now" } }, "spec cannot change"],
        ["label an object", { metadata: { labels: { a: "b" } } }, "annotations and ownerReferences cannot change"],
        [
          "annotate an object",
          { metadata: { annotations: { a: "b" } } },
          "annotations and ownerReferences cannot change",
        ],
      ])("%s", async (_what, body, words) => {
        const { status, body: answer } = await changed(body);
        expect([status, answer["message"]]).toEqual([403, expect.stringContaining(words)]);
      });

      test("while finalizers and status are its own to write", async () => {
        const finalizer = { metadata: { finalizers: ["iam.instanceprofile.dev/cleanup"] } };
        expect((await changed(finalizer)).status).toBe(200);
        expect((await changed({ metadata: { finalizers: [] } })).status).toBe(200);
        const body = { status: { observedGeneration: 1 } };
        const patch = { method: "PATCH", path: `${profile}/status`, body, contentType: merge } as const;
        expect((await account.request(patch)).status).toBe(200);
      });
    });

    test.each([
      ["read secrets", { method: "GET", path: "/api/v1/secrets" }],
      ["read another namespace's uid", { method: "GET", path: "/api/v1/namespaces/default" }],
      ["list namespaces", { method: "GET", path: "/api/v1/namespaces" }],
      ["create an InstanceProfile", { method: "POST", path: profilesPath, body: {} }],
      ["replace an InstanceProfile", { method: "PUT", path: `${profilesPath}/app`, body: {} }],
      ["delete an InstanceProfile", { method: "DELETE", path: `${profilesPath}/app` }],
      [
        "change the CRD",
        {
          method: "PATCH",
          path: `${CRDS_PATH}/instanceprofiles.iam.instanceprofile.dev`,
          body: {},
          contentType: "application/merge-patch+json",
        },
      ],
      ["read events", { method: "GET", path: "/apis/events.k8s.io/v1/events" }],
    ] as const)("not %s", async (_what, request) => {
      expect((await account.request(request)).status).toBe(403);
    });

    // Only the audit log of an API server of our own tells what was asked, and only its requests are all of this test.
    describe("do the whole job,", { skip: !isClusterOurs || awsEndpoint === undefined }, () => {
      let controller: BackgroundProcess;
      const sample = listSamples().find(({ file }) => basename(file) === "s3-read-only.yaml");
      const path = `${profilesPath}/s3-read-only`;
      let since: Date;

      beforeAll(async () => {
        // A role that another test left would be somebody else's here.
        if (isAwsOurs) await resetMoto(awsEndpoint ?? "");
        // The first call to an account has moto load AWS's own policies, for longer than the controller waits for a reply.
        await outsider(awsEndpoint ?? "", "ListRoles", {});
        since = new Date();
        await admin.expectOk({ method: "POST", path: CLASSES_PATH, body: CLASS });
        const container = (theObject("Deployment")["spec"] as Pod).template.spec.containers[0];
        // What a pod finds in its own files.
        const inPod = ["--kubeconfig", deployed.kubeconfig, "--leader-elect-namespace", DEPLOYED_NAMESPACE];
        // A pod has its ports to itself.
        inPod.push("--health-probe-bind-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0");
        controller = startProcess(process.execPath, [PROGRAM, ...container.args, ...inPod], {
          logFile: join(folder, "controller.log"),
          env: {
            ...Object.fromEntries(container.env.map(({ name, value }) => [name, value])),
            AWS_ENDPOINT_URL: awsEndpoint,
            AWS_ACCESS_KEY_ID: "test",
            AWS_SECRET_ACCESS_KEY: "test",
          },
        });
      });
      afterAll(() => controller.stop());

      /** The object, once it is Ready in its present generation. */
      function untilReady(): Promise<KubeJson> {
        return controller.untilReady(async () => {
          const object = await admin.expectOk({ method: "GET", path });
          const { generation } = object["metadata"] as { readonly generation: number };
          const { observedGeneration } = (object["status"] ?? {}) as { readonly observedGeneration?: number };
          return generation === observedGeneration && conditions(object)["Ready"] === "True" ? object : undefined;
        }, PATIENCE.timeout);
      }

      test("from a manifest to the ARNs in its status", async () => {
        if (sample?.outcome !== "accepted") throw new Error("the sample s3-read-only is gone");
        await admin.expectOk({ method: "POST", path: profilesPath, body: inNamespace(sample.manifest) });
        expect((await untilReady())["status"]).toMatchObject({
          role: { arn: expect.stringMatching(/:role\/s3-read-only$/) },
          instanceProfile: { arn: expect.stringMatching(/:instance-profile\/s3-read-only$/) },
        });
      });

      test("an edit, and another like it that is the same event again", async () => {
        for (const description of ["reads every bucket", "reads all buckets"]) {
          const body = { spec: { description } };
          await admin.expectOk({ method: "PATCH", path, body, contentType: "application/merge-patch+json" });
          await untilReady();
        }
      });

      test("a deletion, and no object is left", async () => {
        await admin.expectOk({ method: "DELETE", path });
        await controller.untilReady(async () => {
          return (await admin.request({ method: "GET", path })).status === 404 ? true : undefined;
        }, PATIENCE.timeout);
      });

      test("lets the class go, of which there are no objects any more", async () => {
        const classPath = `${CLASSES_PATH}/${CLASS.metadata.name}`;
        await admin.expectOk({ method: "DELETE", path: classPath });
        await controller.untilReady(async () => {
          return (await admin.request({ method: "GET", path: classPath })).status === 404 ? true : undefined;
        }, PATIENCE.timeout);
      });

      test("and ends in order", async () => {
        await controller.stop();
        expect(controller.output()).toContain("controller stopped");
        expect(await controller.exited).toBe(0);
      });

      test("asking for exactly what its role allows, and refused nothing", async () => {
        await vi.waitFor(() => {
          const { asked, refused } = audited(auditLog ?? "", since);
          expect(refused).toEqual([]);
          // A server that streams lists is not asked for pages: those are for servers that do not.
          const unasked = KUBE_CALLS.map(callLine).filter((line) => !asked.includes(line));
          expect(asked.filter((line) => !KUBE_CALLS.map(callLine).includes(line))).toEqual([]);
          expect(unasked.filter((line) => !/\blist\b/.test(line))).toEqual([]);
        }, PATIENCE);
      });
    });
  });
});

interface Pod {
  readonly template: { readonly spec: { readonly containers: readonly [Container] } };
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** What we read of an audit.k8s.io/v1 Event. */
interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly requestReceivedTimestamp: string;
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly name?: string;
  };
}

/** Where the roles name the one object that may be asked for. */
const NAMED_CALLS = new Set(KUBE_CALLS.filter(({ name }) => name !== undefined).map(callLine));

/** What the controller's account asked for, each once, and what of it was refused. */
function audited(
  file: string,
  since: Date,
): { readonly asked: readonly string[]; readonly refused: readonly string[] } {
  const events = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user }) => user.username === DEPLOYED_USER)
    .filter(({ requestReceivedTimestamp }) => new Date(requestReceivedTimestamp) >= since);
  const refused = events.filter(({ responseStatus }) => responseStatus?.code === 403);
  return { asked: [...new Set(events.map(eventLine))].sort(), refused: refused.map(eventLine) };
}

function eventLine({ verb, requestURI, objectRef }: AuditEvent): string {
  if (objectRef === undefined) return `${verb} ${requestURI}`;
  const { apiGroup: group = "", resource: plural, subresource, name } = objectRef;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const isNamed = name !== undefined && NAMED_CALLS.has(callLine({ group, resource, verb, name }));
  return callLine({ group, resource, verb, ...(isNamed ? { name } : {}) });
}
