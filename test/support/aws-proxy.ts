import { IAM_ACCOUNT_READS } from "../../src/aws/iam/account-reader.ts";
import { isAwsWrite } from "./aws-write.ts";
import { type Fate, FaultProxy, type ProxiedRequest } from "./faults/fault-proxy.ts";

const READS_OF_ACCOUNT: ReadonlySet<string> = new Set(IAM_ACCOUNT_READS);

interface ProxiedCall {
  readonly action: string;
  readonly status: number;
}

/**
 * A way to an AWS stand-in over which each caller's calls are counted, and on which a test may disturb them. Signatures cover
 * the host, so this does for servers that do not check them.
 */
export class AwsProxy {
  readonly #proxy: FaultProxy;
  #calls: ProxiedCall[] = [];

  private constructor(proxy: FaultProxy) {
    this.#proxy = proxy;
    proxy.onAnswer = (request, status) => {
      this.#calls.push({ action: awsActionOf(request), status });
    };
  }

  static async to(endpoint: string): Promise<AwsProxy> {
    return new AwsProxy(await FaultProxy.to({ url: endpoint }));
  }

  get url(): string {
    return this.#proxy.url;
  }

  /** The fate of each call by its action; undefined lets it pass. */
  set judge(judge: (action: string) => Fate | undefined) {
    this.#proxy.judge = (request) => judge(awsActionOf(request));
  }

  /** The wire itself, for faults that concern all calls. */
  get wire(): FaultProxy {
    return this.#proxy;
  }

  /** The actions in the order in which they were answered. */
  calls(): readonly string[] {
    return this.#calls.map(({ action }) => action);
  }

  /** Without failed reads of the whole account: moto fails those during which another caller writes. */
  served(): readonly string[] {
    const isFailedRead = ({ action, status }: ProxiedCall): boolean => status >= 500 && READS_OF_ACCOUNT.has(action);
    return this.#calls.filter((call) => !isFailedRead(call)).map(({ action }) => action);
  }

  /** Of these, the writes that AWS carried out. */
  writes(): readonly string[] {
    return this.#calls.filter(({ action, status }) => status < 300 && isAwsWrite(action)).map(({ action }) => action);
  }

  forget(): void {
    this.#calls = [];
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}

/** The API action of a query-protocol request. */
function awsActionOf({ body }: ProxiedRequest): string {
  return new URLSearchParams(body.toString("utf8")).get("Action") ?? "";
}
