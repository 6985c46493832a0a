import { randomBytes } from "node:crypto";
import { EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  RemoveRoleFromInstanceProfileCommand,
  type Role,
} from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import { expect } from "vitest";

export const ec2Trust = policy({
  Effect: "Allow",
  Principal: { Service: "ec2.amazonaws.com" },
  Action: "sts:AssumeRole",
});
export const s3ReadOnly = policy({ Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: "*" });

/** A policy document with these statements. */
export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/**
 * Where the instances are: away from the controllers that share the endpoint. moto keeps terminated instances, and in a region
 * that has any it cannot answer what a controller asks before it deletes, the instances of a profile by its ARN.
 */
const EC2_REGION = "us-west-2";

/** Clients of one endpoint, and names that no other run uses. What was named is deleted by `clear`. */
export class Bench {
  readonly endpoint: string;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly ec2: EC2Client;
  /** A path of this run's own: listings under it show nothing of others. */
  readonly path: string;
  readonly #run = randomBytes(4).toString("hex");
  #count = 0;
  #roles: string[] = [];
  #profiles: string[] = [];
  #policyArns: string[] = [];

  constructor(endpoint: string) {
    this.endpoint = endpoint;
    this.path = `/contract/${this.#run}/`;
    const config = {
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIACONTRACTCONTRACT", secretAccessKey: "contract" },
      maxAttempts: 1,
    };
    this.iam = new IAMClient(config);
    this.sts = new STSClient(config);
    this.ec2 = new EC2Client({ ...config, region: EC2_REGION });
  }

  #name(kind: string): string {
    this.#count += 1;
    return `contract-${this.#run}-${kind}-${this.#count}`;
  }

  roleName(): string {
    const name = this.#name("Role");
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
    if (Role?.RoleName === undefined || Role.Arn === undefined) {
      throw new Error("CreateRole answered without a role");
    }
    return { ...Role, RoleName: Role.RoleName, Arn: Role.Arn };
  }

  /** Deletes whatever this run has named, as far as it is there. */
  async clear(): Promise<void> {
    for (const name of this.#roles) {
      await this.#clearRole(name).catch(ignoreMissing);
    }
    for (const name of this.#profiles) {
      await this.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: name })).catch(ignoreMissing);
    }
    for (const arn of this.#policyArns) {
      await this.#clearPolicy(arn).catch(ignoreMissing);
    }
    this.#roles = [];
    this.#profiles = [];
    this.#policyArns = [];
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

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && error.name === "NoSuchEntityException")) {
    throw error;
  }
}

/** A named expectation of AWS. */
export interface Case {
  readonly test: string;
  readonly run: (bench: Bench) => Promise<void>;
}

/** What an AWS error carries on the wire. */
export interface WireError {
  readonly code: string;
  readonly status: number | undefined;
  readonly message: string;
}

/** The error that a call must end in. */
export async function refusal(call: Promise<unknown>): Promise<WireError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) {
    expect.fail("The call succeeded, and should have been refused");
  }
  const details: object & { Code?: unknown; $metadata?: { httpStatusCode?: number } } = error;
  return {
    code: typeof details.Code === "string" ? details.Code : error.name,
    status: details.$metadata?.httpStatusCode,
    message: error.message,
  };
}

/** A document as the API gives it, as JSON. */
export function decoded(document: string | undefined): unknown {
  return JSON.parse(decodeURIComponent(document ?? "null"));
}

/** A call made by hand, signed (though not correctly) or not. */
export async function rawCall(
  endpoint: string,
  params: Readonly<Record<string, string>>,
  scope?: { readonly service: string; readonly region: string },
): Promise<{ readonly status: number; readonly body: string }> {
  const credential = `AKIACONTRACTCONTRACT/20260101/${scope?.region}/${scope?.service}/aws4_request`;
  const response = await fetch(endpoint, {
    method: "POST",
    headers:
      scope === undefined
        ? {}
        : { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=00` },
    body: new URLSearchParams(params),
  });
  return { status: response.status, body: await response.text() };
}
