import { beforeEach, expect, test } from "vitest";
import { InProcessAws, type Key, must, policy, s3ReadOnly } from "./in-process.ts";
import { TestInstance } from "./instance.ts";

let aws: InProcessAws;
let key: Key;

async function setPolicy(PolicyDocument: string): Promise<void> {
  must(await aws.iam("PutRolePolicy", { RoleName: "app", PolicyName: "app", PolicyDocument }));
}

const keysIn = (body: string): readonly string[] =>
  [...body.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, name = ""]) => name);

beforeEach(async () => {
  aws = new InProcessAws();
  await aws.profileWithRole("app");
  key = (await TestInstance.launch(aws, "app")).key();
  aws.s3("PUT", "/logs");
  aws.s3("PUT", "/logs/2026/a%20b.txt", undefined, {
    body: Buffer.from("hello"),
    headers: { "content-type": "text/plain" },
  });
});

test("keeps objects as they were put", () => {
  expect(aws.s3("GET", "/logs/2026/a%20b.txt?x-id=GetObject")).toMatchObject({
    status: 200,
    body: "hello",
    headers: { "content-type": "text/plain", etag: '"5d41402abc4b2a76b9719d911017c592"' },
  });
  expect(aws.s3("HEAD", "/logs/2026/a%20b.txt")).toMatchObject({
    status: 200,
    body: "",
    headers: { "content-length": "5" },
  });
  expect(aws.s3("GET", "/logs/none")).toMatchObject({ status: 404, code: "NoSuchKey" });
  expect(aws.s3("HEAD", "/logs/none")).toMatchObject({ status: 404, body: "" });
  expect(aws.s3("GET", "/none?list-type=2")).toMatchObject({ status: 404, code: "NoSuchBucket" });
});

test("takes the chunks of a streamed upload apart", () => {
  const body = Buffer.from("5;chunk-signature=00\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n");
  aws.s3("PUT", "/logs/b", undefined, {
    body,
    headers: { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
  });
  expect(aws.s3("GET", "/logs/b").body).toBe("hello world");
});

test("lists by prefix and delimiter, in pages", () => {
  for (const name of ["a", "b/1", "b/2", "c"]) aws.s3("PUT", `/logs/${name}`);
  const top = aws.s3("GET", "/logs?list-type=2&delimiter=%2F").body;
  expect(keysIn(top)).toEqual(["a", "c"]);
  expect([...top.matchAll(/<CommonPrefixes><Prefix>(.*?)</g)].map(([, prefix]) => prefix)).toEqual(["2026/", "b/"]);
  expect(keysIn(aws.s3("GET", "/logs?list-type=2&prefix=b%2F").body)).toEqual(["b/1", "b/2"]);
  const seen: string[] = [];
  let token: string | undefined = "";
  while (token !== undefined) {
    const from: string = token === "" ? "" : `&continuation-token=${token}`;
    const { body } = aws.s3("GET", `/logs?list-type=2&max-keys=2${from}`);
    seen.push(...keysIn(body));
    token = /<NextContinuationToken>(.*?)</.exec(body)?.[1];
  }
  expect(seen).toEqual(["2026/a b.txt", "a", "b/1", "b/2", "c"]);
});

test("keeps bucket names to one owner, and full buckets from going", () => {
  expect(aws.s3("PUT", "/logs").code).toBe("BucketAlreadyOwnedByYou");
  expect(aws.s3("PUT", "/logs", "222222222222").code).toBe("BucketAlreadyExists");
  expect(aws.s3("GET", "/logs/2026/a%20b.txt", "222222222222").code).toBe("AccessDenied");
  expect(aws.s3("PUT", "/No_Bucket").code).toBe("InvalidBucketName");
  expect(aws.s3("DELETE", "/logs").code).toBe("BucketNotEmpty");
  expect(aws.s3("DELETE", "/logs/2026/a%20b.txt").status).toBe(204);
  expect(aws.s3("DELETE", "/logs").status).toBe(204);
});

test("says that the rest of S3 is not here", () => {
  expect(aws.s3("GET", "/logs?policy")).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(aws.s3("POST", "/logs/big?uploads").code).toBe("NotImplemented");
  expect(aws.s3("PUT", "/logs/copy", undefined, { headers: { "x-amz-copy-source": "/logs/a" } }).code).toBe(
    "NotImplemented",
  );
});

test("lets a session do what s3-read-only says, and nothing else", async () => {
  expect(aws.s3("GET", "/", key).code).toBe("AccessDenied");
  await setPolicy(s3ReadOnly);
  expect(aws.s3("GET", "/", key).body).toContain("<Name>logs</Name>");
  expect(aws.s3("GET", "/logs/2026/a%20b.txt", key).body).toBe("hello");
  expect(keysIn(aws.s3("GET", "/logs?list-type=2", key).body)).toHaveLength(1);
  expect(aws.s3("DELETE", "/logs", key)).toMatchObject({
    status: 403,
    code: "AccessDenied",
    message: expect.stringMatching(
      /^User: arn:aws:sts::123456789012:assumed-role\/app\/i-\w+ is not authorized to perform: s3:DeleteBucket on resource: "arn:aws:s3:::logs" because no identity-based policy allows the s3:DeleteBucket action$/,
    ),
  });
  expect(aws.s3("PUT", "/logs/new", key).code).toBe("AccessDenied");
});

test("tells only who may list a bucket that an object is missing", async () => {
  await setPolicy(policy({ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::logs/*" }));
  expect(aws.s3("GET", "/logs/none", key)).toMatchObject({ status: 403, code: "AccessDenied" });
  await setPolicy(s3ReadOnly);
  expect(aws.s3("GET", "/logs/none", key).code).toBe("NoSuchKey");
});

test("judges listings by their prefix", async () => {
  const Condition = { StringLike: { "s3:prefix": "2026/*" } };
  await setPolicy(policy({ Effect: "Allow", Action: "s3:ListBucket", Resource: "*", Condition }));
  expect(aws.s3("GET", "/logs?list-type=2&prefix=2026%2F", key).status).toBe(200);
  expect(aws.s3("GET", "/logs?list-type=2&prefix=2025%2F", key).code).toBe("AccessDenied");
  expect(aws.s3("GET", "/logs?list-type=2", key).code).toBe("AccessDenied");
});

test("logs calls with what they are about, and denies what is to be denied", () => {
  aws.denyActions.add("s3:DeleteBucket");
  expect(aws.s3("DELETE", "/logs").code).toBe("AccessDenied");
  expect(aws.calls.matching({ service: "s3", action: "DeleteBucket" })).toMatchObject([
    { names: { Bucket: "logs" }, isWrite: true, result: "AccessDenied" },
  ]);
});
