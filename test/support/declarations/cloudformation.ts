/** One template of a user, by what it shows; `parameters` are given on the command line. */
export interface DeclaredTemplate {
  readonly title: string;
  /** The resources of the template, in YAML; `^` stands for a name of its own. */
  readonly resources: string;
  /** The other sections. */
  readonly sections?: string;
  readonly parameters?: readonly string[];
}

const TRUST = `{Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}]}`;
const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

/** A role `Role` with these properties in a profile `Profile`, both with a name. */
function named(properties: string, profile = "{InstanceProfileName: ^, Roles: [!Ref Role]}"): string {
  return `
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: ^
${/AssumeRolePolicyDocument/.test(properties) ? "" : `      AssumeRolePolicyDocument: ${TRUST}\n`}${indented(properties)}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: ${profile}}`;
}

function indented(text: string): string {
  return text
    .trim()
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n");
}

function policy(name: string, statement: string): string {
  return `{PolicyName: ${name}, PolicyDocument: {Version: 2012-10-17, Statement: [${statement}]}}`;
}

/** Twenty templates as people write them. */
export const CLOUDFORMATION: readonly DeclaredTemplate[] = [
  {
    title: "one inline policy of the role",
    resources: named(
      `Policies: [${policy("read", '{Effect: Allow, Action: "s3:Get*", Resource: "arn:aws:s3:::logs/*"}')}]`,
    ),
  },
  {
    title: "two inline policies with equal Sids",
    resources: named(
      `Policies:\n- ${policy("read", '{Sid: Access, Effect: Allow, Action: "s3:Get*", Resource: "arn:aws:s3:::logs/*"}')}\n- ${policy("write", '{Sid: Access, Effect: Allow, Action: "s3:Put*", Resource: "arn:aws:s3:::logs/*"}')}`,
    ),
  },
  { title: "a role without a policy", resources: named("Description: nothing yet") },
  {
    title: "generated names",
    resources: `
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: ${TRUST}, ManagedPolicyArns: [${SSM}]}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Path: /, Roles: [!Ref Role]}}`,
  },
  {
    title: "account, region and partition in ARNs",
    resources: named(
      `Policies: [${policy("kms", `{Effect: Allow, Action: kms:Decrypt, Resource: !Sub "arn:\${AWS::Partition}:kms:\${AWS::Region}:\${AWS::AccountId}:key/*"}`)}]`,
    ),
  },
  {
    title: "a managed policy of AWS by !Sub",
    resources: named(`ManagedPolicyArns: [!Sub "arn:\${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"]`),
  },
  {
    title: "a managed policy made with the role",
    resources: `${named(`ManagedPolicyArns: [!Ref Owned, ${SSM}]`)}
  Owned:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: ^-owned
      PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: !Sub "arn:aws:sqs:*:\${AWS::AccountId}:jobs"}]}`,
  },
  {
    title: "a managed policy that names the role",
    resources: `${named("Path: /")}
  Owned:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: ^-named
      Roles: [!Ref Role]
      PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "ec2:Describe*", Resource: "*"}}`,
  },
  {
    title: "AWS::IAM::Policy and AWS::IAM::RolePolicy beside the role",
    resources: `${named("Path: /")}
  Apart:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: apart, Roles: [!Ref Role], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:Get*", Resource: "arn:aws:s3:::logs/*"}]}}
  Later:
    Type: AWS::IAM::RolePolicy
    Properties: {PolicyName: later, RoleName: !Ref Role, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:Put*", Resource: "arn:aws:s3:::logs/*"}]}}`,
  },
  {
    title: "two profiles on one role",
    resources: `${named(`ManagedPolicyArns: [${SSM}]`)}
  Other: {Type: AWS::IAM::InstanceProfile, Properties: {InstanceProfileName: ^-other, Roles: [!Ref Role]}}`,
  },
  {
    title: "different paths",
    resources: named(
      `Path: /service/\nManagedPolicyArns: [${SSM}]`,
      "{InstanceProfileName: ^, Path: /profiles/, Roles: [!Ref Role]}",
    ),
  },
  {
    title: "a parameter with a default in names",
    sections: "Parameters: {Env: {Type: String, Default: prod}}",
    resources: named(`ManagedPolicyArns: [${SSM}]`).replaceAll("RoleName: ^", `RoleName: !Sub "^-\${Env}"`),
  },
  {
    title: "a parameter without a default, given",
    sections: "Parameters: {Bucket: {Type: String}}",
    parameters: ["Bucket=app-logs"],
    resources: named(
      `Policies: [${policy("read", '{Effect: Allow, Action: "s3:Get*", Resource: !Join ["", ["arn:aws:s3:::", !Ref Bucket, "/*"]]}')}]`,
    ),
  },
  {
    title: "conditions and AWS::NoValue",
    sections:
      "Parameters: {Boundary: {Type: String, Default: ''}}\nConditions: {Bounded: !Not [!Equals [!Ref Boundary, '']]}",
    resources: named(
      `PermissionsBoundary: !If [Bounded, !Ref Boundary, !Ref "AWS::NoValue"]\nManagedPolicyArns: !If [Bounded, [], [${SSM}]]`,
    ),
  },
  {
    title: "a map, selected by a parameter",
    sections:
      "Parameters: {Env: {Type: String, Default: dev}}\nMappings: {Buckets: {dev: {Logs: dev-logs}, prod: {Logs: prod-logs}}}",
    resources: named(
      `Policies: [${policy("read", `{Effect: Allow, Action: "s3:List*", Resource: !Sub ["arn:aws:s3:::\${Name}", {Name: !FindInMap [Buckets, !Ref Env, Logs]}]}`)}]`,
    ),
  },
  {
    title: "the ARN of a bucket of the template",
    resources: `${named(`Policies: [${policy("read", `{Effect: Allow, Action: "s3:Get*", Resource: [!GetAtt Bucket.Arn, !Sub "\${Bucket.Arn}/*"]}`)}]`)}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "logs-\${AWS::AccountId}"}}`,
  },
  {
    title: "the ARN of a table without a name, given, and an export of another stack",
    parameters: [
      "Table.Arn=arn:aws:dynamodb:eu-west-1:123456789012:table/jobs",
      "shared-topic=arn:aws:sns:eu-west-1:123456789012:alerts",
    ],
    resources: `${named(`Policies:\n- ${policy("table", "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn}")}\n- ${policy("topic", "{Effect: Allow, Action: sns:Publish, Resource: !ImportValue shared-topic}")}`)}
  Table: {Type: AWS::DynamoDB::Table, Properties: {}}`,
  },
  {
    title: "tags, description, boundary and duration",
    resources: named(
      `Description: Web servers\nMaxSessionDuration: 7200\nPermissionsBoundary: arn:aws:iam::aws:policy/PowerUserAccess\nManagedPolicyArns: [${SSM}]\nTags: [{Key: team, Value: a}, {Key: stage, Value: "1"}]`,
    ),
  },
  {
    title: "the suffix of the partition in the trust policy, and variables of IAM",
    resources: named(
      `AssumeRolePolicyDocument:
  Version: "2012-10-17"
  Statement:
    Effect: Allow
    Principal: {Service: !Sub "ec2.\${AWS::URLSuffix}"}
    Action: ["sts:AssumeRole"]
Policies: [${policy("own", `{Effect: Allow, Action: "s3:GetObject", Resource: !Sub "arn:aws:s3:::logs/\${!aws:userid}/*", Condition: {Bool: {"aws:SecureTransport": true}}}`)}]`,
    ),
  },
  {
    title: "a profile around a role that others made",
    resources:
      "\n  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {InstanceProfileName: ^, Roles: [made-elsewhere]}}",
  },
];

/** The text of a template whose names begin with this one. */
export function templateText({ sections = "", resources }: DeclaredTemplate, name: string): string {
  return `AWSTemplateFormatVersion: 2010-09-09\n${sections}\nResources:${resources}\n`.replaceAll("^", name);
}
