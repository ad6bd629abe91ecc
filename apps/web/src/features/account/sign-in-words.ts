/** What a refused sign-in says. Pure. */

/** @param error as the sign-in answers it: "CredentialsSignin", "Throttled:<seconds>", or something unexpected */
export function signInWords(error: string): string {
  const throttled = /^Throttled:(\d+)$/.exec(error);
  if (throttled !== null) {
    const seconds = Number(throttled[1]);
    const wait = seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
    return `Too many tries. Wait ${wait}, then try again.`;
  }
  if (error === "CredentialsSignin") return "E-mail address or password is wrong.";
  return "Signing in failed. Try again; if it keeps failing, ask the operator of this server.";
}
