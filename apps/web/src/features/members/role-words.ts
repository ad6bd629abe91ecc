/** What each role may do, as a sentence. */
import type { Role } from "@salvage/contracts";

export const roleSentences: Readonly<Record<Role, string>> = {
  owner: "Everything, including making and removing owners",
  admin: "Members, tokens, deleting crashes and projects, downloading minidumps",
  member: "Issues, uploads, project settings and client keys",
  viewer: "Reading crashes, issues and files",
};
