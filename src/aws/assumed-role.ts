import { AssumeRoleCommand, type STSClient } from "@aws-sdk/client-sts";
import type { AwsCaller } from "./call/aws-call.ts";
import { expected } from "./errors/require-field.ts";

/** Which role to assume, and how CloudTrail shall name those who do. */
export interface RoleToAssume {
  readonly roleArn: string;
  readonly externalId?: string;
  /** 2 to 64 characters of `[\w+=,.@-]`. */
  readonly sessionName: string;
}

/** Credentials that end. */
interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** A role that is assumed by an assumed role may be so for an hour at most: role chaining. */
const DURATION_SECONDS = 3_600;

/**
 * Credentials of an assumed role, for a client's configuration: the SDK keeps them, and asks again some minutes before they end.
 *
 * Errors: ControllerErrors of AssumeRole.
 */
export function assumedRole(sts: STSClient, call: AwsCaller, role: RoleToAssume): () => Promise<TemporaryCredentials> {
  const { roleArn, externalId, sessionName } = role;
  const subject = { service: "STS", operation: "AssumeRole", entity: `role ${roleArn}` } as const;
  const input = {
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    DurationSeconds: DURATION_SECONDS,
    ...(externalId !== undefined && { ExternalId: externalId }),
  };
  return () =>
    call(
      {
        ...subject,
        isRead: true,
        send: async (abortSignal) => {
          const { Credentials } = await sts.send(new AssumeRoleCommand(input), { abortSignal });
          return {
            accessKeyId: expected(Credentials?.AccessKeyId, "AccessKeyId", subject),
            secretAccessKey: expected(Credentials?.SecretAccessKey, "SecretAccessKey", subject),
            sessionToken: expected(Credentials?.SessionToken, "SessionToken", subject),
            expiration: expected(Credentials?.Expiration, "Expiration", subject),
          };
        },
      },
      new AbortController().signal,
    );
}

/** What AWS shows as the session's name: the controller's and the class's. */
export function sessionNameOf(className: string): string {
  return `instance-profile-${className}`.slice(0, 64);
}
