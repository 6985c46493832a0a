import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { shellQuote } from "../../sandbox/shell-quote.ts";
import type { SandboxObject } from "./sandbox-client.ts";

/** Where a sandbox can be reached. */
export interface SandboxPlaces {
  readonly kubeUrl: string;
  readonly awsUrl: string;
  readonly accountId: string;
  readonly kubeconfig: string;
}

/** The first lines that a sandbox prints: what it is and where. */
export function introduction({ kubeUrl, awsUrl, accountId }: SandboxPlaces): readonly string[] {
  return [
    "Sandbox: an embedded Kubernetes API and an embedded AWS, on 127.0.0.1 only. It keeps nothing.",
    "",
    `  Kubernetes  ${kubeUrl}`,
    `  AWS         ${awsUrl}  (account ${accountId})`,
    "",
  ];
}

/** What became of one manifest. */
export function outcomeOf(
  { namespace, name }: SandboxObject,
  status: InstanceProfileStatus,
  elapsedMs: number,
): readonly string[] {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return [
    `  InstanceProfile ${namespace}/${name}: Ready=${ready?.status ?? "?"} ${ready?.reason ?? "?"}: ${ready?.message ?? "no status yet"}`,
    `  role              ${status.role?.arn ?? "-"}`,
    `  instance profile  ${status.instanceProfile?.arn ?? "-"}`,
    `  after ${elapsedMs} ms`,
  ];
}

/** How to go on from another shell, by the names of the first manifest applied and on an instance, if there is one. */
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
    "Break something in AWS, and have it repaired:",
    `  aws iam delete-role-policy ${policy}`,
    `  kubectl annotate iprof ${object} iam.instanceprofile.dev/reconcile-at=$(date +%s) --overwrite`,
    `  aws iam get-role-policy ${policy}`,
    "",
    ...(instanceId === undefined ? [] : onTheInstance(places, instanceId)),
    "Ctrl-C ends it.",
  ];
}

/** The sandbox tells what a shell on the instance has in its environment. */
function onTheInstance({ awsUrl }: SandboxPlaces, instanceId: string): readonly string[] {
  return [
    "Be the program on the instance, in a shell for that alone:",
    `  eval "$(curl -s ${shellQuote(`${awsUrl}/instance/${instanceId}/environment`)})"`,
    "  aws s3 ls",
    "  aws s3 rb s3://reports",
    "",
  ];
}

/** How to go on when no controller runs yet. */
export function suggestionsWithoutController(places: SandboxPlaces): readonly string[] {
  return [
    ...anotherShell(places),
    "No controller runs. Start one of your own:",
    "  npx --no instance-profile-controller run",
    "",
    "Ctrl-C ends it.",
  ];
}

/** The AWS CLI before version 2 reads AWS_DEFAULT_REGION alone, the SDKs AWS_REGION alone. */
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
