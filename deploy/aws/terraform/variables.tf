variable "cluster_id" {
  description = "The cluster id in the owner tags, which the controller gets as --cluster-id."
  type        = string
  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,63}$", var.cluster_id))
    error_message = "Use letters, digits, and . _ -"
  }
}

variable "path_prefix" {
  description = "Where the controller creates roles, such as k8s/my-cluster/, without the leading slash. Reserve it for the controller."
  type        = string
  validation {
    condition     = can(regex("^([\\w+=,.@-]+/)+$", var.path_prefix))
    error_message = "Write it without a leading and with a trailing slash."
  }
}

variable "credentials" {
  description = "How the controller gets the credentials of this role. AssumeRole is for the role of a class in another account."
  type        = string
  default     = "PodIdentity"
  validation {
    condition     = contains(["PodIdentity", "IRSA", "AssumeRole"], var.credentials)
    error_message = "Must be one of PodIdentity, IRSA, AssumeRole."
  }
}

variable "cluster_name" {
  description = "The name of the EKS cluster. Required with PodIdentity."
  type        = string
  default     = ""
}

variable "oidc_provider" {
  description = "The OIDC issuer of the cluster without https://. Required with IRSA."
  type        = string
  default     = ""
}

variable "controller_role_arn" {
  description = "The role that the controller has in its own account. Required with AssumeRole."
  type        = string
  default     = ""
}

variable "external_id" {
  description = "The externalId of the class. Required with AssumeRole."
  type        = string
  default     = ""
}

variable "member_role_arns" {
  description = "Roles of classes in other accounts, which the controller assumes."
  type        = list(string)
  default     = []
}

variable "namespace" {
  type    = string
  default = "instance-profile-system"
}

variable "service_account" {
  type    = string
  default = "instance-profile-controller"
}

variable "role_name" {
  type    = string
  default = "instance-profile-controller"
}

variable "boundary_name" {
  type    = string
  default = "k8s-boundary"
}

variable "attachable_policy_arns" {
  description = "Managed policies that the controller is allowed to attach, beside those under the path."
  type        = list(string)
  default     = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
}

variable "instance_tag_key" {
  description = "The controller associates profiles only with instances that have this tag, with the cluster id as its value."
  type        = string
  default     = "k8s-cluster"
}
