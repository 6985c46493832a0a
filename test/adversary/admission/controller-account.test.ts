import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  DEPLOY_FOLDER,
  type DeployedObject,
  deployedObjects,
  theObject,
} from "../../contract/deploy/deployed-files.ts";
import { AdmissionPolicy, type PolicySpec } from "../../support/admission-policy.ts";
import type { AccessQuestion } from "../../support/cel-authorizer.ts";
import { ATTEMPTS, type Attempt, CLASS_SPEC, METADATA_BEFORE, PROFILE_SPEC } from "./attempts.ts";

type Json = Readonly<Record<string, unknown>>;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const policy = new AdmissionPolicy(theObject("ValidatingAdmissionPolicy")["spec"] as PolicySpec);

/** What RBAC allows an account with these roles. */
function rbac(...roles: readonly DeployedObject[]): (question: AccessQuestion) => boolean {
  const rules = roles.flatMap((role) => role["rules"] as readonly Rule[]);
  return ({ group, resource, verb }) =>
    rules.some((rule) =>
      [rule.apiGroups, rule.resources, rule.verbs].every((list, i) => includes(list, [group, resource, verb][i])),
    );
}

function includes(list: readonly string[], wanted: string | undefined): boolean {
  return list.includes("*") || list.includes(wanted ?? "");
}

function role(rule: Partial<Rule>): DeployedObject {
  const rules = [{ apiGroups: ["iam.instanceprofile.dev"], resources: ["*"], verbs: [], ...rule }];
  return { kind: "ClusterRole", metadata: { name: "any" }, rules };
}

const ofKind = (kind: string, objects: readonly DeployedObject[]) => objects.filter((one) => one.kind.endsWith(kind));
const ROLES = ofKind("Role", deployedObjects());
const inOneNamespace = parseAllDocuments(
  readFileSync(join(DEPLOY_FOLDER, "overlays/single-namespace/role.yaml"), "utf8"),
).map((document) => document.toJS() as DeployedObject);

const NAMES = [
  "system:serviceaccount:instance-profile-system:instance-profile-controller",
  "system:serviceaccount:platform:prod-instance-profile-controller",
  "system:serviceaccount:x:y",
  "alice",
];

/** An object with the patch of the attempt applied, as an API server would. */
function merged(value: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const base = { ...(value as Json) };
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete base[key];
    else base[key] = merged(base[key], change);
  }
  return base;
}

function refusals({ of, patch }: Attempt, isAllowed: (question: AccessQuestion) => boolean, username: string) {
  const isProfile = of === "instanceprofiles";
  const metadata = { name: "guarded", ...(isProfile && { namespace: "team-a" }), ...METADATA_BEFORE };
  const oldObject: Json = { metadata, spec: isProfile ? PROFILE_SPEC : CLASS_SPEC };
  const object = merged(oldObject, patch) as Json;
  return policy.refusals({ object, oldObject, operation: "UPDATE", resource: of, username, isAllowed });
}

describe.each([
  ["the controller", ROLES.filter(({ metadata }) => metadata.name === "instance-profile-controller")],
  ["the controller of one namespace", ofKind("Role", inOneNamespace)],
])("the account of %s, whatever its name, gets the answer it must get when it tries to", (_, roles) => {
  test.for(ATTEMPTS)("$what ($of)", (attempt) => {
    for (const name of NAMES) {
      const said = refusals(attempt, rbac(...roles), name);
      if (attempt.refusal === undefined) expect(said).toEqual([]);
      else expect(said?.[0]).toMatch(new RegExp(`^${attempt.refusal}: ${name} is allowed to patch ${attempt.of}`));
    }
  });
});

describe.each([
  ["an administrator of the cluster", [role({ apiGroups: ["*"], verbs: ["*"] })]],
  ["a pipeline that may create and patch", [role({ verbs: ["get", "list", "create", "patch"] })]],
  ["an author who may update and patch", [role({ verbs: ["get", "update", "patch"] })]],
])("%s may", (_, roles) => {
  test.for(ATTEMPTS)("$what ($of)", (attempt) => {
    expect(refusals(attempt, rbac(...roles), "system:serviceaccount:flux-system:applier")).toEqual([]);
  });
});

describe("an author with the built-in role edit", () => {
  const isAllowed = rbac(...ROLES.filter(({ metadata }) => /-(viewer|editor)$/.test(metadata.name)));

  test.for(ATTEMPTS.filter(({ of }) => of === "instanceprofiles"))("may $what", (attempt) => {
    expect(refusals(attempt, isAllowed, "alice")).toEqual([]);
  });
});

test("no role of the controller allows it to create or update what only its authors may write", () => {
  const verbs = [...ROLES, ...ofKind("Role", inOneNamespace)]
    .filter(({ metadata }) => metadata.name.startsWith("instance-profile-controller"))
    .flatMap(({ rules }) => rules as readonly Rule[])
    .filter(({ apiGroups }) => includes(apiGroups, "iam.instanceprofile.dev"))
    .flatMap((rule) => rule.verbs);
  expect(verbs).toContain("patch");
  expect(verbs.filter((verb) => !["get", "list", "watch", "patch"].includes(verb))).toEqual([]);
});

test("the policy fails closed, and covers every version and both kinds", () => {
  const spec = theObject("ValidatingAdmissionPolicy")["spec"];
  expect(spec).toMatchObject({
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [{ apiVersions: ["*"], resources: ["instanceprofiles", "instanceprofileclasses"] }],
    },
  });
  expect(theObject("ValidatingAdmissionPolicyBinding")["spec"]).toEqual({
    policyName: theObject("ValidatingAdmissionPolicy").metadata.name,
    validationActions: ["Deny"],
  });
});
