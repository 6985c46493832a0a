# The AWS side of one cluster: the permissions boundary, and the controller's role. See docs/getting-started/eks.md.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.30"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  trust = { PodIdentity = "trust-pod-identity", IRSA = "trust-irsa", AssumeRole = "trust-member" }[var.credentials]

  # What stands in the documents in place of their placeholders.
  placeholders = {
    "\"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore\"" = join(", ", [for arn in var.attachable_policy_arns : jsonencode(arn)])
    "\"MEMBER_ROLE_ARNS\""                                     = join(", ", [for arn in var.member_role_arns : jsonencode(arn)])
    "\"ec2.amazonaws.com\""                                    = jsonencode("ec2.${data.aws_partition.current.dns_suffix}")
    "arn:aws:"                                                 = "arn:${data.aws_partition.current.partition}:"
    "ACCOUNT_ID"                                               = data.aws_caller_identity.current.account_id
    "REGION"                                                   = data.aws_region.current.name
    "CLUSTER_NAME"                                             = var.cluster_name
    "CLUSTER_ID"                                               = var.cluster_id
    "INSTANCE_TAG"                                             = var.instance_tag_key
    "INSTANCE_VALUE"                                           = var.cluster_id
    "PATH/"                                                    = var.path_prefix
    "BOUNDARY"                                                 = var.boundary_name
    "NAMESPACE"                                                = var.namespace
    "SERVICE_ACCOUNT"                                          = var.service_account
    "OIDC_PROVIDER"                                            = var.oidc_provider
    "CONTROLLER_ROLE_ARN"                                      = var.controller_role_arn
    "EXTERNAL_ID"                                              = var.external_id
  }
  tokens = "${join("|", keys(local.placeholders))}|(?s:.)"
  documents = {
    for name in ["boundary-policy", "controller-policy", "members-policy", local.trust] : name => join("", [
      for token in regexall(local.tokens, file("${path.module}/../${name}.json")) : lookup(local.placeholders, token, token)
    ])
  }
}

resource "aws_iam_policy" "boundary" {
  name        = var.boundary_name
  description = "The most that roles of instance-profile-controller can have"
  policy      = local.documents["boundary-policy"]
}

resource "aws_iam_role" "controller" {
  name               = var.role_name
  description        = "instance-profile-controller"
  assume_role_policy = local.documents[local.trust]
}

resource "aws_iam_role_policy" "controller" {
  name   = "instance-profile-controller"
  role   = aws_iam_role.controller.name
  policy = local.documents["controller-policy"]
}

resource "aws_iam_role_policy" "members" {
  count  = length(var.member_role_arns) > 0 ? 1 : 0
  name   = "members"
  role   = aws_iam_role.controller.name
  policy = local.documents["members-policy"]
}

resource "aws_eks_pod_identity_association" "controller" {
  count           = var.credentials == "PodIdentity" ? 1 : 0
  cluster_name    = var.cluster_name
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.controller.arn
}

output "role_arn" {
  value = aws_iam_role.controller.arn
}

output "boundary_arn" {
  description = "For permissionsBoundaryArn of InstanceProfiles and classes"
  value       = aws_iam_policy.boundary.arn
}
