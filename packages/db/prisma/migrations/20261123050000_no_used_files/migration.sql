-- Every report wrote it, and nobody reads it: deleting a debug file counts no crashes any more.

-- AlterTable
ALTER TABLE "crashes" DROP COLUMN "used_debug_file_ids";
