/**
 * A real Chromium for browser tests: the one of the machine (CHROMIUM, or a usual place), else the one that npm package
 * @sparticuz/chromium carries, which needs no system package. Also pages with fonts: the carried one brings none, so
 * that a page must bring its own, as ours does.
 */
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where distributions put Chromium. */
const usualPlaces = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

async function findExecutable(): Promise<{ path: string; args: string[] }> {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== "") {
    if (!existsSync(named)) throw new Error(`CHROMIUM names ${named}, which does not exist`);
    return { path: named, args: [] };
  }
  const usual = usualPlaces.find((place) => existsSync(place));
  if (usual !== undefined) return { path: usual, args: [] };
  const { default: carried } = await import("@sparticuz/chromium");
  // Its own switches fit a machine without display, GPU and sandbox.
  return { path: await carried.executablePath(), args: carried.args };
}

/** Starts Chromium without a window. The caller closes it. @throws when none can be found or started */
export async function launchBrowser(): Promise<Browser> {
  const { path, args } = await findExecutable();
  // Chromium refuses its sandbox to root; containers often run as root.
  const root = process.getuid?.() === 0;
  const switches = args.filter((arg) => !arg.startsWith("--headless") && arg !== "--single-process");
  return chromium.launch({
    executablePath: path,
    headless: true,
    args: [...switches, ...(root ? ["--no-sandbox"] : []), "--disable-dev-shm-usage", "--font-render-hinting=none"],
  });
}

/**
 * A page of its own context (cookies, clipboard, theme). Uncaught errors and errors of the console are collected: a
 * test asserts that the list is empty.
 */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[]; close(): Promise<void> }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  return { page, problems, close: () => context.close() };
}
