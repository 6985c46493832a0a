import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import parsePrometheus from "parse-prometheus-text-format";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  startController,
} from "../../../src/cli/controller/controller-process.ts";
import { readShippedCrd, samplePath } from "../../../src/cli/manifests/crd-file.ts";
import { readManifests } from "../../../src/cli/manifests/manifests.ts";
import { applyToSandbox, waitForFinalStatus } from "../../../src/cli/sandbox/sandbox-client.ts";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { parseQueueUrl } from "../../../src/model/queue-url.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { DEFAULT_ELECTION_TIMINGS } from "../../../src/runtime/election/leader-election-options.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../../src/telemetry.ts";

/** A row of docs/reference/metrics.md. */
interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

const DOCUMENTED: readonly Documented[] = [
  ...readFileSync(join(import.meta.dirname, "../../../docs/reference/metrics.md"), "utf8").matchAll(
    /^\| `(\w+)` \| (counter|gauge|histogram) \| ([\w, ]*)\|/gm,
  ),
].map(([, name = "", type = "", labels = ""]) => ({ name, type, labels: labels.match(/\w+/g) ?? [] }));

/** What dashboards made for controller-runtime and client-go compute quantiles from. */
const BUCKETS: Readonly<Record<string, readonly number[]>> = {
  controller_runtime_reconcile_time_seconds: [
    ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5],
    ...[1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60],
  ],
  workqueue_queue_duration_seconds: [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000],
  workqueue_work_duration_seconds: [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000],
  rest_client_request_duration_seconds: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
};

/** Once: the API server asks for intervals. */
let isBusy = true;
const BUSY = { kind: "reply", status: 429, headers: { "retry-after": "1" }, body: "{}" } as const;

let kube: KubeApi;
let aws: AwsSandbox;
let controller: ControllerProcess;
let folder: string;

