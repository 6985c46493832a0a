import { Readable } from "node:stream";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { collectBody, type ReplyStream } from "./collect-body.ts";

/** The length of a slice, whose parsing takes some milliseconds of CPU. */
const SLICE_CHARS = 16_384;

/** The XML tag of a list entry: `member` in replies of IAM, `item` in those of EC2. */
export type EntryTag = "member" | "item";

/** A reply of the HTTP handler, as far as this module uses it. */
interface HttpReply {
  readonly statusCode: number;
  body: unknown;
}

/** A request, with the part of an earlier reply that it is answered with instead of being sent. */
interface Request {
  readonly slice?: { readonly reply: HttpReply; readonly text: string };
}

interface Result {
  readonly response: HttpReply;
  readonly output: Record<string, unknown>;
}

/** A middleware of the SDK, whose own types differ from service to service. */
type Middleware = (next: (request: Request) => Promise<Result>) => (request: Request) => Promise<Result>;

/** The part of an SDK client that takes middleware. */
interface Stack {
  addRelativeTo(middleware: Middleware, options: Readonly<Record<"name" | "relation" | "toMiddleware", string>>): void;
}

/**
 * Has the SDK parse the list of a long reply in slices, between which the event loop runs: the reply of a thousand roles blocks it
 * for a fifth of a second. Each slice is the whole reply with a part of the entries of its lists, and the outputs are joined.
 */
export function parseInSlices(client: { readonly middlewareStack: unknown }, tag: EntryTag): void {
  const stack = client.middlewareStack as Stack;
  /** What is left to parse of a reply. */
  const rest = new WeakMap<HttpReply, Iterable<string>>();
  const joinSlices: Middleware = (next) => async (request) => {
    const result = await next(request);
    const { response: reply, output } = result;
    for (const text of rest.get(reply) ?? []) {
      await yieldToEventLoop();
      join(output, (await next({ ...request, slice: { reply, text } })).output);
    }
    return result;
  };
  const sliceReply: Middleware = (next) => async (request) => {
    const { slice } = request;
    if (slice !== undefined) return { response: { ...slice.reply, body: Buffer.from(slice.text) }, output: {} };
    const result = await next(request);
    const { response: reply } = result;
    if (reply.statusCode !== 200 || !isStream(reply.body)) return result;
    rest.set(reply, await takeFirstSlice(reply, reply.body, tag));
    return result;
  };
  const toMiddleware = "deserializerMiddleware";
  stack.addRelativeTo(joinSlices, { name: "joinSlices", relation: "before", toMiddleware });
  stack.addRelativeTo(sliceReply, { name: "sliceReply", relation: "after", toMiddleware });
}

/** Leaves the first slice in the reply, and returns the others. The SDK reports what fails while the reply is read. */
async function takeFirstSlice(reply: HttpReply, stream: ReplyStream, tag: EntryTag): Promise<Iterable<string>> {
  try {
    const body = await collectBody(stream);
    reply.body = body;
    if (body.length <= SLICE_CHARS) return [];
    const slices = slicesOf(body.toString("utf8"), tag);
    reply.body = Buffer.from(slices.next().value ?? "");
    return slices;
  } catch (error) {
    reply.body = new Readable({ read: () => {} }).destroy(error as Error);
    return [];
  }
}

function isStream(body: unknown): body is ReplyStream {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function join(output: Record<string, unknown>, more: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(more)) {
    const known = output[key];
    if (!Array.isArray(value)) continue;
    if (Array.isArray(known)) for (const item of value) known.push(item);
    else output[key] = value;
  }
}

/**
 * The reply as several ones with a part of the entries of its lists each. Text in XML has no `<`, so that tags can be counted without
 * parsing.
 */
export function* slicesOf(xml: string, tag: EntryTag, sliceChars: number = SLICE_CHARS): Generator<string, void> {
  const entries = topEntries(xml, tag);
  if (entries.length < 2) return yield xml;
  const between = [...entries, { start: xml.length, end: xml.length }].map(({ start }, i) =>
    xml.slice(entries[i - 1]?.end ?? 0, start),
  );
  for (let first = 0; first < entries.length; ) {
    let last = first + 1;
    const from = entries[first]?.start ?? 0;
    while (last < entries.length && (entries[last]?.end ?? 0) - from <= sliceChars) last += 1;
    const part = (i: number): string => (i < first || i >= last ? "" : xml.slice(entries[i]?.start, entries[i]?.end));
    yield between.map((text, i) => `${text}${part(i)}`).join("");
    first = last;
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where the entries of lists are that are in no other entry. */
function topEntries(xml: string, tag: EntryTag): readonly Range[] {
  const found: Range[] = [];
  let [depth, start] = [0, 0];
  for (const { 0: text, index } of xml.matchAll(new RegExp(`</?${tag}>`, "g"))) {
    const isEnd = text.startsWith("</");
    if (!isEnd && depth === 0) start = index;
    depth += isEnd ? -1 : 1;
    if (isEnd && depth === 0) found.push({ start, end: index + text.length });
  }
  return found;
}
