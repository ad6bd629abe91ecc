/**
 * `npm run advisories`: which installed versions have known vulnerabilities. Asks the package registry as `npm audit` does (its endpoint for
 * advisories in bulk) and keeps the answer in .toolchain; without the network the kept answer is read, and what it does not cover is said.
 * Exit code 0: none is known; 1: some are; 2: nobody could be asked, now or before.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kept = process.env.SALVAGE_ADVISORIES ?? join(root, ".toolchain/advisories.json");
const answerWithinMs = 30_000;

/** @returns {Record<string, string[]>} versions of every package of the lockfile, by name */
function locked() {
  const text = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
  const section = /^packages:\n([\s\S]*?)^\S/m.exec(text)?.[1] ?? "";
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const [, name = "", version = ""] of section.matchAll(/^ {2}'?((?:@[^/\s]+\/)?[^@\s]+)@(\d[^:'\s]*)'?:$/gm))
    found[name] = [...(found[name] ?? []), version];
  return found;
}

/**
 * @typedef {{ title: string, url: string, severity: string, vulnerable_versions: string }} Advisory
 * @typedef {{ askedAt: string, asked: Record<string, string[]>, advisories: Record<string, Advisory[]> }} Answer
 */

/** @param {Record<string, string[]>} asked @returns {Promise<Answer>} */
async function ask(asked) {
  const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8", cwd: root, stdio: ["ignore", "pipe", "ignore"] })
    .trim()
    .replace(/\/*$/, "/");
  const response = await fetch(new URL("-/npm/v1/security/advisories/bulk", registry), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
    signal: AbortSignal.timeout(answerWithinMs),
  });
  if (!response.ok) throw new Error(`the registry answers ${response.status}`);
  const advisories = /** @type {Answer["advisories"]} */ (await response.json());
  return { askedAt: new Date().toISOString(), asked, advisories };
}

/** @returns {Answer | null} */
function earlier() {
  try {
    return JSON.parse(readFileSync(kept, "utf8"));
  } catch {
    return null;
  }
}

const now = locked();
/** @type {Answer | null} */
let answer;
try {
  answer = await ask(now);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, `${JSON.stringify(answer, null, 1)}\n`);
} catch (error) {
  const why = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  answer = earlier();
  if (answer === null) {
    console.error(`Nobody could be asked: ${why}. No earlier answer is kept.`);
    process.exit(2);
  }
  console.log(`The registry could not be asked (${why}); what follows is its answer of ${answer.askedAt}.`);
}
const { asked, advisories } = answer;
const listed = Object.entries(now).flatMap(([name, versions]) => versions.map((version) => ({ name, version })));
const uncovered = listed.filter(({ name, version }) => !asked[name]?.includes(version));
if (uncovered.length > 0) console.log(`Not asked about: ${uncovered.map(({ name, version }) => `${name}@${version}`).join(", ")}`);
const concerned = Object.entries(advisories).filter(([name]) => now[name] !== undefined);
for (const [name, found] of concerned)
  for (const { severity, title, url, vulnerable_versions: range } of found)
    console.log(`${severity}  ${name} ${now[name]?.join(", ")} (vulnerable: ${range}): ${title}  ${url}`);
console.log(`${listed.length} packages, ${concerned.length} with known vulnerabilities.`);
process.exitCode = concerned.length === 0 ? 0 : 1;