beforeAll(async () => {
  kube = await startKubeApi({
    definitions: [readShippedCrd()],
    onRequest: ({ what }) => {
      const refuses = isBusy && what === "patch instanceprofiles.iam.instanceprofile.dev/status";
      if (refuses) isBusy = false;
      return refuses ? BUSY : undefined;
    },
  });
  aws = await startAwsSandbox();
  folder = await mkdtemp(join(tmpdir(), "metrics-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kube.kubeconfig());
  controller = await startController(
    {
      cluster: loadKubeConfig({ path: kubeconfig, env: {}, clock: systemClock }),
      aws: { endpoint: aws.url, region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } },
      clusterId: undefined,
      expectedAccountId: "123456789012",
      settings: { ...DEFAULT_SETTINGS, scanIntervalMs: 100 },
      listen: { probes: "127.0.0.1:0", metrics: "127.0.0.1:0" },
      eventQueues: [parseQueueUrl(`${aws.url}/${aws.accountId}/drift-events`)].filter((url) => url !== undefined),
      logger: silentLogger,
      election: { namespace: "default", name: "controller", timings: DEFAULT_ELECTION_TIMINGS },
    },
    new AbortController().signal,
  );
  const [sample] = await readManifests([samplePath("s3-read-only.yaml")], async () => "");
  const object = await applyToSandbox(kube.url, sample?.value ?? {});
  await waitForFinalStatus(kube.url, object, { timeoutMs: 5_000, signal: new AbortController().signal });
});

afterAll(async () => {
  await controller.stop();
  await Promise.all([kube.close(), aws.close(), rm(folder, { recursive: true })]);
});

async function get(path: string): Promise<{ status: number; text: string }> {
  const url = controller.urls[path.startsWith("/metrics") ? controller.urls.length - 1 : 0];
  const reply = await fetch(`${url}${path}`);
  return { status: reply.status, text: await reply.text() };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: string;
}

async function scrape(): Promise<Map<string, readonly Sample[]>> {
  const { text } = await get("/metrics");
  return new Map(parsePrometheus(text).map((family) => [family.name, family.metrics as readonly Sample[]]));
}

/** The label names of a family; of a histogram those of its count (the parser drops them). */
function labelsOf(text: string, name: string): readonly string[] {
  const line = text.split("\n").find((candidate) => new RegExp(`^${name}(_count)?(\\{| )`).test(candidate)) ?? "";
  return [...line.matchAll(/[{,](\w+)="/g)].map(([, label]) => label ?? "").sort();
}

describe("the metrics of a controller that made one object", () => {
  test("parse, and are those of docs/reference/metrics.md with their types and labels", async () => {
    kube.dropConnections();
    await vi.waitFor(async () => expect((await get("/metrics")).text).toContain("watch_reconnects_total{"));
    await vi.waitFor(async () => expect((await get("/metrics")).text).toContain("quota_used{"));
    await vi.waitFor(async () => expect((await get("/metrics")).text).toContain("event_queue_reachable{"));
    const { text } = await get("/metrics");
    const served = parsePrometheus(text)
      .filter(({ name }) => !/^(process|nodejs)_/.test(name))
      .map(({ name, type }) => ({ name, type: type.toLowerCase(), labels: labelsOf(text, name) }));
    expect(served.toSorted(byName)).toEqual(DOCUMENTED.toSorted(byName));
    const defaults = ["nodejs_eventloop_lag_seconds", "nodejs_heap_size_used_bytes", "process_resident_memory_bytes"];
    for (const name of defaults) expect(text).toContain(`\n${name} `);
  });

  test.each(Object.entries(BUCKETS))("have the buckets of %s that dashboards expect", async (name, buckets) => {
    const { text } = await get("/metrics");
    const bounds = [...text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"`, "gm"))].map(([, bound]) => bound);
    expect([...new Set(bounds)]).toEqual([...buckets.map(String), "+Inf"]);
  });

  test("start every result of a reconcile at zero, so that a rate exists before the first error", async () => {
    const results = (await scrape()).get("controller_runtime_reconcile_total") ?? [];
    expect(results.map(({ labels }) => labels?.["result"]).sort()).toEqual([
      "error",
      "requeue",
      "requeue_after",
      "success",
    ]);
  });

  test("count the four writes, each by its operation", async () => {
    const requests = (await scrape()).get("instance_profile_controller_aws_requests_total") ?? [];
    const writes = requests.filter(({ labels }) => /^(Create|Put|Add)/.test(labels?.["operation"] ?? ""));
    expect(writes.map(({ labels, value }) => `${labels?.["operation"]} ${labels?.["code"]} ${value}`).sort()).toEqual([
      "AddRoleToInstanceProfile OK 1",
      "CreateInstanceProfile OK 1",
      "CreateRole OK 1",
      "PutRolePolicy OK 1",
    ]);
  });

  test("name no object: labels stay few however many objects there are", async () => {
    expect((await get("/metrics")).text).not.toContain("s3-read-only");
  });
});

describe("the probes", () => {
  test("say ok, and with ?verbose each check", async () => {
    expect(await get("/healthz")).toEqual({ status: 200, text: "ok" });
    expect(await get("/readyz")).toEqual({ status: 200, text: "ok" });
    expect((await get("/readyz?verbose")).text).toContain("[+]cache-sync ok");
  });

  test("answer for each check alone, too", async () => {
    for (const path of ["/healthz/event-loop", "/healthz/leader-election", "/readyz/cache-sync", "/readyz/watch"])
      expect(await get(path)).toEqual({ status: 200, text: "ok" });
    expect((await get("/readyz?verbose&exclude=watch")).text).not.toContain("watch");
  });

  test("know no other path", async () => {
    expect((await get("/debug")).status).toBe(404);
  });
});

const MONITORING = join(import.meta.dirname, "../../../deploy/monitoring");

describe("the shipped alerts and dashboard", () => {
  const ALERTS = (parse(readFileSync(join(MONITORING, "prometheus-rule.yaml"), "utf8")) as PrometheusRule).spec.groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, expr, annotations }) => ({ alert, expr, runbook: annotations["runbook"] ?? "" }));
  const { panels } = JSON.parse(readFileSync(join(MONITORING, "dashboard.json"), "utf8")) as Dashboard;
  const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  test.each([...ALERTS.map(({ expr }) => expr), ...shown])("ask for what there is: %s", async (expr) => {
    const { text } = await get("/metrics");
    const families = await scrape();
    const ofObjects = objectMetrics();
    const used = [...expr.matchAll(/\b([a-z]+_[a-z_]+?)(?:_bucket)?(?:\{([^}]*)\}|(?=[[)\s]|$))/g)].filter(
      ([, name = ""]) => !FUNCTIONS.includes(name),
    );
    expect(used.length).toBeGreaterThan(0);
    for (const [, name = "", matchers = ""] of used) {
      if (ofObjects.includes(name)) continue;
      expect([...families.keys()]).toContain(name);
      const asked = [...matchers.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label = ""]) => label);
      for (const label of asked) expect(labelsOf(text, name), `${name} in ${expr}`).toContain(label);
      const fixed = /\b(?:controller|name|kind)="([^"]*)"/.exec(matchers)?.[1];
      if (fixed !== undefined && name !== "leader_election_master_status")
        expect(text.includes(`="${fixed}"`), fixed).toBe(true);
    }
  });

  test("show the metrics of each object beside those of the controller", () => {
    expect(shown.some((expr) => objectMetrics().some((name) => expr.includes(name)))).toBe(true);
    expect(shown.some((expr) => expr.includes("instance_profile_controller_"))).toBe(true);
  });

  test("have an entry in docs/troubleshooting.md each", () => {
    const runbook = readFileSync(join(import.meta.dirname, "../../../docs/troubleshooting.md"), "utf8");
    const byAlert = runbook.split("\n## By alert\n")[1]?.split("\n## ")[0] ?? "";
    const headings = [...byAlert.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect(headings.toSorted()).toEqual(ALERTS.map(({ alert }) => alert).toSorted());
    for (const { alert, runbook: link } of ALERTS) expect(link).toBe(`docs/troubleshooting.md#${alert.toLowerCase()}`);
  });
});

const FUNCTIONS = ["histogram_quantile", "min_over_time"];

/** The metrics of each object that kube-state-metrics serves with the shipped configuration. */
function objectMetrics(): readonly string[] {
  const { resources } = (parse(readFileSync(join(MONITORING, "kube-state-metrics.yaml"), "utf8")) as StateMetrics).spec;
  return resources.flatMap(({ metricNamePrefix, metrics }) => metrics.map(({ name }) => `${metricNamePrefix}_${name}`));
}

interface StateMetrics {
  readonly spec: {
    readonly resources: readonly {
      readonly metricNamePrefix: string;
      readonly metrics: readonly { readonly name: string }[];
    }[];
  };
}

interface PrometheusRule {
  readonly spec: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly annotations: Readonly<Record<string, string>>;
      }[];
    }[];
  };
}

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}
