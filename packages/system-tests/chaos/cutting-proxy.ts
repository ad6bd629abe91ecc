/** Listens between a client and a service, passes everything on, and cuts what passes: resets it, holds it back, or closes one half of it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const cuts = ["reset", "stall", "half-close"] as const;
export type Cut = (typeof cuts)[number];

/** A half that was closed is waited for as long, as a network would at most do. */
const halfOpenMs = 3_000;

type Pair = { client: Socket; service: Socket };

export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs: Set<Pair>;
  #stalled = false;

  private constructor(server: Server, pairs: Set<Pair>) {
    this.#server = server;
    this.#pairs = pairs;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param target the service's loopback port, asked for each connection; null while it has none */
  static async listen(target: () => number | null): Promise<CuttingProxy> {
    const pairs = new Set<Pair>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new CuttingProxy(server, pairs);
    server.on("connection", (client) => proxy.#join(client, target()));
    return proxy;
  }

  /** Strikes every connection that is open; a stall takes new ones too and lasts for `ms`. @returns how many were open */
  async cut(how: Cut, ms: number): Promise<number> {
    const struck = [...this.#pairs];
    if (how === "reset") for (const { client, service } of struck) for (const socket of [client, service]) socket.resetAndDestroy();
    if (how === "half-close") {
      for (const { client, service } of struck) {
        service.unpipe(client);
        client.end();
        setTimeout(() => {
          client.destroy();
          service.destroy();
        }, halfOpenMs).unref();
      }
    }
    if (how !== "stall") return struck.length;
    this.#stalled = true;
    for (const { client, service } of struck) {
      client.unpipe(service).pause();
      service.unpipe(client).pause();
    }
    await sleep(ms);
    this.#stalled = false;
    for (const pair of this.#pairs) pass(pair);
    return struck.length;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const { client, service } of this.#pairs) for (const socket of [client, service]) socket.destroy();
    await once(this.#server, "close");
  }

  #join(client: Socket, port: number | null): void {
    client.on("error", () => client.destroy());
    if (port === null) {
      client.resetAndDestroy();
      return;
    }
    const service = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const pair = { client, service };
    this.#pairs.add(pair);
    service.on("error", () => service.destroy());
    client.on("close", () => service.destroy());
    service.on("close", () => {
      this.#pairs.delete(pair);
      client.destroy();
    });
    if (!this.#stalled) pass(pair);
  }
}

/** Both ways, the end of one half included. */
function pass({ client, service }: Pair): void {
  client.pipe(service);
  service.pipe(client);
}
