import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { ATTEMPTS, type Attempt, CLASS_SPEC, METADATA_BEFORE, PROFILE_SPEC } from "../adversary/admission/attempts.ts";
import { CRDS_FOLDER, DEPLOY_FOLDER, type DeployedObject } from "../contract/deploy/deployed-files.ts";
import { type ControlPlane, findControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type KubeApi, openKubeApi } from "../support/kube-api.ts";
import { serviceAccountToken, writeKubeconfig } from "../support/kubeconfig.ts";

const source = findControlPlane(process.env);
const hasKubectl = spawnSync("kubectl", ["version", "--client"]).error === undefined;
const API = "/apis/iam.instanceprofile.dev/v1beta1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const TEAM = "team-a";
const PATIENCE = { timeout: 30_000, interval: 100 };

/** How operators make the deployment their own. */
const OVERLAYS = [
  { name: "a name prefix", namePrefix: "prod-" },
  { name: "another namespace", namespace: "platform" },
  {
    name: "a name prefix, a name suffix and another namespace",
    namePrefix: "b-",
    nameSuffix: "-2",
    namespace: "other",
  },
];

const patchOf = (attempt: Attempt) => ({
  method: "PATCH" as const,
  path:
    attempt.of === "instanceprofiles"
      ? `${API}/namespaces/${TEAM}/instanceprofiles/guarded?dryRun=All`
      : `${API}/instanceprofileclasses/guarded?dryRun=All`,
  body: attempt.patch,
  contentType: "application/merge-patch+json",
});

