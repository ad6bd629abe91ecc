/** The privacy policy that a project's settings amount to, as a sentence. Pure. */

type Days = { waitForSymbolsDays: number; keepDumpDays: number; reportRetentionDays: number };

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}

/** The live policy in words, shown beside the fields that make it. */
export function policySentence({ waitForSymbolsDays, keepDumpDays, reportRetentionDays }: Days): string {
  const provisional =
    waitForSymbolsDays === 0
      ? "Minidumps of crashes that lack debug files are deleted after the first report."
      : `Minidumps of crashes that lack debug files are deleted after ${days(waitForSymbolsDays)} at the latest.`;
  const complete =
    keepDumpDays === 0
      ? "Those of complete crashes are deleted at once."
      : `Those of complete crashes are kept ${days(keepDumpDays)} for download.`;
  return `${provisional} ${complete} Reports hold no memory contents and are deleted after ${days(reportRetentionDays)}.`;
}

/** Text with one pattern a line → patterns; empty lines are dropped. */
export function patternsOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
