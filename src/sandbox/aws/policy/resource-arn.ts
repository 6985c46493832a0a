import { completedFields } from "../../../model/access/evaluate/arn.ts";
import { isVariable, tokensOf } from "../../../model/access/evaluate/text-pattern.ts";

/** What IAM resources in a policy may begin with, in the order of IAM's own message. */
const iamResourceKinds = [
  "user/",
  "federated-user/",
  "role/",
  "group/",
  "instance-profile/",
  "mfa/",
  "server-certificate/",
  "policy/",
  "sms-mfa/",
  "saml-provider/",
  "oidc-provider/",
  "report/",
  "access-report/",
];

/**
 * What S3 resources that live in a region may begin with.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */
const regionalS3Kinds = [
  "accesspoint/",
  "access-grants/",
  "async-request/",
  "job/",
  "storage-lens/",
  "storage-lens-group/",
];

/**
 * What IAM has against a Resource, in its words; undefined when it has nothing. Only the form is looked at: IAM does not
 * know whether a bucket exists.
 */
export function resourceComplaint(resource: string, partition: string): string | undefined {
  if (resource === "*") {
    return undefined;
  }
  if (!resource.includes(":")) {
    return `Resource ${resource} must be in ARN format or "*".`;
  }
  const [head = "", ownPartition = "", ...rest] = completedFields(resource, true);
  if (ownPartition !== "*" && ownPartition !== partition) {
    return `Partition "${ownPartition}" is not valid for resource "${["arn", ownPartition, ...rest].join(":")}".`;
  }
  if (head !== "arn") {
    return "The policy failed legacy parsing";
  }
  const [service = "", region = "", account = "", path = ""] = rest.map(withoutVariables);
  return serviceComplaint(resource, { service, region, account, path });
}

/** The field with `*` for its variables, which may become anything. */
function withoutVariables(field: string): string {
  return tokensOf(field, true)
    .map((token) => (isVariable(token) ? "*" : token))
    .join("");
}

interface ArnParts {
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly path: string;
}

function serviceComplaint(resource: string, { service, region, account, path }: ArnParts): string | undefined {
  if (/[*?]/.test(service)) {
    return "Resource vendor must be fully qualified and cannot contain regexes.";
  }
  if (service === "" || !/^(\d{12}|aws|[\d*?]*[*?][\d*?]*)?$/.test(account)) {
    return "The policy failed legacy parsing";
  }
  if (service === "iam" && region !== "" && region !== "*") {
    return `IAM resource ${resource} cannot contain region information.`;
  }
  if (service === "s3" && region !== "" && !regionalS3Kinds.some((kind) => fits(path, kind))) {
    return `Resource ${resource} can not contain region information.`;
  }
  if (service === "iam" && path !== "root" && !iamResourceKinds.some((kind) => fits(path, kind))) {
    return `IAM resource path must either be "*" or start with ${iamResourceKinds.join(", ")}.`;
  }
  return undefined;
}

/** Whether a path with wild cards could begin with `kind`. */
function fits(path: string, kind: string): boolean {
  const wildcard = path.search(/[*?]/);
  return wildcard === -1 ? path.startsWith(kind) : kind.startsWith(path.slice(0, wildcard)) || path.startsWith(kind);
}
