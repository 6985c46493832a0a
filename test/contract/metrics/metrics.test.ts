import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import parsePrometheus from "parse-prometheus-text-format";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type ControllerProcess, DEFAULT_SETTINGS, startController } from "../../../src/cli/controller-process.ts";
import { readShippedCrd, samplePath } from "../../../src/cli/crd-file.ts";
import { readManifests } from "../../../src/cli/manifests.ts";
import { applyToSandbox, statusOnceSettled } from "../../../src/cli/sandbox-client.ts";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { defaultElectionTimings } from "../../../src/runtime/leader-election-timings.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../../src/telemetry.ts";

/** Names and labels that dashboards and alerts made for controller-runtime read, and our own. `le` is left out. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  controller_runtime_reconcile_total: ["controller", "result"],
  controller_runtime_reconcile_errors_total: ["controller"],
  controller_runtime_terminal_reconcile_errors_total: ["controller"],
  controller_runtime_reconcile_panics_total: ["controller"],
  controller_runtime_reconcile_timeouts_total: ["controller"],
  controller_runtime_reconcile_time_seconds: ["controller"],
  controller_runtime_max_concurrent_reconciles: ["controller"],
  controller_runtime_active_workers: ["controller"],
  workqueue_depth: ["controller", "name", "priority"],
  workqueue_adds_total: ["controller", "name"],
  workqueue_retries_total: ["controller", "name"],
  workqueue_queue_duration_seconds: ["controller", "name"],
  workqueue_work_duration_seconds: ["controller", "name"],
  workqueue_unfinished_work_seconds: ["controller", "name"],
  workqueue_longest_running_processor_seconds: ["controller", "name"],
  rest_client_requests_total: ["code", "host", "method"],
  rest_client_request_duration_seconds: ["host", "verb"],
  leader_election_master_status: ["name"],
  leader_election_slowpath_total: ["name"],
  instance_profile_controller_aws_requests_total: ["code", "operation", "service"],
  instance_profile_controller_aws_request_duration_seconds: ["operation", "service"],
  instance_profile_controller_aws_limiter_rate: ["kind", "service"],
  instance_profile_controller_aws_limiter_waiting: ["kind", "service"],
  instance_profile_controller_aws_limiter_wait_seconds: ["kind", "service", "urgency"],
  instance_profile_controller_aws_writes_total: [],
  instance_profile_controller_drift_repaired_total: [],
  instance_profile_controller_list_total: ["kind"],
  instance_profile_controller_last_event_timestamp_seconds: ["kind"],
  instance_profile_controller_last_list_duration_seconds: ["kind"],
  instance_profile_controller_cache_objects: ["kind"],
  instance_profile_controller_resource_condition: ["condition", "kind", "status"],
  instance_profile_controller_build_info: ["version"],
  nodejs_eventloop_lag_seconds: [],
  process_resident_memory_bytes: [],
};

let kube: KubeApi;
let aws: AwsSandbox;
let controller: ControllerProcess;
let folder: string;

beforeAll(async () => {
  kube = await startKubeApi({ definitions: [readShippedCrd()] });
  aws = await startAwsSandbox();
  folder = await mkdtemp(join(tmpdir(), "metrics-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kube.kubeconfig());
  controller = await startController(
    {
      cluster: loadKubeConfig({ path: kubeconfig, env: {}, clock: systemClock }),
      aws: { endpoint: aws.url, region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } },
      namespace: undefined,
      clusterId: undefined,
      expectedAccountId: "123456789012",
      settings: DEFAULT_SETTINGS,
      listen: { probes: "127.0.0.1:0", metrics: "127.0.0.1:0" },
      logger: silentLogger,
      election: { namespace: "default", name: "controller", timings: defaultElectionTimings },
    },
    new AbortController().signal,
  );
  const [sample] = await readManifests([samplePath("s3-read-only.yaml")], async () => "");
  const object = await applyToSandbox(kube.url, sample?.value ?? {});
  await statusOnceSettled(kube.url, object, { timeoutMs: 5_000, signal: new AbortController().signal });
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
  test("parse, and every name of the list is there with its labels", async () => {
    const { text } = await get("/metrics");
    const families = await scrape();
    const found = Object.keys(EXPECTED).map((name) => [name, families.has(name) ? labelsOf(text, name) : "missing"]);
    expect(Object.fromEntries(found)).toEqual(EXPECTED);
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

describe("the shipped alerts and dashboard", () => {
  const MONITORING = join(import.meta.dirname, "../../../deploy/monitoring");
  const ALERTS = (parse(readFileSync(join(MONITORING, "prometheus-rule.yaml"), "utf8")) as PrometheusRule).spec.groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, expr, annotations }) => ({ alert, expr, runbook: annotations["runbook"] ?? "" }));
  const { panels } = JSON.parse(readFileSync(join(MONITORING, "dashboard.json"), "utf8")) as Dashboard;
  const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

  test.each([...ALERTS.map(({ expr }) => expr), ...shown])("ask for what there is: %s", async (expr) => {
    const { text } = await get("/metrics");
    const families = await scrape();
    const used = [...expr.matchAll(/\b([a-z]+_[a-z_]+?)(?:_bucket)?(?:\{([^}]*)\}|(?=[[)\s]|$))/g)].filter(
      ([, name = ""]) => !FUNCTIONS.includes(name),
    );
    expect(used.length).toBeGreaterThan(0);
    for (const [, name = "", matchers = ""] of used) {
      expect([...families.keys()]).toContain(name);
      const asked = [...matchers.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label = ""]) => label);
      for (const label of asked) expect(labelsOf(text, name), `${name} in ${expr}`).toContain(label);
      const fixed = /\b(?:controller|name|kind)="([^"]*)"/.exec(matchers)?.[1];
      if (fixed !== undefined && name !== "leader_election_master_status")
        expect(text.includes(`="${fixed}"`), fixed).toBe(true);
    }
  });

  test("have an entry in the runbook each", () => {
    const runbook = readFileSync(join(import.meta.dirname, "../../../docs/runbook.md"), "utf8");
    const headings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect(headings.toSorted()).toEqual(ALERTS.map(({ alert }) => alert).toSorted());
    for (const { alert, runbook: link } of ALERTS) expect(link).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  });
});

const FUNCTIONS = ["histogram_quantile", "min_over_time"];

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
