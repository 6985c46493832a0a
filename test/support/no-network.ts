import childProcess from "node:child_process";
import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { afterEach } from "vitest";

/** What opens a socket or starts a process: the methods that every client, server and module of Node goes through. */
const LEAVES: readonly (readonly [owner: object, name: string, methods: readonly string[]])[] = [
  [net.Socket.prototype, "net.Socket", ["connect"]],
  [net.Server.prototype, "net.Server", ["listen"]],
  [dgram.Socket.prototype, "dgram.Socket", ["bind", "connect", "send"]],
  [dns, "dns", ["lookup"]],
  [dns.promises, "dns.promises", ["lookup"]],
  [childProcess.ChildProcess.prototype, "ChildProcess", ["spawn"]],
  [childProcess, "child_process", ["spawnSync", "execSync", "execFileSync"]],
];

/** The attempts of the test that runs. Code may catch what is thrown at it, so the test fails by these. */
const attempts: Error[] = [];

for (const [owner, name, methods] of LEAVES) {
  for (const method of methods) {
    const refuse = (): never => {
      const error = new Error(
        `${name}.${method} in a unit test: move the test to test/contract (network) or test/tooling (processes), or pass a fake`,
      );
      attempts.push(error);
      throw error;
    };
    Object.defineProperty(owner, method, { value: refuse, configurable: true, writable: true });
  }
}
syncBuiltinESMExports();

afterEach(() => {
  const [first] = attempts.splice(0);
  if (first !== undefined) throw first;
});
