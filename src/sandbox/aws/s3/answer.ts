import type { AwsFault } from "../fault.ts";
import { type HttpAnswer, type XmlTree, xmlBuilder } from "../protocol/answer.ts";

const prologue = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document of S3's namespace, such as `ListAllMyBucketsResult`. */
export function xmlAnswer(root: string, content: XmlTree | string): HttpAnswer {
  const element = typeof content === "string" ? { "#text": content } : content;
  const xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: prologue + xmlBuilder.build({ [root]: { "@xmlns": xmlns, ...element } }),
  };
}

/** An answer of headers alone. */
export const emptyAnswer = (status: number, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status,
  headers,
  body: "",
});

/** An error as S3 writes it; the answer to a HEAD has no body to write it to. */
export function faultAnswer(fault: AwsFault, requestId: string, isHead: boolean): HttpAnswer {
  const error = { Code: fault.code, Message: fault.message, RequestId: requestId, HostId: "sandbox" };
  return {
    status: fault.status,
    headers: { "content-type": "application/xml" },
    body: isHead ? "" : prologue + xmlBuilder.build({ Error: error }),
  };
}
