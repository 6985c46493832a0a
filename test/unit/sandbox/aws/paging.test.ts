import { expect, test } from "vitest";
import type { Awkwardness } from "../../../../src/sandbox/aws/awkwardness.ts";
import { type Answer, InProcessAws, must } from "./in-process.ts";

/** What GetAccountAuthorizationDetails is asked for; the other calls ignore it. */
const ROLES = { "Filter.member.1": "Role" };
const names = Array.from({ length: 12 }, (_, i) => `app-${String(i).padStart(2, "0")}`);

async function filled(awkwardness: Awkwardness = {}): Promise<InProcessAws> {
  const aws = new InProcessAws({ awkwardness });
  for (const name of names) {
    await aws.role(name);
  }
  return aws;
}

async function pages(
  aws: InProcessAws,
  action: string,
  params: Readonly<Record<string, string>>,
  between: () => Promise<void> = async () => undefined,
): Promise<Answer[]> {
  const seen: Answer[] = [];
  let marker: string | undefined;
  do {
    const page = must(await aws.iam(action, { ...params, ...(marker === undefined ? {} : { Marker: marker }) }));
    expect(page.result.IsTruncated).toBe(String(page.result.Marker !== undefined));
    seen.push(page);
    marker = page.result.Marker;
    await between();
  } while (marker !== undefined && seen.length < 200);
  return seen;
}

const rolesOf = (answers: readonly Answer[]): string[] =>
  answers.flatMap(({ result }) =>
    (result.Roles?.member ?? result.RoleDetailList?.member ?? []).map((role: { RoleName: string }) => role.RoleName),
  );

test("lists by name in pages of MaxItems", async () => {
  const aws = await filled();
  const seen = await pages(aws, "ListRoles", { MaxItems: "5" });
  expect(seen.map((page) => page.result.Roles.member.length)).toEqual([5, 5, 2]);
  expect(rolesOf(seen)).toEqual(names);
});

test("lists 100 at a time when not told", async () => {
  const aws = new InProcessAws();
  for (let count = 0; count < 101; count += 1) {
    await aws.role(`r${count}`);
  }
  const { result } = await aws.iam("ListRoles");
  expect(result.Roles.member).toHaveLength(100);
  expect(result.IsTruncated).toBe("true");
});

test("neither skips nor repeats when roles come and go between pages", async () => {
  const aws = await filled();
  let round = 0;
  const seen = await pages(aws, "ListRoles", { MaxItems: "3" }, async () => {
    must(await aws.iam("DeleteRole", { RoleName: names[round] ?? "" }));
    await aws.role(`aaa-${round}`);
    round += 1;
  });
  expect(rolesOf(seen)).toEqual(names);
});

test("walks one listing in one order of its own, when lists are shuffled", async () => {
  const aws = await filled({ shuffleLists: true });
  const first = rolesOf(await pages(aws, "ListRoles", { MaxItems: "5" }));
  const second = rolesOf(await pages(aws, "ListRoles", { MaxItems: "5" }));
  expect(first.toSorted()).toEqual(names);
  expect(second.toSorted()).toEqual(names);
  expect(first).not.toEqual(names);
  expect(first).not.toEqual(second);
});

test("ends after short and empty pages, with a new marker each, when pages are small", async () => {
  const aws = await filled({ smallPages: true, shuffleLists: true });
  for (const action of ["ListRoles", "GetAccountAuthorizationDetails"]) {
    const seen = await pages(aws, action, { ...ROLES, MaxItems: "1000" });
    expect(rolesOf(seen).toSorted()).toEqual(names);
    const markers = seen.map((page) => page.result.Marker);
    expect(new Set(markers).size).toBe(markers.length);
    expect(seen.length).toBeGreaterThan(4);
  }
});

test("refuses a MaxItems out of bounds and a marker that it did not give", async () => {
  const aws = await filled();
  expect(await aws.iam("ListRoles", { MaxItems: "1001" })).toMatchObject({
    code: "ValidationError",
    message:
      "1 validation error detected: Value '1001' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
  });
  expect(await aws.iam("ListRoles", { MaxItems: "0" })).toMatchObject({ code: "ValidationError" });
  expect(await aws.iam("ListRoles", { Marker: "mine" })).toMatchObject({ code: "InvalidInput" });
});

test("reports roles alone, when asked for them alone", async () => {
  const aws = await filled();
  expect(rolesOf(await pages(aws, "GetAccountAuthorizationDetails", { ...ROLES, MaxItems: "5" }))).toEqual(names);
  for (const filter of [{}, { "Filter.member.1": "User" }, { ...ROLES, "Filter.member.2": "User" }]) {
    expect(await aws.iam("GetAccountAuthorizationDetails", filter)).toMatchObject({
      code: "ValidationError",
      message: expect.stringContaining("set the filter to Role"),
    });
  }
});
