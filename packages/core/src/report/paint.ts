/** Colours of the text form: SGR sequences, or nothing. Only the eight colours that every terminal shows in its own theme. */
export type Paint = {
  /** What the reader came for. */
  alarm(text: string): string;
  warning(text: string): string;
  heading(text: string): string;
  name(text: string): string;
  /** What is there to be looked up, not to be read. */
  faint(text: string): string;
};

const sgr =
  (code: string) =>
  (text: string): string =>
    text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string): string => text;

export const COLOURS: Paint = { alarm: sgr("1;31"), warning: sgr("33"), heading: sgr("1"), name: sgr("36"), faint: sgr("2") };
export const NO_COLOURS: Paint = { alarm: plain, warning: plain, heading: plain, name: plain, faint: plain };

/** Text of a dump must not steer a terminal: control characters, and those that turn the direction of writing, become "�". */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
