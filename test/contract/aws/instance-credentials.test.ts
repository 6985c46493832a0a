import {
  AssociateIamInstanceProfileCommand,
  EC2Client,
  type IamInstanceProfileSpecification,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Guest, startGuest } from "../../../src/cli/sandbox/guest-process.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { ec2Trust, policy, s3ReadOnly } from "./harness.ts";

const region = "us-east-1";
/** So short that the SDK asks for credentials anew at every call, as it does close to the end of long ones. */
const instanceCredentials = { lifetimeMs: 60_000, renewBeforeMs: 30_000 };

// The real SDK against the sandbox, as on an instance: the metadata service has whatever the profile gives.
let aws: AwsSandbox;
let iam: IAMClient;
let ec2: EC2Client;
let aheadMs = 0;
/** An instance with the profile, and a program on it. */
let readerId: string;
let reader: Guest;
const guests: Guest[] = [];

beforeAll(async () => {
  aws = await startAwsSandbox({ now: () => Date.now() + aheadMs, instanceCredentials });
  const developer = { endpoint: aws.url, region, credentials: { accessKeyId: "developer", secretAccessKey: "any" } };
  iam = new IAMClient(developer);
  ec2 = new EC2Client(developer);
  await new S3Client(developer).send(new CreateBucketCommand({ Bucket: "reports" }));
  const name = { RoleName: "reader", InstanceProfileName: "reader", PolicyName: "reader" };
  await iam.send(new CreateRoleCommand({ ...name, AssumeRolePolicyDocument: ec2Trust }));
  await iam.send(new PutRolePolicyCommand({ ...name, PolicyDocument: s3ReadOnly }));
  await iam.send(new CreateInstanceProfileCommand(name));
  await iam.send(new AddRoleToInstanceProfileCommand(name));
  [readerId = ""] = await launch(1, { Name: "reader" });
  reader = await guestOn(readerId);
});
afterAll(async () => {
  await Promise.all(guests.map((guest) => guest.stop()));
  await aws.close();
});

async function launch(count: number, profile?: IamInstanceProfileSpecification): Promise<readonly string[]> {
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: "ami-12345678",
      MinCount: count,
      MaxCount: count,
      ...(profile === undefined ? {} : { IamInstanceProfile: profile }),
    }),
  );
  return Instances.flatMap(({ InstanceId }) => InstanceId ?? []);
}

async function guestOn(instanceId: string): Promise<Guest> {
  const guest = startGuest({ awsUrl: aws.url, metadataUrl: await aws.metadataUrl(instanceId), region });
  guests.push(guest);
  return guest;
}

interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
}

/** What a program reads by itself, without an SDK; the status when there is nothing. */
async function readCredentials(instanceId: string): Promise<Credentials | number> {
  const url = await aws.metadataUrl(instanceId);
  const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
  const issued = await fetch(`${url}/latest/api/token`, { method: "PUT", headers: ttl });
  const headers = { "x-aws-ec2-metadata-token": await issued.text() };
  const path = `${url}/latest/meta-data/iam/security-credentials/`;
  const list = await fetch(path, { headers });
  if (!list.ok) return list.status;
  const reply = await fetch(path + (await list.text()), { headers });
  return (await reply.json()) as Credentials;
}

async function arnOf(instanceId: string): Promise<string | undefined> {
  const read = await readCredentials(instanceId);
  if (typeof read === "number") return undefined;
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = read;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  const sts = new STSClient({ endpoint: aws.url, region, credentials });
  const { Arn } = await sts.send(new GetCallerIdentityCommand());
  sts.destroy();
  return Arn;
}

