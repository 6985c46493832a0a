import { firstVersion, type ManagedPolicy } from "../account/entities.ts";
import { hash32, seededRandom } from "../random.ts";

/**
 * Well-known policies of AWS: path and name, then the actions of a document that is coarser than AWS's own. A policy not
 * listed does not exist here.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
const table = `
/AdministratorAccess *
/PowerUserAccess account:Get* account:List* organizations:DescribeOrganization iam:CreateServiceLinkedRole iam:ListRoles
/ReadOnlyAccess a4b:Get* cloudwatch:Get* dynamodb:Get* ec2:Describe* iam:Get* iam:List* logs:Get* rds:Describe* s3:Get* s3:List* sqs:Get*
/SecurityAudit access-analyzer:List* cloudtrail:Get* config:Get* ec2:Describe* iam:Get* iam:List* kms:List* s3:GetBucket*
/IAMFullAccess iam:* organizations:Describe* organizations:List*
/IAMReadOnlyAccess iam:Get* iam:List* iam:GenerateCredentialReport iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy
/AmazonSSMManagedInstanceCore ssm:DescribeAssociation ssm:GetDocument ssm:GetParameter ssm:UpdateInstanceInformation ssmmessages:* ec2messages:*
/AmazonSSMManagedEC2InstanceDefaultPolicy ssm:DescribeAssociation ssm:GetDocument ssm:UpdateInstanceInformation ssmmessages:* ec2messages:*
/AmazonSSMPatchAssociation ssm:DescribeEffectivePatchesForPatchBaseline ssm:DescribePatchBaselines ssm:GetPatchBaseline tag:GetResources
/AmazonSSMDirectoryServiceAccess ds:CreateComputer ds:DescribeDirectories
/AmazonSSMReadOnlyAccess ssm:Describe* ssm:Get* ssm:List*
/AmazonSSMFullAccess ssm:* ssmmessages:* ec2messages:* ds:CreateComputer logs:PutLogEvents
/CloudWatchAgentServerPolicy cloudwatch:PutMetricData ec2:DescribeTags ec2:DescribeVolumes logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents ssm:GetParameter xray:PutTraceSegments
/CloudWatchAgentAdminPolicy cloudwatch:PutMetricData ec2:DescribeTags ec2:DescribeVolumes logs:CreateLogGroup logs:PutLogEvents ssm:GetParameter ssm:PutParameter
/CloudWatchReadOnlyAccess cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* logs:Get* logs:Describe* logs:FilterLogEvents
/CloudWatchFullAccess cloudwatch:* logs:* sns:* autoscaling:Describe*
/CloudWatchLogsFullAccess logs:* cloudwatch:GenerateQuery
/CloudWatchLogsReadOnlyAccess logs:Describe* logs:Get* logs:List* logs:StartQuery logs:StopQuery logs:FilterLogEvents
/AmazonS3ReadOnlyAccess s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*
/AmazonS3FullAccess s3:* s3-object-lambda:*
/AmazonEC2ContainerRegistryReadOnly ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:Describe* ecr:GetDownloadUrlForLayer ecr:List*
/AmazonEC2ContainerRegistryPullOnly ecr:GetAuthorizationToken ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr:BatchImportUpstreamImage
/AmazonEC2ContainerRegistryPowerUser ecr:GetAuthorizationToken ecr:BatchGetImage ecr:Describe* ecr:PutImage ecr:UploadLayerPart
/AmazonEC2ContainerRegistryFullAccess ecr:* cloudtrail:LookupEvents
/AmazonEC2ReadOnlyAccess ec2:Describe* ec2:GetSecurityGroupsForVpc elasticloadbalancing:Describe* cloudwatch:List* autoscaling:Describe*
/AmazonEC2FullAccess ec2:* elasticloadbalancing:* cloudwatch:* autoscaling:*
/AmazonEKSWorkerNodePolicy ec2:DescribeInstances ec2:DescribeRouteTables ec2:DescribeSubnets ec2:DescribeVolumes eks:DescribeCluster eks-auth:AssumeRoleForPodIdentity
/AmazonEKSWorkerNodeMinimalPolicy eks-auth:AssumeRoleForPodIdentity
/AmazonEKS_CNI_Policy ec2:AssignPrivateIpAddresses ec2:AttachNetworkInterface ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:CreateTags
/AmazonEKSClusterPolicy autoscaling:Describe* ec2:Describe* elasticloadbalancing:* kms:DescribeKey
/service-role/AmazonEBSCSIDriverPolicy ec2:CreateSnapshot ec2:AttachVolume ec2:DetachVolume ec2:CreateVolume ec2:DeleteVolume ec2:DescribeVolumes
/service-role/AmazonEC2ContainerServiceforEC2Role ec2:DescribeTags ecs:RegisterContainerInstance ecs:Poll ecs:Submit* ecr:GetAuthorizationToken ecr:BatchGetImage logs:PutLogEvents
/service-role/AmazonECSTaskExecutionRolePolicy ecr:GetAuthorizationToken ecr:BatchGetImage ecr:GetDownloadUrlForLayer logs:CreateLogStream logs:PutLogEvents
/service-role/AmazonEC2RoleforSSM ssm:DescribeAssociation ssm:GetDocument ssmmessages:* ec2messages:* cloudwatch:PutMetricData s3:GetObject
/service-role/AmazonEC2RoleforAWSCodeDeploy s3:GetObject s3:GetObjectVersion s3:ListBucket
/service-role/AmazonElasticMapReduceforEC2Role cloudwatch:* dynamodb:* ec2:Describe* elasticmapreduce:Describe* elasticmapreduce:List* kinesis:GetRecords s3:* sqs:*
/service-role/AWSLambdaBasicExecutionRole logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents
/service-role/AWSLambdaVPCAccessExecutionRole logs:PutLogEvents ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DeleteNetworkInterface
/service-role/AWSLambdaRole lambda:InvokeFunction
/service-role/AWSCodeDeployRole autoscaling:* ec2:Describe* ec2:TerminateInstances elasticloadbalancing:* sns:Publish
/service-role/AWSGlueServiceRole glue:* s3:GetBucketLocation s3:ListBucket logs:PutLogEvents
/service-role/AWSBatchServiceRole ec2:Describe* autoscaling:* ecs:* logs:PutLogEvents
/service-role/AmazonSSMAutomationRole ec2:RunInstances ec2:StopInstances lambda:InvokeFunction ssm:*
/service-role/AmazonSSMMaintenanceWindowRole ssm:GetAutomationExecution ssm:SendCommand lambda:InvokeFunction
/job-function/ViewOnlyAccess ec2:Describe* s3:ListAllMyBuckets s3:ListBucket iam:List* rds:Describe*
/job-function/Billing aws-portal:*Billing billing:Get* budgets:ViewBudget ce:Get*
/job-function/DatabaseAdministrator dynamodb:* rds:* elasticache:* redshift:* cloudwatch:PutMetricAlarm
/job-function/NetworkAdministrator ec2:Describe* directconnect:* elasticloadbalancing:* route53:*
/job-function/SystemAdministrator ec2:* cloudwatch:* config:* ssm:*
/job-function/SupportUser support:* ec2:Describe* s3:List*
/job-function/DataScientist elasticmapreduce:* kinesis:* redshift:* sagemaker:*
/AmazonDynamoDBReadOnlyAccess dynamodb:BatchGetItem dynamodb:Describe* dynamodb:GetItem dynamodb:List* dynamodb:Query dynamodb:Scan
/AmazonDynamoDBFullAccess dynamodb:* dax:*
/AmazonSQSReadOnlyAccess sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueues sqs:ListQueueTags
/AmazonSQSFullAccess sqs:*
/AmazonSNSReadOnlyAccess sns:GetTopicAttributes sns:List*
/AmazonSNSFullAccess sns:*
/AmazonKinesisReadOnlyAccess kinesis:Get* kinesis:List* kinesis:Describe*
/AmazonKinesisFullAccess kinesis:*
/AmazonRDSReadOnlyAccess rds:Describe* rds:ListTagsForResource cloudwatch:GetMetricStatistics
/AmazonRDSFullAccess rds:* cloudwatch:GetMetricStatistics
/AmazonVPCReadOnlyAccess ec2:DescribeVpcs ec2:DescribeSubnets ec2:DescribeRouteTables ec2:DescribeSecurityGroups
/AmazonVPCFullAccess ec2:*Vpc* ec2:*Subnet* ec2:*Route* ec2:*SecurityGroup*
/AmazonRoute53ReadOnlyAccess route53:Get* route53:List* route53:TestDNSAnswer
/AmazonRoute53FullAccess route53:* route53domains:*
/AmazonElasticFileSystemReadOnlyAccess elasticfilesystem:Describe* elasticfilesystem:List* cloudwatch:GetMetricData
/AmazonElasticFileSystemClientReadWriteAccess elasticfilesystem:ClientMount elasticfilesystem:ClientWrite elasticfilesystem:DescribeMountTargets
/AmazonElastiCacheReadOnlyAccess elasticache:Describe*
/AmazonPrometheusRemoteWriteAccess aps:RemoteWrite
/AmazonSESFullAccess ses:*
/AmazonAthenaFullAccess athena:* glue:GetTable glue:GetDatabase s3:GetObject
/AmazonBedrockReadOnly bedrock:Get* bedrock:List*
/AmazonBedrockFullAccess bedrock:*
/SecretsManagerReadWrite secretsmanager:* kms:DescribeKey kms:ListAliases
/AWSXRayDaemonWriteAccess xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets
/AWSKeyManagementServicePowerUser kms:CreateAlias kms:CreateKey kms:DescribeKey kms:List*
/AWSCloudTrail_ReadOnlyAccess cloudtrail:Get* cloudtrail:Describe* cloudtrail:List* cloudtrail:LookupEvents
/AWSElasticBeanstalkWebTier s3:GetObject s3:PutObject xray:PutTraceSegments logs:PutLogEvents elasticbeanstalk:PutInstanceStatistics
/AWSElasticBeanstalkWorkerTier cloudwatch:PutMetricData sqs:ReceiveMessage sqs:DeleteMessage dynamodb:GetItem xray:PutTraceSegments
/AWSElasticBeanstalkMulticontainerDocker ecs:Poll ecs:RegisterContainerInstance ecs:Submit*
/AWSSupportAccess support:*
/AWSLambdaExecute logs:* s3:GetObject s3:PutObject
/AutoScalingReadOnlyAccess autoscaling:Describe*
/EC2InstanceConnect ec2:DescribeInstances ec2-instance-connect:SendSSHPublicKey
/EC2InstanceProfileForImageBuilder imagebuilder:GetComponent kms:Decrypt s3:GetObject logs:PutLogEvents
`;

const createdAtMs = Date.UTC(2015, 1, 6, 18, 40, 58);

/** Where each policy's line says it lives, and what it allows. */
const actionsByPath: ReadonlyMap<string, readonly string[]> = new Map(
  table
    .trim()
    .split("\n")
    .map((line): [string, readonly string[]] => {
      const [path = "", ...actions] = line.split(" ");
      return [path, actions];
    }),
);

/** The policy of AWS with this ARN, the same at every call; undefined when AWS has none. */
export function awsManagedPolicy(arn: string, partition: string): ManagedPolicy | undefined {
  const prefix = `arn:${partition}:iam::aws:policy`;
  const actions = arn.startsWith(prefix) ? actionsByPath.get(arn.slice(prefix.length)) : undefined;
  return actions === undefined ? undefined : build(arn, arn.slice(prefix.length), actions);
}

/** Every policy of AWS. */
export function awsManagedPolicies(partition: string): ManagedPolicy[] {
  return [...actionsByPath].map(([path, actions]) => build(`arn:${partition}:iam::aws:policy${path}`, path, actions));
}

function build(arn: string, pathAndName: string, actions: readonly string[]): ManagedPolicy {
  const nameAt = pathAndName.lastIndexOf("/") + 1;
  const statement = { Effect: "Allow", Action: actions, Resource: "*" };
  const document = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  return {
    name: pathAndName.slice(nameAt),
    path: pathAndName.slice(0, nameAt),
    arn,
    id: `ANPA${seededRandom(hash32(arn)).text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17)}`,
    createdAtMs,
    description: undefined,
    tags: [],
    ...firstVersion(document, createdAtMs),
  };
}
