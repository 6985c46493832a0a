/**
 * Measures how long a scan of many roles blocks the event loop: the replies are parsed by the client of the controller, without a network.
 * In processor time of the thread, which other work on the machine does not make longer but for cold caches.
 *
 *     npm run bench:event-loop [-- --roles 10000 --rounds 3]
 */
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { createIamClient } from "../../src/aws/client/iam-client.ts";
import { accountLists } from "../../src/aws/iam/account-pages.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { costOf } from "../support/longest-block.ts";

const ACTION = "GetAccountAuthorizationDetails";
const PAGE_SIZE = 550;
const { values } = parseArgs({
  options: { roles: { type: "string", default: "10000" }, rounds: { type: "string", default: "3" } },
});
const { signal } = new AbortController();

function encoded(document: object): string {
  return encodeURIComponent(JSON.stringify({ Version: "2012-10-17", ...document }));
}

const TRUST = encoded({
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const POLICY = encoded({
  Statement: Array.from({ length: 4 }, (_, i) => ({
    Effect: "Allow",
    Action: ["s3:Get*", "s3:List*"],
    Resource: [`arn:aws:s3:::bucket-${i}/*`],
  })),
});
const TAG_NAMES = ["cluster-id", "namespace", "name", "uid", "applied"];

function element(name: string, ...content: readonly string[]): string {
  return `<${name}>${content.join("")}</${name}>`;
}

function role(i: number): string {
  const identity = (kind: string, of: string): string =>
    `<Path>/</Path><Arn>arn:aws:iam::123456789012:${of}/role-${i}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>` +
    `<${kind}Name>role-${i}</${kind}Name><${kind}Id>ID${i}</${kind}Id>`;
  const trust = element("AssumeRolePolicyDocument", TRUST);
  const tags = TAG_NAMES.map((name) =>
    element("member", `<Key>iam.instanceprofile.dev/${name}</Key><Value>value-${i}</Value>`),
  );
  const roles = element("Roles", element("member", identity("Role", "role"), trust));
  return element(
    "member",
    identity("Role", "role"),
    trust,
    element("InstanceProfileList", element("member", identity("InstanceProfile", "instance-profile"), roles)),
    element("RolePolicyList", element("member", "<PolicyName>p</PolicyName>", element("PolicyDocument", POLICY))),
    "<AttachedManagedPolicies/>",
    element("Tags", ...tags),
  );
}

function page(from: number, total: number): Buffer {
  const end = Math.min(from + PAGE_SIZE, total);
  const list = Array.from({ length: end - from }, (_, i) => role(from + i)).join("");
  const isTruncated = `<IsTruncated>${end < total}</IsTruncated><Marker>${end}</Marker>`;
  return Buffer.from(
    element(`${ACTION}Response`, element(`${ACTION}Result`, isTruncated, element("RoleDetailList", list))),
  );
}

const total = Number(values.roles);
const pages = new Map<number, Buffer>();
for (let from = 0; from < total; from += PAGE_SIZE) pages.set(from, page(from, total));

const handle = async ({ body }: { readonly body: string }): Promise<unknown> => {
  const marker = Number(new URLSearchParams(body).get("Marker") ?? 0);
  await systemClock.sleep(5);
  return { response: { statusCode: 200, headers: {}, body: Readable.from([pages.get(marker)]) } };
};
const iam = createIamClient({
  clock: systemClock,
  version: "bench",
  region: "us-east-1",
  credentials: { accessKeyId: "a", secretAccessKey: "b" },
  requestHandler: { handle } as unknown as NonNullable<Parameters<typeof createIamClient>[0]["requestHandler"]>,
});
const lists = accountLists(iam, ({ send }) => send(signal));
for (let round = 0; round < Number(values.rounds); round += 1) {
  const before = process.cpuUsage();
  let roles = 0;
  const { blockMs } = await costOf(async () => {
    for await (const found of lists.reportedRoles.pages(signal)) roles += found.length;
  });
  const { user, system } = process.cpuUsage(before);
  console.log({ roles, cpuMs: Math.round((user + system) / 1_000), longestBlockMs: Math.round(blockMs) });
}
