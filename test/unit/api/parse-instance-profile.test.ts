import { describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { TerminalError } from "../../../src/errors.ts";
import { asStored, statementsIn } from "../../support/builders.ts";
import { aManifest, readS3 } from "./manifests.ts";

function refusal(manifest: unknown): string {
  try {
    parseInstanceProfile(manifest);
  } catch (error) {
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({ reason: "InvalidSpec", disposition: "terminal" });
    return (error as Error).message;
  }
  throw new Error("the manifest was accepted");
}

function specOf(fields: Readonly<Record<string, unknown>>): InstanceProfile["spec"] {
  return parseInstanceProfile(aManifest(fields)).spec;
}

describe("a manifest with the least that is needed", () => {
  test("gets every default, and the role's name for profile and policy", () => {
    expect(parseInstanceProfile(aManifest())).toEqual({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name: "app", namespace: "team-a", uid: "", generation: 0, resourceVersion: "" },
      spec: {
        roleName: "app",
        instanceProfileName: "app",
        path: "/",
        inlinePolicies: [{ name: "app", fieldPath: "spec.statements", statements: [readS3] }],
        managedPolicyArns: [],
        managedPolicies: [],
        maxSessionDurationSeconds: 3600,
        trust: { services: ["ec2.amazonaws.com"], statements: [] },
        tags: {},
        roleTags: {},
        instanceProfileTags: {},
        adoptionPolicy: "Never",
        unmanagedPolicies: "Report",
        mode: "Enforce",
        suspend: false,
      },
    });
  });

  test("belongs to namespace default when it names none", () => {
    const manifest = { ...aManifest(), metadata: { name: "app" } };
    expect(parseInstanceProfile(manifest).metadata.namespace).toBe("default");
  });

  test("may have managed policies instead of statements", () => {
    const managedPolicyArns = ["arn:aws-cn:iam::aws:policy/service-role/AmazonEC2RoleforSSM"];
    expect(specOf({ statements: [], managedPolicyArns })).toMatchObject({ inlinePolicies: [], managedPolicyArns });
  });
});

describe("names and defaults", () => {
  test("that are written are kept", () => {
    const names = { instanceProfileName: "app-profile", path: "/team-a/" };
    expect(specOf({ ...names, policyName: "app-policy" })).toMatchObject({
      ...names,
      inlinePolicies: [{ name: "app-policy" }],
    });
  });

  test("fill in a trust block that names only statements", () => {
    const statement = { effect: "Allow", principals: { aws: ["123456789012"] } };
    expect(specOf({ trust: { statements: [statement] } }).trust).toEqual({
      services: ["ec2.amazonaws.com"],
      statements: [{ ...statement, actions: ["sts:AssumeRole"] }],
    });
  });

  test("take the place of null, as in the API server", () => {
    expect(specOf({ trust: null, path: null, description: null, instances: null })).toEqual(specOf({}));
    expect(specOf({ tags: { team: null } }).tags).toEqual({});
    expect(specOf({ roleName: null }).roleName).toBe("team-a--app");
  });

  test("do not take the place of null in a list", () => {
    expect(refusal(aManifest({ statements: [readS3, null] }))).toContain(
      'spec.statements[1]: Invalid value: "null": spec.statements[1] in body must be of type object: "null"',
    );
  });

  test("fill in what to do about another profile on an instance", () => {
    expect(specOf({ instances: { region: "eu-west-1", ids: ["i-0123456789abcdef0"] } }).instances).toEqual({
      region: "eu-west-1",
      ids: ["i-0123456789abcdef0"],
      onConflict: "Keep",
    });
  });
});

describe("statements", () => {
  test("keep either of each pair and nothing else", () => {
    const statements = [{ effect: "Deny", notActions: ["s3:*"], notResources: ["arn:aws:s3:::a"] }];
    expect(statementsIn(specOf({ statements }))).toEqual(statements);
  });

  test("lose an empty sid, in the trust policy too", () => {
    const spec = specOf({
      statements: [
        { ...readS3, sid: "" },
        { ...readS3, sid: "" },
      ],
      trust: { statements: [{ sid: "", effect: "Allow", principals: { aws: ["*"] } }] },
    });
    expect([...statementsIn(spec), ...spec.trust.statements].some((statement) => "sid" in statement)).toBe(false);
  });

  test("keep condition values as they are written", () => {
    const conditions = { StringLike: { "aws:PrincipalTag/team": ["a*", "%41", "$*", "é"] } };
    expect(statementsIn(specOf({ statements: [{ ...readS3, conditions }] }))[0]?.conditions).toEqual(conditions);
  });
});

