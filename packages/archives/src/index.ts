/** The door of archives. */
export {
  type ArchiveKind,
  archiveKind,
  archiveKinds,
  type RefusedMember,
  type Unpacked,
  type UnpackedMember,
  type UnpackOptions,
  unpack,
} from "./unpack.ts";
export { walkZip } from "./zip.ts";
