/** Handles one YamlRequest in a worker thread of `yaml-reader.ts`. Runs on import. */
import { parentPort, workerData } from "node:worker_threads";
import { offsetsIn } from "./manifest-place.ts";
import { YamlFaultError, yamlEvents } from "./yaml-events.ts";
import { jsonOf } from "./yaml-json.ts";
import type { YamlReply, YamlRequest } from "./yaml-reader.ts";

parentPort?.postMessage(reply(workerData as YamlRequest));

function reply({ text, fields }: YamlRequest): YamlReply {
  try {
    if (fields !== undefined) return { offsets: offsetsIn(yamlEvents(text), text, fields) };
    // As JSON text, which is faster to transfer than a structured clone of many objects.
    return { documents: jsonOf(yamlEvents(text), text).map((document) => JSON.stringify(document)) };
  } catch (error) {
    if (!(error instanceof YamlFaultError)) throw error;
    return { fault: { what: error.message, offset: error.offset } };
  }
}
