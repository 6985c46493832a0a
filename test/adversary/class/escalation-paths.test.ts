import { describe, expect, test } from "vitest";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { TerminalError } from "../../../src/errors.ts";
import { fillObject } from "../../../src/model/variables/fill-object.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { printable } from "../../../src/text/safe-text.ts";
import { aClass } from "../../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../../support/class-policy.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What an administrator would write for a team that works with S3, queues and logs. */
const OWN = "arn:aws:iam::123456789012";
const TEAM_CLASS = aClass(
  {
    namespaces: ["team-a"],
    roleNamePrefix: "{namespace}-",
    path: "/k8s/{cluster}/{namespace}/",
    permissionsBoundaryArn: `${OWN}:policy/k8s-boundary`,
    allowedActions: ["s3:*", "sqs:*", "logs:*", "ec2:Describe*"],
    deniedActions: ["s3:PutBucketPolicy", "sqs:AddPermission"],
    allowedResources: ["arn:aws:s3:::{namespace}-*", "arn:aws:sqs:*:123456789012:{namespace}-*"],
    allowedManagedPolicies: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    tags: { team: "a" },
  },
  { metadata: { name: "team-a" } },
);
const PATH = "/k8s/cluster-1/team-a/";
const BUCKET = "arn:aws:s3:::team-a-uploads/*";
const reads = { effect: "Allow", actions: ["s3:GetObject"], resources: [BUCKET] };

/** What the admission policy refuses of what the guard does, and what it lets pass. */
const REFUSED_EARLY: string[] = [];
const LEFT_TO_THE_GUARD: string[] = [];

/** Both walls in the order in which a manifest meets them: the fields' own rules, then the class. */
function answerTo(spec: Fields): readonly string[] {
  const manifest = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app", namespace: "team-a", uid: "uid-1", generation: 1, resourceVersion: "1" },
    spec: { className: "team-a", roleName: "team-a-app", path: PATH, statements: [reads], ...spec },
  };
  try {
    const written = parseInstanceProfile(manifest);
    const place = { accountId: "123456789012", partition: "aws", region: "us-east-1" };
    const object = fillObject(written, { place, clusterId: "cluster-1", variables: {} });
    const bounds = { class: TEAM_CLASS, namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 };
    const said = classViolations(object.spec, bounds).map(({ reason, message }) => `${reason}: ${message}`);
    const early = saidAtAdmission(written.spec, TEAM_CLASS, { namespace: "team-a" });
    if (said.length > 0) (early.length > 0 ? REFUSED_EARLY : LEFT_TO_THE_GUARD).push(said.join(" "));
    expect(said.map(reasonOf)).toEqual(expect.arrayContaining(early.map(reasonOf)));
    return said;
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return [`${error.reason}: ${error.message}`];
  }
}

const grants = (action: string, resource = BUCKET): Fields => ({
  statements: [{ effect: "Allow", actions: [action], resources: [resource] }],
});
const trusts = (statement: Fields): Fields => ({ trust: { statements: [{ effect: "Allow", ...statement }] } });
/** What the rules of the fields say: they are the API server's, and the controller's where that does not check. */
const invalid = (field: string, said: string, value?: string): string =>
  `InvalidSpec: InstanceProfile "app" is invalid: spec.${field}: Invalid value: ${value === undefined ? "" : `${printable(JSON.stringify(value))}: `}${said}`;
const ALLOWED = "it allows s3:*, sqs:*, logs:*, ec2:Describe*. Narrow the statement.";
const NO_TRUST =
  "TrustStatementNotAllowed: spec.trust.statements[0]: class team-a does not allow trust statements. Remove it.";

test("what the team's class is for is let through", () => {
  expect(answerTo({})).toEqual([]);
});

