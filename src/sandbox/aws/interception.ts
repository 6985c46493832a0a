import type { ServiceName } from "./protocol/request.ts";

/** A call on its way in, as a hook sees it. */
export interface IncomingCall {
  readonly service: ServiceName;
  readonly action: string;
  /** Flattened, as on the wire. */
  readonly params: Readonly<Record<string, string>>;
  readonly isWrite: boolean;
  /** The number of the call in the log. */
  readonly sequence: number;
}

/** What a hook does to a call. */
export type Interception =
  /** Answer with this error; the call is not carried out. */
  | { readonly kind: "error"; readonly code: string; readonly status: number; readonly message: string }
  /** Destroy the connection: before the call is carried out, or after, so that only the reply is lost. */
  | { readonly kind: "cut"; readonly after?: boolean }
  /** Carry it out and answer this much later, in real time. */
  | { readonly kind: "delay"; readonly ms: number };

/** Looks at every well-formed call before anything else happens to it; `undefined` lets it through. */
export type RequestHook = (call: IncomingCall) => Interception | undefined | Promise<Interception | undefined>;
