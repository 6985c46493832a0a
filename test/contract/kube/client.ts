/** A server that the contract is held against. */
export interface KubeServerUnderTest {
  /** Like the global fetch, for a path on the server (`/api/v1/…`), with whatever credentials it needs. */
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Makes the server forget its history, so that old resourceVersions are answered with 410; absent where it cannot. */
  compact?(): Promise<void>;
  close(): Promise<void>;
}

/** JSON as tests poke at it. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads deep into answers whose shape is what it asserts.
export type Answered = any;

/** An answer whose body has been read. */
export interface Answer {
  readonly status: number;
  readonly body: Answered;
  readonly contentType: string;
  readonly warning: string;
}

/** What a request carries besides method and path. */
export interface CallOptions {
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

/** One line of a watch. */
export interface WatchLine {
  readonly type: string;
  readonly object: Answered;
}

export const merge = "application/merge-patch+json";
export const jsonPatch = "application/json-patch+json";
export const apply = "application/apply-patch+yaml";
export const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io";
export const asMetadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";

/** Speaks to the server under test as the contract's tests want to. */
export class Client {
  readonly #server: KubeServerUnderTest;

  constructor(server: KubeServerUnderTest) {
    this.#server = server;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { body, type = "application/json", accept = "application/json" } = options;
    const payload = typeof body === "string" ? body : JSON.stringify(body);
    const headers = { accept, "user-agent": "contract/1.0", ...(body === undefined ? {} : { "content-type": type }) };
    const response = await this.#server.fetch(path, {
      method,
      headers,
      ...(payload === undefined ? {} : { body: payload }),
    });
    const text = await response.text();
    const contentType = response.headers.get("content-type") ?? "";
    // Some documents are JSON that is called plain text.
    const isJson = text.startsWith("{") && !contentType.includes("yaml");
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      contentType,
      warning: response.headers.get("warning") ?? "",
    };
  }

  get(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call("GET", path, options);
  }

  post(path: string, body: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call("POST", path, { ...options, body });
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.call("PUT", path, { body });
  }

  patch(path: string, body: unknown, type: string = merge): Promise<Answer> {
    return this.call("PATCH", path, { body, type });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.call("DELETE", path, body === undefined ? {} : { body });
  }

  /** Opens a watch; `path` carries its query. The stream must be closed. */
  async watch(path: string, accept: string = "application/json"): Promise<WatchStream> {
    const abort = new AbortController();
    const response = await this.#server.fetch(path, { method: "GET", headers: { accept }, signal: abort.signal });
    return new WatchStream(response, abort);
  }
}

/** The events of one watch, in order. */
export class WatchStream {
  readonly status: number;
  readonly #lines: AsyncGenerator<string>;
  readonly #abort: AbortController;

  constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.#abort = abort;
    this.#lines = linesOf(response);
  }

  /** The next event; undefined when the server has ended the stream. */
  async next(): Promise<WatchLine | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : JSON.parse(value);
  }

  /** The next events until one matches, that one included; ends early with the stream. */
  async until(isLast: (line: WatchLine) => boolean): Promise<readonly WatchLine[]> {
    const lines: WatchLine[] = [];
    for (let line = await this.next(); line !== undefined; line = await this.next()) {
      lines.push(line);
      if (isLast(line)) break;
    }
    return lines;
  }

  close(): void {
    this.#abort.abort();
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  if (response.body === null) return;
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
