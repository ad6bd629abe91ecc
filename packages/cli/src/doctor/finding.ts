/** What the doctor says: what is as it should be, in one line each, and what is not, with the reason it matters and what to do. */
export type Finding = {
  area: string;
  level: "fine" | "warning" | "problem";
  what: string;
  /** Why it matters; empty for what is fine. */
  why: string;
  /** A command, or what else to do; empty for what is fine. */
  todo: string;
};

export const fine = (area: string, what: string): Finding => ({ area, level: "fine", what, why: "", todo: "" });
export const problem = (area: string, what: string, why: string, todo: string): Finding => ({ area, level: "problem", what, why, todo });
export const warning = (area: string, what: string, why: string, todo: string): Finding => ({ area, level: "warning", what, why, todo });

export function findingText({ area, level, what, why, todo }: Finding): string {
  const head = `${level.padEnd(8)} ${area.padEnd(10)} ${what}\n`;
  return level === "fine" ? head : `${head}${" ".repeat(20)}why: ${why}\n${" ".repeat(20)}do:  ${todo}\n`;
}

export function bytesText(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}

export function secondsText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3_600)} hours`;
}

export const reasonOf = (error: unknown): string => {
  const { cause, code, message } = error instanceof Error ? (error as NodeJS.ErrnoException & { cause?: unknown }) : {};
  if (cause instanceof Error) return reasonOf(cause);
  return message !== undefined && message !== "" ? message : (code ?? String(error));
};
