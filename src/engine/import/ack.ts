import { nameKey } from "../../model/naming.ts";
import { type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { ackReference, type ClusterObject, clusterObjects, objectKey } from "./cluster-object.ts";
import { type Declarations, type DeclarationsDraft, emptyDraft, profileOf, type Readable, roleOf } from "./declared.ts";
import { member, memberAt, textMapOf, textOf, textsOf } from "./json-access.ts";

/** The API group of the ACK controller for IAM. */
export const ACK_GROUP = "iam.services.k8s.aws";

/** Reads the objects of the ACK controller for IAM. They refer to each other by names of objects, or to AWS by names and ARNs. */
export function readAck(documents: readonly JsonValue[]): Declarations {
  const objects = clusterObjects(documents, [ACK_GROUP]);
  const draft = emptyDraft();
  const policies = new Map(
    objects.filter(({ kind }) => kind === "Policy").map((policy) => [keyOf(policy), policyKey(policy)]),
  );
  for (const object of objects) {
    switch (object.kind) {
      case "Role":
        readRole(object, policies, draft);
        break;
      case "Policy":
        readPolicy(object, draft);
        break;
      case "InstanceProfile":
        readInstanceProfile(object, draft);
        break;
      default:
        draft.otherUses.push(...policiesOf(object, policies));
        draft.notes.push({ address: object.address, text: "is of a kind that no manifest covers" });
    }
  }
  return draft;
}

function keyOf({ kind, name, namespace }: ClusterObject): string {
  return objectKey(kind, name, namespace);
}

function policyKey(policy: ClusterObject): string {
  return arnOf(policy) ?? keyOf(policy);
}

/** ACK writes it once the entity exists. */
function arnOf({ status }: ClusterObject): string | undefined {
  return textOf(memberAt(status, "ackResourceMetadata", "arn"));
}

function tagsOf({ spec }: ClusterObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(member(spec, "tags")).flatMap((tag) => {
      const key = textOf(member(tag, "key"));
      return key === undefined ? [] : [[key, textOf(member(tag, "value")) ?? ""]];
    }),
  );
}

function readRole(object: ClusterObject, policies: ReadonlyMap<string, string>, draft: DeclarationsDraft): void {
  const { address, spec } = object;
  const roleName = textOf(member(spec, "name")) ?? object.name;
  const keys = [keyOf(object), nameKey(roleName)];
  const boundary = boundaryOf(object, policies);
  if (typeof boundary === "object") {
    draft.roles.push({ address, keys, role: boundary });
    return;
  }
  const arn = arnOf(object);
  const role = roleOf({
    roleName,
    trustPolicy: textOf(member(spec, "assumeRolePolicyDocument")) ?? "",
    ...(arn !== undefined && { arn }),
    path: textOf(member(spec, "path")) ?? "/",
    description: textOf(member(spec, "description")) ?? "",
    maxSessionDurationSeconds: Number(member(spec, "maxSessionDuration") ?? 3600),
    permissionsBoundaryArn: boundary,
    tags: tagsOf(object),
    inlinePolicyDocuments: textMapOf(member(spec, "inlinePolicies")),
    managedPolicyArns: textsOf(member(spec, "policies")),
  });
  draft.roles.push({ address, keys, role });
  for (const reference of listOf(member(spec, "policyRefs"))) {
    const key = ackReference(reference, "Policy", object);
    const why = `attaches ${key ?? "a policy without a name"}, which is not in the input`;
    draft.attachments.push({ address, roleKeys: [keyOf(object)], policy: policies.get(key ?? "") ?? { why } });
  }
}

/** What a user or group attaches, or has as its boundary. */
function policiesOf(object: ClusterObject, policies: ReadonlyMap<string, string>): readonly string[] {
  const { spec } = object;
  const references = [...listOf(member(spec, "policyRefs")), member(spec, "permissionsBoundaryRef")];
  const referred = references.flatMap(
    (reference) => policies.get(ackReference(reference, "Policy", object) ?? "") ?? [],
  );
  return [...textsOf(member(spec, "policies")), ...referred, textOf(member(spec, "permissionsBoundary")) ?? ""];
}

/** The ARN of the boundary; undefined: there is none. */
function boundaryOf(object: ClusterObject, policies: ReadonlyMap<string, string>): Readable | undefined {
  const key = ackReference(member(object.spec, "permissionsBoundaryRef"), "Policy", object);
  if (key === undefined) return textOf(member(object.spec, "permissionsBoundary"));
  const arn = policies.get(key);
  return arn?.startsWith("arn:") ? arn : { why: `has the boundary ${key}, whose ARN is not in the input` };
}

function readPolicy(object: ClusterObject, draft: DeclarationsDraft): void {
  const { address, spec } = object;
  draft.managedPolicies.push({
    address,
    key: policyKey(object),
    name: textOf(member(spec, "name")) ?? object.name,
    path: textOf(member(spec, "path")) ?? "/",
    description: textOf(member(spec, "description")) ?? "",
    document: textOf(member(spec, "policyDocument")) ?? "",
    tags: tagsOf(object),
  });
}

function readInstanceProfile(object: ClusterObject, draft: DeclarationsDraft): void {
  const { address, spec, name, namespace } = object;
  const roleName = textOf(member(spec, "role"));
  const roleKey = ackReference(member(spec, "roleRef"), "Role", object) ?? (roleName && nameKey(roleName));
  draft.profiles.push({
    address,
    profile: profileOf({
      instanceProfileName: textOf(member(spec, "name")) ?? name,
      path: textOf(member(spec, "path")) ?? "/",
      tags: tagsOf(object),
      roleName,
    }),
    roleKeys: roleKey ? [roleKey] : [],
    object: { name, namespace },
  });
}
