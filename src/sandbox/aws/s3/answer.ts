import { XMLBuilder } from "fast-xml-parser";
import type { AwsFault } from "../fault.ts";
import type { XmlTree } from "../protocol/answer.ts";

/** An answer of S3, ready to be sent. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@" });
const prologue = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document of S3's namespace, such as `ListAllMyBucketsResult`. */
export function xmlAnswer(root: string, content: XmlTree | string): S3Answer {
  const element = typeof content === "string" ? { "#text": content } : content;
  const xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: prologue + builder.build({ [root]: { "@xmlns": xmlns, ...element } }),
  };
}

/** An answer of headers alone. */
export const emptyAnswer = (status: number, headers: Readonly<Record<string, string>> = {}): S3Answer => ({
  status,
  headers,
  body: "",
});

/** An error as S3 writes it; the answer to a HEAD has no body to write it to. */
export function faultAnswer(fault: AwsFault, requestId: string, isHead: boolean): S3Answer {
  const error = { Code: fault.code, Message: fault.message, RequestId: requestId, HostId: "sandbox" };
  return {
    status: fault.status,
    headers: { "content-type": "application/xml" },
    body: isHead ? "" : prologue + builder.build({ Error: error }),
  };
}
