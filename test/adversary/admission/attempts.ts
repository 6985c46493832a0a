import { FINALIZER as OWN } from "../../../src/controller/finalizer.ts";

/** A change of an object that exists, as a merge patch, and what must become of it when an account tries that may only patch. */
export interface Attempt {
  readonly what: string;
  readonly of: "instanceprofiles" | "instanceprofileclasses";
  readonly patch: Readonly<Record<string, unknown>>;
  /** The words of the refusal; undefined: it is let through. */
  readonly refusal?: string;
}

const KEPT = "example.com/kept";
const SPEC = "spec cannot change";
const METADATA = "metadata.labels, annotations and ownerReferences cannot change";
const FINALIZERS = "metadata.finalizers of others cannot change";

/** What each object of the attempts has before: a label, an annotation, and somebody else's finalizer. */
export const METADATA_BEFORE = {
  labels: { team: "a" },
  annotations: { "example.com/note": "kept" },
  finalizers: [KEPT],
};

/** The InstanceProfile before. */
export const PROFILE_SPEC = {
  roleName: "guarded",
  statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }],
};

/** The class before. */
export const CLASS_SPEC = {
  account: { id: "123456789012" },
  namespaces: ["team-a"],
  allowedActions: ["s3:Get*"],
};

const owner = { apiVersion: "v1", kind: "ConfigMap", name: "any", uid: "00000000-0000-0000-0000-000000000000" };
const grants = { statements: [{ effect: "Allow", actions: ["*"], resources: ["*"] }] };
const reads = (resources: readonly string[]) => ({
  statements: [{ effect: "Allow", actions: ["s3:Get*"], resources }],
});

const ofProfiles: readonly Omit<Attempt, "of">[] = [
  { what: "grant everything", patch: { spec: grants }, refusal: SPEC },
  { what: "widen a resource list", patch: { spec: reads(["*", "arn:aws:s3:::more"]) }, refusal: SPEC },
  { what: "set a field that was unset", patch: { spec: { description: "mine" } }, refusal: SPEC },
  { what: "lengthen sessions", patch: { spec: { maxSessionDurationSeconds: 43_200 } }, refusal: SPEC },
  { what: "adopt what exists", patch: { spec: { adoptionPolicy: "IfExists" } }, refusal: SPEC },
  { what: "suspend an object", patch: { spec: { suspend: true } }, refusal: SPEC },
  { what: "keep the role at deletion", patch: { spec: { deletionPolicy: "Retain" } }, refusal: SPEC },
  {
    what: "open the trust policy",
    patch: { spec: { trust: { services: ["lambda.amazonaws.com"] } } },
    refusal: SPEC,
  },
  {
    what: "hide a change of spec behind its own finalizer",
    patch: { metadata: { finalizers: [KEPT, OWN] }, spec: grants },
    refusal: SPEC,
  },
  {
    what: "force a deletion",
    patch: { metadata: { annotations: { "iam.instanceprofile.dev/force-delete": "true" } } },
    refusal: METADATA,
  },
];

const ofClasses: readonly Omit<Attempt, "of">[] = [
  { what: "allow every action", patch: { spec: { allowedActions: ["*"] } }, refusal: SPEC },
  { what: "let another namespace in", patch: { spec: { namespaces: ["*"] } }, refusal: SPEC },
  { what: "strip what violates it", patch: { spec: { onViolation: "Strip" } }, refusal: SPEC },
  {
    what: "become the default class",
    patch: { metadata: { annotations: { "iam.instanceprofile.dev/is-default-class": "true" } } },
    refusal: METADATA,
  },
];

const ofBoth: readonly Omit<Attempt, "of">[] = [
  {
    what: "add a label",
    patch: { metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "x" } } },
    refusal: METADATA,
  },
  { what: "remove a label", patch: { metadata: { labels: { team: null } } }, refusal: METADATA },
  { what: "change a label", patch: { metadata: { labels: { team: "b" } } }, refusal: METADATA },
  { what: "add an annotation", patch: { metadata: { annotations: { a: "b" } } }, refusal: METADATA },
  {
    what: "remove an annotation",
    patch: { metadata: { annotations: { "example.com/note": null } } },
    refusal: METADATA,
  },
  { what: "add an owner", patch: { metadata: { ownerReferences: [owner] } }, refusal: METADATA },
  { what: "remove somebody else's finalizer", patch: { metadata: { finalizers: [] } }, refusal: FINALIZERS },
  { what: "replace somebody else's finalizer", patch: { metadata: { finalizers: [OWN] } }, refusal: FINALIZERS },
  {
    what: "add a finalizer that is not its own",
    patch: { metadata: { finalizers: [KEPT, "a.b/c"] } },
    refusal: FINALIZERS,
  },
  {
    what: "add a finalizer that looks like its own",
    patch: { metadata: { finalizers: [KEPT, `${OWN}2`] } },
    refusal: FINALIZERS,
  },
  { what: "put its own finalizer on", patch: { metadata: { finalizers: [KEPT, OWN] } } },
  { what: "put its own finalizer first", patch: { metadata: { finalizers: [OWN, KEPT] } } },
  { what: "change nothing", patch: {} },
];

/** What somebody who has the controller's Kubernetes token would try, and what the controller itself does. */
export const ATTEMPTS: readonly Attempt[] = [
  ...ofProfiles.map((attempt) => ({ ...attempt, of: "instanceprofiles" as const })),
  ...ofClasses.map((attempt) => ({ ...attempt, of: "instanceprofileclasses" as const })),
  ...(["instanceprofiles", "instanceprofileclasses"] as const).flatMap((of) =>
    ofBoth.map((attempt) => ({ ...attempt, of })),
  ),
];
