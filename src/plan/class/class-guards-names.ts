import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { matchesWildcards } from "../../model/wildcard/wildcard-containment.ts";
import { type Bounds, filledIn, type Violation } from "./class-bounds.ts";
import { classTitle, someOf, violation } from "./class-messages.ts";

/** The most tags that a role may have beside the controller's own. */
const MAX_TAGS = 42;

/** Whether the object may use the class at all: its namespace, and its place among the others. */
export function guardUse(bounds: Bounds): readonly Violation[] {
  const { namespaces, maxPerNamespace } = bounds.class.spec;
  const { namespace, olderPeers } = bounds;
  if (!namespaces.some((pattern) => matchesWildcards(pattern, namespace, { foldsCase: false }))) {
    const message = `${classTitle(bounds)} is not for namespace ${namespace}; it is for ${someOf(namespaces)}. Use another class.`;
    return [violation("NamespaceNotAllowed", message, { kind: "everything" })];
  }
  if (maxPerNamespace === undefined || olderPeers < maxPerNamespace) return [];
  return [violation("TooManyObjects", tooMany(bounds, maxPerNamespace), { kind: "everything" })];
}

/** Roles that objects have left in AWS count too, and a reader who only looks at objects would not find them. */
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
    "InstanceProfiles again and delete them, or have the roles deleted in IAM."
  );
}

/** Names, path, boundary and tags: each is compared to the letter. */
export function guardNames(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  return [
    ...guardPrefix(spec, bounds),
    ...guardPath(spec, bounds),
    ...guardBoundary(spec, bounds),
    ...guardTags(spec, bounds),
  ];
}

function guardPrefix(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.roleNamePrefix === undefined) return [];
  const prefix = filledIn(bounds.class.spec.roleNamePrefix, bounds);
  return (["roleName", "instanceProfileName"] as const)
    .filter((field) => !spec[field].startsWith(prefix))
    .map((field) =>
      violation(
        "RoleNameNotAllowed",
        `spec.${field} ${spec[field]} does not begin with ${prefix}, as ${classTitle(bounds)} asks. Names cannot change: write ` +
          "another object.",
        { kind: "name" },
      ),
    );
}

function guardPath(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  if (bounds.class.spec.path === undefined) return [];
  const path = filledIn(bounds.class.spec.path, bounds);
  if (spec.path === path) return [];
  const message =
    `spec.path is ${showValue(spec.path)}, and ${classTitle(bounds)} asks for ${showValue(path)}. A path cannot change: write ` +
    "another object.";
  return [violation("PathNotAllowed", message, { kind: "name" })];
}

function guardBoundary(spec: InstanceProfileSpec, bounds: Bounds): readonly Violation[] {
  const required = bounds.class.spec.permissionsBoundaryArn;
  const own = spec.permissionsBoundaryArn;
  if (required === undefined || own === undefined || own === required) return [];
  const message =
    `spec.permissionsBoundaryArn is ${own}, and ${classTitle(bounds)} puts ${required} on its roles. Write that one, or leave ` +
    "the field out.";
  return [violation("BoundaryNotAllowed", message, { kind: "boundary" })];
}

/** Tags: of the class or with a key that it allows, and as many as IAM has room for. */
export function guardTags(spec: Pick<InstanceProfileSpec, "tags">, bounds: Bounds): readonly Violation[] {
  const { tags: classTags, allowedTagKeys: allowed } = bounds.class.spec;
  const own = Object.keys(spec.tags).filter((key) => classTags[key] !== spec.tags[key]);
  const taken = own.filter((key) => isSetBy(classTags, key));
  const beyond = own.filter((key) => !taken.includes(key) && !isAllowedKey(allowed, key));
  const kept = own.length - taken.length - beyond.length + Object.keys(classTags).length;
  const tooMany = `spec.tags and those of ${classTitle(bounds)} are ${kept} tags; IAM leaves room for ${MAX_TAGS}. Take some out.`;
  return [
    ...taken.map((key) => {
      const message = `spec.tags: ${showValue(key)} is set by ${classTitle(bounds)}; take it out.`;
      return violation("TagNotAllowed", message, { kind: "tag", key });
    }),
    ...beyond.map((key) => {
      const message = `spec.tags: ${classTitle(bounds)} does not allow key ${showValue(key)}; it allows ${someOf(allowed)}. Remove it.`;
      return violation("TagNotAllowed", message, { kind: "tag", key });
    }),
    ...(kept <= MAX_TAGS ? [] : [violation("TagNotAllowed", tooMany, { kind: "allTags" })]),
  ];
}

/** IAM takes keys that differ in the case of A to Z for one key, in its conditions too. */
function isAllowedKey(patterns: readonly string[], key: string): boolean {
  return patterns.some((pattern) => matchesWildcards(pattern, key, { foldsCase: true }));
}

/** Whether IAM could take the key for one of the class. What it does with letters beyond ASCII is not documented: any case counts. */
function isSetBy(classTags: Readonly<Record<string, string>>, key: string): boolean {
  const anyCase = (one: string): string => one.toUpperCase().toLowerCase();
  return Object.keys(classTags).some((ofClass) => anyCase(ofClass) === anyCase(key));
}
