import { API_GROUP } from "../../api/instance-profile.ts";
import { compileCrd } from "../../crd/compile-crd.ts";
import type { CompiledVersion, Json, JsonObject } from "../../crd/contract.ts";
import { readShippedCrd } from "../manifests/crd-file.ts";
import { TEST_KIND } from "../manifests/manifests.ts";

const PATTERNS: JsonObject = { type: "array", minItems: 1, maxItems: 100 };

/** Requests. Their actions and resources follow the rules of a statement: a misspelt one matches nothing, so that `deny` would be met. */
function expectations(statement: JsonObject, description: string): JsonObject {
  return {
    type: "array",
    description,
    maxItems: 100,
    items: {
      type: "object",
      required: ["actions"],
      properties: {
        actions: {
          ...PATTERNS,
          description:
            "Actions such as s3:GetObject. A pattern such as s3:Get* stands for every action that it matches.",
          items: objectIn(property(statement, "actions"), "items"),
        },
        resources: {
          ...PATTERNS,
          description:
            "ARNs, or patterns, each of which stands for every ARN that it matches. Default: *, every resource.",
          items: objectIn(property(statement, "resources"), "items"),
          default: ["*"],
        },
        context: {
          type: "object",
          description: "The condition keys of the requests, with one value or a list. The requests have no others.",
          maxProperties: 50,
          additionalProperties: { "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    },
  };
}

/** The schema of an InstanceProfileTest, with the statements of the shipped CRD. */
export function testSchema(): JsonObject {
  const [version] = compileCrd(readShippedCrd()).versions;
  const statements = property(property(version?.schema, "spec"), "statements");
  const statement = objectIn(statements, "items");
  return {
    type: "object",
    description:
      "Expectations of what an InstanceProfile allows. The commands validate and plan check them; no cluster has this kind.",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: {
        type: "object",
        required: ["instanceProfile"],
        "x-kubernetes-validations": [
          {
            rule: "has(self.allow) || has(self.deny) || has(self.noMoreThan)",
            message: "write at least one of allow, deny and noMoreThan",
          },
        ],
        properties: {
          instanceProfile: {
            type: "string",
            description: "Name of the InstanceProfile, in the namespace of the test.",
            minLength: 1,
            maxLength: 253,
          },
          allow: expectations(statement, "Requests that the object must allow."),
          deny: expectations(statement, "Requests that the object must not allow."),
          noMoreThan: {
            type: "object",
            description: "The policy that the object must be within: it may allow nothing that this policy does not.",
            "x-kubernetes-validations": [
              {
                rule: "has(self.statements) != has(self.policyFile)",
                message: "write exactly one of statements and policyFile",
              },
            ],
            properties: {
              // The default of the CRD would set the field for every test.
              statements: {
                ...withoutDefault(statements),
                description: "The policy, as statements in the form of a manifest.",
              },
              policyFile: {
                type: "string",
                description: "The policy, as a file with an IAM policy document; relative to the file of the test.",
                minLength: 1,
                maxLength: 1024,
              },
            },
          },
        },
      },
    },
  };
}

let compiled: CompiledVersion | undefined;

/** The compiled schema, cached in the process. */
export function compiledTestSchema(): CompiledVersion {
  compiled ??= compileCrd({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `instanceprofiletests.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: "Namespaced",
      names: { kind: TEST_KIND, plural: "instanceprofiletests", singular: "instanceprofiletest" },
      versions: [{ name: "v1beta1", served: true, storage: true, schema: { openAPIV3Schema: testSchema() } }],
    },
  }).versions[0];
  if (compiled === undefined) throw new Error("the schema of InstanceProfileTest has no version");
  return compiled;
}

function withoutDefault(schema: JsonObject): JsonObject {
  const { default: _, ...rest } = schema;
  return rest;
}

function property(schema: JsonObject | undefined, name: string): JsonObject {
  return objectIn(objectIn(schema, "properties"), name);
}

function objectIn(parent: JsonObject | undefined, name: string): JsonObject {
  const found: Json | undefined = parent?.[name];
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error(`the CRD has no ${name}`);
  return found;
}
