import { createServer } from "node:net";

/**
 * A port of 127.0.0.1 that nobody listened on a moment ago, for servers that cannot be told to choose one themselves.
 *
 * Assumption: the caller takes it at once; the system hands the same port out again only after many others.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}
