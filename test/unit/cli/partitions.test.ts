import { expect, test } from "vitest";
import type { Partition } from "../../../src/api/instance-profile-class.ts";
import { openAccounts } from "../../../src/cli/controller/open-accounts.ts";
import { ProductMetrics } from "../../../src/cli/metrics/product-metrics.ts";
import { aClass } from "../../support/builders.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { recordingHandler } from "../../support/recording-handler.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

const ID = "222233334444";
const SESSION = [
  ...[
    "<Credentials><AccessKeyId>ASIATEAMS</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>teams</SessionToken>",
  ],
  ...["<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"],
].join("");

interface Sent {
  readonly action: string | null;
  readonly host: string;
  readonly signedFor: string;
  readonly session: string | undefined;
}

/** What goes out when the account of a class is asked for and one of its roles is read; `region` is the controller's own. */
async function sentFor(partition: Partition, region: string): Promise<readonly Sent[]> {
  const network = recordingHandler({
    AssumeRole: SESSION,
    GetCallerIdentity: `<Account>${ID}</Account>`,
    ListRolePolicies: "<PolicyNames/><IsTruncated>false</IsTruncated>",
  });
  const place = {
    ...{ region, requestHandler: network.handler },
    credentials: { accessKeyId: "AKIAOWN", secretAccessKey: "s" },
  };
  const logger = new RecordingLogger();
  const process = { aws: place, settings: { propagationWindowMs: 0 }, logger };
  const { accounts, close } = openAccounts(process, new ProductMetrics(new FakeClock(), "0.0.0"), () => {});
  const { signal } = new AbortController();
  const roleArn = `arn:${partition}:iam::${ID}:role/instance-profile-controller`;
  const account = await accounts.open(aClass({ account: { id: ID, partition, roleArn } }), signal);
  await account.iam.change.reader.listRolePolicies("app", signal);
  close();
  return network.requests.map(({ form, host, signedFor, securityToken }) => ({
    ...{ action: form.get("Action"), host, signedFor, session: securityToken },
  }));
}

test.each([
  ["aws", "eu-west-1", "sts.eu-west-1.amazonaws.com", "iam.amazonaws.com", "us-east-1"],
  ["aws-cn", "cn-northwest-1", "sts.cn-northwest-1.amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["aws-us-gov", "us-gov-east-1", "sts.us-gov-east-1.amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1"],
] as const)(
  "an account of partition %s is reached from %s by %s and asked at %s",
  async (partition, region, sts, iam, home) => {
    const sent = await sentFor(partition, region);
    expect(sent.map(({ action }) => action)).toEqual([
      "GetCallerIdentity",
      "AssumeRole",
      "GetCallerIdentity",
      "ListRolePolicies",
    ]);
    const [own, assumed, identified, read] = sent;
    expect(own).toMatchObject({ host: sts, session: undefined });
    expect(assumed).toMatchObject({ host: sts, signedFor: `${region}/sts`, session: undefined });
    expect(identified).toMatchObject({ host: expect.stringMatching(/^sts\./), session: "teams" });
    expect(identified?.host.endsWith(".cn")).toBe(partition === "aws-cn");
    expect(read).toMatchObject({ host: iam, signedFor: `${home}/iam`, session: "teams" });
  },
);
