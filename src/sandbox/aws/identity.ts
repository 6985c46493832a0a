import { DEVELOPER_ID } from "./account/identifiers.ts";
import type { Session } from "./account/session.ts";
import type { Cloud } from "./cloud.ts";
import { AwsFault } from "./fault.ts";
import type { Caller } from "./handler.ts";
import type { CredentialScope, ServiceName } from "./protocol/request.ts";

/** What is wrong with credentials. */
type Complaint = "expired" | "unknownKey" | "wrongToken";

const invalidToken: readonly [string, number, string] = [
  "InvalidClientTokenId",
  403,
  "The security token included in the request is invalid.",
];
const ofQueryServices: Readonly<Record<Complaint, readonly [string, number, string]>> = {
  expired: ["ExpiredToken", 403, "The security token included in the request is expired"],
  unknownKey: invalidToken,
  wrongToken: invalidToken,
};
const authFailure: readonly [string, number, string] = [
  "AuthFailure",
  401,
  "AWS was not able to validate the provided access credentials",
];

/** Each service has codes and words of its own for the same thing. */
const complaints: Readonly<Record<ServiceName, Readonly<Record<Complaint, readonly [string, number, string]>>>> = {
  iam: ofQueryServices,
  sts: ofQueryServices,
  sqs: ofQueryServices,
  ec2: { expired: ["RequestExpired", 400, "Request has expired."], unknownKey: authFailure, wrongToken: authFailure },
  s3: {
    expired: ["ExpiredToken", 400, "The provided token has expired."],
    unknownKey: ["InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."],
    wrongToken: ["InvalidToken", 400, "The provided token is malformed or otherwise invalid."],
  },
};

/**
 * Who holds the key of a request. Temporary keys (`ASIA…`) must be known, go with their session token and not be expired.
 * Any other key is the developer's, who may do everything: in the account of that name when it is twelve digits, else in
 * the home account. Signatures are not verified: what they protect is the way here, which is this machine.
 * @param action what they call, as policies name it (`s3:GetObject`), for the record of the role's uses
 * @throws AwsFault ExpiredToken, InvalidClientTokenId and the like, as the service words it
 */
export function identify(
  cloud: Cloud,
  service: ServiceName,
  { accessKeyId, sessionToken, region }: CredentialScope,
  action: string,
): Caller {
  if (!accessKeyId.startsWith("ASIA")) {
    const account = /^\d{12}$/.test(accessKeyId) ? cloud.account(accessKeyId) : cloud.home;
    return { account, arn: account.developerArn, userId: DEVELOPER_ID, session: undefined };
  }
  const session = cloud.session(accessKeyId);
  if (session === undefined) throw fault(service, "unknownKey");
  if (session.token !== sessionToken) throw fault(service, "wrongToken");
  if (session.expiresAtMs <= session.account.now()) throw fault(service, "expired");
  session.account.uses.record(session.roleId, action, { atMs: session.account.now(), region });
  return callerOf(session);
}

/** The caller that the credentials of a session stand for. */
export function callerOf(session: Session): Caller {
  const { account, roleId, roleName, sessionName } = session;
  const { partition, accountId } = account.settings;
  return {
    account,
    arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    userId: `${roleId}:${sessionName}`,
    session,
  };
}

function fault(service: ServiceName, complaint: Complaint): AwsFault {
  const [code, status, message] = complaints[service][complaint];
  return new AwsFault(code, status, message);
}
