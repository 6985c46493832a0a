/** The value of each pseudo parameter in a manifest. `AWS::URLSuffix` is part of service names, whose partition a manifest does not need. */
export const PSEUDO_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ["AWS::AccountId", "{account}"],
  ["AWS::Region", "{region}"],
  ["AWS::Partition", "{partition}"],
  ["AWS::URLSuffix", "amazonaws.com"],
]);

/** How a kind of resource is named. In an ARN, `%n` is its name, `%p` its path. */
interface Naming {
  /** The property with an explicit name; CloudFormation generates a name without it. */
  readonly property: string;
  readonly arn: string;
  /** `Ref` gives the ARN instead of the name. */
  readonly refIsArn?: boolean;
}

const HERE = "{region}:{account}";

/** The kinds to which policies of roles usually refer. */
const NAMINGS: Readonly<Record<string, Naming>> = {
  "AWS::IAM::Role": { property: "RoleName", arn: "arn:{partition}:iam::{account}:role%p%n" },
  "AWS::IAM::InstanceProfile": {
    property: "InstanceProfileName",
    arn: "arn:{partition}:iam::{account}:instance-profile%p%n",
  },
  "AWS::IAM::ManagedPolicy": {
    property: "ManagedPolicyName",
    arn: "arn:{partition}:iam::{account}:policy%p%n",
    refIsArn: true,
  },
  "AWS::S3::Bucket": { property: "BucketName", arn: "arn:{partition}:s3:::%n" },
  "AWS::DynamoDB::Table": { property: "TableName", arn: `arn:{partition}:dynamodb:${HERE}:table/%n` },
  "AWS::SQS::Queue": { property: "QueueName", arn: `arn:{partition}:sqs:${HERE}:%n` },
  "AWS::SNS::Topic": { property: "TopicName", arn: `arn:{partition}:sns:${HERE}:%n`, refIsArn: true },
  "AWS::ECR::Repository": { property: "RepositoryName", arn: `arn:{partition}:ecr:${HERE}:repository/%n` },
  "AWS::Logs::LogGroup": { property: "LogGroupName", arn: `arn:{partition}:logs:${HERE}:log-group:%n:*` },
};

function namingOf(type: string): Naming | undefined {
  return Object.hasOwn(NAMINGS, type) ? NAMINGS[type] : undefined;
}

/** The property with the explicit name of a resource; undefined for a kind whose names are not known here. */
export function physicalName(type: string): string | undefined {
  return namingOf(type)?.property;
}

/** What `Ref` gives for a resource with this name or ARN. */
export function physicalRef(type: string, name: string, path: string): string | undefined {
  const naming = namingOf(type);
  return naming?.refIsArn === true ? physicalArn(type, name, path) : name;
}

/** The ARN of a resource with this name. A given ARN stays as it is. */
export function physicalArn(type: string, name: string, path: string): string | undefined {
  if (name.startsWith("arn:")) return name;
  return namingOf(type)
    ?.arn.replace("%p", () => path)
    .replace("%n", () => name);
}
