import names from "./service-principals.json" with { type: "json" };

/**
 * Services that assume roles, without `.amazonaws.com`. IAM refuses a service it does not know; this list holds the ones
 * met in practice, so a service missing here is a gap of the sandbox, not of IAM.
 */
const services: ReadonlySet<string> = new Set(names);

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
