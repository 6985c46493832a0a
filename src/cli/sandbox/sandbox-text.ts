import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { shellQuote } from "../../sandbox/shell-quote.ts";
import type { SandboxObject } from "./sandbox-client.ts";

/** The endpoints of a sandbox. */
export interface SandboxPlaces {
  readonly kubeUrl: string;
  readonly awsUrl: string;
  readonly accountId: string;
  readonly kubeconfig: string;
}

/** The first lines that a sandbox prints: what it is and its endpoints. */
export function introduction({ kubeUrl, awsUrl, accountId }: SandboxPlaces): readonly string[] {
  return [
    "Sandbox: an embedded Kubernetes API and an embedded AWS, on 127.0.0.1 only. It stores nothing.",
    "",
    `  Kubernetes  ${kubeUrl}`,
    `  AWS         ${awsUrl}  (account ${accountId})`,
    "",
  ];
}

/** Renders the result of one manifest. */
export function outcomeOf(
  { namespace, name }: SandboxObject,
  status: InstanceProfileStatus,
  elapsedMs: number,
): readonly string[] {
  const [state] = status.conditions ?? [];
  return [
    `  InstanceProfile ${namespace}/${name}: ${state?.type ?? "Ready"}=${state?.status ?? "?"} ${state?.reason ?? "?"}: ${state?.message ?? "no status yet"}`,
    `  role              ${status.role?.arn ?? "-"}`,
    `  instance profile  ${status.instanceProfile?.arn ?? "-"}`,
    `  after ${elapsedMs} ms`,
  ];
}

/** Suggests commands for another shell, with the names of the first manifest and of the instance, if there is one. */
export function suggestions(
  places: SandboxPlaces,
  { namespace, name, roleName, policyName }: SandboxObject,
  instanceId: string | undefined,
): readonly string[] {
  const object = namespace === "default" ? shellQuote(name) : `${shellQuote(name)} -n ${shellQuote(namespace)}`;
  const policy = `--role-name ${shellQuote(roleName)} --policy-name ${shellQuote(policyName)}`;
  return [
    ...anotherShell(places),
    "Then try:",
    "  kubectl get iprof -A -o wide",
    `  kubectl describe iprof ${object}`,
    "  kubectl explain iprof.spec.statements",
    "",
    "Cause drift in AWS. Its event wakes the controller, which repairs it within a second:",
    `  aws iam delete-role-policy ${policy}`,
    `  aws iam get-role-policy ${policy}`,
    `  kubectl describe iprof ${object}`,
    "",
    ...(instanceId === undefined ? [] : onTheInstance(places, instanceId)),
    "Press Ctrl-C to stop.",
  ];
}

/** Suggests commands with the instance's environment, which the sandbox serves. */
function onTheInstance({ awsUrl }: SandboxPlaces, instanceId: string): readonly string[] {
  return [
    "Act as a program on the instance, in a separate shell:",
    `  eval "$(curl -s ${shellQuote(`${awsUrl}/instance/${instanceId}/environment`)})"`,
    "  aws s3 ls",
    "  aws s3 rb s3://reports",
    "",
  ];
}

/** Suggests commands for a sandbox without a controller. */
export function suggestionsWithoutController(places: SandboxPlaces): readonly string[] {
  return [
    ...anotherShell(places),
    "No controller is running. Start your own:",
    "  npx --no instance-profile-controller run",
    "",
    "Press Ctrl-C to stop.",
  ];
}

/** Sets both variables: version 1 of the AWS CLI reads only AWS_DEFAULT_REGION, the SDKs only AWS_REGION. */
function anotherShell({ kubeconfig, awsUrl }: SandboxPlaces): readonly string[] {
  return [
    "",
    "To use it, in another shell:",
    `  export KUBECONFIG=${shellQuote(kubeconfig)}`,
    `  export AWS_ENDPOINT_URL=${shellQuote(awsUrl)} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1`,
    "  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox",
    "",
  ];
}
