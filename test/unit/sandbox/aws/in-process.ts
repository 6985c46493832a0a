import { XMLParser } from "fast-xml-parser";
import type { Account } from "../../../../src/sandbox/aws/account/account.ts";
import { type AccountSnapshot, snapshotOf } from "../../../../src/sandbox/aws/account/snapshot.ts";
import { type Awkwardness, AwkwardnessSwitches } from "../../../../src/sandbox/aws/awkwardness.ts";
import { CallLog } from "../../../../src/sandbox/aws/call-log.ts";
import { Cloud } from "../../../../src/sandbox/aws/cloud.ts";
import { type Dispatcher, dispatch } from "../../../../src/sandbox/aws/dispatch.ts";
import { defaultQuotas, type Quotas } from "../../../../src/sandbox/aws/iam/quotas.ts";
import { Params } from "../../../../src/sandbox/aws/protocol/params.ts";
import { type CredentialScope, type HttpParts, parseRequest } from "../../../../src/sandbox/aws/protocol/request.ts";
import { seededRandom } from "../../../../src/sandbox/aws/random.ts";
import { dispatchS3 } from "../../../../src/sandbox/aws/s3/dispatch.ts";
import type { S3HttpParts } from "../../../../src/sandbox/aws/s3/request.ts";
import { TokenBuckets } from "../../../../src/sandbox/aws/throttle.ts";

export const ec2Trust = policy({
  Effect: "Allow",
  Principal: { Service: "ec2.amazonaws.com" },
  Action: "sts:AssumeRole",
});
export const s3ReadOnly = policy({ Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: "*" });

export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** An answer taken apart: the result's elements, or the error. */
export interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** The elements of the result; lists are arrays. */
  // biome-ignore lint/suspicious/noExplicitAny: XML without a schema, looked into by assertions only.
  readonly result: any;
}

/** Temporary credentials, as far as the sandbox looks at them. */
export interface Key {
  readonly accessKeyId: string;
  readonly token: string;
}

/** An answer of S3, its error taken out. */
export interface S3Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

export interface InProcessOptions {
  readonly awkwardness?: Awkwardness;
  readonly quotas?: Partial<Quotas>;
  readonly seed?: number;
  readonly partition?: string;
  readonly denyActions?: Iterable<string>;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  isArray: (name) => ["member", "item", "entry"].includes(name),
});

/** The sandbox's AWS without sockets, with a clock that only the test moves. */
export class InProcessAws {
  readonly cloud: Cloud;
  /** The home account. */
  readonly account: Account;
  readonly calls: CallLog = new CallLog();
  readonly denyActions: Set<string>;
  nowMs = Date.UTC(2026, 0, 1);
  readonly #dispatcher: Dispatcher;
  readonly #switches: AwkwardnessSwitches;

  constructor(options: InProcessOptions = {}) {
    const now = (): number => this.nowMs;
    this.#switches = new AwkwardnessSwitches(options.awkwardness ?? {});
    this.cloud = new Cloud({
      accountId: "123456789012",
      partition: options.partition ?? "aws",
      now,
      quotas: { ...defaultQuotas, ...options.quotas },
      random: seededRandom(options.seed ?? 1),
      switches: this.#switches,
    });
    this.account = this.cloud.home;
    this.denyActions = new Set(options.denyActions);
    this.#dispatcher = {
      cloud: this.cloud,
      calls: this.calls,
      denyActions: this.denyActions,
      buckets: new TokenBuckets(now),
      requestIds: seededRandom(2),
      hook: () => undefined,
    };
  }

  /** The truth now. */
  snapshot(): AccountSnapshot {
    return snapshotOf(this.account);
  }

  setAwkwardness(awkwardness: Awkwardness): void {
    this.#switches.set(awkwardness);
  }

  async iam(action: string, params: Readonly<Record<string, string>> = {}, key?: Key | string): Promise<Answer> {
    return await this.call("iam", action, params, { key });
  }

  async ec2(
    action: string,
    params: Readonly<Record<string, string>> = {},
    region?: string,
    key?: Key | string,
  ): Promise<Answer> {
    return await this.call("ec2", action, params, { region, key });
  }

  async sts(action: string, params: Readonly<Record<string, string>> = {}, key?: Key | string): Promise<Answer> {
    return await this.call("sts", action, params, { key });
  }

  /** One request to S3; the answer's body is its text. */
  s3(method: string, url: string, key?: Key | string, more: Partial<S3HttpParts> = {}): S3Reply {
    const scope = scopeOf("s3", "us-east-1", key);
    const http = { method, url, headers: {}, body: Buffer.from(""), ...more };
    const { status, headers, body } = dispatchS3(this.#dispatcher, http, scope);
    const text = body.toString();
    const error = parser.parse(text).Error;
    return { status, headers, body: text, code: error?.Code, message: error?.Message };
  }

  async call(
    service: string,
    action: string,
    params: Readonly<Record<string, string>>,
    from: { readonly region?: string | undefined; readonly key?: Key | string | undefined } = {},
  ): Promise<Answer> {
    const scope = scopeOf(service, from.region ?? "us-east-1", from.key);
    const outcome = await dispatch(this.#dispatcher, {
      action,
      version: "2010-05-08",
      params: new Params(Object.entries(params)),
      scope,
    });
    if (outcome.kind === "cut") {
      throw new Error("cut");
    }
    return takeApart(action, outcome.status, outcome.body);
  }

  /** Answers a request as it would come over HTTP. */
  async respond(
    http: HttpParts,
  ): Promise<{ readonly status: number; readonly body: string; readonly requestId: string }> {
    const outcome = await dispatch(this.#dispatcher, parseRequest(http));
    if (outcome.kind === "cut") throw new Error("cut");
    return outcome;
  }

  /** A role that EC2 may assume. */
  async role(RoleName: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return must(await this.iam("CreateRole", { RoleName, AssumeRolePolicyDocument: ec2Trust, ...more }));
  }

  /** A profile with a role of the same name. */
  async profileWithRole(name: string): Promise<void> {
    await this.role(name);
    must(await this.iam("CreateInstanceProfile", { InstanceProfileName: name }));
    must(await this.iam("AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: name }));
  }
}

/** The signature of a developer's key or of temporary credentials. */
function scopeOf(service: string, region: string, key: Key | string = "AKIATEST"): CredentialScope {
  return typeof key === "string"
    ? { accessKeyId: key, region, service, sessionToken: undefined }
    : { accessKeyId: key.accessKeyId, region, service, sessionToken: key.token };
}

/** The answer, if it is a success. */
export function must(answer: Answer): Answer {
  if (answer.code !== undefined) {
    throw new Error(`${answer.code}: ${answer.message}`);
  }
  return answer;
}

function takeApart(action: string, status: number, body: string): Answer {
  const parsed = parser.parse(body);
  const error = parsed.ErrorResponse?.Error ?? parsed.Response?.Errors?.Error;
  const response = parsed[`${action}Response`];
  return {
    status,
    code: error?.Code,
    message: error?.Message,
    result: response?.[`${action}Result`] ?? response,
  };
}

/** A document as the API gives it, as JSON. */
export const decoded = (document: string): unknown => JSON.parse(decodeURIComponent(document));
