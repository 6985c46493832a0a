import { PbfReader } from "pbf";

import type { Json, JsonObject } from "../../../crd/contract.ts";
import { timestamp } from "../time.ts";
import { envelope, type FieldType, type Message, messages } from "./messages.ts";

/** Every body starts with it. */
const magic = [0x6b, 0x38, 0x73, 0x00];

/** `k8s` and a zero byte, then an envelope with the kind and its message: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding */
export function readProtobuf(bytes: Uint8Array): JsonObject {
  if (!magic.every((byte, index) => bytes[index] === byte))
    throw new Error("the body does not start with the k8s prefix");
  const outer = readFields(new PbfReader(bytes.subarray(magic.length)), envelope);
  const { typeMeta, raw } = outer;
  const { apiVersion, kind } = { apiVersion: "", kind: "", ...(typeMeta as JsonObject | undefined) };
  const message = messages[`${apiVersion} ${kind}`] ?? messages[String(kind)];
  if (message === undefined) throw new Error(`no protobuf message is known for ${apiVersion}, Kind=${kind}: send JSON`);
  const inner = typeof raw === "string" ? Buffer.from(raw, "base64") : new Uint8Array();
  return { apiVersion, kind, ...readFields(new PbfReader(inner), message) };
}

function readFields(reader: PbfReader, message: Message, end?: number): JsonObject {
  return reader.readFields(
    (tag, object: JsonObject) => {
      const field = message[tag];
      if (field === undefined) return;
      const [name, type, many] = field;
      const value = readValue(reader, type, object[name]);
      if (value === undefined) return;
      const others = object[name];
      object[name] = many === undefined ? value : [...(Array.isArray(others) ? others : []), value];
    },
    {},
    end,
  );
}

/** Go writes empty strings and zero times too: they are as good as absent. */
function readValue(reader: PbfReader, type: FieldType, soFar: Json | undefined): Json | undefined {
  if (typeof type === "object") return readFields(reader, type, reader.readVarint() + reader.pos);
  switch (type) {
    case "text":
      return reader.readString() || undefined;
    case "number":
      return reader.readVarint(true);
    case "flag":
      return reader.readBoolean();
    case "time":
    case "microTime":
      return readTime(reader, type);
    case "bytes":
      return Buffer.from(reader.readBytes()).toString("base64");
    case "texts":
      return [...(Array.isArray(soFar) ? soFar : []), reader.readString()];
    case "textMap":
    case "bytesMap":
      return { ...(soFar as JsonObject | undefined), ...readEntry(reader, type === "textMap" ? "text" : "bytes") };
  }
}

function readTime(reader: PbfReader, type: "time" | "microTime"): string | undefined {
  const { seconds, nanos } = readFields(
    reader,
    { 1: ["seconds", "number"], 2: ["nanos", "number"] },
    reader.readVarint() + reader.pos,
  );
  if (typeof seconds !== "number") return undefined;
  const whole = timestamp(seconds * 1000);
  if (type === "time") return whole;
  const micros = Math.floor((typeof nanos === "number" ? nanos : 0) / 1000);
  return whole.replace("Z", `.${String(micros).padStart(6, "0")}Z`);
}

function readEntry(reader: PbfReader, type: "text" | "bytes"): JsonObject {
  const { key, value } = readFields(
    reader,
    { 1: ["key", "text"], 2: ["value", type] },
    reader.readVarint() + reader.pos,
  );
  return typeof key === "string" ? { [key]: value ?? "" } : {};
}
