import type { JsonObject } from "../../../crd/contract.ts";
import type { Body } from "../decoding/body.ts";
import type { WatchSink } from "../storage/watch-hub.ts";

/** A request whose body has been read. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The Accept header; undefined when there is none. */
  readonly accept: string | undefined;
  readonly userAgent: string;
  /** Where the client reached the server, for discovery. */
  readonly host: string;
  readonly body: Body;
  /** Texts for Warning headers; handlers add to it. */
  readonly warnings: string[];
}

/** What to answer. */
export type ApiReply =
  | {
      readonly kind: "object";
      readonly status: number;
      readonly body: JsonObject;
      readonly format: "json" | "yaml";
    }
  | { readonly kind: "text"; readonly status: number; readonly text: string; readonly contentType?: string }
  | { readonly kind: "watch"; open(sink: WatchSink): void };

/** A JSON answer. */
export function jsonReply(status: number, body: JsonObject): ApiReply {
  return { kind: "object", status, body, format: "json" };
}
