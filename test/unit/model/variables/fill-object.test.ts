import { describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../../src/api/parse-instance-profile.ts";
import { fillObject, type ObjectContext } from "../../../../src/model/variables/fill-object.ts";

const CONTEXT: ObjectContext = {
  place: { accountId: "123456789012", partition: "aws", region: "eu-west-1" },
  clusterId: "prod",
  variables: { bucket: "acme", stage: "{account}", long: "x".repeat(60), account: "999999999999", name: "other" },
};

function parsed(spec: object, status?: object): InstanceProfile {
  return parseInstanceProfile({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { namespace: "team-a", name: "web" },
    spec: { roleName: "web", managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"], ...spec },
    ...(status && { status }),
  });
}

const filled = (spec: object, context: Partial<ObjectContext> = {}): InstanceProfile =>
  fillObject(parsed(spec), { ...CONTEXT, ...context });
const faultsOf = (spec: object, context?: Partial<ObjectContext>): readonly string[] =>
  (filled(spec, context).faults ?? []).map(({ reason, message }) => `${reason} ${message}`);

const TRUST = {
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
};
const allow = (resources: readonly string[], conditions?: object): object => ({
  statements: [{ sid: "S", effect: "Allow", actions: ["s3:Get*"], resources, ...(conditions && { conditions }) }],
});

describe("variables are filled in", () => {
  test("in names, paths, ARNs, resources, values of conditions, principals and values of tags", () => {
    const { spec, faults } = filled({
      roleName: "{cluster}-{namespace}-{name}",
      instanceProfileName: "{name}-profile",
      path: "/{cluster}/{namespace}/",
      policyName: "{name}-policy",
      ...allow(["arn:{partition}:s3:::{bucket}-{account}/*"], {
        StringEquals: { "aws:RequestedRegion": ["{region}"] },
      }),
      managedPolicyArns: ["arn:{partition}:iam::{account}:policy/{namespace}"],
      permissionsBoundaryArn: "arn:{partition}:iam::{account}:policy/boundary",
      trust: {
        services: ["logs.{region}.amazonaws.com"],
        statements: [
          {
            effect: "Allow",
            principals: { aws: ["arn:{partition}:iam::{account}:role/{name}", "{account}"] },
            conditions: { StringEquals: { "sts:ExternalId": ["{cluster}"] } },
          },
        ],
      },
      tags: { team: "{namespace}" },
      roleTags: { role: "{name}" },
    });
    expect(faults).toBeUndefined();
    expect(spec).toMatchObject({
      roleName: "prod-team-a-web",
      instanceProfileName: "web-profile",
      path: "/prod/team-a/",
      inlinePolicies: [
        {
          name: "web-policy",
          statements: [
            {
              resources: ["arn:aws:s3:::acme-123456789012/*"],
              conditions: { StringEquals: { "aws:RequestedRegion": ["eu-west-1"] } },
            },
          ],
        },
      ],
      managedPolicyArns: ["arn:aws:iam::123456789012:policy/team-a"],
      permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/boundary",
      trust: {
        services: ["logs.eu-west-1.amazonaws.com"],
        statements: [
          {
            principals: { aws: ["arn:aws:iam::123456789012:role/web", "123456789012"] },
            conditions: { StringEquals: { "sts:ExternalId": ["prod"] } },
          },
        ],
      },
      tags: { team: "team-a" },
      roleTags: { role: "web" },
    });
  });

  test("not in descriptions, keys of conditions and keys of tags", () => {
    const { spec } = filled({
      description: "{name}",
      ...allow(["*"], { StringEquals: { "aws:PrincipalTag/{name}": ["x"] } }),
    });
    expect(spec.description).toBe("{name}");
    expect(Object.keys(spec.inlinePolicies[0]?.statements[0]?.conditions?.["StringEquals"] ?? {})).toEqual([
      "aws:PrincipalTag/{name}",
    ]);
  });

  test("once, and neither a class nor an operator replaces what every object has", () => {
    expect(filled({ tags: { a: "{stage}" } }).spec.tags).toEqual({ a: "{account}" });
    expect(filled({ roleName: "{name}-{account}" }).spec.roleName).toBe("web-123456789012");
    expect(filled({ tags: { a: "{region}" } }, { variables: { region: "us-east-1" } }).spec.tags).toEqual({
      a: "us-east-1",
    });
  });
});

describe("a text is refused", () => {
  test("with a variable that does not exist, with the nearest and all that do", () => {
    expect(faultsOf({ roleName: "{nmespace}-x" })).toEqual([
      expect.stringMatching(
        /^UnknownVariable spec\.roleName: \{nmespace\} is no variable \(did you mean namespace\?\)/,
      ),
    ]);
  });

  test("with a variable that has no value yet, unless it is checked without an account", () => {
    const place = { partition: "aws" };
    const spec = { permissionsBoundaryArn: "arn:aws:iam::{account}:policy/b" };
    expect(faultsOf(spec, { place })).toEqual([
      "UnknownVariable spec.permissionsBoundaryArn: {account} has no value yet.",
    ]);
    expect(faultsOf(spec, { place, unknown: "values" })).toEqual([]);
    expect(faultsOf({ roleName: "{nobody}" }, { unknown: "values" })).not.toEqual([]);
    expect(faultsOf({ roleName: "{nobody}" }, { unknown: "variables" })).toEqual([]);
  });

  test.each([
    ["a name that is too long", { roleName: "{long}-role" }, "spec.roleName", "Too long: may not be more than 64"],
    ["a name with other characters", { roleName: "{x}" }, "spec.roleName", "write letters, digits and any of"],
    ["an empty name", { roleName: "{empty}" }, "spec.roleName", "at least 1 chars long"],
    ["a path without slashes", { path: "/{x}/", roleName: "r" }, "spec.path", "write a path that begins and ends"],
    ["an ARN that is none", { managedPolicyArns: ["{x}"] }, "spec.managedPolicyArns[0]", "write the ARN of a managed"],
    ["a resource that is none", allow(["{x}"]), "spec.statements[0].resources[0]", "write an ARN, as in"],
    ["a tag that IAM refuses", { tags: { a: "{bad}" } }, "spec.tags.a", "write letters, digits, spaces"],
  ])("that gives %s, with what it gives", (_, spec, path, words) => {
    const variables = { ...CONTEXT.variables, x: "a b", empty: "", bad: "a#b" };
    const [first = ""] = faultsOf(spec, { variables });
    expect(first).toContain(`InvalidValue ${path}: with its variables filled in it is `);
    expect(first).toContain(words);
  });

  test("with template text of another tool, in resources and conditions", () => {
    const aws = `arn:aws:s3:::b-$\{AWS::AccountId}`;
    expect(faultsOf(allow([aws]))).toEqual([
      expect.stringMatching(
        /^UnfilledTemplate spec\.statements\[0\]\.resources\[0\]: .*CloudFormation.*\{account\}\.$/,
      ),
    ]);
    expect(faultsOf(allow(["*"], { StringLike: { "s3:prefix": ["{{ .Values.prefix }}"] } }))).toEqual([
      expect.stringMatching(/^UnfilledTemplate spec\.statements\[0\]\.conditions\.StringLike\.s3:prefix: .*Helm/),
    ]);
    expect(faultsOf(allow([`arn:aws:s3:::home/$\{aws:username}/*`]))).toEqual([]);
  });
});

test("a document is taken as it is", () => {
  const document = {
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::{x}" },
  };
  const { spec, faults } = filled({ inlinePolicies: [{ name: "odd", document }], trust: { document: TRUST } });
  expect(faults).toBeUndefined();
  expect(spec.inlinePolicies[0]?.document).toEqual(document);
  expect(spec.trust.document).toEqual(TRUST);
});

describe("two policies of one kind with one name, of which each would overwrite the other without end, are a fault", () => {
  const named = (...names: readonly string[]): object => ({
    inlinePolicies: names.map((name) => ({ name, ...allow(["*"]) })),
  });

  test("when a variable gives both the same", () => {
    expect(faultsOf(named("{cluster}-a", "PROD-a"))).toEqual([
      "InvalidValue spec.inlinePolicies[1].name: the name is PROD-a, which is also that of spec.inlinePolicies[0].statements; write another name.",
    ]);
  });

  test("when one has the name of the policy of statements, derived or with variables", () => {
    const reason = expect.stringMatching(
      /^InvalidValue spec\.inlinePolicies\[0\]\.name: .* spec\.statements; write another name/,
    );
    expect(faultsOf({ roleName: undefined, ...allow(["*"]), ...named("team-a--web") })).toEqual([reason]);
    expect(faultsOf({ roleName: "{cluster}-a", ...allow(["*"]), ...named("prod-a") })).toEqual([reason]);
  });

  test("also when they are managed policies, whatever their paths", () => {
    const managedPolicies = ["{cluster}-a", "prod-a"].map((name) => ({ name, path: `/${name}/`, ...allow(["*"]) }));
    expect(faultsOf({ managedPolicies })).toEqual([
      expect.stringMatching(
        /^InvalidValue spec\.managedPolicies\[1\]\.name: .* spec\.managedPolicies\[0\]\.statements; write another name/,
      ),
    ]);
    expect(faultsOf({ managedPolicies: managedPolicies.slice(1), ...named("prod-a") })).toEqual([]);
  });

  test("and different names are none", () => {
    expect(faultsOf({ ...allow(["*"]), ...named("{cluster}-a", "{cluster}-b") })).toEqual([]);
  });
});

describe("names that AWS has", () => {
  const status = {
    role: { name: "dev-web", arn: "arn:aws:iam::123456789012:role/dev/dev-web", id: "AROA1" },
    instanceProfile: { name: "dev-web", arn: "arn:aws:iam::123456789012:instance-profile/dev/dev-web", id: "AIPA1" },
  };

  test("stay when a variable gets another value, and the object says so", () => {
    const object = fillObject(parsed({ roleName: "{cluster}-web", path: "/{cluster}/" }, status), CONTEXT);
    expect(object.spec).toMatchObject({ roleName: "dev-web", instanceProfileName: "dev-web", path: "/dev/" });
    expect(object.keptNames).toContainEqual({ path: "spec.roleName", kept: "dev-web", given: "prod-web" });
  });

  test("take the policy that is named after the role with them, so that it is not deleted and created again", () => {
    const spec = {
      roleName: "{cluster}-web",
      ...allow(["*"]),
      inlinePolicies: [{ name: "{cluster}-logs", ...allow(["*"]) }],
    };
    const { inlinePolicies } = fillObject(parsed(spec, status), CONTEXT).spec;
    expect(inlinePolicies.map(({ name }) => name)).toEqual(["dev-web", "prod-logs"]);
  });

  test("are those of the instance profile for the path of an object with an external role, which has a path of its own", () => {
    const role = { name: "node", arn: "arn:aws:iam::123456789012:role/of-others/node", id: "AROA1" };
    const spec = { roleName: "node", role: { management: "External" }, managedPolicyArns: [], path: "/{cluster}/" };
    const pathWith = (profilePath: string): string => {
      const arn = `arn:aws:iam::123456789012:instance-profile${profilePath}node`;
      return fillObject(parsed(spec, { role, instanceProfile: { name: "node", arn, id: "AIPA1" } }), CONTEXT).spec.path;
    };
    expect([pathWith("/prod/"), pathWith("/dev/")]).toEqual(["/prod/", "/dev/"]);
  });

  test("do not replace a name without variables: an edit of it is refused by the API server, not undone here", () => {
    const object = fillObject(parsed({ roleName: "prod-web" }, status), CONTEXT);
    expect(object.spec.roleName).toBe("prod-web");
    expect(object.keptNames).toBeUndefined();
  });
});

test.each([
  ["aws", "ec2.amazonaws.com"],
  ["aws-us-gov", "ec2.amazonaws.com"],
  ["aws-cn", "ec2.amazonaws.com.cn"],
  [undefined, "ec2.amazonaws.com"],
])("EC2 in partition %s is %s", (partition, service) => {
  expect(filled({}, { place: { partition } }).spec.trust.services).toEqual([service]);
});
