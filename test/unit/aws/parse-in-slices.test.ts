import { Readable } from "node:stream";
import { GetAccountAuthorizationDetailsCommand, type IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { createIamClient } from "../../../src/aws/client/iam-client.ts";
import { slicesOf } from "../../../src/aws/client/parse-in-slices.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

/** A role with lists in it; its text is escaped, and its document percent-encoded, as IAM does. */
function role(i: number): string {
  const tags = ["team", "&lt;member&gt;"].map((value) => `<member><Key>k</Key><Value>${value}</Value></member>`);
  return (
    `<member><RoleName>role-${i}</RoleName><RoleId>AROA${i}</RoleId><Description>a &amp; b €</Description>` +
    `<AssumeRolePolicyDocument>%7B${"x".repeat(400)}%7D</AssumeRolePolicyDocument><Tags>${tags.join("")}</Tags></member>`
  );
}

const ROLES = Array.from({ length: 1_000 }, (_, i) => role(i)).join("");
const POLICIES = Array.from({ length: 300 }, (_, i) => `<member><PolicyName>policy-${i}</PolicyName></member>`).join(
  "",
);

function reply(action: string, result: string): string {
  return `<?xml version="1.0"?>\n<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;
}

function client(body: () => Readable): IAMClient {
  const handle = async (): Promise<unknown> => ({ response: { statusCode: 200, headers: {}, body: body() } });
  return createIamClient({
    clock: systemClock,
    version: "1",
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    requestHandler: { handle } as unknown as NonNullable<Parameters<typeof createIamClient>[0]["requestHandler"]>,
  });
}

/** In chunks that cut letters in two. */
function chunksOf(text: string): Readable {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 4_093) }, (_, i) =>
    bytes.subarray(4_093 * i, 4_093 * (i + 1)),
  );
  return Readable.from(chunks);
}

describe("a long reply", () => {
  const report = reply(
    "GetAccountAuthorizationDetails",
    `<IsTruncated>true</IsTruncated>\n<RoleDetailList>${ROLES}</RoleDetailList>\n<Policies>${POLICIES}</Policies><Marker>next</Marker>`,
  );

  test("gives what the SDK makes of it as a whole: every entry of each list once, in order", async () => {
    const inSlices = client(() => chunksOf(report));
    const whole = client(() => chunksOf(report));
    for (const name of ["joinSlices", "sliceReply"]) expect(whole.middlewareStack.remove(name)).toBe(true);
    const command = new GetAccountAuthorizationDetailsCommand({});
    const [found, expected] = [await inSlices.send(command), await whole.send(command)];
    expect(found).toEqual(expected);
    expect([found.RoleDetailList?.length, found.Policies?.length, found.Marker]).toEqual([1_000, 300, "next"]);
    expect(found.RoleDetailList?.at(-1)?.Tags?.at(-1)?.Value).toBe("<member>");
  });

  test("lets the event loop turn many times while it is parsed", async () => {
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    const sent = client(() => Readable.from([Buffer.from(report)])).send(new GetAccountAuthorizationDetailsCommand({}));
    setImmediate(turn);
    await sent;
    isDone = true;
    expect(turns).toBeGreaterThan(report.length / 65_536);
  });

  test("that ends in the middle of a slice fails as a whole", async () => {
    const cut = client(() => Readable.from([Buffer.from(report.slice(0, report.length / 2))]));
    await expect(cut.send(new GetAccountAuthorizationDetailsCommand({}))).rejects.toThrow("XML parse error");
  });

  test("whose connection breaks fails with the error of the connection", async () => {
    async function* broken(): AsyncGenerator<Buffer, void> {
      yield Buffer.from(report.slice(0, 200_000));
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    }
    const error = await client(() => Readable.from(broken()))
      .send(new ListRolesCommand({}))
      .catch((caught) => caught);
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("slices of a reply", () => {
  test("have each entry once, and everything else each time", () => {
    const xml = "<R><A><member>1<member>2</member></member><member>3</member></A><B><member>4</member></B><M>x</M></R>";
    expect([...slicesOf(xml, "member", 30)]).toEqual([
      "<R><A><member>1<member>2</member></member></A><B></B><M>x</M></R>",
      "<R><A><member>3</member></A><B></B><M>x</M></R>",
      "<R><A></A><B><member>4</member></B><M>x</M></R>",
    ]);
    expect([...slicesOf(xml, "member", 1_000)]).toEqual([xml]);
  });

  test.each(["<R>no list</R>", "<R><A><member>one</member></A></R>", "<R><A><member>cut", "", "</member><member>"])(
    "of %j are the reply",
    (xml) => expect([...slicesOf(xml, "member", 1)]).toEqual([xml]),
  );
});