/** https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/ and what was found since. */
const BY_ITSELF = [
  ...["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:CreateAccessKey", "iam:CreateLoginProfile"],
  ...["iam:UpdateLoginProfile", "iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy"],
  ...["iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:AddUserToGroup"],
  ...["iam:UpdateAssumeRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"],
  ...["iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PassRole"],
  ...["iam:AddRoleToInstanceProfile", "iam:CreateServiceSpecificCredential", "iam:ResyncMFADevice"],
  ...["iam:UpdateOpenIDConnectProviderThumbprint", "iam:UpdateSAMLProvider", "iam:CreateRole", "iam:TagRole"],
  ...["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:GetFederationToken"],
  ...["ec2:RunInstances", "ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation"],
  ...["ec2:ModifyInstanceAttribute", "ec2-instance-connect:SendSSHPublicKey", "ssm:SendCommand", "ssm:StartSession"],
  ...["lambda:CreateFunction", "lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:AddPermission"],
  ...["lambda:UpdateFunctionConfiguration", "lambda:CreateEventSourceMapping", "glue:CreateDevEndpoint"],
  ...["glue:UpdateDevEndpoint", "glue:CreateJob", "glue:UpdateJob", "cloudformation:CreateStack"],
  ...["cloudformation:UpdateStack", "cloudformation:CreateChangeSet", "datapipeline:CreatePipeline"],
  ...["datapipeline:PutPipelineDefinition", "codestar:CreateProject", "codestar:AssociateTeamMember"],
  ...["codebuild:CreateProject", "codebuild:StartBuild", "sagemaker:CreateNotebookInstance"],
  ...["sagemaker:CreatePresignedNotebookInstanceUrl", "ecs:RunTask", "ecs:RegisterTaskDefinition"],
  ...["apprunner:CreateService", "bedrock-agentcore:CreateCodeInterpreter", "states:CreateStateMachine"],
  ...["cloudtrail:StopLogging", "organizations:LeaveOrganization", "kms:PutKeyPolicy", "kms:CreateGrant"],
  ...["secretsmanager:PutResourcePolicy", "sso:CreatePermissionSet", "rolesanywhere:CreateTrustAnchor"],
];

describe("an action by which one gains more is refused", () => {
  test.each(BY_ITSELF)("%s", (action) => {
    expect(answerTo(grants(action))).toEqual([
      `ActionNotAllowed: spec.statements[0].actions[0]: ${action} is an action that class team-a does not allow; ${ALLOWED}`,
    ]);
    const shouted = action.toUpperCase();
    expect(answerTo(grants(shouted))).toEqual([
      `ActionNotAllowed: spec.statements[0].actions[0]: ${shouted} is an action that class team-a does not allow; ${ALLOWED}`,
    ]);
  });
});

describe("a pattern that has one of them is refused, and the one is named", () => {
  test.each([
    ["*", "iam:PassRole"],
    ["*:*", "iam:PassRole"],
    ["iam:*", "iam:PassRole"],
    ["i*:Pass*", "iam:PassRole"],
    ["i*:*", "iam:PassRole"],
    ["*:PassRole", "iam:PassRole"],
    ["*:*Role", "iam:PassRole"],
    ["*m:PASS*", "iam:PassRole"],
    ["iam:?assRole", "iam:PassRole"],
    ["iam:Pass????", "iam:PassRole"],
    ["iam:*a*s*R*", "iam:PassRole"],
    ["iAm:pAsS*", "iam:PassRole"],
    ["iam:Create*Version", "iam:CreatePolicyVersion"],
    ["iam:Set*", "iam:SetDefaultPolicyVersion"],
    ["iam:*AssumeRolePolicy", "iam:UpdateAssumeRolePolicy"],
    ["iam:Attach*", "iam:AttachRolePolicy"],
    ["iam:Delete*Boundary", "iam:DeleteRolePermissionsBoundary"],
    ["sts:Assume*", "sts:AssumeRole"],
    ["s*:AssumeRole", "sts:AssumeRole"],
    ["ec2:Associate*", "ec2:AssociateIamInstanceProfile"],
    ["ec2:*Instances", "ec2:RunInstances"],
    ["lambda:Update*", "lambda:UpdateFunctionCode"],
    ["ssm:S*", "ssm:SendCommand"],
    ["cloudformation:*Stack", "cloudformation:CreateStack"],
  ])("%s", (pattern, named) => {
    expect(answerTo(grants(pattern))).toEqual([
      `ActionNotAllowed: spec.statements[0].actions[0]: ${pattern} allows ${named}, which class team-a does not allow; ${ALLOWED}`,
    ]);
  });

  test.each([
    ["s3:Put*", "s3:PutBucketPolicy"],
    ["s3:*Policy", "s3:PutBucketPolicy"],
    ["S3:PUTBUCKET*", "s3:PutBucketPolicy"],
    ["s3:Put??????Policy", "s3:PutBucketPolicy"],
    ["sqs:Add*", "sqs:addpermission"],
  ])("%s, of which one is denied", (pattern, named) => {
    expect(answerTo(grants(pattern))).toEqual([
      `ActionDenied: spec.statements[0].actions[0]: ${pattern} allows ${named}, which class team-a denies: s3:PutBucketPolicy, ` +
        "sqs:AddPermission. Narrow the statement.",
    ]);
  });
});

