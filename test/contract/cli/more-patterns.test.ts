import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runCli } from "./run-cli.ts";

const TRUST =
  "{Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}]}";

/** What a template declares, given what a user passes, and a part of the spec that it becomes. */
type Pattern = readonly [title: string, template: string, parameters: readonly string[], spec: object];

/** Patterns of public declarations that the sixty others do not have. */
const PATTERNS: readonly Pattern[] = [
  [
    "the template of a CDK app: joined ARNs, a generated policy beside the role",
    `
Resources:
  AppRole9C1A:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Action: sts:AssumeRole, Effect: Allow, Principal: {Service: ec2.amazonaws.com}}
        Version: "2012-10-17"
      ManagedPolicyArns:
        - {"Fn::Join": ["", ["arn:", {Ref: "AWS::Partition"}, ":iam::aws:policy/AmazonSSMManagedInstanceCore"]]}
    Metadata: {"aws:cdk:path": Stack/AppRole/Resource}
  AppRoleDefaultPolicy7F:
    Type: AWS::IAM::Policy
    Properties:
      PolicyDocument:
        Statement:
          - Action: ["s3:GetObject*", "s3:List*"]
            Effect: Allow
            Resource: [{"Fn::GetAtt": [Bucket83, Arn]}, {"Fn::Join": ["", [{"Fn::GetAtt": [Bucket83, Arn]}, "/*"]]}]
        Version: "2012-10-17"
      PolicyName: AppRoleDefaultPolicy7F
      Roles: [{Ref: AppRole9C1A}]
  Bucket83: {Type: "AWS::S3::Bucket", DeletionPolicy: Retain}
  Profile1B: {Type: "AWS::IAM::InstanceProfile", Properties: {Roles: [{Ref: AppRole9C1A}]}}`,
    ["Bucket83=app-data"],
    {
      policyName: "AppRoleDefaultPolicy7F",
      statements: [
        {
          effect: "Allow",
          actions: ["s3:GetObject*", "s3:List*"],
          resources: ["arn:{partition}:s3:::app-data", "arn:{partition}:s3:::app-data/*"],
        },
      ],
      managedPolicyArns: ["arn:{partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    },
  ],
  [
    "a list of managed policies from the caller",
    `
Parameters: {ExtraPolicies: {Type: CommaDelimitedList}}
Resources:
  Role: {Type: "AWS::IAM::Role", Properties: {RoleName: web, AssumeRolePolicyDocument: ${TRUST}, ManagedPolicyArns: !Ref ExtraPolicies}}
  Profile: {Type: "AWS::IAM::InstanceProfile", Properties: {InstanceProfileName: web, Roles: [!Ref Role]}}`,
    [
      "ExtraPolicies=arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy,arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    ],
    {
      managedPolicyArns: [
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
      ],
    },
  ],
  [
    "a Karpenter node role named by its cluster, with a statement that a condition adds",
    `
Parameters: {ClusterName: {Type: String}, Logs: {Type: String, Default: "false"}}
Conditions: {HasLogs: !Equals [!Ref Logs, "true"]}
Resources:
  NodeRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub "KarpenterNodeRole-\${ClusterName}"
      AssumeRolePolicyDocument: ${TRUST.replace("ec2.amazonaws.com", `!Sub "ec2.$${"{AWS::URLSuffix}"}"`)}
      ManagedPolicyArns:
        - !Sub "arn:\${AWS::Partition}:iam::aws:policy/AmazonEKSWorkerNodePolicy"
        - !Sub "arn:\${AWS::Partition}:iam::aws:policy/AmazonEKS_CNI_Policy"
        - !Sub "arn:\${AWS::Partition}:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
      Policies:
        - !If
          - HasLogs
          - {PolicyName: logs, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "logs:PutLogEvents", Resource: "*"}}}
          - !Ref AWS::NoValue
  Profile: {Type: "AWS::IAM::InstanceProfile", Properties: {InstanceProfileName: !Ref NodeRole, Roles: [!Ref NodeRole]}}`,
    ["ClusterName=prod", "Logs=true"],
    {
      roleName: "KarpenterNodeRole-prod",
      policyName: "logs",
      statements: [{ effect: "Allow", actions: ["logs:PutLogEvents"], resources: ["*"] }],
    },
  ],
  [
    "one parameter path and one secret prefix, decrypted by way of a service, and one named role elsewhere",
    `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: web
      AssumeRolePolicyDocument: ${TRUST}
      Policies:
        - PolicyName: config
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {Sid: Read, Effect: Allow, Action: ["ssm:GetParametersByPath", "secretsmanager:GetSecretValue"], Resource: [!Sub "arn:aws:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter/web/*", !Sub "arn:aws:secretsmanager:*:\${AWS::AccountId}:secret:web/*"]}
              - {Effect: Allow, Action: "kms:Decrypt", Resource: "*", Condition: {StringEquals: {"kms:ViaService": !Sub "ssm.\${AWS::Region}.amazonaws.com"}}}
              - {Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::210987654321:role/deploy"}
  Profile: {Type: "AWS::IAM::InstanceProfile", Properties: {InstanceProfileName: web, Roles: [!Ref Role]}}`,
    [],
    {
      statements: [
        expect.objectContaining({ sid: "Read" }),
        expect.objectContaining({
          actions: ["kms:Decrypt"],
          conditions: { StringEquals: { "kms:ViaService": ["ssm.{region}.amazonaws.com"] } },
        }),
        expect.objectContaining({ actions: ["sts:AssumeRole"] }),
      ],
    },
  ],
  [
    "policies of AWS under service-role, for a role that another service shares",
    `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: worker
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: [ec2.amazonaws.com, elasticmapreduce.amazonaws.com]}, Action: ["sts:AssumeRole"]}]}
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AmazonElasticMapReduceforEC2Role", "arn:aws:iam::aws:policy/AWSElasticBeanstalkWorkerTier"]
  Profile: {Type: "AWS::IAM::InstanceProfile", Properties: {InstanceProfileName: worker, Roles: [!Ref Role]}}`,
    [],
    { trust: { services: ["ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"] } },
  ],
];

const GENERATED = `
Resources:
  Own:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Path: /apps/
      Roles: [!Ref Role]
      PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}
  Role: {Type: "AWS::IAM::Role", Properties: {RoleName: web, AssumeRolePolicyDocument: ${TRUST}}}
  Profile: {Type: "AWS::IAM::InstanceProfile", Properties: {InstanceProfileName: web, Roles: [!Ref Role]}}`;

test("a managed policy whose name CloudFormation has generated is the object's own by its ARN, and named without it", async () => {
  const args = ["export", "--from-cloudformation", "-", "-n", "team-a"];
  const unknown = await runCli(args, { input: GENERATED });
  expect(unknown.out).toContain(
    "Own (AWS::IAM::ManagedPolicy) attaches Own, which has no ManagedPolicyName, so CloudFormation has generated its name: give its ARN with " +
      "--parameter Own=ARN",
  );
  const arn = "arn:aws:iam::123456789012:policy/apps/web-Own-1A2B";
  const known = await runCli([...args, "--parameter", `Own=${arn}`], { input: GENERATED });
  expect(known).toMatchObject({ status: 0, err: "1 of 1 instance profiles exported from standard input\n" });
  expect(parseAllDocuments(known.out)[0]?.toJS().spec).toMatchObject({
    managedPolicies: [{ name: "web-Own-1A2B", path: "/apps/" }],
  });
});

test.each(PATTERNS)(
  "%s: exports whole, and validate takes it without a warning",
  async (_title, template, given, spec) => {
    const parameters = given.flatMap((parameter) => ["--parameter", parameter]);
    const exported = await runCli(["export", "--from-cloudformation", "-", "-n", "team-a", ...parameters], {
      input: template,
    });
    expect(exported).toMatchObject({ status: 0, err: "1 of 1 instance profiles exported from standard input\n" });
    expect(parseAllDocuments(exported.out)[0]?.toJS().spec).toMatchObject(spec);
    const checked = await runCli(["validate", "--strict", "-f", "-"], { input: exported.out });
    expect(checked.out.split("\n").filter((line) => line.includes("warning:") || line.includes("error:"))).toEqual([]);
  },
);