test("an unconfigured SDK client reads S3 on an instance with the profile, and is refused all else until the policy allows it", async () => {
  expect(await reader.order({ operation: "ListBuckets" })).toEqual({ isDone: true, buckets: ["reports"] });
  expect(await reader.order({ operation: "DeleteBucket", bucket: "reports" })).toEqual({
    isDone: false,
    code: "AccessDenied",
    message: `User: arn:aws:sts::123456789012:assumed-role/reader/${readerId} is not authorized to perform: s3:DeleteBucket on resource: "arn:aws:s3:::reports" because no identity-based policy allows the s3:DeleteBucket action`,
  });
  const allowed = { RoleName: "reader", PolicyName: "more" };
  const more = policy({ Effect: "Allow", Action: "s3:DeleteBucket", Resource: "arn:aws:s3:::other" });
  await iam.send(new PutRolePolicyCommand({ ...allowed, PolicyDocument: more }));
  expect(await reader.order({ operation: "DeleteBucket", bucket: "reports" })).toMatchObject({ code: "AccessDenied" });
  const right = policy({ Effect: "Allow", Action: "s3:DeleteBucket", Resource: "arn:aws:s3:::reports" });
  await iam.send(new PutRolePolicyCommand({ ...allowed, PolicyDocument: right }));
  expect(await reader.order({ operation: "DeleteBucket", bucket: "reports" })).toEqual({ isDone: true, buckets: [] });
  expect(await reader.order({ operation: "ListBuckets" })).toEqual({ isDone: true, buckets: [] });
});

test("an unconfigured SDK client finds no credentials on an instance without a profile, and finds them once it has one", async () => {
  const [id = ""] = await launch(1);
  const bare = await guestOn(id);
  expect(await bare.order({ operation: "ListBuckets" })).toMatchObject({
    isDone: false,
    code: expect.stringMatching(/CredentialsProviderError/),
  });
  await ec2.send(new AssociateIamInstanceProfileCommand({ InstanceId: id, IamInstanceProfile: { Name: "reader" } }));
  expect(await bare.order({ operation: "ListBuckets" })).toMatchObject({ isDone: true });
});

test("one long-lived SDK client goes through two rotations of its credentials without an error", async () => {
  aws.calls.reset();
  const keys = (): number => new Set(aws.calls.matching({ service: "s3" }).map(({ accessKeyId }) => accessKeyId)).size;
  // The SDK goes on with the credentials it has while it fetches new ones, so these come a call or two later.
  for (let call = 0; keys() < 3 && call < 40; call += 1) {
    expect(await reader.order({ operation: "ListBuckets" })).toMatchObject({ isDone: true });
    aheadMs += 5_000;
  }
  expect(keys()).toBe(3);
  expect(new Set(aws.calls.matching({ service: "s3" }).map(({ result }) => result))).toEqual(new Set(["OK"]));
});

test("credentials that have ended are good for nothing", async () => {
  const [id = ""] = await launch(1, { Name: "reader" });
  const old = await readCredentials(id);
  if (typeof old === "number") throw new Error(`no credentials: ${old}`);
  const sts = new STSClient({
    endpoint: aws.url,
    region,
    credentials: { accessKeyId: old.AccessKeyId, secretAccessKey: old.SecretAccessKey, sessionToken: old.Token },
  });
  await sts.send(new GetCallerIdentityCommand());
  aheadMs += 60_000;
  await expect(sts.send(new GetCallerIdentityCommand())).rejects.toMatchObject({ name: "ExpiredToken" });
  sts.destroy();
});

test("the same profile serves many instances, by name and by ARN, each under its own name", async () => {
  const Arn = "arn:aws:iam::123456789012:instance-profile/reader";
  const ids = [...(await launch(6, { Name: "reader" })), ...(await launch(6, { Arn }))];
  const arns = await Promise.all(ids.map(arnOf));
  expect(arns).toEqual(ids.map((id) => `arn:aws:sts::123456789012:assumed-role/reader/${id}`));
  const urls = await Promise.all(ids.map((id) => aws.metadataUrl(id)));
  expect(new Set(urls).size).toBe(ids.length);
});

test("tells a shell how to be on an instance", async () => {
  const [id = ""] = await launch(1, { Name: "reader" });
  const reply = await fetch(`${aws.url}/instance/${id}/environment`);
  const text = await reply.text();
  expect(text).toContain(`AWS_EC2_METADATA_SERVICE_ENDPOINT=${await aws.metadataUrl(id)} AWS_ENDPOINT_URL=${aws.url}`);
  expect(text).toContain("unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN");
  expect((await fetch(`${aws.url}/instance/i-00000000000000000/environment`)).status).toBe(404);
  await expect(aws.metadataUrl("i-00000000000000000")).rejects.toThrow("there is no instance i-00000000000000000");
});
