/** The doctor's look at this machine: processes, ports, disk, the home's permissions, the version of Node. */
import { accessSync, constants } from "node:fs";
import { type Look, publicPortIsFree } from "@salvage/launcher/installation";
import { bytesText, type Finding, fine, problem, warning } from "./finding.ts";

/** Below so many times the watermark the disk is said to be nearly full. */
const nearlyFull = 3;

export async function lookAtMachine(look: Look): Promise<Finding[]> {
  return [...versions(), ...home(look), ...disk(look), ...processes(look), ...(await ports(look))];
}

function versions(): Finding[] {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 24) return [fine("versions", `Node ${process.versions.node}`)];
  return [
    problem("versions", `Node ${process.versions.node} runs this`, "Salvage's sources run on Node 24 as they are.", "./salvage doctor"),
  ];
}

function home({ settings, secrets, restoreUnfinished }: Look): Finding[] {
  const findings: Finding[] = [];
  try {
    accessSync(settings.home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    findings.push(
      problem(
        "home",
        `this user may not write in ${settings.home}`,
        "Everything is kept there.",
        `chown -R <Salvage's user> ${settings.home}`,
      ),
    );
  }
  if (secrets === null)
    findings.push(
      problem(
        "keys",
        "secrets.json is missing or damaged",
        "Held dumps cannot be read without it, and sessions end.",
        `put a copy back at ${settings.home}/secrets.json`,
      ),
    );
  else if (secrets.open)
    findings.push(
      problem("keys", "others on this machine may read secrets.json", "It opens every held dump.", `chmod 600 ${secrets.path}`),
    );
  else findings.push(fine("keys", "secrets.json is there, for its owner alone"));
  if (restoreUnfinished)
    findings.push(
      problem(
        "home",
        "a restore was begun here and has not ended",
        "What is here is half of a backup; npm start refuses it.",
        "./salvage restore <the same backup>",
      ),
    );
  return findings;
}

function disk({ settings, freeBytes }: Look): Finding[] {
  const free = `${bytesText(freeBytes)} free where ${settings.home} lies`;
  const watermark = settings.minimumFreeBytes;
  if (freeBytes < watermark)
    return [
      problem(
        "disk",
        free,
        `Below ${bytesText(watermark)} crashes are refused with 503.`,
        `free some space: du -xh --max-depth=2 ${settings.home} | sort -h`,
      ),
    ];
  if (freeBytes < nearlyFull * watermark)
    return [
      warning(
        "disk",
        free,
        `Below ${bytesText(watermark)} crashes are refused with 503.`,
        `du -xh --max-depth=2 ${settings.home} | sort -h`,
      ),
    ];
  return [fine("disk", free)];
}

function processes({ settings, running, children }: Look): Finding[] {
  const alive = children.filter((child) => child.alive);
  if (running === null) {
    const findings = [
      problem("processes", "Salvage does not run here", "Crashes that are posted now are lost to their senders.", "npm start"),
    ];
    if (alive.length > 0)
      findings.push(
        problem(
          "processes",
          `${alive.map(({ name, pid }) => `${name} (${pid})`).join(", ")} of an earlier start still run`,
          "They hold ports and the database's files.",
          "npm start stops them first",
        ),
      );
    return findings;
  }
  const expected = [
    "ingest",
    "web",
    "worker",
    ...(settings.database === null ? ["postgres"] : []),
    ...(settings.temporalAddress === null ? ["temporal"] : []),
  ];
  const missing = expected.filter((name) => !alive.some((child) => child.name === name));
  if (missing.length === 0) return [fine("processes", `${expected.length} run, started by process ${running.pid}`)];
  return missing.map((name) =>
    problem(
      "processes",
      `${name} does not run`,
      "It is started again, with growing pauses, and ends each time.",
      `tail -n 50 ${settings.home}/logs/${name}.log`,
    ),
  );
}

async function ports({ settings, running }: Look): Promise<Finding[]> {
  const { publicPort } = settings;
  if (running !== null || (await publicPortIsFree(publicPort)))
    return [fine("ports", `${publicPort} is ${running === null ? "free" : "Salvage's"}`)];
  return [
    problem(
      "ports",
      `another program listens on port ${publicPort}`,
      "Salvage cannot start there.",
      "SALVAGE_PORT=4690 npm start, or stop that program",
    ),
  ];
}
