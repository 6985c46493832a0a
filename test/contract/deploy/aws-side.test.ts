import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { yamlEvents } from "../../../src/cli/manifests/yaml-events.ts";
import { templateJsonOf } from "../../../src/cli/manifests/yaml-json.ts";
import { TemplateValues } from "../../../src/engine/import/template-values.ts";
import { requestContext } from "../../../src/model/access/access-request.ts";
import type { JsonObject } from "../../../src/model/access/evaluate/document.ts";
import { evaluatePolicies } from "../../../src/model/access/evaluate/evaluate.ts";
import type { JsonObject as Template } from "../../../src/model/policy/policy-json.ts";
import { documentOf as documentOfPolicy } from "../../../src/sandbox/aws/account/entities.ts";
import { awsManagedPolicy } from "../../../src/sandbox/aws/policy/aws-managed-policies.ts";
import { ACCOUNT, commandsUnder, type Document, filledDocument, shownValues } from "../../support/aws-side.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

const TEMPLATE = join(DEPLOY_FOLDER, "aws/cloudformation/controller.yaml");
const text = readFileSync(TEMPLATE, "utf8");
const template = templateJsonOf(yamlEvents(text), text)[0] as Template;
const module = readFileSync(join(DEPLOY_FOLDER, "aws/terraform/main.tf"), "utf8");

const ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0123456789";
const MEMBERS = ["arn:aws:iam::444455556666:role/a", "arn:aws:iam::777788889999:role/b"];
const MEMBER_VALUES = `${shownValues()}s|CONTROLLER_ROLE_ARN|arn:aws:iam::${ACCOUNT}:role/instance-profile-controller|g
s|EXTERNAL_ID|my-cluster|g
s|MEMBER_ROLE_ARNS|${MEMBERS.join('", "')}|g
`;
/** The parameters that the page passes, and those of CloudFormation. */
const SHOWN = Object.fromEntries(
  [...(commandsUnder("By CloudFormation")[0] ?? "").matchAll(/(?<= )(\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [
    name,
    value,
  ]),
);
const PSEUDO = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Partition": "aws",
  "AWS::Region": "us-east-1",
  "AWS::URLSuffix": "amazonaws.com",
};

/** The resources of a stack with these parameters, beside those of the page. */
function stackOf(parameters: Readonly<Record<string, string>> = {}): Readonly<Record<string, Template>> {
  const values = new TemplateValues(template, new Map(Object.entries({ ...PSEUDO, ...SHOWN, ...parameters })));
  const resources = Object.entries(template["Resources"] as Readonly<Record<string, Template>>);
  const created = resources.filter(([, { Condition }]) => Condition === undefined || values.holds(Condition as string));
  return Object.fromEntries(
    created.map(([name, { Properties }]) => [name, values.resolve(Properties ?? {}) as Template]),
  );
}

/** A document of a stack: a text, or an object. */
function documentOf(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}

/** The documents of a role, by the names of its policies. */
function policiesOf(role: Template = {}): Readonly<Record<string, unknown>> {
  const policies = role["Policies"] as readonly Template[];
  return Object.fromEntries(policies.map(({ PolicyName, PolicyDocument }) => [PolicyName, documentOf(PolicyDocument)]));
}

test("the CloudFormation template has the policies of deploy/aws: else run npm run install-yaml", () => {
  const folder = mkdtempSync(join(tmpdir(), "template-"));
  try {
    const file = join(folder, "controller.yaml");
    execFileSync(process.execPath, [join(DEPLOY_FOLDER, "../scripts/cloudformation.ts"), file]);
    expect(text).toBe(readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("CloudFormation creates the boundary and the role that the AWS CLI commands create, and associates it", () => {
  const { Boundary, Role, Association, ...others } = stackOf();
  expect(others).toEqual({});
  expect(Boundary).toMatchObject({ ManagedPolicyName: "k8s-boundary" });
  expect(documentOf(Boundary?.["PolicyDocument"])).toEqual(filledDocument("boundary-policy"));
  expect(Role).toMatchObject({ RoleName: "instance-profile-controller" });
  expect(documentOf(Role?.["AssumeRolePolicyDocument"])).toEqual(filledDocument("trust-pod-identity"));
  expect(policiesOf(Role)).toEqual({ "instance-profile-controller": filledDocument("controller-policy") });
  expect(Association).toEqual({
    ClusterName: "my-cluster",
    Namespace: "instance-profile-system",
    ServiceAccount: "instance-profile-controller",
    RoleArn: `arn:aws:iam::${ACCOUNT}:role/instance-profile-controller`,
  });
});

test("CloudFormation creates the same with IRSA, and associates nothing", () => {
  const { Role, Association } = stackOf({ Credentials: "IRSA", OidcProvider: ISSUER });
  expect(documentOf(Role?.["AssumeRolePolicyDocument"])).toEqual(filledDocument("trust-irsa"));
  expect(Association).toBeUndefined();
});

test("CloudFormation creates the role of a class in another account, and lets the controller's role assume it", () => {
  const ControllerRoleArn = `arn:aws:iam::${ACCOUNT}:role/instance-profile-controller`;
  const { Role, Association } = stackOf({ Credentials: "AssumeRole", ControllerRoleArn, ExternalId: "my-cluster" });
  expect(documentOf(Role?.["AssumeRolePolicyDocument"])).toEqual(filledDocument("trust-member", MEMBER_VALUES));
  expect(Association).toBeUndefined();
  const { MemberPolicy } = stackOf({ MemberRoleArns: MEMBERS.join(",") });
  expect(documentOf(MemberPolicy?.["PolicyDocument"])).toEqual(filledDocument("members-policy", MEMBER_VALUES));
});

test("CloudFormation takes more policies that can be attached, another partition, and another tag of instances", () => {
  const { Role } = stackOf({
    "AWS::Partition": "aws-cn",
    "AWS::URLSuffix": "amazonaws.com.cn",
    AttachablePolicyArns: "arn:aws-cn:iam::aws:policy/A,arn:aws-cn:iam::aws:policy/B",
    InstanceTagKey: "team",
  });
  const policy = JSON.stringify(policiesOf(Role));
  expect(policy).toContain('["arn:aws-cn:iam::aws:policy/A","arn:aws-cn:iam::aws:policy/B","arn:aws-cn:iam::');
  expect(policy).toContain('"aws:ResourceTag/team":"my-cluster"');
  expect(policy).toContain('"iam:PassedToService":"ec2.amazonaws.com.cn"');
  expect(policy).not.toContain("arn:aws:");
});

test("the Terraform module replaces every placeholder that the template replaces", () => {
  const names = [
    "boundary-policy",
    "controller-policy",
    "members-policy",
    "trust-irsa",
    "trust-member",
    "trust-pod-identity",
  ];
  const documents = names.map((name) => readFileSync(join(DEPLOY_FOLDER, "aws", `${name}.json`), "utf8")).join("");
  const placeholders = new Set(documents.match(/\b(?!AWS\b)[A-Z]+(?:_[A-Z]+)*\b/g));
  const replaced = [...module.matchAll(/^ {4}"(?:\\")?([A-Z_]+)\/?(?:\\")?" +=/gm)].map(([, name]) => name);
  expect(replaced.toSorted()).toEqual([...placeholders].toSorted());
  for (const name of placeholders) expect(text).not.toContain(name);
});

interface Call {
  readonly action: string;
  readonly principal: string;
  readonly keys: Readonly<Record<string, string>>;
}

function isTrusted(document: Document, { action, principal, keys }: Call): boolean {
  const resource = `arn:aws:iam::${ACCOUNT}:role/instance-profile-controller`;
  const request = { action, principal: [principal], resource, context: requestContext(keys) };
  return evaluatePolicies([document as unknown as JsonObject], request, { use: "trust" }).verdict === "allow";
}

describe("the role trusts, with Pod Identity,", () => {
  const trust = filledDocument("trust-pod-identity");
  const keys = {
    "aws:SourceArn": `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/my-cluster`,
    "aws:SourceAccount": ACCOUNT,
    "aws:RequestTag/kubernetes-namespace": "instance-profile-system",
    "aws:RequestTag/kubernetes-service-account": "instance-profile-controller",
    "aws:RequestTag/eks-cluster-name": "my-cluster",
  };
  const principal = "Service:pods.eks.amazonaws.com";

  test("the controller's service account", () => {
    for (const action of ["sts:AssumeRole", "sts:TagSession"]) {
      expect(isTrusted(trust, { action, principal, keys })).toBe(true);
    }
  });

  test.for([
    ["another namespace", { "aws:RequestTag/kubernetes-namespace": "default" }],
    ["another service account", { "aws:RequestTag/kubernetes-service-account": "default" }],
    ["another cluster", { "aws:SourceArn": `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/my-cluster-2` }],
    [
      "a cluster of that name in another region",
      { "aws:SourceArn": `arn:aws:eks:eu-west-1:${ACCOUNT}:cluster/my-cluster` },
    ],
    ["another account", { "aws:SourceAccount": "999988887777" }],
  ] as const)("not %s", ([, changed]) => {
    expect(isTrusted(trust, { action: "sts:AssumeRole", principal, keys: { ...keys, ...changed } })).toBe(false);
  });

  test("not a session without tags, nor another service", () => {
    const { "aws:SourceArn": arn, "aws:SourceAccount": account } = keys;
    const untagged = { "aws:SourceArn": arn, "aws:SourceAccount": account };
    expect(isTrusted(trust, { action: "sts:AssumeRole", principal, keys: untagged })).toBe(false);
    expect(isTrusted(trust, { action: "sts:AssumeRole", principal: "Service:ec2.amazonaws.com", keys })).toBe(false);
  });
});

describe("the role trusts, with IRSA,", () => {
  const trust = filledDocument("trust-irsa");
  const action = "sts:AssumeRoleWithWebIdentity";
  const principal = `Federated:arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
  const keys = {
    [`${ISSUER}:aud`]: "sts.amazonaws.com",
    [`${ISSUER}:sub`]: "system:serviceaccount:instance-profile-system:instance-profile-controller",
  };

  test("the controller's service account", () => {
    expect(isTrusted(trust, { action, principal, keys })).toBe(true);
  });

  test.for([
    ["another service account", { [`${ISSUER}:sub`]: "system:serviceaccount:instance-profile-system:default" }],
    ["another namespace", { [`${ISSUER}:sub`]: "system:serviceaccount:default:instance-profile-controller" }],
    ["a token for another audience", { [`${ISSUER}:aud`]: "https://kubernetes.default.svc" }],
  ] as const)("not %s", ([, changed]) => {
    expect(isTrusted(trust, { action, principal, keys: { ...keys, ...changed } })).toBe(false);
  });

  test("not the issuer of another cluster", () => {
    const other = principal.replace("EXAMPLE", "ANOTHER");
    expect(isTrusted(trust, { action, principal: other, keys })).toBe(false);
  });
});

describe("the boundary", () => {
  const boundary = filledDocument("boundary-policy");
  const resource = `arn:aws:ec2:us-east-1:${ACCOUNT}:network-interface/eni-0123456789abcdef0`;
  const isWithin = (action: string): boolean => {
    const request = { action: action.replaceAll("*", "x"), resource, context: requestContext({}) };
    return evaluatePolicies([boundary as unknown as JsonObject], request).verdict === "allow";
  };
  const examples = globSync("examples/*/profile.yaml", { cwd: join(DEPLOY_FOLDER, "..") });

  // The page names them: one assumes a role, one deletes secrets, which an account must allow on purpose.
  const beyond = /cross-account-read|cluster-api-machine/;
  test.for(examples.filter((file) => !beyond.test(file)))("allows what %s uses", (file) => {
    const { spec } = parse(readFileSync(join(DEPLOY_FOLDER, "..", file), "utf8")) as { readonly spec: Spec };
    const managed = (spec.managedPolicyArns ?? []).map((arn) => awsManagedPolicy(arn, "aws"));
    const documents = managed.map((policy) => policy && (JSON.parse(documentOfPolicy(policy)) as Document));
    const allowed = (spec.statements ?? [])
      .filter(({ effect }) => effect === "Allow")
      .flatMap(({ actions }) => actions);
    const ofManaged = documents.flatMap((document) => document?.Statement.flatMap(({ Action }) => Action as string[]));
    const actions = [...allowed, ...ofManaged];
    expect(actions).not.toEqual([]);
    expect(actions.filter((action) => action === undefined || !isWithin(action))).toEqual([]);
  });

  test.for([
    "iam:CreateRole",
    "iam:PassRole",
    "sts:AssumeRole",
    "ec2:RunInstances",
    "organizations:LeaveOrganization",
    "ssm:SendCommand",
  ])("does not allow %s", (action) => {
    expect(isWithin(action)).toBe(false);
  });
});

interface Spec {
  readonly managedPolicyArns?: readonly string[];
  readonly statements?: readonly { readonly effect: string; readonly actions: readonly string[] }[];
}
