import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TAG_KEYS } from "../../src/model/ownership.ts";
import { type Fate, Interceptor, type SeenCall } from "../support/intercept.ts";
import { EC2_TRUST } from "../support/outsider.ts";
import { APP, type Cluster, SharedAccount } from "../support/two-clusters.ts";

/**
 * The crash law of a hand-over: wherever the controller of either cluster dies, and whichever goes on first, one cluster owns the role at each
 * moment, only that one writes, the instance profile keeps its role, and all runs end in the same way.
 */
let account: SharedAccount;
beforeAll(async () => {
  account = await SharedAccount.open();
});
afterAll(() => account.close());

const OWN = {
  managedPolicies: [
    { name: "app-own", statements: [{ effect: "Allow", actions: ["sqs:SendMessage"], resources: ["*"] }] },
  ],
};

const ENDINGS: Record<string, (at: number) => (call: SeenCall) => Fate> = {
  "killed after call": (at) => (call) => (call.number <= at ? "pass" : "refuse"),
  "killed with the reply lost of call": (at) => (call) =>
    call.number < at ? "pass" : call.number === at ? "lose-reply" : "refuse",
};

interface Pair {
  readonly from: Cluster;
  readonly to: Cluster;
}

/** A role that `from` has created, and that `to` adopts with another policy. */
async function begin(): Promise<Pair> {
  account.reset();
  const { a: from, b: to } = account;
  from.apply(OWN);
  await from.controller().settle();
  to.adopt("a", { ...OWN, description: "adopted", policyName: "another" });
  account.aws.calls.reset();
  return { from, to };
}

/** Another client changes the role, so that its owner has something to write. */
async function drift(): Promise<void> {
  const PolicyDocument = EC2_TRUST.replace("ec2", "lambda");
  await account.outsider("UpdateAssumeRolePolicy", { RoleName: APP.name, PolicyDocument });
}

async function endOf({ from, to }: Pair): Promise<unknown> {
  await to.controller().settle();
  await from.controller().settle();
  await to.controller().settle();
  const { roles, instanceProfiles, policies } = account.aws.snapshot({ ids: "omit" });
  return JSON.parse(
    JSON.stringify({
      ...{ roles, instanceProfiles, policies },
      from: [from.ready, from.object?.status?.handedOverTo],
      to: [to.ready, to.object?.status?.handedOverTo],
    }),
  );
}

/** The numbers of the calls that write: a death between two reads leaves what one after the last write leaves. */
async function writesOf(run: (pair: Pair, interceptor: Interceptor) => Promise<unknown>): Promise<readonly number[]> {
  const pair = await begin();
  const whole = new Interceptor();
  await run(pair, whole);
  return [1, ...whole.calls.filter(({ method }) => /^(perform|patch)/.test(method)).map(({ number }) => number)];
}

const adopt = ({ to }: Pair, interceptor: Interceptor): Promise<unknown> => to.controller(interceptor).once();

/** A pair for each call that writes, in which the adoption ends at that call. */
async function* interruptedAdoptions(ending: string): AsyncGenerator<{ readonly pair: Pair; readonly at: number }> {
  for (const at of await writesOf(adopt)) {
    const pair = await begin();
    await adopt(pair, new Interceptor(ENDINGS[ending]?.(at)));
    yield { pair, at };
  }
}

describe("the new owner dies while it adopts", () => {
  test.each(Object.keys(ENDINGS))("%s i, for every i", async (ending) => {
    const expected = await endOf(await begin());
    expect(expected).toMatchObject({ from: ["False HandedOver", "b"], to: ["True InSync", null] });
    expect((await writesOf(adopt)).length).toBeGreaterThan(6);
    for await (const { pair, at } of interruptedAdoptions(ending)) {
      const owner = account.owner ?? "";
      expect(["a", "b"]).toContain(owner);
      await drift();
      // The former owner goes on first, and must repair only what is its own.
      account.aws.calls.reset();
      await pair.from.controller().once();
      expect(pair.from.awsWrites.length > 0, `${ending} ${at}: ${owner}`).toBe(owner === "a");
      expect(await endOf(pair), `${ending} ${at}`).toEqual(expected);
      expect(account.faults, `${ending} ${at}`).toEqual([]);
    }
  });

  test("and the object of the former cluster is deleted: nothing goes of a role that has moved", async () => {
    for await (const { pair, at } of interruptedAdoptions("killed after call")) {
      if (account.owner !== "b") continue;
      const before = account.aws.snapshot();
      pair.from.kube.delete(APP);
      await pair.from.controller().settle();
      expect([pair.from.object, pair.from.awsWrites], `${at}`).toEqual([undefined, []]);
      expect(account.aws.snapshot(), `${at}`).toEqual(before);
    }
  });

  test("and its cluster ends the adoption: the role stays with the one that has it, and the rest follows", async () => {
    for await (const { pair, at } of interruptedAdoptions("killed after call")) {
      const owner = account.owner;
      pair.to.apply(OWN);
      await endOf(pair);
      expect(account.owner, `${at}`).toBe(owner);
      expect(account.faults, `${at}`).toEqual([]);
      if (owner !== "b") continue;
      const { roles, instanceProfiles, policies } = account.aws.snapshot();
      const all = [roles, instanceProfiles, policies].flatMap((entities) => Object.values(entities));
      expect([pair.to.ready, ...new Set(all.map(({ tags }) => tags[TAG_KEYS.clusterId]))]).toEqual([
        "True InSync",
        "b",
      ]);
      expect(roles[APP.name]?.tags[TAG_KEYS.adoptedFrom], `${at}`).toBeUndefined();
    }
  });

  test("and its object is deleted: all that belongs to the role goes with it", async () => {
    for await (const { pair, at } of interruptedAdoptions("killed after call")) {
      if (account.owner !== "b") continue;
      pair.to.kube.delete(APP);
      await pair.to.controller().settle();
      const { roles, instanceProfiles, policies } = account.aws.snapshot();
      expect([pair.to.object, roles, instanceProfiles, policies], `${at}`).toEqual([undefined, {}, {}, {}]);
    }
  });
});

