import { XMLBuilder } from "fast-xml-parser";
import type { AwsFault } from "../fault.ts";
import type { QueryServiceName } from "./request.ts";

/** A tree of elements: names to text, numbers, truth values, further elements, or several of those. `undefined` is left out. */
export interface XmlTree {
  readonly [element: string]: XmlValue;
}
/** What an element can hold. */
export type XmlValue = string | number | boolean | undefined | XmlTree | readonly XmlValue[];

/** An answer that is ready to be sent. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** A list in the IAM and STS protocol: `<Tags><member>…</member></Tags>`. */
export const members = (items: readonly XmlValue[]): XmlTree => ({ member: items });

/** A list in the EC2 protocol: `<tagSet><item>…</item></tagSet>`. */
export const items = (list: readonly XmlValue[]): XmlTree => ({ item: list });

const namespaces: Readonly<Record<QueryServiceName, string>> = {
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
  ec2: "http://ec2.amazonaws.com/doc/2016-11-15/",
};

/** Writes a tree as XML; `@name` is an attribute. */
export const xmlBuilder: XMLBuilder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@" });

/**
 * The body of a success. IAM and STS wrap the result in `<ActionResult>` and put the request id in ResponseMetadata; an
 * operation without a result has no such element. EC2 has neither.
 */
export function successBody(
  service: QueryServiceName,
  action: string,
  result: XmlTree | undefined,
  requestId: string,
): string {
  const envelope =
    service === "ec2"
      ? { requestId, ...result }
      : {
          ...(result === undefined ? {} : { [`${action}Result`]: result }),
          ResponseMetadata: { RequestId: requestId },
        };
  return xmlBuilder.build({ [`${action}Response`]: { "@xmlns": namespaces[service], ...envelope } });
}

/** The body of an error; EC2's differs from that of IAM and STS. */
export function faultBody(service: QueryServiceName, fault: AwsFault, requestId: string): string {
  if (service === "ec2") {
    return xmlBuilder.build({
      Response: { Errors: { Error: { Code: fault.code, Message: fault.message } }, RequestID: requestId },
    });
  }
  return xmlBuilder.build({
    ErrorResponse: {
      "@xmlns": namespaces[service],
      Error: { Type: fault.side, Code: fault.code, Message: fault.message },
      RequestId: requestId,
    },
  });
}

/** A moment as both protocols write it: whole seconds, UTC. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