describe("an action that only looks like an allowed one is no action", () => {
  test.each([
    ["Cyrillic ѕ", "\u04553:GetObject"],
    ["full-width colon", "s3\uff1aGetObject"],
    ["Kelvin sign", "sqs:\u212aeep"],
    ["dotless i", "\u0131am:PassRole"],
    ["zero-width space", "s3:Get\u200bObject"],
    ["right-to-left mark", "s3:\u200fGetObject"],
    ["trailing newline", "s3:GetObject\n"],
    ["two colons", "s3:GetObject:iam:PassRole"],
    ["policy variable", "s3:$" + "{aws:PrincipalTag/action}"],
    ["placeholder of the class", "s3:{namespace}"],
    ["comma", "s3:GetObject,iam:PassRole"],
    ["question mark for a service", "?am:PassRole"],
    ["no service", "PassRole"],
    ["star without colon", "i*"],
  ])("%s", (_, action) => {
    expect(answerTo(grants(action))).toEqual([
      invalid("statements[0].actions[0]", "write service:Action, as in s3:GetObject or s3:Get*, or * for all", action),
    ]);
  });
});

const NOT_ACTIONS =
  "NotActionsNotAllowed: spec.statements[0].notActions: class team-a does not allow notActions in an Allow statement. Use actions.";
const NOT_RESOURCES =
  "NotResourcesNotAllowed: spec.statements[0].notResources: class team-a does not allow notResources in an Allow statement. Use resources.";
const RESOURCES = "it allows arn:aws:s3:::team-a-*, arn:aws:sqs:*:123456789012:team-a-*. Narrow the statement.";

