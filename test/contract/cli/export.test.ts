import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";
import { runCli } from "./run-cli.ts";

const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "exporter",
  AWS_SECRET_ACCESS_KEY: "very-secret-key",
  AWS_EC2_METADATA_DISABLED: "true",
};
const READ_S3 = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "s3:Get*", Resource: "*" } };

let aws: AwsSandbox;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, ENVIRONMENT, { AWS_ENDPOINT_URL: aws.url });
});
beforeEach(() => aws.reset());
afterAll(async () => {
  restoreEnvironment();
  await aws.close();
});

interface Made {
  readonly path?: string;
  readonly trust?: object;
  readonly policies?: Readonly<Record<string, object>>;
  readonly roleTags?: Readonly<Record<string, string>>;
  readonly profileTags?: Readonly<Record<string, string>>;
}

const listed = (tags: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tags).flatMap(([key, value], i) => [
      [`Tags.member.${i + 1}.Key`, key],
      [`Tags.member.${i + 1}.Value`, value],
    ]),
  );

/** A role in a profile of its name, as people make them. */
async function make(name: string, made: Made = {}): Promise<void> {
  const { path = "/", trust, policies = { [name]: READ_S3 } } = made;
  const document = trust === undefined ? EC2_TRUST : JSON.stringify(trust);
  const role = { RoleName: name, Path: path, AssumeRolePolicyDocument: document, ...listed(made.roleTags) };
  await outsider(aws.url, "CreateRole", role);
  for (const [PolicyName, policy] of Object.entries(policies)) {
    await outsider(aws.url, "PutRolePolicy", { RoleName: name, PolicyName, PolicyDocument: JSON.stringify(policy) });
  }
  await outsider(aws.url, "CreateInstanceProfile", {
    InstanceProfileName: name,
    Path: path,
    ...listed(made.profileTags),
  });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: name });
}

const exported = (...options: string[]) => runCli(["export", ...options]);
const planOf = (input: string) => runCli(["plan", "--allow-adoption", "-f", "-"], { input });
const manifestsIn = (text: string): readonly { metadata: { name: string }; spec: object }[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((value) => value !== null);

describe("export", () => {
  test("writes manifests that plan adopts as they are, and writes nothing to AWS itself", async () => {
    const trust = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
        {
          Sid: "Ops",
          Effect: "Allow",
          Principal: { AWS: "123456789012" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: { Bool: { "aws:MultiFactorAuthPresent": true } },
        },
      ],
    };
    await make("web", { path: "/app/", trust, roleTags: { team: "web" }, profileTags: { team: "web" } });
    await make("Batch_Job", { policies: { "read-s3": READ_S3 } });
    aws.calls.reset();
    const { status, out, err } = await exported("--path-prefix", "/", "-n", "team-a");
    expect([status, err]).toEqual([0, "2 of 2 instance profiles exported\n"]);
    expect(manifestsIn(out).map(({ metadata }) => metadata)).toEqual([
      { name: "batch-job", namespace: "team-a" },
      { name: "web", namespace: "team-a" },
    ]);
    expect(await planOf(out)).toMatchObject({
      status: 0,
      out: expect.stringContaining("0 in sync, 2 adopted unchanged, 0 with changes, 0 blocked"),
    });
    expect(aws.calls.writes()).toEqual([]);
  });

  test("writes tags of one side, and a tag with two values, to that side", async () => {
    const roleTags = { team: "a", only: "role", owner: "ops" };
    await make("app", { roleTags, profileTags: { team: "a", only: "profile", fleet: "x" } });
    const { out } = await exported("--instance-profile", "app");
    expect(manifestsIn(out)).toMatchObject([
      {
        spec: {
          tags: { team: "a" },
          roleTags: { only: "role", owner: "ops" },
          instanceProfileTags: { fleet: "x", only: "profile" },
        },
      },
    ]);
    expect(out).not.toContain("Not in the manifest");
    expect(await planOf(out)).toMatchObject({ out: expect.stringContaining("1 adopted unchanged") });
  });

  test("quotes values of tags that kubectl would take for booleans, numbers or dates", async () => {
    const roleTags = { debug: "yes", mode: "0777", port: "1:30", since: "2026-01-01" };
    await make("app", { roleTags });
    const { out } = await exported("--instance-profile", "app");
    expect(out).toContain('debug: "yes"');
    expect(parseAllDocuments(out, { version: "1.1" })[0]?.toJS()).toMatchObject({ spec: { roleTags } });
    expect(await planOf(out)).toMatchObject({ out: expect.stringContaining("1 adopted unchanged") });
  });

  test("picks by name, by path and by tag", async () => {
    await make("one", { path: "/a/", roleTags: { team: "x" } });
    await make("two", { path: "/a/b/", profileTags: { team: "x", env: "prod" } });
    await make("three");
    const names = async (...options: string[]) =>
      manifestsIn((await exported(...options)).out).map(({ metadata }) => metadata.name);
    expect(await names("--instance-profile", "three", "--instance-profile", "one")).toEqual(["three", "one"]);
    expect(await names("--path-prefix", "/a/")).toEqual(["one", "two"]);
    expect(await names("--tag", "team=x")).toEqual(["one", "two"]);
    expect(await names("--tag", "team=x", "--tag", "env=prod")).toEqual(["two"]);
  });

  test.each<[string, string[], string]>([
    ["nothing", [], "nothing to export"],
    [
      "a name and a path",
      ["--instance-profile", "a", "--path-prefix", "/"],
      "cannot be combined with --path-prefix or --tag",
    ],
    ["a tag without a value", ["--tag", "team"], '"team" must have the form KEY=VALUE'],
    ["a path without its slash", ["--path-prefix", "team/"], "must start with a slash"],
    ["a name that is not there", ["--instance-profile", "nope"], "instance profile nope does not exist"],
    ["a path that has none", ["--path-prefix", "/nope/"], "no instance profile in this account"],
  ])("asked for %s is an error", async (_, options, words) => {
    const { status, out, err } = await exported(...options);
    expect([status, out]).toEqual([1, ""]);
    expect(err).toContain(words);
  });
});

