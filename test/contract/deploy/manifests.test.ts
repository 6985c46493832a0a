import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { DRAIN_MS, FLUSH_MS } from "../../../src/cli/controller-process.ts";
import { attemptTimeoutMs, defaultElectionTimings } from "../../../src/runtime/leader-election-timings.ts";
import { DEPLOY_FOLDER, type DeployedObject, deployedObjects, theObject } from "./deployed-files.ts";
import { callLine, KUBE_CALLS, type KubeCall } from "./kube-calls.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly resources: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>>>>;
  readonly securityContext: unknown;
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: unknown;
  readonly containers: readonly Container[];
  readonly volumes?: unknown;
}

interface Deployment {
  readonly replicas: number;
  readonly strategy: unknown;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: PodSpec;
  };
}

const NAMESPACE = "instance-profile-system";
const ACCOUNT = "instance-profile-controller";

function allowedCalls(role: DeployedObject): readonly KubeCall[] {
  return (role["rules"] as readonly Rule[]).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames === undefined
            ? [{ group, resource, verb }]
            : resourceNames.map((name) => ({ group, resource, verb, name })),
        ),
      ),
    ),
  );
}

function deployment(): Deployment {
  return theObject("Deployment")["spec"] as Deployment;
}

function theContainer(): Container {
  const [container, ...others] = deployment().template.spec.containers;
  if (container === undefined || others.length > 0) throw new Error("not one container but more or none");
  return container;
}

test("the CRD, a namespace and what runs the controller in it are deployed, and no secret", () => {
  const objects = deployedObjects().map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
  expect(objects).toEqual([
    "CustomResourceDefinition /instanceprofiles.iam.instanceprofile.dev",
    `Namespace /${NAMESPACE}`,
    `ServiceAccount ${NAMESPACE}/${ACCOUNT}`,
    `ClusterRole /${ACCOUNT}`,
    `Role ${NAMESPACE}/${ACCOUNT}`,
    `ClusterRoleBinding /${ACCOUNT}`,
    `RoleBinding ${NAMESPACE}/${ACCOUNT}`,
    `Deployment ${NAMESPACE}/${ACCOUNT}`,
  ]);
});

test("every manifest of the folder is deployed", () => {
  const files = readdirSync(DEPLOY_FOLDER).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
  const kustomization = readFileSync(join(DEPLOY_FOLDER, "kustomization.yaml"), "utf8");
  expect(files.filter((file) => !kustomization.includes(`- ${file}\n`))).toEqual([]);
});

test("the roles allow exactly the requests that the controller makes", () => {
  const allowed = ["ClusterRole", "Role"].flatMap((kind) => allowedCalls(theObject(kind)).map(callLine));
  expect(allowed.toSorted()).toEqual(KUBE_CALLS.map(callLine).sort());
});

test("the roles are bound to the account that the pod runs as, and to no other", () => {
  for (const kind of ["ClusterRole", "Role"]) {
    const binding = theObject(`${kind}Binding`);
    expect(binding["roleRef"]).toEqual({ apiGroup: "rbac.authorization.k8s.io", kind, name: ACCOUNT });
    expect(binding["subjects"]).toEqual([{ kind: "ServiceAccount", name: ACCOUNT, namespace: NAMESPACE }]);
  }
  expect(deployment().template.spec.serviceAccountName).toBe(ACCOUNT);
});

test("the pod meets the restricted Pod Security Standard that its namespace enforces", () => {
  expect(theObject("Namespace").metadata).toMatchObject({
    labels: { "pod-security.kubernetes.io/enforce": "restricted" },
  });
  expect(deployment().template.spec.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(theContainer().securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

test("a second controller stands by, and they elect the one that works", () => {
  expect(deployment()).toMatchObject({ replicas: 2, strategy: { type: "RollingUpdate" } });
  expect(theContainer().args).toContain("--leader-elect");
});

test("the pod is given the time that the controller takes to end", () => {
  const releaseMs = attemptTimeoutMs(defaultElectionTimings);
  const graceMs = deployment().template.spec.terminationGracePeriodSeconds * 1_000;
  expect(graceMs).toBeGreaterThan(DRAIN_MS + releaseMs + FLUSH_MS);
});

test("the pod never uses the node's AWS credentials, and holds none in its manifest", () => {
  const { env } = theContainer();
  const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  expect(values).toMatchObject({ AWS_EC2_METADATA_DISABLED: "true", AWS_STS_REGIONAL_ENDPOINTS: "regional" });
  expect(env.filter(({ name, valueFrom }) => valueFrom !== undefined || /SECRET|TOKEN|ACCESS_KEY/.test(name))).toEqual(
    [],
  );
  expect(deployment().template.spec.volumes).toBeUndefined();
});

test("the pod selects itself, and the image is of this version", () => {
  const { selector, template } = deployment();
  expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  expect(theContainer().image).toBe(`${manifest.name}:${manifest.version}`);
});

test("JavaScript's heap is kept at three quarters of the memory limit", () => {
  const { env, resources } = theContainer();
  const limitMi = Number(/^(\d+)Mi$/.exec(resources.limits["memory"] ?? "")?.[1]);
  const options = env.find(({ name }) => name === "NODE_OPTIONS")?.value;
  expect(options).toBe(`--max-old-space-size=${limitMi * 0.75}`);
  expect(resources.requests["memory"]).toBe(resources.limits["memory"]);
});