describe("a bad manifest", () => {
  test("is told every fault with its path, not only the first", () => {
    const message = refusal(
      aManifest({
        roleName: "my app",
        path: "team-a",
        statements: [{ effect: "allow", actions: ["GetObject"], resources: ["bucket"] }],
        tags: { "aws:team": "a" },
        instances: { region: "eu" },
        colour: "red",
      }),
    );
    for (const fault of [
      'spec.colour: unknown field "spec.colour"',
      'spec.roleName: Invalid value: "my app": write letters, digits',
      'spec.path: Invalid value: "team-a": write a path that begins',
      'spec.statements[0].effect: Unsupported value: "allow": supported values: "Allow", "Deny"',
      'spec.statements[0].actions[0]: Invalid value: "GetObject": write service:Action',
      'spec.statements[0].resources[0]: Invalid value: "bucket": write an ARN',
      "spec.tags: Invalid value: tag keys that begin with aws:",
      "spec.instances: Invalid value: write exactly one of selector and ids",
      'spec.instances.region: Invalid value: "eu": write a region',
    ]) {
      expect(message).toContain(fault);
    }
  });

  test("is named in the message", () => {
    expect(refusal(aManifest({ roleName: "" }))).toMatch(/^InstanceProfile "app" is invalid: /);
  });

  test("gets a message that fits into a condition, however much is wrong", () => {
    const statement = {
      effect: "Allow",
      actions: Array.from({ length: 300 }, () => ""),
      resources: ["*"],
    };
    const message = refusal(aManifest({ statements: Array.from({ length: 10 }, () => statement) }));
    expect(message.length).toBeLessThan(32_768);
    expect(message).toMatch(/and \d+ more$/);
  });

  test.each([
    ["nothing", undefined, "write an object with apiVersion, kind, metadata and spec"],
    ["null", null, "write an object"],
    ["a list", [aManifest()], "write an object"],
    ["text", "apiVersion: v1", "write an object"],
    ["another kind", { ...aManifest(), kind: "Role" }, 'kind: Invalid value: "Role": write InstanceProfile'],
    ["another version", { ...aManifest(), apiVersion: "v1" }, "apiVersion: Invalid value: "],
    ["no version", { ...aManifest(), apiVersion: undefined }, "apiVersion: Required value: write iam."],
    ["no spec", { ...aManifest(), spec: undefined }, "spec: Required value"],
    ["a null spec", { ...aManifest(), spec: null }, "spec: Required value"],
    ["no metadata", { ...aManifest(), metadata: undefined }, "metadata: Required value"],
    ["no name", { ...aManifest(), metadata: {} }, "metadata.name: Required value"],
    ["an impossible name", { ...aManifest(), metadata: { name: "App" } }, "metadata.name: Invalid value"],
  ])("that is %s is refused with what to write", (_, manifest, message) => {
    expect(refusal(manifest)).toContain(message);
  });
});

describe("lengths", () => {
  test("are counted in characters, not UTF-16 units", () => {
    const withTag = (value: string) => aManifest({ tags: { team: value } });
    expect(() => parseInstanceProfile(withTag("𠀀".repeat(256)))).not.toThrow();
    expect(refusal(withTag("𠀀".repeat(257)))).toContain("spec.tags.team: Too long: may not be more than 256");
  });

  test.each([
    ["roleName", 64],
    ["instanceProfileName", 128],
    ["policyName", 128],
    ["description", 1000],
  ])("of %s may be up to %i", (field, length) => {
    expect(() => parseInstanceProfile(aManifest({ [field]: "a".repeat(length) }))).not.toThrow();
    expect(refusal(aManifest({ [field]: "a".repeat(length + 1) }))).toContain(`spec.${field}: Too long`);
  });

  test.each([
    [3599, "greater than or equal to 3600"],
    [43_201, "less than or equal to 43200"],
    [3600.5, "must be of type integer"],
    ["3600", "must be of type integer"],
  ])("of a session may not be %s", (maxSessionDurationSeconds, message) => {
    expect(refusal(aManifest({ maxSessionDurationSeconds }))).toContain(message);
  });
});

describe("map keys", () => {
  test("that JavaScript finds special are ordinary tags", () => {
    const tags = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}') as Record<string, unknown>;
    const parsed = specOf({ tags }).tags;
    expect(Object.entries(parsed)).toEqual(Object.entries(tags));
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });

  test("do not pass for fields", () => {
    const spec = JSON.parse('{"roleName": "app", "__proto__": {"statements": []}, "constructor": 1}') as unknown;
    const message = refusal({ ...aManifest(), spec });
    expect(message).toContain("spec.__proto__: unknown field");
    expect(message).toContain("spec.constructor: unknown field");
  });
});

describe("what Kubernetes wrote", () => {
  test("is read as far as it is known, strangers passed over", () => {
    const metadata = {
      name: "app",
      namespace: "team-a",
      uid: "5e0",
      generation: 3,
      resourceVersion: "42",
      creationTimestamp: null,
      managedFields: [{ manager: "kubectl" }],
      finalizers: ["iam.instanceprofile.dev/cleanup"],
      annotations: { "iam.instanceprofile.dev/reconcile-at": "now" },
    };
    expect(parseInstanceProfile({ ...aManifest(), metadata }).metadata).toEqual({
      name: "app",
      namespace: "team-a",
      uid: "5e0",
      generation: 3,
      resourceVersion: "42",
      finalizers: ["iam.instanceprofile.dev/cleanup"],
      annotations: { "iam.instanceprofile.dev/reconcile-at": "now" },
    });
  });

  test("keeps its status, without what a newer controller added", () => {
    const condition = {
      type: "Ready",
      status: "True",
      reason: "InSync",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
      observedGeneration: 1,
    };
    const status = { observedGeneration: 1, accountId: "123456789012", conditions: [condition] };
    const written = { ...aManifest(), status: { ...status, invented: 1, role: null } };
    expect(parseInstanceProfile(written).status).toEqual(status);
  });

  test.each([[null], ["Ready"], [{ conditions: "Ready" }], [{ role: { arn: 1 } }]])(
    "and is no status is dropped: %j",
    (status) => {
      expect(parseInstanceProfile({ ...aManifest(), status })).not.toHaveProperty("status");
    },
  );
});

test("what was parsed parses to the same again", () => {
  const spec = {
    statements: [{ ...readS3, sid: "" }],
    instances: { region: "eu-west-1", selector: { matchTags: { a: "b" } } },
  };
  const once = parseInstanceProfile(aManifest(spec));
  expect(parseInstanceProfile(asStored(once))).toEqual(once);
});
