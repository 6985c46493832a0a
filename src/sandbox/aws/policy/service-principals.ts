/**
 * Services that assume roles, without `.amazonaws.com`. IAM refuses a service it does not know; this list holds the ones
 * met in practice, so a service missing here is a gap of the sandbox, not of IAM.
 */
const services: ReadonlySet<string> = new Set(
  `access-analyzer acm airflow airflow-env amplify apigateway appconfig appflow application-autoscaling application-insights
  appmesh apprunner appstream appsync aps athena auditmanager autoscaling autoscaling-plans backup batch bedrock billing
  braket budgets build.apprunner cassandra chatbot chime cleanrooms cloud9 cloudformation cloudfront cloudhsm cloudsearch
  cloudtrail cloudwatch cloudwatch-crossaccount codeartifact codebuild codecommit codedeploy codeguru-profiler
  codeguru-reviewer codepipeline codestar codestar-notifications cognito-identity cognito-idp cognito-sync comprehend
  compute-optimizer config config-conforms connect controltower credentials.iot dataexchange datapipeline datasync dax
  delivery.logs detective devicefarm devops-guru directconnect discovery dlm dms drs ds dynamodb
  dynamodb.application-autoscaling ec2 ec2fleet ec2scheduled ecr ecs ecs-tasks ecs.application-autoscaling edgelambda eks
  eks-fargate eks-fargate-pods eks-nodegroup elasticache elasticbeanstalk elasticfilesystem elasticloadbalancing
  elasticmapreduce elastictranscoder email emr-containers emr-serverless es events export.rds finspace firehose fis fms
  forecast freertos fsx gamelift glacier glue grafana greengrass guardduty health honeycode iam imagebuilder importexport
  inspector inspector2 iot iotanalytics iotevents iotsitewise iotthingsgraph iottwinmaker ivs kafka kafkaconnect kendra
  kinesis kinesisanalytics kinesisvideo kms lakeformation lambda lex lexv2 license-manager lightsail logdelivery logs
  lookoutmetrics machinelearning macie macie2 managedblockchain mediaconnect mediaconvert medialive mediapackage
  mediastore mediatailor member.org.stacksets.cloudformation mgn migrationhub monitoring monitoring.rds mq network-firewall
  networkmanager oam omics ops.apigateway opsdatasync.ssm opsworks opsworks-cm organizations osis personalize pinpoint
  pipes pods.eks polly preview-ga profile proton purchaseorders qbusiness qldb quicksight ram rds redshift
  redshift-serverless rekognition replication.dynamodb replicator.lambda resource-explorer-2 resource-groups robomaker
  rolesanywhere route53 route53-recovery-control-config route53resolver rum s3 s3-object-lambda sagemaker scheduler
  schemas secretsmanager securityhub securitylake servicecatalog servicediscovery serverlessrepo servicequotas ses shield
  signer signin sms sms-voice snowball sns spot spotfleet sqs ssm ssm-contacts ssm-incidents ssm-quicksetup
  ssm-sap ssmmessages sso stacksets.cloudformation states storagegateway streams.metrics.cloudwatch sts support swf
  synthetics tagging tasks.apprunner textract timestream timestream-influxdb tnb transcribe transfer transitgateway
  translate trustedadvisor verified-access verifiedpermissions vmie voiceid vpc-flow-logs vpc-lattice waf waf-regional
  wafv2 wellarchitected workdocs worklink workmail workspaces workspaces-web xray`
    .split(/\s+/)
    .filter((name) => name !== ""),
);

/** What comes after the service's name, by partition; China also takes the global form. */
const suffixes: Readonly<Record<string, readonly string[]>> = {
  aws: [".amazonaws.com"],
  "aws-cn": [".amazonaws.com.cn", ".amazonaws.com"],
  "aws-us-gov": [".amazonaws.com"],
};

/** Whether IAM would take this service principal, in its global or a regional form (`logs.eu-west-1.amazonaws.com`). */
export function isServicePrincipal(principal: string, partition: string): boolean {
  const suffix = (suffixes[partition] ?? []).find((candidate) => principal.endsWith(candidate));
  if (suffix === undefined) {
    return principal.endsWith(".aws.internal") || principal.endsWith(".amazon.com");
  }
  const name = principal.slice(0, -suffix.length);
  const withoutRegion = name.replace(/\.[a-z]{2}(-[a-z]+)+-\d$/, "");
  return services.has(name) || services.has(withoutRegion);
}
