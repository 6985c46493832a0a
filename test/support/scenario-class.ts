import { OWN_ACCOUNT } from "../../src/controller/classes/class-binding.ts";
import { ClassResolver } from "../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../src/controller/classes/objects-by-class.ts";
import type { KubeObject } from "../../src/engine/ports.ts";
import { CLUSTER_ID } from "./builders.ts";

const ACCOUNT_ID = "123456789012";

/** A class that allows everything, of the account that the controller's own credentials are of, for objects that name none. */
const PERMISSIVE_CLASS = {
  apiVersion: "iam.instanceprofile.dev/v1beta1",
  kind: "InstanceProfileClass",
  metadata: {
    name: "permissive",
    uid: "uid-of-permissive",
    generation: 1,
    resourceVersion: "1",
    annotations: { "iam.instanceprofile.dev/is-default-class": "true" },
  },
  spec: {
    account: { id: ACCOUNT_ID },
    namespaces: ["*"],
    allowedActions: ["*"],
    allowNotActions: true,
    allowNotResources: true,
    allowedManagedPolicies: ["arn:aws:iam::aws:policy/*", `arn:aws:iam::${ACCOUNT_ID}:policy/*`],
    allowedTrustServices: ["ec2.amazonaws.com", "lambda.amazonaws.com", "ssm.amazonaws.com"],
    allowTrustStatements: true,
    allowedExternalRoles: ["*"],
    allowAdoption: true,
    allowedAdoptFrom: ["a", "b", "c"],
    allowedInstanceRegions: ["*"],
    maxSessionDurationSeconds: 43_200,
    allowedTagKeys: ["*"],
    allowedDeletionPolicies: ["Delete", "Retain"],
    allowForceDelete: true,
  },
} as const;

/** The class that every scenario is played under in this run, as one applies it; undefined: none, as in a cluster without classes. */
export function scenarioClass(): typeof PERMISSIVE_CLASS | undefined {
  return process.env["SCENARIO_CLASS"] === "permissive" ? PERMISSIVE_CLASS : undefined;
}

/** The classes of the scenario's cluster as the API server lists them. */
export async function listScenarioClasses(): Promise<readonly KubeObject[]> {
  return classList();
}

function classList(): readonly KubeObject[] {
  const one = scenarioClass();
  return one === undefined ? [] : [one as unknown as KubeObject];
}

/** The classes of the scenario's cluster. */
export function scenarioClasses(): ClassResolver {
  const classes = classList();
  const place = { accountId: "123456789012", partition: "aws", region: "us-east-1" } as const;
  return new ClassResolver({
    classes: () => classes,
    objects: objectsOfList(() => []),
    clusterId: CLUSTER_ID,
    own: () => ({ place }),
  });
}

/** The writes of a creation to the API server: the finalizer, the acceptance where there is a class, and the status. */
export function writesOfCreation(): readonly string[] {
  return ["patch", ...(scenarioClass() === undefined ? [] : ["patchStatus"]), "patchStatus"];
}

/** Types of conditions as they are without a class. */
export function besidesCompliant(types: readonly string[] | undefined): readonly string[] | undefined {
  return types?.filter((type) => type !== "Compliant");
}

/** The key of the account that the scenario's objects are in. */
export function scenarioAccountKey(): string {
  return scenarioClass()?.spec.account.id ?? OWN_ACCOUNT;
}
