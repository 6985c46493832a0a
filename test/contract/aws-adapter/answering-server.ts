import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import type { AwsClientOptions } from "../../../src/aws/client/client-config.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

/** How the server answers one request; may also hang, or destroy the socket. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on loopback that says what a test tells it to. */
export interface AnsweringServer {
  readonly url: string;
  readonly host: string;
  /** The form of every request since the last `answerWith`, in order of arrival. */
  readonly received: readonly URLSearchParams[];
  /** Answers from now on: the n-th request by the n-th answer, the last one for all further requests. */
  answerWith(...answers: readonly Answer[]): void;
  close(): Promise<void>;
}

/** The adapter, with this server in AWS's place. */
export function connectTo({ url }: AnsweringServer, options: Partial<AwsClientOptions> = {}): AwsConnection {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const fixed = { clock: systemClock, version: "0", region: "eu-west-1", endpoint: url, credentials };
  return connectAws({ ...fixed, ...options });
}

export async function startAnsweringServer(): Promise<AnsweringServer> {
  let answers: readonly Answer[] = [];
  let received: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push(new URLSearchParams(Buffer.concat(chunks).toString()));
    const answer = answers[Math.min(received.length, answers.length) - 1];
    if (answer === undefined) throw new Error("The test told the server nothing to answer.");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    get received() {
      return received;
    },
    answerWith(...next) {
      answers = next;
      received = [];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An error document as IAM and STS send it. Each has a request id of its own, as on AWS. */
export function awsError(httpStatus: number, code: string, message: string): Answer {
  let count = 0;
  return (_request, response) => {
    count += 1;
    const requestId = `00000000-0000-0000-0000-${String(count).padStart(12, "0")}`;
    response.writeHead(httpStatus, { "content-type": "text/xml", "x-amzn-requestid": requestId });
    response.end(
      `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>${code}</Code>` +
        `<Message>${message}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    );
  };
}

/** A successful reply of an IAM action; `result` is the XML inside its result element. */
export function awsReply(operation: string, result: string): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/xml", "x-amzn-requestid": "r-1" });
    response.end(
      `<${operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${operation}Result>${result}` +
        `</${operation}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></${operation}Response>`,
    );
  };
}

/** Any other HTTP reply: a proxy's, or a crash's. */
export function page(httpStatus: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(httpStatus, headers);
    response.end(body);
  };
}

/** Closes the connection without a word. */
export const hangUp: Answer = (request) => {
  request.socket.destroy();
};

/** Says nothing, ever. */
export const silence: Answer = () => {};
