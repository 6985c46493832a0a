import { expect } from "vitest";
import type { Answered } from "./client.ts";
import type { Declare } from "./suite.ts";
import { accepted, change, create, group, type World } from "./world.ts";

const namesIn = (list: Answered): readonly string[] => list.items.map((item: Answered) => item.metadata.name);

async function createAll(world: World, prefix: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await create(world, `${prefix}-${index}`, undefined, { labels: { set: prefix } });
  }
}

/** GET of collections. */
export function lists(promise: Declare): void {
  promise("lists whole objects in the order of their names, under the newest resourceVersion", async (world) => {
    await createAll(world, "ordered", 3);
    const { metadata } = await change(world, "ordered-1", { spec: { size: 4 } });
    const list = accepted(await world.client.get(`${world.widgets}?labelSelector=set%3Dordered`));
    expect(list).toMatchObject({ kind: "WidgetList", apiVersion: `${group}/v1` });
    expect(namesIn(list)).toEqual(["ordered-0", "ordered-1", "ordered-2"]);
    expect(list.items[0]).toMatchObject({ apiVersion: `${group}/v1`, kind: "Widget", spec: { size: 3 } });
    expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(metadata.resourceVersion));
  });

  promise("lists across namespaces", async (world) => {
    await create(world, "everywhere", undefined, { labels: { set: "everywhere" } });
    const list = accepted(await world.client.get(`/apis/${group}/v1/widgets?labelSelector=set%3Deverywhere`));
    expect(list.items.map((item: Answered) => item.metadata.namespace)).toContain(world.namespace);
  });

  const selectors: readonly (readonly [selector: string, names: readonly string[]])[] = [
    ["pick=a", ["picked-a"]],
    ["pick==a", ["picked-a"]],
    ["pick!=a,pick", ["picked-b", "picked-c"]],
    ["pick in (a,b)", ["picked-a", "picked-b"]],
    ["pick notin (a,b),pick", ["picked-c"]],
    ["pick,!extra", ["picked-a", "picked-b"]],
    ["extra=", ["picked-c"]],
  ];
  for (const [selector, names] of selectors) {
    promise(`selects by the labels ${selector}`, async (world) => {
      for (const pick of ["a", "b", "c"]) {
        const labels = { pick, ...(pick === "c" ? { extra: "" } : {}) };
        const answer = await world.client.post(world.widgets, {
          apiVersion: `${group}/v1`,
          kind: "Widget",
          metadata: { name: `picked-${pick}`, labels },
          spec: { color: "red" },
        });
        expect([201, 409]).toContain(answer.status);
      }
      const list = accepted(await world.client.get(`${world.widgets}?labelSelector=${encodeURIComponent(selector)}`));
      expect(namesIn(list)).toEqual(names);
    });
  }

  promise("selects by name, namespace and selectable fields, and refuses other fields", async (world) => {
    await create(world, "field-a", { color: "orange" });
    const list = async (selector: string) =>
      world.client.get(`${world.widgets}?fieldSelector=${encodeURIComponent(selector)}`);
    expect(namesIn(accepted(await list("metadata.name=field-a")))).toEqual(["field-a"]);
    expect(namesIn(accepted(await list("spec.color=orange")))).toEqual(["field-a"]);
    expect(namesIn(accepted(await list("spec.color!=orange,metadata.name=field-a")))).toEqual([]);
    expect(namesIn(accepted(await list(`metadata.namespace!=${world.namespace}`)))).toEqual([]);
    expect(await list("spec.size=3")).toMatchObject({
      status: 400,
      body: { reason: "BadRequest", message: "field label not supported: spec.size" },
    });
  });

  promise("refuses a selector that it cannot read", async ({ client, widgets }) => {
    for (const selector of ["a in", "a=b c", "=x", "a=(b)"]) {
      const answer = await client.get(`${widgets}?labelSelector=${encodeURIComponent(selector)}`);
      expect(answer).toMatchObject({ status: 400, body: { reason: "BadRequest" } });
    }
  });

  promise("pages through one state, whatever is written meanwhile", async (world) => {
    await createAll(world, "page", 3);
    const first = accepted(await world.client.get(`${world.widgets}?limit=2`));
    expect(first.items).toHaveLength(2);
    expect(first.metadata.remainingItemCount).toBeGreaterThan(0);
    await create(world, "zz-late");
    const names = [...namesIn(first)];
    let token = first.metadata.continue;
    while (token) {
      const next = accepted(await world.client.get(`${world.widgets}?limit=2&continue=${encodeURIComponent(token)}`));
      expect(next.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      names.push(...namesIn(next));
      token = next.metadata.continue;
    }
    expect(names).toEqual(expect.arrayContaining(["page-0", "page-1", "page-2"]));
    expect(names).not.toContain("zz-late");
    expect(new Set(names).size).toBe(names.length);
    await world.client.delete(`${world.widgets}/zz-late`);
  });

  promise("pages through what a selector matches without counting the rest", async (world) => {
    await createAll(world, "some", 3);
    const path = `${world.widgets}?labelSelector=set%3Dsome&limit=2`;
    const first = accepted(await world.client.get(path));
    expect(namesIn(first)).toEqual(["some-0", "some-1"]);
    expect(first.metadata.remainingItemCount).toBeUndefined();
    const second = accepted(await world.client.get(`${path}&continue=${encodeURIComponent(first.metadata.continue)}`));
    expect(namesIn(second)).toEqual(["some-2"]);
  });

  promise("reads a past state when asked for exactly that", async (world) => {
    const { metadata } = await create(world, "past", undefined, { labels: { set: "past" } });
    await world.client.delete(`${world.widgets}/past`);
    const path = `${world.widgets}?labelSelector=set%3Dpast&resourceVersionMatch=Exact&resourceVersion=${metadata.resourceVersion}`;
    const list = accepted(await world.client.get(path));
    expect(namesIn(list)).toEqual(["past"]);
    expect(list.metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  promise("reads any or a not older state when asked for that", async (world) => {
    const { metadata } = await create(world, "fresh", undefined, { labels: { set: "fresh" } });
    for (const query of [
      "resourceVersion=0",
      `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`,
    ]) {
      expect((await world.client.get(`${world.widgets}?labelSelector=set%3Dfresh&${query}`)).status).toBe(200);
    }
  });

  promise("refuses to read a state that is yet to come", async ({ client, widgets }) => {
    expect(await client.get(`${widgets}?resourceVersion=99999999&resourceVersionMatch=Exact`)).toMatchObject({
      status: 504,
      body: {
        reason: "Timeout",
        message: expect.stringContaining("Too large resource version: 99999999, current: "),
        details: { causes: [{ reason: "ResourceVersionTooLarge" }] },
      },
    });
  });

  const misused: readonly (readonly [query: string, status: number, words: string])[] = [
    ["resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"],
    [
      "resourceVersion=0&resourceVersionMatch=Exact",
      422,
      'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    ["resourceVersion=1&resourceVersionMatch=Odd", 422, 'Unsupported value: "Odd"'],
    ["sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"],
    [
      "watch=true&sendInitialEvents=true",
      422,
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    ],
    ["watch=true&resourceVersionMatch=NotOlderThan", 422, "forbidden for watch unless sendInitialEvents is provided"],
    ["resourceVersion=abc", 400, "invalid resource version"],
    ["continue=abc", 400, "continue key is not valid"],
    ["limit=abc", 400, "invalid syntax"],
  ];
  for (const [query, status, words] of misused) {
    promise(`refuses a list with ${query}`, async ({ client, widgets }) => {
      const answer = await client.get(`${widgets}?${query}`);
      expect(answer.status).toBe(status);
      expect(answer.body.message).toContain(words);
    });
  }
}
