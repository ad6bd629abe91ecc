/** Internal TCP ports: picked by the system once, remembered, and picked again when somebody else took one. */
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { StartError, systemCode } from "./errors.ts";
import { type Home, readJson, writeJson } from "./home.ts";

export const portsFile = z.object({ postgres: z.number(), temporal: z.number(), web: z.number(), workerMetrics: z.number() });
export type InternalPorts = z.infer<typeof portsFile>;

const portsPath = (home: Home) => join(home.run, "ports.json");

/** @returns the ports of the last start, or null before the first. */
export function rememberedPorts(home: Home): InternalPorts | null {
  const parsed = portsFile.safeParse(readJson(portsPath(home)));
  return parsed.success ? parsed.data : null;
}

/** @returns free ports on the loopback address, those of the last start where they are still free. */
export async function internalPorts(home: Home): Promise<InternalPorts> {
  const wanted: Partial<InternalPorts> = rememberedPorts(home) ?? {};
  const taken = new Set<number>();
  const pick = async (port: number | undefined): Promise<number> => {
    if (port !== undefined && !taken.has(port) && (await isFree(port, "127.0.0.1"))) {
      taken.add(port);
      return port;
    }
    for (;;) {
      const free = await freePort();
      if (taken.has(free)) continue;
      taken.add(free);
      return free;
    }
  };
  const ports: InternalPorts = {
    postgres: await pick(wanted.postgres),
    temporal: await pick(wanted.temporal),
    web: await pick(wanted.web),
    workerMetrics: await pick(wanted.workerMetrics),
  };
  writeJson(portsPath(home), ports);
  return ports;
}

/** Throws StartError unless the public port can be taken. */
export async function checkPublicPort(port: number): Promise<void> {
  try {
    await listenOnce(port, undefined);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EADDRINUSE") {
      throw new StartError(
        `Port ${port} is in use by another program: stop that program, or choose another port, for example SALVAGE_PORT=${port === 4690 ? 4700 : 4690} npm start.`,
      );
    }
    if (code === "EACCES") {
      throw new StartError(`This user may not listen on port ${port}: choose one above 1023, for example SALVAGE_PORT=4680 npm start.`);
    }
    throw error;
  }
}

/** True when nobody listens there. */
export async function isFree(port: number, host: string): Promise<boolean> {
  return await listenOnce(port, host).then(
    () => true,
    () => false,
  );
}

/** A TCP port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  return await listenOnce(0, "127.0.0.1");
}

function listenOnce(port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}
