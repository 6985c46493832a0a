import type { IncomingHttpHeaders } from "node:http";
import { AwsFault } from "../fault.ts";
import { Params } from "./params.ts";

/** The services that this endpoint answers for. */
export type ServiceName = QueryServiceName | "s3" | "sqs";

/** Those of them that speak a query protocol. */
export type QueryServiceName = "iam" | "sts" | "ec2";

/** Who signed, for where, as the signature says. The signature itself is not verified. */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** Sent with temporary credentials. */
  readonly sessionToken: string | undefined;
  readonly region: string;
  readonly service: string;
}

/** One call, before anyone has looked at what it asks. */
export interface AwsRequest {
  readonly action: string;
  readonly version: string;
  readonly params: Params;
  readonly scope: CredentialScope | undefined;
}

/** The parts of an HTTP request that the query protocols use. */
export interface HttpParts {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Reads a call out of a form body (POST) or a query string (GET). */
export function parseRequest(http: HttpParts): AwsRequest {
  const query = new URLSearchParams(http.url.includes("?") ? http.url.slice(http.url.indexOf("?") + 1) : "");
  const form = http.method === "POST" ? new URLSearchParams(http.body) : new URLSearchParams();
  const params = new Params([...query, ...form]);
  return {
    action: params.get("Action") ?? "",
    version: params.get("Version") ?? "",
    params,
    scope: credentialScope(http.headers, params),
  };
}

/** The scope of a SigV4 signature, in the header or in the query string of a presigned call. */
export function credentialScope(headers: IncomingHttpHeaders, params: Params): CredentialScope | undefined {
  const inHeader = /\bCredential=([^,\s]+)/.exec(headers.authorization ?? "")?.[1];
  const [accessKeyId, , region, service, terminator] = (inHeader ?? params.get("X-Amz-Credential") ?? "").split("/");
  if (!accessKeyId || !region || !service || terminator !== "aws4_request") {
    return undefined;
  }
  const inHeaders = headers["x-amz-security-token"];
  const sessionToken = typeof inHeaders === "string" ? inHeaders : params.get("X-Amz-Security-Token");
  return { accessKeyId, region, service, sessionToken };
}

/** The region whose name IAM calls are signed with, by partition. */
const homeRegions: Readonly<Record<string, string>> = {
  aws: "us-east-1",
  "aws-cn": "cn-north-1",
  "aws-us-gov": "us-gov-west-1",
};

/** Where a call goes, and who made it. */
export interface Target {
  readonly service: QueryServiceName;
  readonly region: string;
  readonly scope: CredentialScope;
}

/**
 * The service and region that a call is for.
 * @throws AwsFault MissingAuthenticationToken without a signature; SignatureDoesNotMatch when IAM is called with another
 * region than the partition's home, which is what an SDK with a custom endpoint does unless told otherwise.
 */
export function route(request: AwsRequest, partition: string): Target {
  const { scope } = request;
  if (scope === undefined) {
    throw new AwsFault("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
  }
  const { service, region } = scope;
  if (service !== "iam" && service !== "sts" && service !== "ec2") {
    throw new AwsFault("SignatureDoesNotMatch", 403, "Credential should be scoped to correct service.");
  }
  if (service === "iam" && region !== homeRegions[partition]) {
    throw new AwsFault("SignatureDoesNotMatch", 403, "Credential should be scoped to a valid region.");
  }
  return { service, region, scope };
}
