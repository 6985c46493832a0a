import type { ServerResponse } from "node:http";

import { stringify } from "yaml";

import type { ApiReply } from "../handlers/api-request.ts";
import type { StatusError } from "../status-error.ts";
import type { WatchSink } from "../storage/watch-hub.ts";

/** Writes an answer; a watch stays open after this returns. */
export function sendReply(response: ServerResponse, reply: ApiReply, warnings: readonly string[]): void {
  if (warnings.length > 0) response.setHeader("Warning", warnings.map(warningHeader));
  response.setHeader("Cache-Control", "no-cache, private");
  if (reply.kind === "object") {
    sendObject(response, reply);
  } else if (reply.kind === "text") {
    response
      .writeHead(reply.status, { "Content-Type": reply.contentType ?? "text/plain; charset=utf-8" })
      .end(reply.text);
  } else {
    response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
    reply.open(sinkOver(response));
  }
}

/** Writes a failure as a Status object. */
export function sendError(response: ServerResponse, error: StatusError, warnings: readonly string[]): void {
  const retryAfterSeconds = error.details?.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) response.setHeader("Retry-After", String(retryAfterSeconds));
  sendReply(response, { kind: "object", status: error.code, body: error.toStatus(), format: "json" }, warnings);
}

function sendObject(response: ServerResponse, reply: Extract<ApiReply, { kind: "object" }>): void {
  const isYaml = reply.format === "yaml";
  const text = isYaml ? stringify(reply.body, { aliasDuplicateObjects: false }) : `${JSON.stringify(reply.body)}\n`;
  const type = `application/${reply.format}`;
  response.writeHead(reply.status, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

function sinkOver(response: ServerResponse): WatchSink {
  return {
    write: (line) => {
      response.write(line);
    },
    end: () => {
      response.end();
    },
    backlogBytes: () => response.writableLength,
    onClose: (callback) => {
      response.once("close", callback);
    },
  };
}

/** Code 299 and no agent, as in RFC 7234; control characters would break the header. */
function warningHeader(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, "?").replace(/[\\"]/g, "\\$&");
  return `299 - "${printable}"`;
}
