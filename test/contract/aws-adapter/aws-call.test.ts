import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import type { AwsCallReport, AwsClientOptions } from "../../../src/aws/client/client-config.ts";
import { RetryableError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import {
  type Answer,
  type AnsweringServer,
  awsError,
  awsReply,
  connectTo,
  hangUp,
  silence,
  startAnsweringServer,
} from "./answering-server.ts";

const never = new AbortController().signal;
const deleteRole: Action = { kind: "DeleteRole", roleName: "app" };
const tagRole: Action = { kind: "TagRole", roleName: "app", tags: { team: "a" } };
const tagInstance: Action = { kind: "CreateTags", region: "eu-west-1", instanceId: "i-1", tags: { team: "a" } };
const LIST = awsReply("ListRolePolicies", "<PolicyNames/><IsTruncated>false</IsTruncated>");

// One for each test: a request that its test has given up may still arrive, and would take the answer of the next.
let server: AnsweringServer;
beforeEach(async () => {
  server = await startAnsweringServer();
});
afterEach(() => server.close());

function connect(options: Partial<AwsClientOptions> = {}): AwsConnection {
  return connectTo(server, options);
}

/** An answer that never comes, and a promise of the moment in which the request is there. */
function arrival(): { readonly answer: Answer; readonly arrived: Promise<void> } {
  let arrive: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return { answer: () => arrive(), arrived };
}

describe("time limits", () => {
  test("a server that says nothing is given up after callTimeoutMs, as retryable", async () => {
    server.answerWith(silence);
    await expect(connect({ callTimeoutMs: 5 }).iamWriter.perform(deleteRole, never)).rejects.toMatchObject({
      disposition: "retryable",
      reason: "EndpointUnreachable",
      message: "DeleteRole on role app: no complete reply within 5 ms",
    });
  });

  test("so is a reply that never ends", async () => {
    server.answerWith((_request, response) => {
      response.writeHead(200);
      response.write("<GetRole");
    });
    await expect(connect({ callTimeoutMs: 15 }).iamReader.getRole("app", never)).rejects.toMatchObject({
      reason: "EndpointUnreachable",
    });
  });

  test("the limit is ten seconds unless set, and leaves no timer behind", async () => {
    const clock = new FakeClock();
    const { answer, arrived } = arrival();
    server.answerWith(answer);
    let outcome = "pending";
    const call = connect({ clock }).iamReader.getRole("app", never);
    const ended = call.then(
      () => {
        outcome = "resolved";
      },
      (error: Error) => {
        outcome = error.message;
      },
    );
    await arrived;
    await clock.advance(9_999);
    expect(outcome).toBe("pending");
    await clock.advance(1);
    await ended;
    expect(outcome).toBe("GetRole on role app: no complete reply within 10000 ms");
    expect(clock.timerCount).toBe(0);
  });

  test("a call that ends leaves no timer and no listener behind", async () => {
    const clock = new FakeClock();
    const listeners = new Set<unknown>();
    const signal = new AbortController().signal;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners.add(args[1]);
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners.delete(args[1]);
      remove(...args);
    };
    server.answerWith(LIST);
    await connect({ clock }).iamReader.listRolePolicies("app", signal);
    expect(clock.timerCount).toBe(0);
    expect(listeners.size).toBe(0);
  });
});