/** [the way, what is written, what is said] */
const WAYS: readonly (readonly [string, Fields, string])[] = [
  // Through the policy.
  [
    "everything but a harmless action",
    { statements: [{ effect: "Allow", notActions: ["s3:DeleteBucket"], resources: [BUCKET] }] },
    NOT_ACTIONS,
  ],
  [
    "everything but everything of one service",
    { statements: [{ effect: "Allow", notActions: ["iam:*", "sts:*"], resources: [BUCKET] }] },
    NOT_ACTIONS,
  ],
  [
    "every resource but one",
    { statements: [{ effect: "Allow", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::x"] }] },
    NOT_RESOURCES,
  ],
  [
    "both actions and notActions",
    { statements: [{ ...reads, notActions: ["s3:GetObject"] }] },
    invalid("statements[0]", "write exactly one of actions and notActions"),
  ],
  [
    "another effect",
    { statements: [{ ...reads, effect: "allow" }] },
    'InvalidSpec: InstanceProfile "app" is invalid: spec.statements[0].effect: Unsupported value: "allow": supported values: "Allow", "Deny"',
  ],
  [
    "a principal in a permissions statement",
    { statements: [{ ...reads, principals: { aws: ["*"] } }] },
    'InvalidSpec: InstanceProfile "app" is invalid: spec.statements[0].principals: unknown field "spec.statements[0].principals": write one of sid, effect, actions, notActions, resources, notResources, conditions',
  ],
  [
    "any resource",
    grants("s3:GetObject", "*"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: * is a resource that class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "another team's bucket by a shorter name",
    grants("s3:GetObject", "arn:aws:s3:::team-*"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: arn:aws:s3:::team-* allows arn:aws:s3:::team-, which class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "another partition's bucket",
    grants("s3:GetObject", "arn:aws-cn:s3:::team-a-x"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: arn:aws-cn:s3:::team-a-x is a resource that class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "another account's queue",
    grants("sqs:SendMessage", "arn:aws:sqs:eu-west-1:*:team-a-x"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: arn:aws:sqs:eu-west-1:*:team-a-x allows arn:aws:sqs:eu-west-1::team-a-x, which class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "a resource of another service in an allowed one's clothes",
    grants("s3:GetObject", "arn:aws:*:::team-a-x"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: arn:aws:*:::team-a-x allows arn:aws::::team-a-x, which class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "a bucket that a tag of the caller names",
    grants("s3:GetObject", "arn:aws:s3:::$" + "{aws:PrincipalTag/team}-x"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: arn:aws:s3:::$` +
      `{aws:PrincipalTag/team}-x allows arn:aws:s3:::-x, which class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "a bucket that a tag names, with one's own as the default",
    grants("s3:GetObject", "arn:aws:s3:::$" + "{aws:PrincipalTag/team, 'team-a-x'}"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: "arn:aws:s3:::$` +
      `{aws:PrincipalTag/team, 'team-a-x'}" allows arn:aws:s3:::, which class team-a does not allow; ${RESOURCES}`,
  ],
  [
    "a resource without an ARN",
    grants("s3:GetObject", "$" + "{aws:userid}"),
    invalid(
      "statements[0].resources[0]",
      "write an ARN, as in arn:aws:s3:::my-bucket/*, or * for every resource",
      "$" + "{aws:userid}",
    ),
  ],
  [
    "a look-alike of one's own prefix",
    grants("s3:GetObject", "arn:aws:s3:::te\u00e0m-a-x"),
    `ResourceNotAllowed: spec.statements[0].resources[0]: "arn:aws:s3:::te\\u00e0m-a-x" is a resource that class team-a does not allow; ${RESOURCES}`,
  ],

  // Through the role's attachments and boundary.
  [
    "AdministratorAccess attached",
    { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] },
    "ManagedPolicyNotAllowed: spec.managedPolicyArns: class team-a does not allow arn:aws:iam::aws:policy/AdministratorAccess; it allows arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore. Remove it.",
  ],
  [
    "a policy of one's own with an allowed one's name",
    { managedPolicyArns: [`${OWN}:policy/AmazonSSMManagedInstanceCore`] },
    "ManagedPolicyNotAllowed: spec.managedPolicyArns: class team-a does not allow arn:aws:iam::123456789012:policy/AmazonSSMManagedInstanceCore; it allows arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore. Remove it.",
  ],
  [
    "an allowed policy in other letters",
    { managedPolicyArns: ["arn:aws:iam::aws:policy/amazonssmmanagedinstancecore"] },
    "ManagedPolicyNotAllowed: spec.managedPolicyArns: class team-a does not allow arn:aws:iam::aws:policy/amazonssmmanagedinstancecore; it allows arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore. Remove it.",
  ],
  [
    "an attachment by a pattern",
    { managedPolicyArns: ["arn:aws:iam::aws:policy/*"] },
    invalid(
      "managedPolicyArns[0]",
      "write the ARN of a managed policy, as in arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
      "arn:aws:iam::aws:policy/*",
    ),
  ],
  [
    "a weaker boundary",
    { permissionsBoundaryArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
    `BoundaryNotAllowed: spec.permissionsBoundaryArn is arn:aws:iam::aws:policy/AdministratorAccess, and class team-a requires ${OWN}:policy/k8s-boundary. Use that ARN, or remove the field.`,
  ],
  [
    "the boundary's name in another path",
    { permissionsBoundaryArn: `${OWN}:policy/mine/k8s-boundary` },
    `BoundaryNotAllowed: spec.permissionsBoundaryArn is ${OWN}:policy/mine/k8s-boundary, and class team-a requires ${OWN}:policy/k8s-boundary. Use that ARN, or remove the field.`,
  ],
  [
    "the boundary's name in other letters",
    { permissionsBoundaryArn: `${OWN}:policy/K8s-Boundary` },
    `BoundaryNotAllowed: spec.permissionsBoundaryArn is ${OWN}:policy/K8s-Boundary, and class team-a requires ${OWN}:policy/k8s-boundary. Use that ARN, or remove the field.`,
  ],
  [
    "no boundary, by an empty one",
    { permissionsBoundaryArn: "" },
    `${invalid("permissionsBoundaryArn", "spec.permissionsBoundaryArn in body should be at least 1 chars long", "")}; spec.permissionsBoundaryArn: Invalid value: "": write the ARN of a managed policy, as in arn:aws:iam::123456789012:policy/boundary`,
  ],

  // Through those who may assume the role.
  ["everyone in the trust policy", trusts({ principals: { aws: ["*"] } }), NO_TRUST],
  ["another account", trusts({ principals: { aws: ["210987654321"] } }), NO_TRUST],
  ["another account's root", trusts({ principals: { aws: ["arn:aws:iam::210987654321:root"] } }), NO_TRUST],
  ["a user of one's own account", trusts({ principals: { aws: [`${OWN}:user/mallory`] } }), NO_TRUST],
  [
    "a session of another role",
    trusts({ principals: { aws: ["arn:aws:sts::123456789012:assumed-role/admin/mallory"] } }),
    NO_TRUST,
  ],
  ["the id of a user", trusts({ principals: { aws: ["AIDAEXAMPLEEXAMPLE12"] } }), NO_TRUST],
  ["a canonical user", trusts({ principals: { canonicalUsers: ["0".repeat(64)] } }), NO_TRUST],
  [
    "an identity provider",
    trusts({
      principals: { federated: [`${OWN}:oidc-provider/token.example.com`] },
      actions: ["sts:AssumeRoleWithWebIdentity"],
    }),
    NO_TRUST,
  ],
  [
    "a SAML provider",
    trusts({ principals: { federated: [`${OWN}:saml-provider/mine`] }, actions: ["sts:AssumeRoleWithSAML"] }),
    NO_TRUST,
  ],
  ["a public identity provider", trusts({ principals: { federated: ["www.amazon.com"] } }), NO_TRUST],
  [
    "a service of one's own choice, as a statement",
    trusts({ principals: { services: ["lambda.amazonaws.com"] } }),
    NO_TRUST,
  ],
  [
    "EC2 once more, with session tags",
    trusts({ principals: { services: ["ec2.amazonaws.com"] }, actions: ["sts:TagSession"] }),
    NO_TRUST,
  ],
  [
    "everyone, bound by a condition that always holds",
    trusts({ principals: { aws: ["*"] }, conditions: { StringLike: { "aws:PrincipalArn": ["*"] } } }),
    NO_TRUST,
  ],
  [
    "a stranger behind a Deny",
    {
      trust: {
        statements: [
          { effect: "Deny", principals: { aws: ["*"] } },
          { effect: "Allow", principals: { aws: ["210987654321"] } },
        ],
      },
    },
    NO_TRUST.replace("[0]", "[1]"),
  ],
  [
    "another service, which a stranger may have act for them",
    { trust: { services: ["ec2.amazonaws.com", "lambda.amazonaws.com"] } },
    "TrustServiceNotAllowed: spec.trust.services: class team-a does not allow lambda.amazonaws.com to assume the role; it allows ec2.amazonaws.com. Remove it.",
  ],
  [
    "EC2 of another partition",
    { trust: { services: ["ec2.amazonaws.com.cn"] } },
    "TrustServiceNotAllowed: spec.trust.services: class team-a does not allow ec2.amazonaws.com.cn to assume the role; it allows ec2.amazonaws.com. Remove it.",
  ],
  [
    "EC2 in other letters",
    { trust: { services: ["EC2.amazonaws.com"] } },
    invalid("trust.services[0]", "write a service principal, as in ec2.amazonaws.com", "EC2.amazonaws.com"),
  ],
  [
    "every service",
    { trust: { services: ["*.amazonaws.com"] } },
    invalid("trust.services[0]", "write a service principal, as in ec2.amazonaws.com", "*.amazonaws.com"),
  ],
  [
    "everyone but one: NotPrincipal",
    trusts({ notPrincipals: { aws: ["123456789012"] } }),
    'InvalidSpec: InstanceProfile "app" is invalid: spec.trust.statements[0].notPrincipals: unknown field "spec.trust.statements[0].notPrincipals": write one of sid, effect, actions, principals, conditions; spec.trust.statements[0].principals: Required value',
  ],
  [
    "every account by a pattern",
    trusts({ principals: { aws: ["arn:aws:iam::210987654321:role/*"] } }),
    invalid(
      "trust.statements[0].principals.aws[0]",
      "write an account id in quotes, an ARN without wildcards, as in arn:aws:iam::123456789012:role/ops, or * for everyone",
      "arn:aws:iam::210987654321:role/*",
    ),
  ],
  [
    "nobody named",
    trusts({ principals: {} }),
    invalid("trust.statements[0].principals", "write at least one of aws, services, federated and canonicalUsers"),
  ],
  [
    "an IAM action in the trust policy",
    trusts({ principals: { aws: ["210987654321"] }, actions: ["iam:PassRole"] }),
    invalid(
      "trust.statements[0].actions[0]",
      "a trust policy takes STS actions only; write them as in sts:AssumeRole",
      "iam:PassRole",
    ),
  ],

  // Through names and paths.
  [
    "another team's name",
    { roleName: "team-b-app", instanceProfileName: "team-a-app" },
    "RoleNameNotAllowed: spec.roleName team-b-app does not begin with team-a-, as class team-a requires. Names are immutable: create another object.",
  ],
  [
    "the prefix in other letters, which IAM takes for the same name",
    { roleName: "TEAM-A-app", instanceProfileName: "team-a-app" },
    "RoleNameNotAllowed: spec.roleName TEAM-A-app does not begin with team-a-, as class team-a requires. Names are immutable: create another object.",
  ],
  [
    "a profile of another team's name",
    { instanceProfileName: "team-b-app" },
    "RoleNameNotAllowed: spec.instanceProfileName team-b-app does not begin with team-a-, as class team-a requires. Names are immutable: create another object.",
  ],
  [
    "a variable with another value than the prefix",
    { roleName: "{cluster}-app", instanceProfileName: "team-a-app" },
    "RoleNameNotAllowed: spec.roleName cluster-1-app does not begin with team-a-, as class team-a requires. Names are immutable: create another object.",
  ],
  [
    "a variable cut out of two words",
    { roleName: "{name{space}}-app" },
    invalid(
      "roleName",
      "write letters, digits and any of _+=,.@- only, as in app-server; render templates of other tools before",
      "{name{space}}-app",
    ),
  ],
  [
    "a path in the name",
    { roleName: "team-a-x/../admin" },
    invalid(
      "roleName",
      "write letters, digits and any of _+=,.@- only, as in app-server; render templates of other tools before",
      "team-a-x/../admin",
    ),
  ],
  [
    "a look-alike in the name",
    { roleName: "te\u0430m-a-app" },
    invalid(
      "roleName",
      "write letters, digits and any of _+=,.@- only, as in app-server; render templates of other tools before",
      "te\u0430m-a-app",
    ),
  ],
  ...[
    "/k8s/cluster-1/team-b/",
    "/k8s/cluster-1/team-a/../team-b/",
    "/k8s/cluster-1/team-a/x/",
    "/k8s/cluster-1/team-a//",
    "//k8s/cluster-1/team-a/",
    "/K8S/cluster-1/team-a/",
    "/k8s/*/team-a/",
    "/k8s/{leftBrace}cluster}/{leftBrace}namespace}/",
    "/k8s/cluster-1/team%2Da/",
  ].map(
    (path) =>
      [
        `the path ${path}`,
        { path },
        `PathNotAllowed: spec.path is ${path.replaceAll("{leftBrace}", "{")}, and class team-a requires ${PATH}. A path is immutable: create another object.`,
      ] as const,
  ),
  [
    "a path with a look-alike",
    { path: "/k8s/cluster-1/te\u0430m-a/" },
    invalid(
      "path",
      "write a path that begins and ends with a slash and has no spaces, as in /team-a/",
      "/k8s/cluster-1/te\u0430m-a/",
    ),
  ],

  // Through what is there already.
  [
    "taking over a role that exists",
    { adoptionPolicy: "IfExists" },
    "AdoptionNotAllowed: spec.adoptionPolicy is IfExists, and class team-a does not allow adoption. Set it to Never, or remove the field.",
  ],
  [
    "other people's instances",
    { instances: { region: "eu-west-1", onConflict: "Replace", ids: ["i-0123456789abcdef0"] } },
    "InstancesNotAllowed: spec.instances: class team-a does not allow objects to associate instances. Remove it.",
  ],
  [
    "another team's tag, by which others grant access",
    { tags: { team: "b" } },
    "TagNotAllowed: spec.tags: team is set by class team-a; remove it.",
  ],
  [
    "the tag's key in other letters, which IAM takes for the same key",
    { tags: { TEAM: "a" } },
    "TagNotAllowed: spec.tags: TEAM is set by class team-a; remove it.",
  ],
  [
    "the tags that prove ownership",
    { tags: { "iam.instanceprofile.dev/name": "admin" } },
    invalid("tags", "tag keys that begin with iam.instanceprofile.dev/ are the controller's own; write another prefix"),
  ],
];

describe("a way around the class is refused", () => {
  test.each(WAYS)("%s", (_, spec, said) => {
    expect(answerTo(spec)).toEqual([said]);
  });

  test("each way has a name of its own", () => {
    expect(new Set(WAYS.map(([name]) => name)).size).toBe(WAYS.length);
  });
});

test("admission refuses all of them already, but for what it cannot know: a policy variable, and the id of the cluster", () => {
  const unknowable = /^ResourceNotAllowed: .*\$\{|^PathNotAllowed: .*cluster-1|^RoleNameNotAllowed: .*cluster-1/;
  expect(LEFT_TO_THE_GUARD.filter((said) => !unknowable.test(said))).toEqual([]);
  expect(REFUSED_EARLY.length).toBeGreaterThan(10 * LEFT_TO_THE_GUARD.length);
});
