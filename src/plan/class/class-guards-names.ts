import { hasExternalRole, type InstanceProfileSpec, type OwnPolicySpec } from "../../api/instance-profile.ts";
import { matchesWildcards } from "../../model/access/pattern-check.ts";
import { placeInArn, sameName } from "../../model/naming.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { type Bounds, classTitle, filledIn, someOf, type Violation, violation } from "./class-bounds.ts";

/** The maximum number of tags on a role, without the controller's own. */
const MAX_TAGS = 42;

/** Checks whether the object may use the class: its namespace, and the number of objects that the class accepted before it. */
export function guardUse(bounds: Bounds): readonly Violation[] {
  const { namespaces, maxPerNamespace } = bounds.class.spec;
  const { namespace, olderPeers } = bounds;
  if (!namespaces.some((pattern) => matchesWildcards(pattern, namespace, { foldsCase: false }))) {
    const message = `${classTitle(bounds)} does not allow namespace ${namespace}; it allows ${someOf(namespaces)}. Use another class.`;
    return [violation("NamespaceNotAllowed", message, { kind: "everything" })];
  }
  if (maxPerNamespace === undefined || olderPeers < maxPerNamespace) return [];
  return [violation("TooManyObjects", tooMany(bounds, maxPerNamespace), { kind: "everything" })];
}

/** The message names roles left in AWS: they count too, and listing the InstanceProfiles does not show them. */
function tooMany(bounds: Bounds, most: number): string {
  const { namespace, olderPeers, orphanedRoles = [] } = bounds;
  if (orphanedRoles.length === 0) {
    return (
      `namespace ${namespace} has ${most} InstanceProfiles that ${classTitle(bounds)} accepted before this one, and the class ` +
      "allows no more (maxPerNamespace). Delete one of them."
    );
  }
  return (
    `${classTitle(bounds)} allows namespace ${namespace} ${most} InstanceProfiles (maxPerNamespace). It counts ` +
    `${olderPeers - orphanedRoles.length} that it accepted before this one, and the roles that InstanceProfiles have left in AWS account ` +
    `${bounds.class.spec.account.id}, because they were deleted without the controller's finalizer: ${someOf(orphanedRoles)}. Create those ` +
    "InstanceProfiles again and delete them, or delete the roles in IAM."
  );
}

/** Checks names, path, boundary and tags, by exact comparison. */
export function guardNames(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  return [
    ...guardPrefix(spec, bounds),
    ...guardPath(spec, bounds),
    ...guardBoundary(spec, bounds),
    ...guardTags(spec, bounds),
  ];
}

const NAME_FIELDS = ["roleName", "instanceProfileName"] as const;

function guardPrefix(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.roleNamePrefix === undefined) return [];
  const prefix = filledIn(bounds.class.spec.roleNamePrefix, bounds);
  // The instance profile has the role's name unless the spec says otherwise: one fault, not two.
  const ownFields = spec.instanceProfileName === spec.roleName ? (["roleName"] as const) : NAME_FIELDS;
  // The class allows external roles by `allowedExternalRoles`.
  const fields = hasExternalRole(spec) ? (["instanceProfileName"] as const) : ownFields;
  return fields
    .filter((field) => !spec[field].startsWith(prefix))
    .map((field) =>
      violation(
        "RoleNameNotAllowed",
        `spec.${field} ${spec[field]} does not begin with ${prefix}, as ${classTitle(bounds)} requires. Names are immutable: create ` +
          "another object.",
        { kind: "name" },
      ),
    );
}

function guardPath(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.path === undefined) return [];
  const path = filledIn(bounds.class.spec.path, bounds);
  return (["path", "instanceProfilePath"] as const).flatMap((field) => {
    const own = spec[field];
    if (own === undefined || own === path) return [];
    const message =
      `spec.${field} is ${showValue(own)}, and ${classTitle(bounds)} requires ${showValue(path)}. A path is immutable: create ` +
      "another object.";
    return [violation("PathNotAllowed", message, { kind: "name" })];
  });
}

function guardBoundary(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const required = bounds.class.spec.permissionsBoundaryArn;
  const own = spec.permissionsBoundaryArn;
  if (required === undefined || own === undefined || own === required) return [];
  const message =
    `spec.permissionsBoundaryArn is ${own}, and ${classTitle(bounds)} requires ${required}. Use that ARN, or remove ` +
    "the field.";
  return [violation("BoundaryNotAllowed", message, { kind: "boundary" })];
}

const TAG_FIELDS = ["tags", "roleTags", "instanceProfileTags"] as const;

/** The tags of a spec: those of both entities, and those of one. */
export type SpecTags = Pick<InstanceProfileSpec, (typeof TAG_FIELDS)[number]>;

