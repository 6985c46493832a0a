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
  const [head = "", ownPartition = "*", service = "*", region = "*", account = "*", ...rest] = resource.split(":");
  const path = rest.length === 0 ? "*" : rest.join(":");
  if (ownPartition !== "*" && ownPartition !== partition) {
    const whole = ["arn", ownPartition, service || "*", region, account, path].join(":");
    return `Partition "${ownPartition}" is not valid for resource "${whole}".`;
  }
  if (head !== "arn" || rest.length === 0) {
    return "The policy failed legacy parsing";
  }
  return serviceComplaint(resource, { service, region, account, path });
}

interface ArnParts {
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly path: string;
}

function serviceComplaint(resource: string, { service, region, account, path }: ArnParts): string | undefined {
  if (service === "" || /[*?]/.test(service)) {
    return service === "*" ? undefined : "Resource vendor must be fully qualified and cannot contain regexes.";
  }
  if (!/^(\d{12}|aws|[\d*?]*[*?][\d*?]*)?$/.test(account)) {
    return "The policy failed legacy parsing";
  }
  if (service === "iam" && region !== "" && region !== "*") {
    return `IAM resource ${resource} cannot contain region information.`;
  }
  if (service === "s3" && region !== "" && !path.startsWith("accesspoint/")) {
    return `Resource ${resource} can not contain region information.`;
  }
  if (service === "iam" && path !== "root" && !iamResourceKinds.some((kind) => fits(path, kind))) {
    return `IAM resource path must either be "*" or start with ${iamResourceKinds.join(", ")}.`;
  }
  return undefined;
}

/** Whether a path with wild cards could begin with `kind`. */
function fits(path: string, kind: string): boolean {
  const wildcard = path.search(/[*?$]/);
  return wildcard === -1 ? path.startsWith(kind) : kind.startsWith(path.slice(0, wildcard)) || path.startsWith(kind);
}