describe.each(OVERLAYS)("the deployment with $name", { skip: source.kind !== "assets" || !hasKubectl }, (overlay) => {
  let controlPlane: ControlPlane;
  let folder: string;
  let admin: KubeApi;
  let objects: readonly DeployedObject[];

  const named = (kind: string, part: string): DeployedObject => {
    const found = objects.find((one) => one.kind === kind && one.metadata.name.includes(part));
    if (found === undefined) throw new Error(`no ${kind} ${part} is deployed`);
    return found;
  };

  /** Who calls as this service account. */
  async function caller(namespace: string, name: string): Promise<KubeApi> {
    return openKubeApi(await writeKubeconfig(folder, admin, await serviceAccountToken(admin, namespace, name)));
  }

  /** A service account of a team with the rules or the ClusterRole in its namespace. */
  async function member(name: string, roleName: string): Promise<KubeApi> {
    const metadata = { name, namespace: TEAM };
    await admin.expectOk({ method: "POST", path: `/api/v1/namespaces/${TEAM}/serviceaccounts`, body: { metadata } });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName };
    const body = { metadata, roleRef, subjects: [{ kind: "ServiceAccount", name, namespace: TEAM }] };
    await admin.expectOk({ method: "POST", path: `${RBAC}/namespaces/${TEAM}/rolebindings`, body });
    return caller(TEAM, name);
  }

  beforeAll(async () => {
    if (source.kind !== "assets") return;
    controlPlane = await startControlPlane({ assetsDir: source.assetsDir });
    admin = openKubeApi(controlPlane.adminKubeconfig);
    folder = await mkdtemp(join(tmpdir(), "overlay-"));
    const { name: _, ...change } = overlay;
    const kustomization = { resources: [relative(folder, DEPLOY_FOLDER)], ...change };
    await writeFile(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    const rendered = spawnSync("kubectl", ["kustomize", folder], { encoding: "utf8", maxBuffer: 2 ** 26 });
    objects = parseAllDocuments(rendered.stdout).map((document) => document.toJS() as DeployedObject);
    const args = ["--kubeconfig", controlPlane.adminKubeconfig, "apply", "--server-side"];
    const crds = spawnSync("kubectl", [...args, "-k", CRDS_FOLDER], { encoding: "utf8" });
    expect([crds.status, crds.stderr]).toEqual([0, ""]);
    const applied = spawnSync("kubectl", [...args, "-f", "-"], { encoding: "utf8", input: rendered.stdout });
    expect([applied.status, applied.stderr]).toEqual([0, ""]);
    await admin.expectOk({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: TEAM } } });
    const made = (kind: string, spec: object) => ({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind,
      metadata: { name: "guarded", ...METADATA_BEFORE },
      spec,
    });
    const profiles = `${API}/namespaces/${TEAM}/instanceprofiles`;
    await vi.waitFor(
      () => admin.expectOk({ method: "POST", path: profiles, body: made("InstanceProfile", PROFILE_SPEC) }),
      PATIENCE,
    );
    const classes = `${API}/instanceprofileclasses`;
    await admin.expectOk({ method: "POST", path: classes, body: made("InstanceProfileClass", CLASS_SPEC) });
  });
  afterAll(async () => {
    await controlPlane?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  test("binds each admission policy by the name that it has now", () => {
    const ofKind = (kind: string) => objects.filter((one) => one.kind === kind);
    const bound = ofKind("ValidatingAdmissionPolicyBinding").map(
      ({ spec }) => (spec as { policyName: string }).policyName,
    );
    const names = ofKind("ValidatingAdmissionPolicy").map(({ metadata }) => metadata.name);
    expect(names.length).toBeGreaterThan(1);
    expect(bound.toSorted()).toEqual(names.toSorted());
  });

  describe("gives the controller's own account, when it tries to", () => {
    let account: KubeApi;

    beforeAll(async () => {
      const { name, namespace = "" } = named("ServiceAccount", "instance-profile-controller").metadata;
      expect(`${namespace}/${name}`).not.toBe("instance-profile-system/instance-profile-controller");
      account = await caller(namespace, name);
      const [grant] = ATTEMPTS;
      if (grant === undefined) throw new Error("there are no attempts");
      // The API server hears of roles and policies by watches.
      await vi.waitFor(async () => {
        const { status, body } = await account.request(patchOf(grant));
        expect([status, body["message"]]).toEqual([403, expect.stringContaining("spec cannot change")]);
      }, PATIENCE);
    });

    test.for(ATTEMPTS)("$what ($of), the answer it must get", async (attempt) => {
      const { status, body } = await account.request(patchOf(attempt));
      const policy = named("ValidatingAdmissionPolicy", "instance-profile-controller").metadata.name;
      if (attempt.refusal === undefined) expect([status, body["message"]]).toEqual([200, undefined]);
      else {
        const words = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${attempt.refusal}`;
        expect([status, body["message"]]).toEqual([403, expect.stringContaining(words)]);
      }
    });

    test("no creation, update or deletion at all", async () => {
      const path = `${API}/namespaces/${TEAM}/instanceprofiles`;
      const apply = { contentType: "application/apply-patch+yaml", method: "PATCH" } as const;
      const body = {
        apiVersion: "iam.instanceprofile.dev/v1beta1",
        kind: "InstanceProfile",
        metadata: { name: "new", namespace: TEAM },
        spec: PROFILE_SPEC,
      };
      const guarded = await admin.expectOk({ method: "GET", path: `${path}/guarded` });
      const answers = [
        await account.request({ method: "POST", path, body }),
        await account.request({ ...apply, path: `${path}/new?fieldManager=any`, body }),
        await account.request({ method: "PUT", path: `${path}/guarded`, body: guarded }),
        await account.request({ method: "DELETE", path: `${path}/guarded` }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    });

    test("the writes of its job", async () => {
      const status = { status: { observedGeneration: 1 } };
      const path = `${API}/namespaces/${TEAM}/instanceprofiles/guarded/status`;
      const contentType = "application/merge-patch+json";
      expect((await account.request({ method: "PATCH", path, body: status, contentType })).status).toBe(200);
    });
  });

  describe("lets", () => {
    test.for(ATTEMPTS)("an administrator $what ($of)", async (attempt) => {
      const { status, body } = await admin.request(patchOf(attempt));
      expect([status, body["message"]]).toEqual([200, undefined]);
    });

    test("an author with the shipped role, and a pipeline that may create and patch, write specs", async () => {
      const rules = [{ apiGroups: ["iam.instanceprofile.dev"], resources: ["*"], verbs: ["get", "create", "patch"] }];
      await admin.expectOk({
        method: "POST",
        path: `${RBAC}/clusterroles`,
        body: { metadata: { name: "pipeline" }, rules },
      });
      const members = [
        await member("author", named("ClusterRole", "instance-profile-editor").metadata.name),
        await member("pipeline", "pipeline"),
      ];
      for (const api of members) {
        for (const attempt of ATTEMPTS.filter(({ of }) => of === "instanceprofiles")) {
          await vi.waitFor(async () => {
            const { status, body } = await api.request(patchOf(attempt));
            expect([attempt.what, status, body["message"]]).toEqual([attempt.what, 200, undefined]);
          }, PATIENCE);
        }
      }
    });
  });
});