/** Checks that each tag comes from the class or has a key that the class allows, and that IAM has room for all of them. */
export function guardTags(spec: SpecTags, bounds: Bounds): readonly Violation[] {
  const { tags: classTags, allowedTagKeys: allowed } = bounds.class.spec;
  const found = TAG_FIELDS.map((field) => {
    const own = Object.keys(spec[field]).filter((key) => classTags[key] !== spec[field][key]);
    const setByClass = own.filter((key) => isSetBy(classTags, key));
    const denied = own.filter((key) => !setByClass.includes(key) && !isAllowedKey(allowed, key));
    const kept = own.length - setByClass.length - denied.length;
    const about = (key: string, what: string): Violation =>
      violation("TagNotAllowed", `spec.${field}: ${what}`, { kind: "tag", key });
    return {
      kept,
      violations: [
        ...setByClass.map((key) => about(key, `${showValue(key)} is set by ${classTitle(bounds)}; remove it.`)),
        ...denied.map((key) =>
          about(
            key,
            `${classTitle(bounds)} does not allow key ${showValue(key)}; it allows ${someOf(allowed)}. Remove it.`,
          ),
        ),
      ],
    };
  });
  const [ofBoth = 0, ofRole = 0, ofProfile = 0] = found.map(({ kept }) => kept);
  const kept = ofBoth + Math.max(ofRole, ofProfile) + Object.keys(classTags).length;
  const tooMany = `spec.tags and the tags of ${classTitle(bounds)} are ${kept} tags; IAM has room for ${MAX_TAGS}. Remove some.`;
  return [
    ...found.flatMap(({ violations }) => violations),
    ...(kept <= MAX_TAGS ? [] : [violation("TagNotAllowed", tooMany, { kind: "allTags" })]),
  ];
}

/** IAM treats keys that differ only in the case of A to Z as one key, in policy conditions too. */
function isAllowedKey(patterns: readonly string[], key: string): boolean {
  return patterns.some((pattern) => matchesWildcards(pattern, key, { foldsCase: true }));
}

/** True when IAM could treat the key as one of the class's keys. Case folding beyond ASCII is not documented, so any case matches. */
function isSetBy(classTags: Readonly<Record<string, string>>, key: string): boolean {
  const anyCase = (one: string): string => one.toUpperCase().toLowerCase();
  return Object.keys(classTags).some((ofClass) => anyCase(ofClass) === anyCase(key));
}

/**
 * Checks whether the class allows managed policies of an object itself, and their names and paths. What they grant is checked as for the
 * other policies of the object.
 */
export function guardOwnPolicies(
  { managedPolicies, path }: Pick<InstanceProfileSpec, "managedPolicies" | "path">,
  bounds: Bounds,
): readonly Violation[] {
  return managedPolicies.flatMap((policy, index) => {
    const why = whyNot(policy, policy.path ?? path, bounds);
    if (why === undefined) return [];
    const message = `spec.managedPolicies[${index}]${why}`;
    return [violation("ManagedPolicyNotAllowed", message, { kind: "ownPolicy", name: policy.name })];
  });
}

/** The field and the reason; undefined for a policy that the class allows. */
function whyNot({ name }: Pick<OwnPolicySpec, "name">, path: string, bounds: Bounds): string | undefined {
  const { allowManagedPolicies, roleNamePrefix, path: classPath, permissionsBoundaryArn } = bounds.class.spec;
  const title = classTitle(bounds);
  if (!allowManagedPolicies) {
    return `: ${title} does not allow objects to create managed policies. Write an inline policy instead.`;
  }
  const prefix = roleNamePrefix === undefined ? "" : filledIn(roleNamePrefix, bounds);
  if (!name.startsWith(prefix)) {
    return `.name ${name} does not begin with ${prefix}, as ${title} requires. Use another name.`;
  }
  const required = classPath === undefined ? path : filledIn(classPath, bounds);
  if (path !== required) {
    return `.path is ${showValue(path)}, and ${title} requires ${showValue(required)}. Remove the field.`;
  }
  if (isBoundary(name, permissionsBoundaryArn)) {
    return `.name ${name} is that of the permissions boundary of ${title}. Use another name.`;
  }
  return undefined;
}

/** Names of policies are unique whatever the path. */
function isBoundary(name: string, boundaryArn: string | undefined): boolean {
  return boundaryArn !== undefined && sameName(placeInArn(boundaryArn).name, name);
}

/** True for an attached policy of the object itself whose name and path the class allows. */
export function allowsOwnPolicy(arn: string, bounds: Bounds): boolean {
  const { name, path } = placeInArn(arn);
  return whyNot({ name }, path, bounds) === undefined;
}
