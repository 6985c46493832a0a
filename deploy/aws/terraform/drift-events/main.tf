# The events of one account and region for drift repair within seconds, as deploy/aws/cloudformation/drift-events.yaml creates them. See
# docs/how-to/drift-events.md.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.30"
    }
  }
}

variable "queue_name" {
  description = "The name of the queue and of the rule."
  type        = string
  default     = "instance-profile-drift-events"
}

variable "controller_role_name" {
  description = "The role of the controller or of a class in this account, which is allowed to receive. Empty when the policy is attached elsewhere."
  type        = string
  default     = "instance-profile-controller"
}

data "aws_region" "current" {}

# What the controller failed to handle five times, for two weeks.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.queue_name}-dead-letters"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "events" {
  name                    = var.queue_name
  sqs_managed_sse_enabled = true
  # An account scan has found what an older event reports.
  message_retention_seconds = 3600
  receive_wait_time_seconds = 20
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "SendByTheRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.events.arn } }
      },
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.events.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "events" {
  name        = var.queue_name
  description = "Changes of roles, policies and instance profiles"
  event_pattern = jsonencode({
    source      = ["aws.iam", "aws.ec2"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["iam.amazonaws.com", "ec2.amazonaws.com"]
      errorCode   = [{ exists = false }]
      eventName = [
        "CreateRole",
        "DeleteRole",
        "UpdateRole",
        "UpdateRoleDescription",
        "UpdateAssumeRolePolicy",
        "PutRolePolicy",
        "DeleteRolePolicy",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "TagRole",
        "UntagRole",
        "CreateInstanceProfile",
        "DeleteInstanceProfile",
        "AddRoleToInstanceProfile",
        "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile",
        "UntagInstanceProfile",
        "CreatePolicyVersion",
        "SetDefaultPolicyVersion",
        "DeletePolicyVersion",
        "DeletePolicy",
        "TagPolicy",
        "UntagPolicy",
        "AssociateIamInstanceProfile",
        "ReplaceIamInstanceProfileAssociation",
        "DisassociateIamInstanceProfile",
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule = aws_cloudwatch_event_rule.events.name
  arn  = aws_sqs_queue.events.arn
}

resource "aws_iam_role_policy" "receive" {
  count = var.controller_role_name == "" ? 0 : 1
  name  = "${var.queue_name}-${data.aws_region.current.name}"
  role  = var.controller_role_name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReceiveDriftEvents"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
      Resource = aws_sqs_queue.events.arn
    }]
  })
}

output "queue_url" {
  description = "For run --event-queue-url."
  value       = aws_sqs_queue.events.url
}
