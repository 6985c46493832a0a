import type { Asked } from "../handlers/api-handler.ts";
import { qualified } from "../status-error.ts";

/** What a test may do with a request before the server sees it. */
export type Interception =
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Drops the connection; the request is not carried out. */
  | { readonly kind: "cut" }
  /** Carries the request out and drops the connection instead of answering. */
  | { readonly kind: "lose-reply" }
  /** Carries the request out after a while. */
  | { readonly kind: "delay"; readonly ms: number };

/** A request as an interceptor sees it. */
interface InterceptedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** `patch instanceprofiles.iam.instanceprofile.dev/status`; empty for discovery and other documents. */
  readonly what: string;
}

/** Returns undefined to let the request pass. */
export type Interceptor = (request: InterceptedRequest) => Interception | undefined;

/** A request as counters and interceptors name it. */
export function describe(asked: Asked | undefined): string {
  if (asked === undefined) return "";
  const { endpoint, subresource } = asked.target;
  return `${asked.verb} ${qualified(endpoint)}${subresource === "" ? "" : `/${subresource}`}`;
}

/** Counts requests by verb and resource, as they arrive. */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    if (what !== "") this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** By `verb resource[/subresource]`. */
  all(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort());
  }

  reset(): void {
    this.#counts.clear();
  }
}
