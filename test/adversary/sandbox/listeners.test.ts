import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type OutgoingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSandboxInstance } from "../../../src/cli/sandbox/sandbox-aws.ts";
import { suggestions, suggestionsWithoutController } from "../../../src/cli/sandbox/sandbox-text.ts";
import { instanceEnvironment } from "../../../src/sandbox/aws/imds/environment.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { EC2_TRUST, outsider } from "../../support/outsider.ts";

let aws: AwsSandbox;
let kube: KubeApi;
let instanceId: string;
let metadataUrl: string;

beforeAll(async () => {
  [aws, kube] = await Promise.all([startAwsSandbox(), startKubeApi({})]);
  await outsider(aws.url, "CreateRole", { RoleName: "app", AssumeRolePolicyDocument: EC2_TRUST });
  await outsider(aws.url, "CreateInstanceProfile", { InstanceProfileName: "app" });
  await outsider(aws.url, "AddRoleToInstanceProfile", { InstanceProfileName: "app", RoleName: "app" });
  instanceId = await runSandboxInstance(aws.url, { "IamInstanceProfile.Name": "app" });
  metadataUrl = await aws.metadataUrl(instanceId);
});
afterAll(() => Promise.all([aws.close(), kube.close()]));

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request with these very headers: `fetch` sets Host itself. */
function ask(method: string, url: string, headers: OutgoingHttpHeaders, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const signed = (service: string): OutgoingHttpHeaders => ({
  authorization: `AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  "content-type": "application/x-www-form-urlencoded",
});

/** What a web page may send, with the name that its host was made to have, or from the page that it is on. */
const FOREIGN: readonly (readonly [string, OutgoingHttpHeaders])[] = [
  ["a host name that was made to point here", { host: "evil.example" }],
  ["the same with a port", { host: "evil.example:4566" }],
  ["a name that begins like this machine's", { host: "localhost.evil.example" }],
  ["a name that ends like this machine's", { host: "evil.example.localhost" }],
  ["an address in the name of another", { host: "127.0.0.1.nip.io" }],
  ["a bucket as a host name", { host: "reports.s3.amazonaws.com" }],
  ["an address of the network", { host: "192.168.0.1" }],
  ["a user in the host", { host: "127.0.0.1@evil.example" }],
  ["shell text behind the port", { host: "127.0.0.1:80$(id)" }],
  ["the Origin of a page", { origin: "https://evil.example" }],
  ["the Origin of a local page", { origin: "http://127.0.0.1:8080" }],
  ["an opaque Origin", { origin: "null" }],
  ["a browser's mark of another site", { "sec-fetch-site": "cross-site" }],
  ["a browser's mark of the same site", { "sec-fetch-site": "same-site" }],
];

describe.each(FOREIGN)("a request with %s", (_, headers) => {
  test("is refused by the Kubernetes API as a Status", async () => {
    const { status, body } = await ask("GET", `${kube.url}/api/v1/namespaces`, headers);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ kind: "Status", reason: "Forbidden" });
  });

  test("is refused by IAM in its protocol, and changes nothing", async () => {
    const before = aws.calls.writes().length;
    const body = "Action=DeleteInstanceProfile&Version=2010-05-08&InstanceProfileName=app";
    const answer = await ask("POST", aws.url, { ...signed("iam"), ...headers }, body);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatch(/^<ErrorResponse .*<Code>AccessDenied<\/Code>/);
    expect(aws.calls.writes()).toHaveLength(before);
  });

  test("is refused as an image, which sends a signature in the query and no Origin", async () => {
    const query = "Action=RunInstances&X-Amz-Credential=sandbox/20260101/us-east-1/ec2/aws4_request";
    const answer = await ask("GET", `${aws.url}/?${query}`, headers);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain("<Response><Errors><Error><Code>UnauthorizedOperation</Code>");
  });

  test("is refused by S3 in its own form", async () => {
    const answer = await ask("PUT", `${aws.url}/stolen`, { ...signed("s3"), ...headers });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatch(/<Error><Code>AccessDenied<\/Code>.*<HostId>/);
  });

  test("gets no shell lines", async () => {
    const answer = await ask("GET", `${aws.url}/instance/${instanceId}/environment`, headers);
    expect(answer.status).toBe(403);
    expect(answer.body).not.toContain("export");
  });

  test("gets no token and no credentials from the metadata service", async () => {
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    const token = await ask("PUT", `${metadataUrl}/latest/api/token`, { ...ttl, ...headers });
    expect(token.status).toBe(403);
    expect(token.body).toContain("403 - Forbidden");
    const good = await ask("PUT", `${metadataUrl}/latest/api/token`, ttl);
    const read = await ask("GET", `${metadataUrl}/latest/meta-data/iam/security-credentials/app`, {
      "x-aws-ec2-metadata-token": good.body,
      ...headers,
    });
    expect(read.status).toBe(403);
    expect(read.body).not.toContain("SecretAccessKey");
  });
});

test.each(["127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:4566"])(
  "a client that comes by %s is served",
  async (host) => {
    expect(await ask("GET", `${kube.url}/version`, { host })).toMatchObject({ status: 200 });
    expect(await ask("GET", `${aws.url}/`, { ...signed("s3"), host })).toMatchObject({ status: 200 });
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    expect(await ask("PUT", `${metadataUrl}/latest/api/token`, { ...ttl, host })).toMatchObject({ status: 200 });
  },
);

test.each(["X-Forwarded-For", "x-forwarded-for"])(
  "a request for a token that a proxy passed on (%s) is refused",
  async (name) => {
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    const answer = await ask("PUT", `${metadataUrl}/latest/api/token`, { ...ttl, [name]: "10.0.0.1" });
    expect(answer.status).toBe(403);
  },
);

test.each(["//", "///etc/passwd", "/%zz", "/%00", "/instance/i-0/../../environment", "http://evil.example/"])(
  "the target %s breaks no listener",
  async (target) => {
    for (const url of [kube.url, aws.url, metadataUrl]) {
      const answer = await new Promise<number>((resolve, reject) => {
        const { hostname, port } = new URL(url);
        request({ hostname, port, path: target, method: "GET" }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on("error", reject)
          .end();
      });
      expect([200, 400, 401, 403, 404]).toContain(answer);
    }
  },
);

describe("what a shell evaluates", () => {
  const folder = mkdtempSync(join(tmpdir(), "shell-"));
  const planted = join(folder, "planted");
  afterAll(() => rmSync(folder, { recursive: true }));

  const PAYLOADS = [
    `$(touch ${planted})`,
    `\`touch ${planted}\``,
    `x; touch ${planted}`,
    `x\ntouch ${planted}`,
    `' ; touch ${planted} ; '`,
    `'\\'' ; touch ${planted} #`,
    `x && touch ${planted}`,
    `"$(touch ${planted})"`,
  ];

  test.each(PAYLOADS)("runs nothing of %j, and sets it as it is", (payload) => {
    const lines = instanceEnvironment({ awsUrl: `http://${payload}`, metadataUrl: payload, region: payload });
    const script = `eval "$0"; printf %s "$AWS_REGION"`;
    const shown = execFileSync("sh", ["-c", script, lines], { encoding: "utf8" });
    expect(existsSync(planted)).toBe(false);
    expect(shown).toBe(payload);
  });

  test.each(PAYLOADS)("a kubeconfig called %j is quoted in what the sandbox prints", (payload) => {
    const places = { kubeUrl: "http://127.0.0.1:1", awsUrl: "http://127.0.0.1:2", accountId: "1", kubeconfig: payload };
    const object = {
      namespace: payload,
      name: payload,
      roleName: payload,
      policyName: payload,
      instanceProfileName: "a",
    };
    for (const lines of [suggestionsWithoutController(places), suggestions(places, object, "i-1")]) {
      const exports = lines.filter((line) => line.startsWith("  export ")).join("\n");
      const shown = execFileSync("sh", ["-c", `eval "$0"; printf %s "$KUBECONFIG"`, exports], { encoding: "utf8" });
      expect(shown).toBe(payload);
      const commands = lines.filter((line) => /^ {2}(?:kubectl|aws) /.test(line));
      execFileSync("sh", ["-c", ["kubectl() { :; }", "aws() { :; }", ...commands].join("\n")]);
    }
    expect(existsSync(planted)).toBe(false);
  });

  test("an instance in a region with shell text is entered without running it", async () => {
    const region = `$(touch ${planted})`.replaceAll("/", "\\057").replaceAll(" ", "$IFS");
    const headers = {
      ...signed("ec2"),
      authorization: String(signed("ec2")["authorization"]).replace("us-east-1", region),
    };
    const body =
      "Action=RunInstances&Version=2016-11-15&ImageId=ami-0abcdef1234567890&InstanceType=t3.micro&MinCount=1&MaxCount=1";
    const started = await ask("POST", aws.url, headers, body);
    const [, id = ""] = /<instanceId>(.*?)</.exec(started.body) ?? [];
    const lines = await ask("GET", `${aws.url}/instance/${id}/environment`, {});
    expect(lines.status).toBe(200);
    const shown = execFileSync("sh", ["-c", `eval "$0"; printf %s "$AWS_REGION"`, lines.body], { encoding: "utf8" });
    expect(shown).toBe(region);
  });
});
