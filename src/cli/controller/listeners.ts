import {
  type Check,
  checksPage,
  type Page,
  type ProbeServer,
  parseBindAddress,
  startProbeServer,
} from "../../runtime/probe-server.ts";
import { UsageError } from "../io.ts";

/** Addresses as given: `host:port`, `:port`, or `0` for no listener. */
export interface ListenAddresses {
  readonly probes: string;
  readonly metrics: string;
}

/** What the listeners serve. */
export interface ListenerContent {
  /** Liveness checks: never AWS, never the API server. */
  readonly healthz: Readonly<Record<string, Check>>;
  /** Readiness checks. */
  readonly readyz: Readonly<Record<string, Check>>;
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
}

/**
 * Opens the configured listeners; one listener serves both when the addresses are equal.
 *
 * Errors: UsageError for an invalid address; those of listening.
 */
export async function openListeners(
  addresses: ListenAddresses,
  content: ListenerContent,
): Promise<readonly ProbeServer[]> {
  const probes = { ...checksPages("/healthz", content.healthz), ...checksPages("/readyz", content.readyz) };
  const metrics = { "/metrics": metricsPage(content.metrics) };
  const plan: readonly (readonly [string, string, Readonly<Record<string, Page>>])[] =
    addresses.probes === addresses.metrics
      ? [["health-probe-bind-address", addresses.probes, { ...probes, ...metrics }]]
      : [
          ["health-probe-bind-address", addresses.probes, probes],
          ["metrics-bind-address", addresses.metrics, metrics],
        ];
  const open: ProbeServer[] = [];
  try {
    for (const [option, text, pages] of plan) {
      const address = addressOf(option, text);
      if (address !== undefined) open.push(await listening(option, text, startProbeServer(address, pages)));
    }
    return open;
  } catch (error) {
    await Promise.all(open.map((server) => server.close()));
    throw error;
  }
}

/** Errors: UsageError when the address is not available; those of listening. */
async function listening(option: string, text: string, starting: Promise<ProbeServer>): Promise<ProbeServer> {
  try {
    return await starting;
  } catch (error) {
    const why = UNAVAILABLE[(error as NodeJS.ErrnoException).code ?? ""];
    if (why === undefined) throw error;
    throw new UsageError(
      `--${option}: cannot listen on ${text}: ${why}. Choose another address, or 0 for no listener.`,
    );
  }
}

/** Why a process cannot listen on an address. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process uses the port",
  EACCES: "the port requires more privileges",
  EADDRNOTAVAIL: "no network interface has this address",
  ENOTFOUND: "the host has no address",
};

/** Serves all checks under the path, and each check under its own name: `/healthz/event-loop`. */
function checksPages(path: string, checks: Readonly<Record<string, Check>>): Readonly<Record<string, Page>> {
  const each = Object.entries(checks).map(
    ([name, check]) => [`${path}/${name}`, checksPage({ [name]: check })] as const,
  );
  return { [path]: checksPage(checks), ...Object.fromEntries(each) };
}

function addressOf(option: string, text: string): ReturnType<typeof parseBindAddress> {
  try {
    return parseBindAddress(text);
  } catch (error) {
    throw new UsageError(`--${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Serves the metrics. Concurrent requests share one rendering, which takes time. */
function metricsPage(registry: ListenerContent["metrics"]): Page {
  let current: Promise<string> | undefined;
  const share = (): Promise<string> => {
    current ??= registry.metrics().finally(() => {
      current = undefined;
    });
    return current;
  };
  return async () => ({ statusCode: 200, contentType: registry.contentType, text: await share() });
}
