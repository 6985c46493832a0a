/** One kind of request to the API server, in RBAC's terms. */
export interface KubeCall {
  /** Empty for the core group. */
  readonly group: string;
  /** `plural` or `plural/subresource`. */
  readonly resource: string;
  readonly verb: string;
  /** The one object that is asked for, where it is always the same. */
  readonly name?: string;
}

const GROUP = "iam.instanceprofile.dev";

/**
 * All that the controller asks of the API server. deploy/base/rbac.yaml allows exactly this (manifests.test.ts), and the
 * controller does exactly this (test/e2e/control-plane.test.ts, from the API server's audit log).
 */
export const KUBE_CALLS: readonly KubeCall[] = [
  // src/kube/list-watch.ts
  { group: GROUP, resource: "instanceprofiles", verb: "list" },
  { group: GROUP, resource: "instanceprofiles", verb: "watch" },
  // src/controller/reconcile/reconciler.ts: the last look before AWS is written; the finalizer
  { group: GROUP, resource: "instanceprofiles", verb: "get" },
  { group: GROUP, resource: "instanceprofiles", verb: "patch" },
  // src/controller/reconcile/status-writer.ts
  { group: GROUP, resource: "instanceprofiles/status", verb: "patch" },
  // src/controller/classes/class-controller.ts: its reflector; the finalizer and the status of a class
  { group: GROUP, resource: "instanceprofileclasses", verb: "list" },
  { group: GROUP, resource: "instanceprofileclasses", verb: "watch" },
  { group: GROUP, resource: "instanceprofileclasses", verb: "patch" },
  { group: GROUP, resource: "instanceprofileclasses/status", verb: "patch" },
  // src/kube/event-publisher.ts: an event, and the count of one that comes again
  { group: "events.k8s.io", resource: "events", verb: "create" },
  { group: "events.k8s.io", resource: "events", verb: "patch" },
  // src/kube/lease-client.ts: in the controller's own namespace
  { group: "coordination.k8s.io", resource: "leases", verb: "get", name: "instance-profile-controller" },
  { group: "coordination.k8s.io", resource: "leases", verb: "patch", name: "instance-profile-controller" },
  { group: "coordination.k8s.io", resource: "leases", verb: "create" },
  // src/kube/crd-reader.ts: before the deletion of an object deletes anything in AWS
  {
    group: "apiextensions.k8s.io",
    resource: "customresourcedefinitions",
    verb: "get",
    name: "instanceprofiles.iam.instanceprofile.dev",
  },
  // src/kube/cluster-id.ts
  { group: "", resource: "namespaces", verb: "get", name: "kube-system" },
];

/** A call as one line, for comparing sets of them. */
export function callLine({ group, resource, verb, name }: KubeCall): string {
  return `${verb} ${group === "" ? "core" : group}/${resource}${name === undefined ? "" : ` ${name}`}`;
}
