/** Hides the names of the crashed machine's users in paths: what follows Users, home or Documents and Settings. */

const USER_FOLDER = /((?:^|[\\/])(?:Users|home|Documents and Settings)[\\/])([^\\/]+)(?=[\\/])/gi;

/** Names that are no person's. */
const SHARED = new Set(["public", "all users", "default", "shared"]);

// "/home/ann/app" becomes "/home/*/app".
export function maskUserNames(path: string): string {
  return path.replace(USER_FOLDER, (whole, folder: string, name: string) => (SHARED.has(name.toLowerCase()) ? whole : `${folder}*`));
}
