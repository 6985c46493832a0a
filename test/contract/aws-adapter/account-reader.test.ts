import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import { ALL_NAMES, takeSnapshot } from "../../../src/engine/observe/account-snapshot.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import {
  type Answer,
  type AnsweringServer,
  awsError,
  awsReply,
  connectTo,
  page,
  startAnsweringServer,
} from "./answering-server.ts";

const never = new AbortController().signal;
const DATE = "2026-01-01T00:00:00Z";
let server: AnsweringServer;
let aws: AwsConnection;

beforeAll(async () => {
  server = await startAnsweringServer();
  aws = connectTo(server);
});
afterAll(async () => {
  aws.close();
  await server.close();
});

const role = (i: number): string =>
  `<member><Path>/</Path><RoleName>app-${i}</RoleName><RoleId>AROA${i}</RoleId><Arn>arn:aws:iam::123456789012:role/app-${i}</Arn>` +
  `<CreateDate>${DATE}</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>` +
  "<RolePolicyList/><AttachedManagedPolicies/><InstanceProfileList/></member>";
const profile = (i: number): string =>
  `<member><Path>/</Path><InstanceProfileName>app-${i}</InstanceProfileName><InstanceProfileId>AIPA${i}</InstanceProfileId>` +
  `<Arn>arn:aws:iam::123456789012:instance-profile/app-${i}</Arn><CreateDate>${DATE}</CreateDate><Roles/></member>`;
const LISTS: Readonly<Record<string, { readonly element: string; readonly item: (i: number) => string }>> = {
  GetAccountAuthorizationDetails: { element: "RoleDetailList", item: role },
  ListRoles: { element: "Roles", item: role },
  ListInstanceProfiles: { element: "InstanceProfiles", item: profile },
};

/** An account with so many roles and profiles, in pages as long as they are asked for. */
function accountOf(roles: number, profiles: number): Answer {
  return (request, response) => {
    const form = server.received.at(-1);
    const action = form?.get("Action") ?? "";
    const { element = "SummaryMap", item = () => "" } = LISTS[action] ?? {};
    const total = action === "ListInstanceProfiles" ? profiles : roles;
    const from = Number(form?.get("Marker") ?? 0);
    const to = Math.min(total, from + Number(form?.get("MaxItems") ?? 0));
    const items = Array.from({ length: to - from }, (_, i) => item(from + i)).join("");
    const end = `<IsTruncated>${to < total}</IsTruncated>${to < total ? `<Marker>${to}</Marker>` : ""}`;
    awsReply(action, `<${element}>${items}</${element}>${end}`)(request, response);
  };
}

/** What a scan reads, and by how many calls of which action. */
async function scan(): Promise<{ readonly roles: number; readonly calls: Readonly<Record<string, number>> }> {
  const { roles } = await takeSnapshot(ALL_NAMES, aws.accountReader, () => 0, never);
  await aws.accountReader.getQuotas(never);
  const byAction = Map.groupBy(server.received, (form) => form.get("Action") ?? "");
  return { roles: roles.size, calls: Object.fromEntries([...byAction].map(([action, all]) => [action, all.length])) };
}

test("a scan of a thousand profiles with their roles is five calls", { timeout: 30_000 }, async () => {
  server.answerWith(accountOf(1_000, 1_000));
  expect(await scan()).toEqual({
    roles: 1_000,
    calls: { ListInstanceProfiles: 1, ListRoles: 1, GetAccountAuthorizationDetails: 2, GetAccountSummary: 1 },
  });
});

test("a scan of a thousand profiles is six calls where AWS has added roles of its own", {
  timeout: 30_000,
}, async () => {
  server.answerWith(accountOf(1_100, 1_000));
  expect(await scan()).toEqual({
    roles: 1_100,
    calls: { ListInstanceProfiles: 1, ListRoles: 2, GetAccountAuthorizationDetails: 2, GetAccountSummary: 1 },
  });
});

describe("a scan during whose pages AWS fails", () => {
  const account = accountOf(1_100, 0);
  const failure = awsError(500, "ServiceFailure", "The request processing has failed.");
  /** The outcome of a scan, with the seconds that it waits for AWS passing at once. */
  async function outcome(...answers: readonly Answer[]): Promise<string> {
    server.answerWith(...answers);
    const clock = new FakeClock();
    const slow = connectTo(server, { clock });
    let result: string | undefined;
    const scanned = (async () => {
      result = await takeSnapshot(ALL_NAMES, slow.accountReader, () => 0, never).then(
        ({ roles }) => `${roles.size} roles`,
        (error: Error) => error.message,
      );
      return result;
    })();
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(result).toBeDefined();
    });
    slow.close();
    return scanned;
  }
  const actions = (): readonly (string | null)[] => server.received.map((form) => form.get("Action"));

  test("asks twice more for the page, and for no other again", async () => {
    expect(await outcome(account, account, failure, page(503, ""), account)).toBe("1100 roles");
    expect(actions()).toEqual([
      "ListInstanceProfiles",
      ...["ListRoles", "ListRoles", "ListRoles", "ListRoles"],
      ...["GetAccountAuthorizationDetails", "GetAccountAuthorizationDetails"],
    ]);
  });

  test("fails with AWS's words at the third failure of one page", async () => {
    expect(await outcome(account, failure)).toContain("ListRoles on the account's roles: ServiceFailure: ");
    expect(actions()).toEqual(["ListInstanceProfiles", "ListRoles", "ListRoles", "ListRoles"]);
  });

  test("does not ask again for what it is refused", async () => {
    const refusal = awsError(403, "AccessDenied", "User is not authorized to perform: iam:ListRoles");
    expect(await outcome(account, refusal)).toContain("AccessDenied");
    expect(actions()).toEqual(["ListInstanceProfiles", "ListRoles"]);
  });
});
