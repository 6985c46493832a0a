import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { close, listen } from "../../http-listener.ts";
import { refusalOf } from "../../local-callers.ts";
import type { Cloud } from "../cloud.ts";
import type { CredentialTimes } from "./role-credentials.ts";
import { MetadataService, refused } from "./service.ts";

/** One instance's endpoint, from the moment it is asked for. */
interface Endpoint {
  readonly server: Server;
  readonly url: Promise<string>;
}

/**
 * The metadata services of instances, each at an address of its own, as AWS_EC2_METADATA_SERVICE_ENDPOINT takes it. On AWS
 * they all have 169.254.169.254, and the network tells the instances apart; here it is the port. One that nobody asks for
 * does not listen.
 */
export class MetadataEndpoints {
  readonly #cloud: Cloud;
  readonly #times: CredentialTimes;
  readonly #open = new Map<string, Endpoint>();

  constructor(cloud: Cloud, times: CredentialTimes) {
    this.#cloud = cloud;
    this.#times = times;
  }

  /** The address of an instance's metadata service, the same each time. Errors: there is no such instance. */
  async url(instanceId: string): Promise<string> {
    const present = this.#open.get(instanceId);
    if (present !== undefined) return present.url;
    const place = this.#cloud.findInstance(instanceId);
    if (place === undefined) throw new Error(`there is no instance ${instanceId} in this sandbox`);
    const service = new MetadataService({ cloud: this.#cloud, instanceId, ...place }, this.#times);
    const server = createServer((request, response) => respond(service, request, response));
    const url = listen(server, 0).then((port) => `http://127.0.0.1:${port}`);
    this.#open.set(instanceId, { server, url });
    return url;
  }

  /** Ends them all. */
  async close(): Promise<void> {
    const endpoints = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(endpoints.map(({ server, url }) => url.then(() => close(server))));
  }
}

function respond(service: MetadataService, request: IncomingMessage, response: ServerResponse): void {
  const why = refusalOf(request.headers);
  const answer =
    why === undefined ? service.answer(request.method ?? "GET", request.url ?? "/", request.headers) : refused(why);
  if (answer === undefined) {
    request.socket.destroy();
    return;
  }
  response.writeHead(answer.status, { server: "EC2ws", ...answer.headers });
  response.end(answer.body);
}
