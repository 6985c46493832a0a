import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Has a server listen on 127.0.0.1, and on nothing else; the port, any free one for 0. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

/** Ends a server and every connection to it; one that does not listen has ended already. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