describe("the role comes back by way of a third cluster", () => {
  /** From a to b to c, which ends its adoption; b keeps its adoptFrom. Then a adopts from c. */
  async function returning(): Promise<Pair> {
    const { from: a, to: b } = await begin();
    const { c } = account;
    await b.controller().settle();
    await a.controller().settle();
    c.adopt("b", OWN);
    await c.controller().settle();
    await b.controller().settle();
    c.apply(OWN);
    await c.controller().settle();
    a.adopt("c", OWN);
    return { from: c, to: a };
  }

  test("and the first owner dies as it adopts: it goes on, and no cluster on the way takes the role again", async () => {
    const whole = new Interceptor();
    await (await returning()).to.controller(whole).once();
    for (let at = 0; at <= whole.calls.length; at++) {
      const { from: c, to: a } = await returning();
      const { b } = account;
      await a.controller(new Interceptor((call) => (call.number <= at ? "pass" : "refuse"))).once();
      for (const one of [b, a, c, b, a]) await one.controller().settle();
      expect([a.ready, a.object?.status?.handedOverTo, account.owner], `${at}`).toEqual([
        "True InSync",
        undefined,
        "a",
      ]);
      expect([b.ready, c.ready], `${at}`).toEqual(["False HandOverConflict", "False HandedOver"]);
    }
  });
});

describe("the former owner dies", () => {
  test.each(["as it learns of the hand-over", "as its object is deleted after the hand-over"])("%s", async (when) => {
    const isDeleted = when.includes("deleted");
    const lose = async ({ from, to }: Pair, interceptor: Interceptor): Promise<void> => {
      await to.controller().settle();
      if (isDeleted) from.kube.delete(APP);
      account.aws.calls.reset();
      await from.controller(interceptor).once();
    };
    const calls = await writesOf(lose);
    for (const ending of Object.keys(ENDINGS)) {
      for (const at of calls) {
        const pair = await begin();
        await lose(pair, new Interceptor(ENDINGS[ending]?.(at)));
        const before = account.aws.snapshot();
        await pair.from.controller().settle();
        expect(account.aws.snapshot()).toEqual(before);
        expect([pair.from.awsWrites, account.faults]).toEqual([[], []]);
        expect(pair.from.ready).toBe(isDeleted ? undefined : "False HandedOver");
        expect(pair.to.ready).toBe("True InSync");
      }
    }
  });

  test("in the middle of its repair, which the other cluster interrupts by adopting", async () => {
    const repair = async ({ from }: Pair, interceptor: Interceptor): Promise<void> => {
      await drift();
      await from.controller(interceptor).once();
    };
    const calls = await writesOf(repair);
    const expected = await endOf(await begin());
    for (const at of calls) {
      const pair = await begin();
      await repair(pair, new Interceptor(ENDINGS["killed after call"]?.(at)));
      expect(await endOf(pair), `${at}`).toEqual(expected);
      expect(account.faults, `${at}`).toEqual([]);
    }
  });
});

describe("both clusters work at once", () => {
  /** Lets the other cluster do its whole work right before call number `at`. */
  class Interrupted extends Interceptor {
    readonly #at: number;
    readonly #other: () => Promise<unknown>;

    constructor(at: number, other: () => Promise<unknown>) {
      super();
      this.#at = at;
      this.#other = other;
    }

    override wrap<T extends object>(port: string, target: T): T {
      const judged = super.wrap(port, target);
      return new Proxy(judged, {
        get: (object, method) => {
          const call = Reflect.get(object, method) as unknown;
          if (typeof call !== "function") return call;
          return async (...args: unknown[]) => {
            if (this.calls.length + 1 === this.#at) await this.#other();
            return (call as (...all: unknown[]) => unknown)(...args);
          };
        },
      });
    }
  }

  test("whenever the other one adopts, a repair or a deletion of the former owner never changes the owner tags back", async () => {
    for (const ask of ["repair", "delete"] as const) {
      const start = async (pair: Pair): Promise<void> => {
        if (ask === "delete") pair.from.kube.delete(APP);
        else await drift();
      };
      const run = async (pair: Pair, interceptor: Interceptor): Promise<void> => {
        await start(pair);
        await pair.from.controller(interceptor).once();
      };
      const calls = await writesOf(run);
      for (const at of calls) {
        const pair = await begin();
        await start(pair);
        await pair.from.controller(new Interrupted(at, () => pair.to.controller().once())).once();
        await endOf(pair);
        expect([account.owner, pair.to.ready], `${ask} ${at}`).toEqual(["b", "True InSync"]);
        expect(account.aws.snapshot().instanceProfiles[APP.name]?.tags[TAG_KEYS.clusterId]).toBe("b");
      }
    }
  });
});
