import { describe, expect, test } from "vitest";
import {
  ELECTION_OPTIONS,
  electionIdentity,
  electionSettings,
  scopeConflict,
  shardsOption,
} from "../../../src/cli/controller/election.ts";
import { EVENT_QUEUE_OPTION, eventQueueUrls } from "../../../src/cli/controller/event-queues.ts";
import { UsageError } from "../../../src/cli/io.ts";
import { readOptions } from "../../../src/cli/options.ts";

const settingsOf = (...args: string[]) => electionSettings(readOptions(args, ELECTION_OPTIONS));

test("there is no election unless it is asked for", () => {
  expect(settingsOf("--leader-elect-name", "x")).toBeUndefined();
});

test("an election is in the process's own namespace, at client-go's pace, unless something else is said", () => {
  expect(settingsOf("--leader-elect")).toEqual({
    namespace: undefined,
    name: "instance-profile-controller",
    timings: { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 },
  });
  const said = ["--leader-elect-namespace=other", "--leader-elect-name=lease", "--leader-elect-lease-duration=1m"];
  const pace = ["--leader-elect-renew-deadline=45s", "--leader-elect-retry-period=500ms"];
  expect(settingsOf("--leader-elect", ...said, ...pace)).toEqual({
    namespace: "other",
    name: "lease",
    timings: { leaseDurationMs: 60_000, renewDeadlineMs: 45_000, retryPeriodMs: 500 },
  });
});

test.for([
  ["--leader-elect-lease-duration=10s", "--leader-elect: the lease duration (10000 ms) must be longer"],
  ["--leader-elect-retry-period=9s", "--leader-elect: the renew deadline (10000 ms) must be longer"],
  ["--leader-elect-retry-period=soon", '--leader-elect-retry-period: "soon" is not a duration'],
])("%s is refused before anything starts", ([option = "", message = ""]) => {
  const ask = () => settingsOf("--leader-elect", option);
  expect(ask).toThrow(UsageError);
  expect(ask).toThrow(message);
});

test("two processes on a host with an underscore in its name do not look like deployments of different scopes", () => {
  const [one, other] = [electionIdentity({}, "build_host"), electionIdentity({}, "build_host")];
  expect(scopeConflict("lease", {}, other)).toBeUndefined();
  expect(one.split("_")).toEqual(["build-host", expect.any(String), "all"]);
  expect(one).not.toBe(other);
});

describe("the number of shards", () => {
  const shardsOf = (...args: string[]) => shardsOption(readOptions(args, ELECTION_OPTIONS));

  test("is 1 unless it is given, and needs an election", () => {
    expect(shardsOf()).toBe(1);
    expect(shardsOf("--shards=1")).toBe(1);
    expect(shardsOf("--leader-elect", "--shards=6")).toBe(6);
    expect(() => shardsOf("--shards=6")).toThrow("--shards needs --leader-elect");
    expect(() => shardsOf("--leader-elect", "--shards=0")).toThrow(UsageError);
  });

  test("gives each shard event queues of its own", () => {
    const urlsOf = (shards: number, ...urls: string[]) =>
      eventQueueUrls(
        readOptions(
          urls.map((url) => `--event-queue-url=${url}`),
          EVENT_QUEUE_OPTION,
        ),
        shards,
      ).map((queues) => queues.map(({ name }) => name));
    const url = "https://sqs.us-east-1.amazonaws.com/123456789012/events";
    expect(urlsOf(1, url)).toEqual([["us-east-1/123456789012/events"]]);
    expect(urlsOf(2, `${url}-{shard}`)).toEqual([
      ["us-east-1/123456789012/events-0"],
      ["us-east-1/123456789012/events-1"],
    ]);
    expect(urlsOf(2)).toEqual([[], []]);
    expect(() => urlsOf(2, url)).toThrow("is one queue for 2 shards");
    expect(() => urlsOf(1, `${url}-{shard}`)).toThrow("needs --shards");
  });
});
