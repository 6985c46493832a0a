import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import { type AwsClientOptions, commonClientConfig } from "../../../src/aws/client/client-config.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type RecordingHandler, recordingHandler } from "../../support/recording-handler.ts";

const never = new AbortController().signal;
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const folder = mkdtempSync(join(tmpdir(), "iam-client-"));
let fileCount = 0;

/** A file of its own each time: the SDK remembers files by their path. */
function file(content: string): string {
  fileCount += 1;
  const path = join(folder, `file-${fileCount}`);
  writeFileSync(path, content);
  return path;
}

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", file(""));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file(""));
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const NOBODY = "<Account>123456789012</Account>";

function connect(options: Partial<AwsClientOptions>): {
  readonly aws: AwsConnection;
  readonly network: RecordingHandler;
} {
  const network = recordingHandler({ GetCallerIdentity: NOBODY });
  const fixed = { clock: new FakeClock(), version: "1.2.3", requestHandler: network.handler };
  return { aws: connectAws({ ...fixed, ...options }), network };
}

/** Where an IAM call went and for what it was signed. */
async function iamCall(options: Partial<AwsClientOptions>): Promise<string> {
  const { aws, network } = connect({ credentials, ...options });
  await aws.iamWriter.perform({ kind: "DeleteRole", roleName: "app" }, never);
  const [request] = network.requests;
  return `${request?.protocol}//${request?.host} ${request?.signedFor}`;
}

async function stsCall(options: Partial<AwsClientOptions>): Promise<string> {
  const { aws, network } = connect({ credentials, ...options });
  await aws.accountIdentity.accountId(never);
  const [request] = network.requests;
  return `${request?.protocol}//${request?.host} ${request?.signedFor}`;
}

const PARTITIONS = [
  ["us-east-1", "iam.amazonaws.com", "us-east-1"],
  ["eu-west-1", "iam.amazonaws.com", "us-east-1"],
  ["cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"],
  ["us-iso-west-1", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
  ["us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"],
  ["eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
] as const;

describe("where IAM requests go, and for which region they are signed", () => {
  test.each(PARTITIONS)("in %s they go to %s, signed for %s", async (region, host, home) => {
    expect(await iamCall({ region })).toBe(`https://${host} ${home}/iam`);
  });

  test.each(PARTITIONS)(
    "in %s with an endpoint in place of %s they are still signed for %s",
    async (region, _host, home) => {
      const endpoint = "http://iam.endpoint.test:8080";
      expect(await iamCall({ region, endpoint })).toBe(`${endpoint} ${home}/iam`);
    },
  );

  test("AWS_ENDPOINT_URL_IAM comes before AWS_ENDPOINT_URL, and the option before both", async () => {
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv("AWS_ENDPOINT_URL", "http://all.test");
    expect(await iamCall({})).toBe("http://all.test us-east-1/iam");
    vi.stubEnv("AWS_ENDPOINT_URL_IAM", "http://iam.test");
    expect(await iamCall({})).toBe("http://iam.test us-east-1/iam");
    expect(await iamCall({ endpoint: "http://option.test" })).toBe("http://option.test us-east-1/iam");
  });

  test("an endpoint from the configuration file is used and signed for the partition's home", async () => {
    const lines = [
      "[default]",
      "region = cn-northwest-1",
      "services = local",
      "[services local]",
      "iam =",
      "  endpoint_url = http://file.test",
    ];
    vi.stubEnv("AWS_CONFIG_FILE", file(lines.join("\n")));
    expect(await iamCall({})).toBe("http://file.test cn-north-1/iam");
  });

  test("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS turns configured endpoints off", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://all.test");
    vi.stubEnv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    expect(await iamCall({ region: "eu-west-1" })).toBe("https://iam.amazonaws.com us-east-1/iam");
  });

  test.each([
    [
      "AWS_USE_FIPS_ENDPOINT",
      "https://iam-fips.amazonaws.com us-east-1/iam",
      "https://sts-fips.eu-west-1.amazonaws.com",
    ],
    ["AWS_USE_DUALSTACK_ENDPOINT", "https://iam.global.api.aws us-east-1/iam", "https://sts.eu-west-1.api.aws"],
  ])("%s selects the SDK's endpoints of that kind", async (name, iam, sts) => {
    vi.stubEnv(name, "true");
    expect(await iamCall({ region: "eu-west-1" })).toBe(iam);
    expect(await stsCall({ region: "eu-west-1" })).toBe(`${sts} eu-west-1/sts`);
  });

  test("FIPS with an endpoint is refused with the SDK's reason", async () => {
    vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
    await expect(iamCall({ region: "us-east-1", endpoint: "http://all.test" })).rejects.toMatchObject({
      disposition: "blocked",
      reason: "InvalidEndpoint",
      message: expect.stringContaining("FIPS and custom endpoint are not supported"),
    });
  });

  test("a missing region is somebody's to set", async () => {
    await expect(iamCall({})).rejects.toMatchObject({
      disposition: "blocked",
      reason: "RegionMissing",
      message: expect.stringContaining("Set AWS_REGION"),
    });
  });
});

describe("where STS requests go", () => {
  test("to the region's own endpoint", async () => {
    expect(await stsCall({ region: "eu-west-1" })).toBe("https://sts.eu-west-1.amazonaws.com eu-west-1/sts");
  });

  test("AWS_ENDPOINT_URL_STS comes before AWS_ENDPOINT_URL, and the client's region signs", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://all.test");
    expect(await stsCall({ region: "eu-west-1" })).toBe("http://all.test eu-west-1/sts");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://sts.test");
    expect(await stsCall({ region: "eu-west-1" })).toBe("http://sts.test eu-west-1/sts");
  });

  test("the answer is the account's id", async () => {
    const { aws } = connect({ region: "eu-west-1", credentials });
    expect(await aws.accountIdentity.accountId(never)).toBe("123456789012");
  });
});

