import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import manifest from "../../../package.json" with { type: "json" };
import { runCommand } from "../../../src/cli/commands/run-command.ts";
import { FLUSH_MS } from "../../../src/cli/controller/controller-process.ts";
import { DRAIN_MS, shardLeaseName } from "../../../src/cli/controller/election.ts";
import { attemptTimeoutMs, DEFAULT_ELECTION_TIMINGS } from "../../../src/runtime/election/leader-election-options.ts";
import { AdmissionPolicy } from "../../support/admission-policy.ts";
import { DEPLOY_FOLDER, type DeployedObject, deployedCrds, deployedObjects, theObject } from "./deployed-files.ts";
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

test("a namespace, what runs the controller in it and what guards it are deployed, and neither a secret nor a CRD", () => {
  const objects = deployedObjects().map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
  expect(objects).toEqual([
    `Namespace /${NAMESPACE}`,
    `ServiceAccount ${NAMESPACE}/${ACCOUNT}`,
    `ClusterRole /${ACCOUNT}`,
    `Role ${NAMESPACE}/${ACCOUNT}`,
    `ClusterRoleBinding /${ACCOUNT}`,
    `RoleBinding ${NAMESPACE}/${ACCOUNT}`,
    "ClusterRole /instance-profile-viewer",
    "ClusterRole /instance-profile-editor",
    `ValidatingAdmissionPolicy /${ACCOUNT}`,
    `ValidatingAdmissionPolicyBinding /${ACCOUNT}`,
    "ValidatingAdmissionPolicy /instance-profile-classes",
    "ValidatingAdmissionPolicyBinding /instance-profile-classes",
    `Deployment ${NAMESPACE}/${ACCOUNT}`,
    `PodDisruptionBudget ${NAMESPACE}/${ACCOUNT}`,
    `NetworkPolicy ${NAMESPACE}/${ACCOUNT}`,
  ]);
});

test.each([
  ["install.yaml", deployedObjects],
  ["crds.yaml", deployedCrds],
] as const)("%s holds what its folder deploys, object by object", (file, rendered) => {
  const text = readFileSync(join(DEPLOY_FOLDER, file), "utf8");
  const installed = parseAllDocuments(text).map((document) => document.toJS());
  expect(installed, "run: node scripts/install-yaml.ts").toEqual(rendered());
});

test("no overlay deploys a CRD, so that deleting one deletes no InstanceProfile", () => {
  const overlays = readdirSync(join(DEPLOY_FOLDER, "overlays")).map((name) => join(DEPLOY_FOLDER, "overlays", name));
  const kustomizations = [join(DEPLOY_FOLDER, "base"), DEPLOY_FOLDER, ...overlays].map((folder) =>
    readFileSync(join(folder, "kustomization.yaml"), "utf8"),
  );
  const resources = kustomizations.flatMap((text) => (parse(text) as { resources: readonly string[] }).resources);
  expect(resources.filter((resource) => /crd/i.test(resource))).toEqual([]);
  expect(deployedObjects().map(({ kind }) => kind)).not.toContain("CustomResourceDefinition");
});

test("the CRDs outlive a GitOps tool that prunes them or is uninstalled", () => {
  const annotations = {
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "helm.sh/resource-policy": "keep",
  };
  expect(deployedCrds().map(({ metadata }) => metadata)).toEqual([
    { name: "instanceprofiles.iam.instanceprofile.dev", annotations },
    { name: "instanceprofileclasses.iam.instanceprofile.dev", annotations },
  ]);
});

