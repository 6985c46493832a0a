import { join } from "node:path";
import { e2eEnvironment } from "./e2e-environment.ts";
import { findCommand, runCommand } from "./kubectl.ts";

/** Whether there is an AWS CLI on the PATH. */
export function hasAwsCli(): boolean {
  return findCommand("aws") !== undefined;
}

/**
 * One IAM action by the AWS CLI, given as the API knows it: `PutRolePolicy` with `PolicyName` becomes `put-role-policy
 * --policy-name`. Errors: it failed, with its words.
 */
export async function awsCli(
  endpoint: string,
  action: string,
  params: Readonly<Record<string, string>>,
): Promise<void> {
  const env = awsCliEnvironment(endpoint);
  const args = ["iam", kebab(action), ...optionsOf(params)];
  const { code, stderr } = await runCommand(findCommand("aws") ?? "", args, { env });
  if (code !== 0) throw new Error(`aws ${args.join(" ")} ended with ${code}: ${stderr}`);
}

/** The variables of an AWS CLI that calls an endpoint, whatever is configured on this machine. */
export function awsCliEnvironment(endpoint: string): Readonly<Record<string, string>> {
  const nowhere = join(e2eEnvironment().folder, "no-aws-configuration");
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "somebody",
    AWS_SECRET_ACCESS_KEY: "somebody",
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_PAGER: "",
  };
}

/** Lists come as the query protocol numbers them, and only with one member. */
function optionsOf(params: Readonly<Record<string, string>>): readonly string[] {
  const tag = params["Tags.member.1.Key"];
  const key = params["TagKeys.member.1"];
  return [
    ...Object.entries(params)
      .filter(([name]) => !name.includes("."))
      .flatMap(([name, value]) => [`--${kebab(name)}`, value]),
    ...(tag === undefined ? [] : ["--tags", `Key=${tag},Value=${params["Tags.member.1.Value"]}`]),
    ...(key === undefined ? [] : ["--tag-keys", key]),
  ];
}

function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}
