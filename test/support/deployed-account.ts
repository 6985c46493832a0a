import { type DeployedObject, deployedCrds, deployedObjects } from "../contract/deploy/deployed-files.ts";
import { eventually } from "./eventually.ts";
import { type KubeApi, openKubeApi } from "./kube-api.ts";
import { serviceAccountToken, writeKubeconfig } from "./kubeconfig.ts";

/** The controller's account as `deploy/` makes it. */
export interface DeployedAccount {
  /** Of the controller's service account, with what the shipped RBAC allows it and no more. */
  readonly kubeconfig: string;
  /** Removes it from a cluster that is not the run's own; the CRD stays, for with it would go every InstanceProfile. */
  remove(): Promise<void>;
}

/** Where it lives. */
export const DEPLOYED_NAMESPACE = "instance-profile-system";
const SYSTEM = DEPLOYED_NAMESPACE;
const ACCOUNT = "instance-profile-controller";
/** The name by which the API server knows it. */
export const DEPLOYED_USER = `system:serviceaccount:${SYSTEM}:${ACCOUNT}`;

const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const PATHS: Readonly<Record<string, string>> = {
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  Namespace: "/api/v1/namespaces",
  ServiceAccount: `/api/v1/namespaces/${SYSTEM}/serviceaccounts`,
  ClusterRole: `${RBAC}/clusterroles`,
  ClusterRoleBinding: `${RBAC}/clusterrolebindings`,
  Role: `${RBAC}/namespaces/${SYSTEM}/roles`,
  RoleBinding: `${RBAC}/namespaces/${SYSTEM}/rolebindings`,
  ValidatingAdmissionPolicy: `${ADMISSION}/validatingadmissionpolicies`,
  ValidatingAdmissionPolicyBinding: `${ADMISSION}/validatingadmissionpolicybindings`,
  PodDisruptionBudget: `/apis/policy/v1/namespaces/${SYSTEM}/poddisruptionbudgets`,
  NetworkPolicy: `/apis/networking.k8s.io/v1/namespaces/${SYSTEM}/networkpolicies`,
};
const SERVED_WITHIN = { timeoutMs: 20_000, intervalMs: 50 };

/**
 * Applies `crds/` and `deploy/` but for the Deployment (the tests are the pod), and asks for a token of the account.
 *
 * Errors: a cluster of somebody that has the controller's namespace already.
 */
export async function deployAccount(
  admin: KubeApi,
  { folder, isClusterOurs }: { readonly folder: string; readonly isClusterOurs: boolean },
): Promise<DeployedAccount> {
  const namespace = await admin.request({ method: "GET", path: `/api/v1/namespaces/${SYSTEM}` });
  if (!isClusterOurs && namespace.status === 200) {
    throw new Error(`this cluster has a namespace ${SYSTEM} already: name one for tests, or delete it`);
  }
  const objects = deployedObjects().filter(({ kind }) => kind !== "Deployment");
  for (const object of [...deployedCrds(), ...objects]) await apply(admin, object);
  const served = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofiles?limit=1";
  await eventually(() => admin.expectOk({ method: "GET", path: served }), SERVED_WITHIN);
  const kubeconfig = await writeKubeconfig(folder, admin, await serviceAccountToken(admin, SYSTEM, ACCOUNT));
  const account = openKubeApi(kubeconfig);
  // The authorizer hears of new roles by a watch.
  await eventually(() => account.expectOk({ method: "GET", path: served }), SERVED_WITHIN);
  return {
    kubeconfig,
    async remove() {
      if (!isClusterOurs) await remove(admin, objects);
    },
  };
}

/** Gives the account in this namespace what it has in its own, so that leaders can be elected on a Lease there too. */
export async function grantElection(
  admin: KubeApi,
  namespace: string,
  objects: readonly DeployedObject[] = deployedObjects(),
): Promise<void> {
  for (const object of objects.filter(({ kind }) => kind === "Role" || kind === "RoleBinding")) {
    const path = `${pathOf(object).replace(`/${SYSTEM}/`, `/${namespace}/`)}?fieldManager=e2e&force=true`;
    const body = { ...object, metadata: { ...object.metadata, namespace } };
    await admin.expectOk({ method: "PATCH", path, body, contentType: "application/apply-patch+yaml" });
  }
}

async function apply(admin: KubeApi, object: DeployedObject): Promise<void> {
  const path = `${pathOf(object)}?fieldManager=e2e&force=true&fieldValidation=Strict`;
  await admin.expectOk({ method: "PATCH", path, body: object, contentType: "application/apply-patch+yaml" });
}

async function remove(admin: KubeApi, objects: readonly DeployedObject[]): Promise<void> {
  for (const object of objects.toReversed()) await admin.request({ method: "DELETE", path: pathOf(object) });
  const gone = async (): Promise<void> => {
    const { status } = await admin.request({ method: "GET", path: `/api/v1/namespaces/${SYSTEM}` });
    if (status !== 404) throw new Error(`namespace ${SYSTEM} is still there`);
  };
  await eventually(gone, { timeoutMs: 60_000, intervalMs: 500 });
}

function pathOf({ kind, metadata }: DeployedObject): string {
  const collection = PATHS[kind];
  if (collection === undefined) throw new Error(`deploy/ has a ${kind}, and this file does not know where they live`);
  return `${collection}/${metadata.name}`;
}
