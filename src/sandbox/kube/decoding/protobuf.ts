import type { Json, JsonObject } from "../../../crd/contract.ts";
import { isObject } from "../../../crd/json.ts";

/** A message: field number to the field's JSON name and how its bytes are read; a nested table is a message. */
interface Message {
  readonly [field: number]: readonly [name: string, type: "text" | "bytes" | "flag" | "textMap" | "bytesMap" | Message];
}

const metadata: Message = {
  1: ["name", "text"],
  2: ["generateName", "text"],
  3: ["namespace", "text"],
  11: ["labels", "textMap"],
  12: ["annotations", "textMap"],
};
const envelope: Message = { 1: ["typeMeta", { 1: ["apiVersion", "text"], 2: ["kind", "text"] }], 2: ["raw", "bytes"] };

/** What kubectl sends as protobuf and in no other way, with the field numbers of `generated.proto` in k8s.io/api. */
const kinds: Readonly<Record<string, Message>> = {
  "v1 Namespace": { 1: ["metadata", metadata], 3: ["status", { 1: ["phase", "text"] }] },
  "v1 ConfigMap": {
    1: ["metadata", metadata],
    2: ["data", "textMap"],
    3: ["binaryData", "bytesMap"],
    4: ["immutable", "flag"],
  },
};

const prefix = Buffer.from("k8s\0");

/**
 * Reads `k8s`, a zero byte, and an envelope with the kind and its message. Raises an Error for another kind, and for a field that is
 * not in the tables: nothing is lost in silence.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function readProtobuf(bytes: Uint8Array): JsonObject {
  const body = Buffer.from(bytes);
  if (!body.subarray(0, prefix.length).equals(prefix)) throw new Error("the body does not start with the k8s prefix");
  const { typeMeta, raw } = readMessage(body.subarray(prefix.length), envelope, "the envelope");
  const { apiVersion = "", kind = "" } = (typeMeta ?? {}) as JsonObject;
  const message = kinds[`${apiVersion} ${kind}`];
  if (message === undefined) throw new Error(`no protobuf message is known for ${apiVersion}, Kind=${kind}: send JSON`);
  return { apiVersion, kind, ...readMessage(Buffer.from(String(raw ?? ""), "base64"), message, String(kind)) };
}

/** Go writes empty texts, zeros and empty messages too: they count as absent. */
function readMessage(bytes: Buffer, message: Message, holder: string): JsonObject {
  const object: JsonObject = {};
  for (const [field, value] of fieldsOf(bytes)) {
    if (value === 0 || (typeof value !== "number" && value.length === 0)) continue;
    const known = message[field];
    if (known === undefined) throw new Error(`field ${field} of ${holder} is not known as protobuf: send JSON`);
    const [name, type] = known;
    const read = readValue(value, type, name, object[name]);
    if (!isObject(read) || Object.keys(read).length > 0) object[name] = read;
  }
  return object;
}

function readValue(value: Buffer | number, type: Message[number][1], name: string, soFar: Json | undefined): Json {
  if (typeof value === "number") return value !== 0;
  if (typeof type === "object") return readMessage(value, type, name);
  if (type !== "textMap" && type !== "bytesMap") return value.toString(type === "bytes" ? "base64" : "utf8");
  const entry: Message = { 1: ["key", "text"], 2: ["value", type === "textMap" ? "text" : "bytes"] };
  const { key = "", value: content = "" } = readMessage(value, entry, name);
  return { ...(soFar as JsonObject | undefined), [String(key)]: content };
}

/** The fields of a message in order: numbers, and the bytes of everything else. */
function* fieldsOf(bytes: Buffer): Generator<readonly [field: number, value: Buffer | number]> {
  let at = 0;
  const number = (): number => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = bytes[at] ?? 0;
      if (at >= bytes.length) throw new Error("the protobuf message is cut off");
      at += 1;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    const wireType = tag % 8;
    if (wireType !== 0 && wireType !== 2) throw new Error(`protobuf wire type ${wireType} is in no Kubernetes object`);
    const value = number();
    if (wireType === 2) at += value;
    if (at > bytes.length) throw new Error("the protobuf message is cut off");
    yield [Math.floor(tag / 8), wireType === 0 ? value : bytes.subarray(at - value, at)];
  }
}
