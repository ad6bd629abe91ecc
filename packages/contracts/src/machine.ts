/** Inputs and answers of /api/v1 that only machines use: docs/api.md describes each. What screens show too is in views.ts. */
import { z } from "zod";
import { rowId } from "./inputs.ts";
import { tokenScope } from "./permissions.ts";
import { uploadState } from "./states.ts";

/** Hashes or images in one question. */
export const maxAsked = 1000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 lower-case hex digits");

/** Which of these files did the organization upload already? */
export const heldInput = z.object({ files: z.array(z.object({ sha256, name: z.string().max(500) })).max(maxAsked) });
/** One per file that it did, by its place in the question. */
export const heldView = z.object({ held: z.array(z.object({ index: z.number().int(), uploadId: z.string(), state: uploadState })) });
export type HeldView = z.infer<typeof heldView>;

/** The bytes came whole. */
export const uploadSent = z.object({ uploadId: z.string() });

/** How chunks of large files are to be cut: what our command line reads of the answer that sentry-cli gets. */
export const chunkOptions = z.object({ chunkSize: z.number().int().min(1) });

const sha1 = z.string().regex(/^[0-9a-f]{40}$/, "a SHA-1 is 40 lower-case hex digits");
/** A file as a list of its chunks, in order. */
export const assembleInput = z.object({
  name: z.string().max(2000),
  /** Of the whole: the hash by which a server knows files, so that it is made once. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 lower-case hex digits"),
  chunks: z.array(sha1).min(1).max(65_536),
  /** Slug of the project that the upload is noted with. */
  project: z.string().max(100).optional(),
});
/** Either the upload that they make, or which of them are missing. */
export const assembleView = z.object({ uploadId: z.string().nullable(), missingChunks: z.array(z.string()) });
export type AssembleView = z.infer<typeof assembleView>;

/** Which of these images have debug files? Debug ids in Breakpad form, code ids in lower-case hex. */
export const coverageInput = z.object({
  images: z
    .array(z.object({ debugId: z.string().max(100).nullable(), codeId: z.string().max(200).nullable(), name: z.string().max(500) }))
    .max(maxAsked),
});
export type ImageIds = z.infer<typeof coverageInput>["images"][number];
/** In the order of the question: what the ready files of each image have together. */
export const coverageView = z.object({ images: z.array(z.object({ names: z.boolean(), unwind: z.boolean() })) });
export type CoverageView = z.infer<typeof coverageView>;

/** Missing files that crashes shall not wait for: by id, by a pattern on the name, or all of a version. */
export const missingFilesIgnore = z.union([
  z.strictObject({ ids: z.array(rowId).min(1).max(200) }),
  z.strictObject({ pattern: z.string().trim().min(1).max(260) }),
  z.strictObject({ version: z.string().trim().min(1).max(200) }),
]);

export const missingFilesIgnored = z.object({ ignored: z.number().int() });

export const organizationDetail = z.object({
  slug: z.string(),
  name: z.string(),
  projects: z.array(z.object({ id: z.string(), slug: z.string(), name: z.string() })),
});
export type OrganizationDetail = z.infer<typeof organizationDetail>;

/** What a token is. */
export const tokenView = z.object({
  name: z.string(),
  scopes: z.array(tokenScope),
  organization: z.object({ slug: z.string(), name: z.string() }),
});
export type TokenView = z.infer<typeof tokenView>;

export const loginEnded = z.object({ ended: z.literal(true) });

/** A machine asks to be signed in; `clientName` is shown to whoever decides. */
export const deviceCodeInput = z.object({ clientName: z.string().trim().min(1).max(100) });
/** The user code is typed at `verificationUrl`; the secret stays with the machine, and is its token once somebody approves. */
export const deviceCodeView = z.object({
  secret: z.string(),
  userCode: z.string(),
  verificationUrl: z.string(),
  /** The same with the code filled in. */
  verificationUrlComplete: z.string(),
  expiresAt: z.string(),
  pollSeconds: z.number().int(),
});
export type DeviceCodeView = z.infer<typeof deviceCodeView>;

export const deviceCodeState = z.object({ state: z.enum(["pending", "approved", "denied", "expired"]) });
export type DeviceCodeState = z.infer<typeof deviceCodeState>;
