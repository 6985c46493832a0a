import { AssumeRoleCommand, type STSClient } from "@aws-sdk/client-sts";
import type { AwsCaller } from "./call/aws-call.ts";
import { requireField } from "./errors/require-field.ts";

/** The role to assume, and the session name for CloudTrail. */
export interface RoleToAssume {
  readonly roleArn: string;
  readonly externalId?: string;
  /** 2 to 64 characters of `[\w+=,.@-]`. */
  readonly sessionName: string;
}

/** Credentials with an expiration. */
interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** The maximum of role chaining: a role assumed by an assumed role. */
const DURATION_SECONDS = 3_600;

/**
 * Creates a credential provider for a role. The SDK caches the credentials and refreshes them some minutes before they expire.
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
            accessKeyId: requireField(Credentials?.AccessKeyId, "AccessKeyId", subject),
            secretAccessKey: requireField(Credentials?.SecretAccessKey, "SecretAccessKey", subject),
            sessionToken: requireField(Credentials?.SessionToken, "SessionToken", subject),
            expiration: requireField(Credentials?.Expiration, "Expiration", subject),
          };
        },
      },
      new AbortController().signal,
    );
}

/** Builds the session name, which AWS shows in CloudTrail, from the name of the class. */
export function sessionNameOf(className: string): string {
  return `instance-profile-${className}`.slice(0, 64);
}