test("a connection is waited for by its own limit, three seconds unless set", () => {
  const limitOf = (options: Partial<AwsClientOptions>) =>
    commonClientConfig({ clock: new FakeClock(), version: "0", ...options }).requestHandler;
  expect(limitOf({})).toMatchObject({ connectionTimeout: 3_000 });
  expect(limitOf({ connectTimeoutMs: 5 })).toMatchObject({ connectionTimeout: 5 });
});

test("the user agent ends with the product and its version", async () => {
  const { aws, network } = connect({ region: "eu-west-1", credentials });
  await aws.iamWriter.perform({ kind: "DeleteRole", roleName: "app" }, never);
  expect(network.requests[0]?.userAgent).toMatch(/ instance-profile-controller\/1\.2\.3$/);
});

describe("credentials", () => {
  const ROLE = "arn:aws:iam::123456789012:role/controller";
  const assumed = (expiration: string): string =>
    `<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token-1</SessionToken><Expiration>${expiration}</Expiration></Credentials><AssumedRoleUser><Arn>${ROLE}</Arn><AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId></AssumedRoleUser>`;

  test("a service account's web identity token is exchanged once for IAM and STS together", async () => {
    vi.stubEnv("AWS_ROLE_ARN", ROLE);
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", file("a-token"));
    const network = recordingHandler({
      AssumeRoleWithWebIdentity: assumed("2099-01-01T00:00:00Z"),
      GetCallerIdentity: NOBODY,
    });
    const aws = connectAws({
      clock: new FakeClock(),
      version: "0",
      region: "eu-west-1",
      requestHandler: network.handler,
    });
    await aws.iamWriter.perform({ kind: "DeleteRole", roleName: "app" }, never);
    await aws.accountIdentity.accountId(never);
    await aws.iamWriter.perform({ kind: "DeleteRole", roleName: "app" }, never);
    expect(network.requests.map((request) => [request.form.get("Action"), request.securityToken])).toEqual([
      ["AssumeRoleWithWebIdentity", undefined],
      ["DeleteRole", "token-1"],
      ["GetCallerIdentity", "token-1"],
      ["DeleteRole", "token-1"],
    ]);
  });

  test("none to be found: blocked, and the message says how to give some", async () => {
    const { aws } = connect({ region: "eu-west-1" });
    await expect(aws.iamReader.getRole("app", never)).rejects.toMatchObject({
      disposition: "blocked",
      reason: "CredentialsUnavailable",
      message: expect.stringContaining("AWS_ACCESS_KEY_ID"),
    });
  });

  test("a token file that appears later is found without a restart", async () => {
    const path = join(folder, "late-token");
    vi.stubEnv("AWS_ROLE_ARN", ROLE);
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", path);
    const network = recordingHandler({ AssumeRoleWithWebIdentity: assumed("2099-01-01T00:00:00Z") });
    const aws = connectAws({
      clock: new FakeClock(),
      version: "0",
      region: "eu-west-1",
      requestHandler: network.handler,
    });
    const attempt = (): Promise<unknown> => aws.iamWriter.perform({ kind: "DeleteRole", roleName: "app" }, never);
    await expect(attempt()).rejects.toMatchObject({ disposition: "blocked", reason: "CredentialsUnavailable" });
    writeFileSync(path, "a-token");
    await expect(attempt()).resolves.toEqual({ created: undefined });
  });
});