describe("every role that IAM takes is a manifest that adopts it unchanged", () => {
  const one = { Effect: "Allow", Action: "ec2:Describe*", Resource: "*" };
  const own = { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::a/\${aws:username}` };

  test.each<[string, Made, object]>([
    [
      "several inline policies",
      { policies: { app: READ_S3, extra: { Statement: one } } },
      { inlinePolicies: [{ name: "app" }, { name: "extra", statements: [{ actions: ["ec2:Describe*"] }] }] },
    ],
    ["a trust policy of the old version", { trust: { ...JSON.parse(EC2_TRUST), Version: "2008-10-17" } }, {}],
    ["a policy of the old version", { policies: { app: { ...READ_S3, Version: "2008-10-17" } } }, { statements: [{}] }],
    [
      "a policy of the old version in which a variable is text",
      { policies: { app: { Version: "2008-10-17", Statement: own } } },
      { inlinePolicies: [{ name: "app", document: { Version: "2008-10-17" } }] },
    ],
    [
      "a policy with an Id",
      { policies: { odd: { Version: "2012-10-17", Id: "x", Statement: [one] } } },
      { inlinePolicies: [{ name: "odd", document: { Id: "x" } }] },
    ],
    [
      "an action that nobody offers",
      { policies: { app: { Statement: { ...one, Action: "s3:Get Object" } } } },
      { inlinePolicies: [{ document: { Statement: { Action: "s3:Get Object" } } }] },
    ],
    ["no permissions at all", { policies: {} }, {}],
  ])("with %s", async (_, made, spec) => {
    await make("app", made);
    const { status, out } = await exported("--instance-profile", "app");
    expect([status, manifestsIn(out)]).toMatchObject([0, [{ spec }]]);
    expect(out).not.toContain("Not in the manifest");
    expect(await planOf(out)).toMatchObject({ out: expect.stringContaining("1 adopted unchanged") });
  });
});

describe("what no manifest can say stands in comments, and nothing is lost", () => {
  test("an empty profile, and one that is owned already, are named with the reason", async () => {
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "hollow" });
    const owner = { "cluster-id": "c-1", namespace: "team-b", name: "mine" };
    const tags = Object.fromEntries(Object.entries(owner).map(([k, v]) => [`iam.instanceprofile.dev/${k}`, v]));
    await make("owned", { roleTags: tags, profileTags: tags });
    const { out } = await exported("--path-prefix", "/");
    expect(manifestsIn(out)).toEqual([]);
    expect(out).toContain("#   it holds no role");
    expect(out).toContain("#   InstanceProfile team-b/mine of cluster c-1 already owns it");
  });

  test("a role is external to the manifests of its further profiles, and to those of a role that is owned already", async () => {
    await make("shared");
    await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "shared-2", Path: "/two/" });
    await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "shared-2", RoleName: "shared" });
    await make("owned", { roleTags: { "iam.instanceprofile.dev/name": "mine" }, profileTags: { fleet: "x" } });
    const { out, err } = await exported("--path-prefix", "/");
    const external = { management: "External" };
    expect(manifestsIn(out).map(({ spec }) => spec)).toMatchObject([
      { roleName: "owned", role: external, tags: { fleet: "x" } },
      { roleName: "shared", statements: [{ effect: "Allow" }] },
      { roleName: "shared", role: external, instanceProfileName: "shared-2", path: "/two/" },
    ]);
    expect(err).toContain("3 of 3 instance profiles exported\n");
    const plan = await runCli(["plan", "--allow-adoption", "--allow-external-roles", "-f", "-"], { input: out });
    expect(plan).toMatchObject({ status: 0, out: expect.stringContaining("3 adopted unchanged") });
    expect(await planOf(out)).toMatchObject({ status: 3, out: expect.stringContaining("ExternalRoleNotAllowed") });
  });

  test("--external-role leaves every role to others", async () => {
    await make("app");
    const { out } = await exported("--instance-profile", "app", "--external-role");
    expect(manifestsIn(out)).toMatchObject([{ spec: { roleName: "app", role: { management: "External" } } }]);
    expect(out).not.toContain("statements");
  });

  test("a line break that only some parsers know cannot leave its comment or its string", async () => {
    const condition = { StringEquals: { "aws:a": "x\u0085  adoptionPolicy: Never" } };
    const policy = { ...READ_S3, Statement: { ...READ_S3.Statement, Condition: condition } };
    await make("app", { policies: { app: policy }, roleTags: { t: "a\u2028spec:" } });
    const { out } = await exported("--instance-profile", "app");
    expect(out).not.toMatch(/[\u0085\u2028]/);
    expect(manifestsIn(out)).toMatchObject([{ spec: { roleTags: { t: "a\u2028spec:" } } }]);
    expect(await planOf(out)).toMatchObject({ status: 0 });
  });
});

describe("export --with-managed-policies", () => {
  const ACCOUNT_POLICY = "arn:aws:iam::123456789012:policy/";
  const makePolicy = async (name: string, path = "/"): Promise<string> => {
    const PolicyDocument = JSON.stringify(READ_S3);
    await outsider(aws.url, "CreatePolicy", {
      PolicyName: name,
      Path: path,
      PolicyDocument,
      Description: `of ${name}`,
    });
    return `${ACCOUNT_POLICY.slice(0, -1)}${path}${name}`;
  };
  const attach = (RoleName: string, PolicyArn: string) =>
    outsider(aws.url, "AttachRolePolicy", { RoleName, PolicyArn });

  test("writes the policies that the role alone uses as its own, and plan adopts them by tags alone", async () => {
    await make("web", { policies: {} });
    await make("other");
    const [own, shared, boundary] = [
      await makePolicy("own", "/team/"),
      await makePolicy("shared"),
      await makePolicy("b"),
    ];
    const ssm = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    for (const arn of [own, shared, boundary, ssm]) await attach("web", arn);
    await attach("other", shared);
    await outsider(aws.url, "PutRolePermissionsBoundary", { RoleName: "other", PermissionsBoundary: boundary });
    const plain = await exported("--instance-profile", "web");
    const [{ spec: attachedOnly } = { spec: {} }] = manifestsIn(plain.out);
    expect(attachedOnly).toMatchObject({ managedPolicyArns: [own, boundary, shared, ssm].sort() });
    expect(attachedOnly).not.toHaveProperty("managedPolicies");

    const { status, out } = await exported("--instance-profile", "web", "--with-managed-policies");
    expect(status).toBe(0);
    const [{ spec } = { spec: {} }] = manifestsIn(out);
    const statements = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }];
    expect(spec).toMatchObject({
      managedPolicies: [{ name: "own", path: "/team/", description: "of own", statements }],
      managedPolicyArns: [boundary, shared, ssm].sort(),
    });
    const plan = await planOf(out);
    expect(plan.out).toContain("Plan: 0 in sync, 1 adopted unchanged, 0 with changes, 0 blocked.");
  });

  test("leaves a policy to the object that owns it", async () => {
    await make("web");
    const own = await makePolicy("own");
    await attach("web", own);
    const tags = { "iam.instanceprofile.dev/name": "other", "iam.instanceprofile.dev/namespace": "team-b" };
    await outsider(aws.url, "TagPolicy", { PolicyArn: own, ...listed(tags) });
    const { out } = await exported("--instance-profile", "web", "--with-managed-policies");
    expect(manifestsIn(out)[0]?.spec).toMatchObject({ managedPolicyArns: [own] });
  });

  test.each([
    ["--external-role", "the policies are those of the role"],
    ["--from-terraform-state", "exports them anyway"],
  ])("cannot be combined with %s", async (option, why) => {
    const value = option.startsWith("--from") ? ["-"] : ["--path-prefix", "/"];
    const { status, err } = await exported("--with-managed-policies", option, ...value);
    expect([status === 0, err]).toEqual([false, expect.stringContaining(why)]);
  });
});