describe("a process that may write no longer", () => {
  test.each<readonly [string, Action]>([
    ["IAM", tagRole],
    ["EC2", tagInstance],
  ])("sends %s nothing when that comes about while the credentials are fetched, but reads", async (_, write) => {
    let mayWrite = true;
    const credentials = async () => {
      mayWrite = false;
      return { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
    };
    const assertMayWrite = (): void => {
      if (!mayWrite) throw new RetryableError("another process leads", { reason: "NotLeading" });
    };
    const arrived: string[] = [];
    server.answerWith((request, response) => {
      arrived.push(request.method ?? "");
      LIST(request, response);
    });
    const { iamReader, iamWriter } = connect({ credentials, assertMayWrite });
    await expect(iamWriter.perform(write, never)).rejects.toMatchObject({ reason: "NotLeading" });
    expect(arrived).toEqual([]);
    await iamReader.listRolePolicies("app", never);
    expect(arrived).toEqual(["POST"]);
  });
});

describe("aborts", () => {
  test("a call that is aborted in flight rejects with the signal's own reason", async () => {
    const { answer, arrived } = arrival();
    server.answerWith(answer);
    const controller = new AbortController();
    const call = connect().iamReader.getRole("app", controller.signal);
    await arrived;
    const reason = new Error("shutting down");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  test("the connection of an aborted call is closed", async () => {
    let closed: Promise<void> = Promise.resolve();
    let arrive: () => void = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    server.answerWith((request) => {
      closed = new Promise((resolve) => request.socket.once("close", () => resolve()));
      arrive();
    });
    const controller = new AbortController();
    const call = connect().iamReader.getRole("app", controller.signal);
    await arrived;
    controller.abort(new Error("shutting down"));
    await expect(call).rejects.toThrow("shutting down");
    await closed;
  });

  test("nothing is sent under a signal that is already aborted", async () => {
    server.answerWith(LIST);
    const reason = new Error("too late");
    await expect(connect().iamWriter.perform(deleteRole, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.received).toHaveLength(0);
  });

  test("an abort while credentials are looked for does not wait for them", async () => {
    const controller = new AbortController();
    const credentials = (): Promise<never> => new Promise(() => {});
    const call = connect({ credentials }).iamReader.getRole("app", controller.signal);
    await settle();
    const reason = new Error("shutting down");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });
});

describe("connections", () => {
  test("a read is sent once more when its connection breaks", async () => {
    server.answerWith(hangUp, LIST);
    await expect(connect().iamReader.listRolePolicies("app", never)).resolves.toEqual([]);
    expect(server.received).toHaveLength(2);
  });

  test("and no more than once", async () => {
    server.answerWith(hangUp);
    await expect(connect().iamReader.listRolePolicies("app", never)).rejects.toMatchObject({
      disposition: "retryable",
      reason: "EndpointUnreachable",
    });
    expect(server.received).toHaveLength(2);
  });

  test("one connection serves call after call", async () => {
    const sockets = new Set<unknown>();
    server.answerWith((request, response) => {
      sockets.add(request.socket);
      LIST(request, response);
    });
    const aws = connect();
    for (let n = 0; n < 3; n += 1) await aws.iamReader.listRolePolicies("app", never);
    expect(sockets.size).toBe(1);
  });

  test("no more connections are open at once than maxSockets", async () => {
    const waiting: (() => void)[] = [];
    const sockets = new Set<unknown>();
    server.answerWith((request, response) => {
      sockets.add(request.socket);
      waiting.push(() => LIST(request, response));
      if (waiting.length === 2) for (const answer of waiting.splice(0)) answer();
    });
    const aws = connect({ maxSockets: 2 });
    await Promise.all(["a", "b", "c", "d"].map((role) => aws.iamReader.listRolePolicies(role, never)));
    expect(sockets.size).toBe(2);
  });
});

describe("reports for metrics", () => {
  async function reportsOf(
    answers: readonly Answer[],
    act: (aws: AwsConnection) => Promise<unknown>,
  ): Promise<AwsCallReport[]> {
    const reports: AwsCallReport[] = [];
    server.answerWith(...answers);
    await act(connect({ onCall: (report) => reports.push(report) })).catch(() => {});
    return reports;
  }

  test("a success has no code", async () => {
    const reports = await reportsOf([LIST], (aws) => aws.iamReader.listRolePolicies("app", never));
    expect(reports).toEqual([{ service: "IAM", operation: "ListRolePolicies", durationMs: expect.any(Number) }]);
    expect(reports[0]?.durationMs).toBeGreaterThan(0);
  });

  test("a failure has AWS's code, also where it means 'absent'", async () => {
    const gone = awsError(404, "NoSuchEntity", "The role with name app cannot be found.");
    const read = await reportsOf([gone], (aws) => aws.iamReader.getRole("app", never));
    expect(read).toMatchObject([{ operation: "GetRole", code: "NoSuchEntity" }]);
    const write = await reportsOf([awsError(400, "Throttling", "Rate exceeded")], (aws) =>
      aws.iamWriter.perform(tagRole, never),
    );
    expect(write).toMatchObject([{ operation: "TagRole", code: "Throttling" }]);
  });

  test("a request without reply has our reason, and one that is sent again is reported twice", async () => {
    const reports = await reportsOf([hangUp, LIST], (aws) => aws.iamReader.listRolePolicies("app", never));
    expect(reports.map((report) => report.code)).toEqual(["EndpointUnreachable", undefined]);
  });

  test("a call that was given up is reported as aborted", async () => {
    const reports: AwsCallReport[] = [];
    server.answerWith(silence);
    const reported = new Promise<void>((resolve) => {
      const onCall = (report: AwsCallReport): void => {
        reports.push(report);
        resolve();
      };
      connect({ callTimeoutMs: 5, onCall })
        .iamReader.getRole("app", never)
        .catch(() => {});
    });
    await reported;
    expect(reports).toMatchObject([{ operation: "GetRole", code: "Aborted" }]);
  });

  test("every page of a list is a request of its own", async () => {
    const first = awsReply("ListRolePolicies", "<PolicyNames/><IsTruncated>true</IsTruncated><Marker>m</Marker>");
    const reports = await reportsOf([first, LIST], (aws) => aws.iamReader.listRolePolicies("app", never));
    expect(reports).toHaveLength(2);
  });
});