test("every manifest of the base is deployed", () => {
  const folder = join(DEPLOY_FOLDER, "base");
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml") && !name.startsWith("kustomiz"));
  const kustomization = readFileSync(join(folder, "kustomization.yaml"), "utf8");
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
  const releaseMs = attemptTimeoutMs(DEFAULT_ELECTION_TIMINGS);
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

test("JavaScript's heap leaves 100 MiB of the memory limit for the rest of the program", () => {
  const { env, resources } = theContainer();
  const dockerfile = readFileSync(join(DEPLOY_FOLDER, "../Dockerfile"), "utf8");
  const percentage = Number(/^ENTRYPOINT .*"--max-old-space-size-percentage=(\d+)"/m.exec(dockerfile)?.[1]);
  const limitMiB = Number(/^(\d+)Mi$/.exec(resources.limits["memory"] ?? "")?.[1]);
  expect(limitMiB - (limitMiB * percentage) / 100).toBeGreaterThan(100);
  expect(env.map(({ name }) => name)).not.toContain("NODE_OPTIONS");
  expect(resources.requests["memory"]).toBe(resources.limits["memory"]);
});

test("the kubelet asks the port that the controller listens on, for the pages that it has", () => {
  const container = theContainer() as Container & Readonly<Record<string, unknown>>;
  const ports = container["ports"] as readonly { readonly name: string; readonly containerPort: number }[];
  const addressOf = (option: string) => container.args.find((arg) => arg.startsWith(`--${option}=`))?.split("=")[1];
  const portOf = (name: string) => `:${ports.find((port) => port.name === name)?.containerPort}`;
  expect(addressOf("health-probe-bind-address")).toBe(portOf("probes"));
  expect(addressOf("metrics-bind-address")).toBe(portOf("metrics"));
  const pages = ["startupProbe", "readinessProbe", "livenessProbe"].map((probe) => container[probe]);
  expect(pages).toEqual(
    ["/readyz", "/readyz", "/healthz"].map((path) => expect.objectContaining({ httpGet: { path, port: "probes" } })),
  );
});

test("a drain takes one replica at a time, and the replicas spread over nodes and zones", () => {
  const pods = deployment().selector;
  expect(theObject("PodDisruptionBudget")["spec"]).toMatchObject({ maxUnavailable: 1, selector: pods });
  const { topologySpreadConstraints } = deployment().template.spec as unknown as {
    readonly topologySpreadConstraints: readonly { readonly topologyKey: string; readonly labelSelector: unknown }[];
  };
  const keys = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];
  expect(topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual(keys);
  for (const { labelSelector } of topologySpreadConstraints) expect(labelSelector).toEqual(pods);
});

test("of the network nothing comes in but for metrics", () => {
  const spec = theObject("NetworkPolicy")["spec"] as {
    readonly ingress: readonly { readonly ports: readonly { readonly port: unknown }[]; readonly from: unknown }[];
  };
  expect(spec).toMatchObject({ podSelector: deployment().selector, policyTypes: ["Ingress", "Egress"] });
  expect(spec.ingress).toHaveLength(1);
  expect(spec.ingress[0]?.ports.map(({ port }) => port)).toEqual(["metrics"]);
});

test("people get at InstanceProfiles by the built-in roles: view reads, edit writes, nobody writes status", () => {
  const roles = deployedObjects().filter(({ metadata }) => /-(viewer|editor)$/.test(metadata.name));
  const into = (role: DeployedObject) =>
    Object.keys(role.metadata.labels ?? {}).flatMap((label) => /aggregate-to-(\w+)$/.exec(label)?.[1] ?? []);
  expect(roles.map((role) => [into(role), allowedCalls(role).map(callLine)])).toEqual([
    [["view", "edit", "admin"], expect.arrayContaining(["get iam.instanceprofile.dev/instanceprofiles"])],
    [["edit", "admin"], expect.arrayContaining(["create iam.instanceprofile.dev/instanceprofiles"])],
  ]);
  const writes = roles.flatMap(allowedCalls).filter(({ verb }) => !["get", "list", "watch"].includes(verb));
  expect(writes.filter(({ resource }) => resource.includes("/"))).toEqual([]);
});

test("the overlay for a dry run adds --dry-run to the base, and nothing else", () => {
  const text = readFileSync(join(DEPLOY_FOLDER, "overlays/dry-run/kustomization.yaml"), "utf8");
  const { resources, patches } = parse(text) as {
    resources: unknown;
    patches: readonly { target: unknown; patch: string }[];
  };
  expect(resources).toEqual(["../../base"]);
  expect(patches.map(({ target }) => target)).toEqual([{ kind: "Deployment", name: ACCOUNT }]);
  expect(patches.flatMap(({ patch }) => parse(patch))).toEqual([
    { op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--dry-run" },
  ]);
  expect(Object.keys(runCommand.options)).toContain("dry-run");
});

test("the sharded overlay allows the Lease of each shard that its option names, and gives replicas the time to end", () => {
  const text = readFileSync(join(DEPLOY_FOLDER, "overlays/sharded/kustomization.yaml"), "utf8");
  const { resources, patches } = parse(text) as {
    resources: unknown;
    patches: readonly { target: { kind: string }; patch: string }[];
  };
  expect(resources).toEqual(["../../base"]);
  const operationsOn = (kind: string): Readonly<Record<string, unknown>> => {
    const operations = patches.filter(({ target }) => target.kind === kind).flatMap(({ patch }) => parse(patch));
    return Object.fromEntries(operations.map(({ path, value }) => [path, value]));
  };
  const deployed = operationsOn("Deployment");
  const [, shards] = /^--shards=(\d+)$/.exec(String(deployed["/spec/template/spec/containers/0/args/-"])) ?? [];
  const names = Array.from({ length: Number(shards) }, (_, shard) => shardLeaseName(ACCOUNT, shard));
  expect(names.length).toBeGreaterThan(1);
  expect(operationsOn("Role")).toEqual({ "/rules/0/resourceNames": [ACCOUNT, ...names] });
  expect((theObject("Role")["rules"] as readonly Rule[])[0]?.resourceNames).toEqual([ACCOUNT]);
  const graceMs = Number(deployed["/spec/template/spec/terminationGracePeriodSeconds"]) * 1_000;
  // The Leases of the shards together, then that of the group.
  expect(graceMs).toBeGreaterThan(DRAIN_MS + 2 * attemptTimeoutMs(DEFAULT_ELECTION_TIMINGS) + FLUSH_MS);
});

describe("the hardened overlay", () => {
  const folder = join(DEPLOY_FOLDER, "overlays/hardened");
  const kustomization = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as {
    readonly resources: readonly string[];
    readonly patches: readonly { readonly target: object; readonly patch: string }[];
  };
  const [policy, binding] = parseAllDocuments(readFileSync(join(folder, "boundary-policy.yaml"), "utf8")).map((one) =>
    one.toJS(),
  );

  test("runs the controller of the base with options that run knows, and requires classes", () => {
    expect(kustomization.resources).toEqual(["../../base", "boundary-policy.yaml"]);
    expect(kustomization.patches.map(({ target }) => target)).toEqual([{ kind: "Deployment", name: ACCOUNT }]);
    const operations = kustomization.patches.flatMap(({ patch }) => parse(patch)) as readonly {
      readonly op: string;
      readonly path: string;
      readonly value: string;
    }[];
    for (const { op, path } of operations) {
      expect([op, path]).toEqual(["add", "/spec/template/spec/containers/0/args/-"]);
    }
    const options = operations.map(({ value }) => value);
    expect(options).toContain("--require-class");
    const known = Object.keys(runCommand.options).map((name) => `--${name}`);
    expect(known).toEqual(expect.arrayContaining(options.map((option) => option.split("=")[0])));
  });

  test("refuses a class without a boundary, and leaves alone what of a class is not its spec", () => {
    expect(binding.spec).toEqual({ policyName: policy.metadata.name, validationActions: ["Deny"] });
    const admission = new AdmissionPolicy(policy.spec);
    const aClassWith = (spec: object, metadata: object = {}) => ({ metadata: { name: "readers", ...metadata }, spec });
    const refusals = (object: ReturnType<typeof aClassWith>, oldObject?: ReturnType<typeof aClassWith>) =>
      admission.refusals({
        object,
        ...(oldObject !== undefined && { oldObject }),
        params: {},
        operation: oldObject === undefined ? "CREATE" : "UPDATE",
      });
    const bounded = { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/k8s-boundary" };
    const refused = [expect.stringMatching(/^spec\.permissionsBoundaryArn is not set/)];
    expect(refusals(aClassWith(bounded))).toEqual([]);
    expect(refusals(aClassWith({}))).toEqual(refused);
    expect(refusals(aClassWith({}), aClassWith(bounded))).toEqual(refused);
    // Else the controller could not take its finalizer off, and the class would stay.
    expect(refusals(aClassWith({}, { finalizers: [] }), aClassWith({}, { finalizers: ["x"] }))).toBeUndefined();
  });
});

test("in one namespace the controller is allowed the same of InstanceProfiles, and of the cluster its classes and its CRD alone", () => {
  const folder = join(DEPLOY_FOLDER, "overlays/single-namespace");
  const text = readFileSync(join(folder, "role.yaml"), "utf8");
  const documents = parseAllDocuments(text).map((document) => document.toJS() as DeployedObject);
  const [role, classRole] = documents as [DeployedObject, DeployedObject];
  const clusterWide = allowedCalls(theObject("ClusterRole")).filter(({ resource }) => resource !== "namespaces");
  const clusterScoped = /^(?:instanceprofileclasses|customresourcedefinitions)/;
  const ofCluster = clusterWide.filter(({ resource }) => clusterScoped.test(resource));
  const ofObjects = clusterWide.filter((call) => !ofCluster.includes(call));
  expect(allowedCalls(role).map(callLine).sort()).toEqual(ofObjects.map(callLine).sort());
  expect(allowedCalls(classRole).map(callLine).sort()).toEqual(ofCluster.map(callLine).sort());
  expect(documents.map(({ kind }) => kind)).toEqual(["Role", "ClusterRole", "ClusterRoleBinding", "RoleBinding"]);
  for (const binding of documents.slice(2)) expect(binding["subjects"]).toEqual(theObject("RoleBinding")["subjects"]);
  const { patches } = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as {
    readonly patches: readonly { readonly target: { readonly kind: string }; readonly patch: string }[];
  };
  const deleted = patches.filter(({ patch }) => patch.startsWith("$patch: delete")).map(({ target }) => target.kind);
  // Deleting the overlay must not delete the namespace, which holds the objects.
  expect(deleted).toEqual(["Namespace", "ClusterRole", "ClusterRoleBinding"]);
});
