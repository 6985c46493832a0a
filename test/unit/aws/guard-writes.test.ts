import { CreateTagsCommand } from "@aws-sdk/client-ec2";
import { GetRoleCommand, ListRolesCommand, TagRoleCommand } from "@aws-sdk/client-iam";
import { beforeEach, expect, test } from "vitest";
import { connectAws } from "../../../src/aws/aws-connection.ts";
import type { AwsClientOptions } from "../../../src/aws/client/client-config.ts";
import { createEc2Clients } from "../../../src/aws/client/ec2-client.ts";
import { createIamClient } from "../../../src/aws/client/iam-client.ts";
import { EC2_WRITES } from "../../../src/aws/ec2/ec2-commands.ts";
import { IAM_WRITES } from "../../../src/aws/iam/iam-commands.ts";
import { assertEnforcing } from "../../../src/cli/controller/dry-run.ts";
import { RetryableError } from "../../../src/errors.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type RecordingHandler, recordingHandler } from "../../support/recording-handler.ts";

const NOT_LEADING = new RetryableError("another process leads", { reason: "NotLeading" });

let network: RecordingHandler;
/** Whether this process holds the Lease. */
let isLeading: boolean;
/** What happens while the credentials are fetched. */
let duringFetch: () => void;
beforeEach(() => {
  network = recordingHandler({ GetRole: "<Role/>" });
  isLeading = true;
  duringFetch = () => {};
});

function options(): AwsClientOptions {
  return {
    clock: new FakeClock(),
    version: "1.2.3",
    region: "eu-west-1",
    endpoint: "http://aws.test",
    requestHandler: network.handler,
    credentials: async () => {
      duringFetch();
      return { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
    },
    assertMayWrite: () => {
      if (!isLeading) throw NOT_LEADING;
    },
  };
}

/** The API actions that were sent. */
const sent = (): readonly (string | null)[] => network.requests.map(({ form }) => form.get("Action"));
const tagRole = () => createIamClient(options()).send(new TagRoleCommand({ RoleName: "app", Tags: [] }));

test("the leader's writes are sent", async () => {
  await tagRole();
  expect(sent()).toEqual(["TagRole"]);
});

test("a write is not sent when another process becomes the leader while the credentials are fetched", async () => {
  duringFetch = () => {
    isLeading = false;
  };
  await expect(tagRole()).rejects.toBe(NOT_LEADING);
  expect(sent()).toEqual([]);
});

test("reads are sent whichever process leads", async () => {
  isLeading = false;
  const iam = createIamClient(options());
  await iam.send(new GetRoleCommand({ RoleName: "app" }));
  await iam.send(new ListRolesCommand({}));
  expect(sent()).toEqual(["GetRole", "ListRoles"]);
});

test("with --dry-run no write is sent, to IAM or to EC2, and reads are", async () => {
  const dry = { ...options(), assertMayWrite: () => assertEnforcing(true) };
  const iam = createIamClient(dry);
  const ec2 = createEc2Clients(dry).of("eu-west-1");
  const writes = [
    iam.send(new TagRoleCommand({ RoleName: "app", Tags: [] })),
    ec2.send(new CreateTagsCommand({ Resources: ["i-1"], Tags: [] })),
    connectAws(dry).iam.narrowing.writer.perform({ kind: "DeleteRole", roleName: "app" }, new AbortController().signal),
  ];
  for (const write of writes) await expect(write).rejects.toThrow("runs with --dry-run and sends no write to AWS");
  await iam.send(new GetRoleCommand({ RoleName: "app" }));
  expect(sent()).toEqual(["GetRole"]);
});

test("no write that the adapters send has the name of a read", () => {
  const writes = [...Object.keys(IAM_WRITES), ...Object.keys(EC2_WRITES)];
  expect(writes.filter((name) => /^(Get|List|Describe)/.test(name))).toEqual([]);
});
