import { randomBytes } from "node:crypto";
import { EC2Client, type EC2ClientConfig } from "@aws-sdk/client-ec2";
import {
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  type IAMClientConfig,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  RemoveRoleFromInstanceProfileCommand,
  type Role,
} from "@aws-sdk/client-iam";
import { STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { expect } from "vitest";
import { signForHomeRegion } from "../../../src/aws/client/iam-client.ts";
import { markCreations } from "./mark-creations.ts";

export const ec2Trust = policy({
  Effect: "Allow",
  Principal: { Service: "ec2.amazonaws.com" },
  Action: "sts:AssumeRole",
});
export const s3ReadOnly = policy({
  Effect: "Allow",
  Action: ["s3:GetBucketLocation", "s3:ListAllMyBuckets"],
  Resource: "*",
});

/** A policy document with these statements. */
export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/**
 * Where the instances are: away from the controllers that share the endpoint. moto keeps terminated instances, and in a region
 * that has any it cannot answer what a controller asks before it deletes, the instances of a profile by its ARN.
 */
const EC2_REGION = "us-west-2";

/** How instances are launched. */
export interface Launchable {
  readonly imageId: string;
  readonly instanceType: string;
  readonly subnetId?: string | undefined;
}

/** What everything that a bench makes has in common, so that one can prove of each thing which run made it. */
export interface BenchMarks {
  /** What each name begins with. */
  readonly namePrefix: string;
  /** What the path of each role, instance profile and policy begins with. */
  readonly path: string;
  /** A tag of each thing. */
  readonly tag: { readonly Key: string; readonly Value: string };
}

/** How a bench works with its endpoint; by default as a stand-in wants it, on which everything is visible at once. */
export interface BenchOptions {
  /** Unset: AWS's own. */
  readonly endpoint?: string | undefined;
  readonly partition?: string;
  readonly iamRegion?: string;
  readonly ec2Region?: string;
  /** Unset: those of the contract. `default`: what the SDK finds. */
  readonly credentials?: IAMClientConfig["credentials"] | "default";
  readonly requestHandler?: IAMClientConfig["requestHandler"];
  readonly maxAttempts?: number;
  readonly launchable?: Launchable;
  /** Unset: names and paths of the contract, and no tag. */
  readonly marks?: BenchMarks;
  /** How long a change may take to become visible. */
  readonly visibleWithinMs?: number;
  /** Waits, and raises when the run ends. */
  readonly pause?: (ms: number) => Promise<void>;
}

const CONTRACT_CREDENTIALS = { accessKeyId: "AKIACONTRACTCONTRACT", secretAccessKey: "contract" };
/** The one image that moto knows by its id from the start and that any other endpoint takes for well-formed. */
const CONTRACT_LAUNCH: Launchable = { imageId: "ami-03cf127a", instanceType: "t3.micro" };
const POLL_MS = 2_000;

function clientConfig(options: BenchOptions): IAMClientConfig {
  const { endpoint, requestHandler, credentials = CONTRACT_CREDENTIALS } = options;
  return {
    region: options.iamRegion ?? "us-east-1",
    maxAttempts: options.maxAttempts ?? 1,
    ...(credentials !== "default" && { credentials }),
    ...(endpoint !== undefined && { endpoint }),
    ...(requestHandler !== undefined && { requestHandler }),
  };
}

/** Clients of one endpoint, and names that no other run uses. What was named is deleted by `clear`. */
export class Bench {
  readonly endpoint: string | undefined;
  readonly partition: string;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly ec2: EC2Client;
  /** A path of this run's own: listings under it show nothing of others. */
  readonly path: string;
  readonly region: string;
  readonly launchable: Launchable;
  readonly marks: BenchMarks | undefined;
  readonly #options: BenchOptions;
  readonly #config: IAMClientConfig;
  readonly #namePrefix: string;
  #count = 0;
  #roles: string[] = [];
  #profiles: string[] = [];
  #policyArns: string[] = [];

  constructor(options: BenchOptions) {
    const run = randomBytes(4).toString("hex");
    const { marks } = options;
    this.#options = options;
    this.endpoint = options.endpoint;
    this.partition = options.partition ?? "aws";
    this.marks = marks;
    this.launchable = options.launchable ?? CONTRACT_LAUNCH;
    this.region = options.ec2Region ?? EC2_REGION;
    this.path = marks === undefined ? `/contract/${run}/` : `${marks.path}listed/`;
    this.#namePrefix = marks?.namePrefix ?? `contract-${run}-`;
    this.#config = clientConfig(options);
    this.iam = new IAMClient(this.#config);
    signForHomeRegion(this.iam);
    this.sts = new STSClient(this.#config as unknown as STSClientConfig);
    this.ec2 = new EC2Client({ ...(this.#config as unknown as EC2ClientConfig), region: this.region });
    for (const client of [this.iam, this.ec2]) if (marks !== undefined) markCreations(client, marks);
  }

  /** How many tags of a role, profile or policy are not the contract's. */
  get ownTags(): number {
    return this.marks === undefined ? 0 : 1;
  }

  /** True when there is nothing to wait for. */
  get isImmediate(): boolean {
    return (this.#options.visibleWithinMs ?? 0) === 0;
  }

  /** The ARN of a policy of AWS. */
  awsPolicyArn(name: string): string {
    return `arn:${this.partition}:iam::aws:policy/${name}`;
  }

  /**
   * One call of IAM made by hand, whatever its parameters, and properly signed. With a region it is signed for that one.
   */
  async raw(action: string, params: Readonly<Record<string, string>> = {}, region?: string): Promise<void> {
    const client = new IAMClient({
      ...this.#config,
      ...(region !== undefined && { region, endpoint: this.iamEndpoint() }),
    });
    if (region === undefined) signForHomeRegion(client);
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body?: unknown };
        request.body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...params }).toString();
        return next(args);
      },
      { step: "serialize", priority: "low", name: "rawBody" },
    );
    try {
      await client.send(new ListRolesCommand({}));
    } finally {
      client.destroy();
    }
  }

  /** A client with other credentials, such as those of a role; to be destroyed by the caller. */
  as(credentials: NonNullable<IAMClientConfig["credentials"]>): IAMClient {
    const client = new IAMClient({ ...this.#config, credentials });
    signForHomeRegion(client);
    return client;
  }

  /** Where IAM is. */
  iamEndpoint(): string {
    const { endpoint } = this.#options;
    if (endpoint !== undefined) return endpoint;
    const Region = this.#config.region as string;
    return this.iam.config.endpointProvider({ Region, UseDualStack: false, UseFIPS: false }).url.href;
  }

  /** Waits; on a stand-in there is nothing to wait for. */
  async pause(ms: number): Promise<void> {
    if (!this.isImmediate) await this.#options.pause?.(ms);
  }

  /**
   * Repeats a probe until it gives something, as long as a change may take to become visible, at least once.
   *
   * Errors: that of the last probe, or of one that `mayPass` says not to repeat; that no probe gave anything.
   */
  async until<T>(
    what: string,
    probe: () => Promise<T | undefined>,
    {
      pollMs = POLL_MS,
      mayPass = () => true,
    }: { readonly pollMs?: number; readonly mayPass?: (error: unknown) => boolean } = {},
  ): Promise<T> {
    const endMs = performance.now() + (this.#options.visibleWithinMs ?? 0);
    for (;;) {
      const isLast = performance.now() >= endMs;
      const found = await probe().catch((error: unknown) => {
        if (isLast || !mayPass(error)) throw error;
        return undefined;
      });
      if (found !== undefined) return found;
      if (isLast) throw new Error(`${what}: not within ${this.#options.visibleWithinMs ?? 0} ms`);
      await this.pause(pollMs);
    }
  }

  /** Repeats an expectation until it holds, as long as a change may take to become visible. */
  async eventually(expectation: () => Promise<void>): Promise<void> {
    await this.until("expectation", async () => {
      await expectation();
      return true;
    });
  }

  close(): void {
    for (const client of [this.iam, this.sts, this.ec2]) client.destroy();
  }

  #name(kind: string): string {
    this.#count += 1;
    return `${this.#namePrefix}${kind}-${this.#count}`;
  }

  roleName(kind = "Role"): string {
    const name = this.#name(kind);
    this.#roles.push(name);
    return name;
  }

  profileName(): string {
    const name = this.#name("Profile");
    this.#profiles.push(name);
    return name;
  }

  templateName(): string {
    return this.#name("Template");
  }

  policyName(): string {
    return this.#name("Policy");
  }

  /** Has this managed policy deleted at the end. */
  ownsPolicy(arn: string | undefined): string {
    if (arn === undefined) {
      throw new Error("CreatePolicy answered without an ARN");
    }
    this.#policyArns.push(arn);
    return arn;
  }

  /** A plain role that EC2 may assume. */
  async role(): Promise<Role & { readonly RoleName: string; readonly Arn: string }> {
    const { Role } = await this.iam.send(
      new CreateRoleCommand({ RoleName: this.roleName(), AssumeRolePolicyDocument: ec2Trust }),
    );
    const { RoleName, Arn } = Role ?? {};
    if (Role === undefined || RoleName === undefined || Arn === undefined) {
      throw new Error("CreateRole answered without a role");
    }
    return { ...Role, RoleName, Arn: Arn.startsWith("arn:") ? Arn : await this.#arnOf(RoleName) };
  }

  /** A new role may be shown with its id in the place of its ARN. */
  #arnOf(RoleName: string): Promise<string> {
    return this.until("ARN", async () => {
      const { Role } = await this.iam.send(new GetRoleCommand({ RoleName }));
      return Role?.Arn?.startsWith("arn:") ? Role.Arn : undefined;
    });
  }

  /** Deletes whatever this run has named, as far as it is there. Errors: the first one, after the rest is deleted. */
  async clear(): Promise<void> {
    const deletions = [
      ...this.#roles.map((name) => () => this.#clearRole(name)),
      ...this.#profiles.map((InstanceProfileName) => async () => {
        await this.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
      }),
      ...this.#policyArns.map((arn) => () => this.#clearPolicy(arn)),
    ];
    this.#roles = [];
    this.#profiles = [];
    this.#policyArns = [];
    const failures: unknown[] = [];
    for (const remove of deletions) {
      await remove().catch((error: unknown) => {
        if (!(error instanceof Error && error.name === "NoSuchEntityException")) failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  async #clearPolicy(PolicyArn: string): Promise<void> {
    const { Versions } = await this.iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    for (const { VersionId, IsDefaultVersion } of Versions ?? []) {
      if (IsDefaultVersion !== true) {
        await this.iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
      }
    }
    await this.iam.send(new DeletePolicyCommand({ PolicyArn }));
  }

  async #clearRole(RoleName: string): Promise<void> {
    const { InstanceProfiles } = await this.iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
    for (const { InstanceProfileName } of InstanceProfiles ?? []) {
      await this.iam.send(new RemoveRoleFromInstanceProfileCommand({ RoleName, InstanceProfileName }));
    }
    const { AttachedPolicies } = await this.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    for (const { PolicyArn } of AttachedPolicies ?? []) {
      await this.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    }
    const { PolicyNames } = await this.iam.send(new ListRolePoliciesCommand({ RoleName }));
    for (const PolicyName of PolicyNames ?? []) {
      await this.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    }
    await this.iam.send(new DeleteRoleCommand({ RoleName }));
  }
}

/** A named expectation of AWS. */
export interface Case {
  readonly test: string;
  /** What it costs money to have; unset: nothing. */
  readonly needs?: "instance";
  readonly run: (bench: Bench) => Promise<void>;
}

/** What an AWS error carries on the wire. */
export interface WireError {
  readonly code: string;
  readonly status: number | undefined;
  readonly message: string;
}

/**
 * The error that a call must end in.
 *
 * Errors: that error when the caller is not allowed to send the request, which says nothing about the refusal.
 */
export async function refusal(call: Promise<unknown>): Promise<WireError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) {
    expect.fail("The call succeeded, and should have been refused");
  }
  if (isDenied(error)) throw error;
  return wireErrorOf(error);
}

/** An error of the SDK as it was on the wire. */
export function wireErrorOf(error: Error): WireError {
  const details: object & { Code?: unknown; $metadata?: { httpStatusCode?: number } } = error;
  return {
    code: typeof details.Code === "string" ? details.Code : error.name,
    status: details.$metadata?.httpStatusCode,
    message: error.message,
  };
}

/** True when AWS denies the caller a request. */
export function isDenied(error: unknown): error is Error {
  return error instanceof Error && /^(AccessDenied|UnauthorizedOperation)/.test(wireErrorOf(error).code);
}

/** A document as the API gives it, as JSON. */
export function decoded(document: string | undefined): unknown {
  return JSON.parse(decodeURIComponent(document ?? "null"));
}
