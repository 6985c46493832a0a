import { CreateRoleCommand, GetRoleCommand, type IAMClient } from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { type Bench, isDenied, policy } from "../contract/aws/harness.ts";
import { type Assumption, inSeconds } from "./assumption.ts";
import { type CheckContext, NotApplicable } from "./check.ts";

/** A role of the run, and a client with its credentials. */
export interface Session {
  readonly RoleName: string;
  readonly arn: string;
  readonly iam: IAMClient;
}

/** Assumes a role that trusts this account for as long as `run` takes. */
export async function asRole<T>({ bench, accountId }: CheckContext, run: (session: Session) => Promise<T>): Promise<T> {
  const RoleName = bench.roleName();
  const ExternalId = RoleName;
  await bench.iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: bench.path,
      AssumeRolePolicyDocument: policy({
        Effect: "Allow",
        Principal: { AWS: accountId },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "sts:ExternalId": ExternalId } },
      }),
    }),
  );
  // A new role may be shown with its id in the place of its ARN.
  const arn = `arn:${bench.partition}:iam::${accountId}:role${bench.path}${RoleName}`;
  const request = { RoleArn: arn, RoleSessionName: "conformance", ExternalId };
  const { Credentials } = await bench.until("AssumeRole", () => bench.sts.send(new AssumeRoleCommand(request)));
  const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "", SessionToken } = Credentials ?? {};
  const iam = bench.as({ accessKeyId, secretAccessKey, ...(SessionToken && { sessionToken: SessionToken }) });
  try {
    return await run({ RoleName, arn, iam });
  } finally {
    iam.destroy();
  }
}

/** Whether the role may read itself. */
export async function mayRead({ iam, RoleName }: Session): Promise<boolean> {
  return iam.send(new GetRoleCommand({ RoleName })).then(
    () => true,
    (error: unknown) => {
      if (isDenied(error)) return false;
      throw error;
    },
  );
}

/** How long until the role may read itself, or may not. */
export async function until(bench: Bench, session: Session, isAllowed: boolean): Promise<string> {
  const startMs = performance.now();
  await bench.until(isAllowed ? "allowed" : "denied", async () =>
    (await mayRead(session)) === isAllowed ? true : undefined,
  );
  return inSeconds(performance.now() - startMs);
}

/** A check that needs to assume a role of the run; without permission to do so there is nothing to find out. */
export const whereRolesAreAssumed = (one: Assumption): Assumption => ({
  ...one,
  run: (context) =>
    one.run(context).catch((error: unknown) => {
      if (isDenied(error)) throw new NotApplicable(`the caller may not assume roles of the run: ${String(error)}`);
      throw error;
    }),
});
